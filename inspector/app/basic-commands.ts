/** The commands that every run has: moving, playing, pinning, the look of the page. */

import { noFilters } from '../model/filters.ts'
import { axes } from '../model/places.ts'
import { type Command, registerCommands } from './commands.ts'
import { isFilterMenuOpen } from './filter-menu.tsx'
import { followMessage, goTo, goToMark, pin, stepBy, stepOnNode, togglePlaying } from './moves.ts'
import { showComparison, swapRuns } from './other-run.ts'
import { found, goToFound, searchText } from './search.ts'
import { closeRun } from './sink.ts'
import {
  announcement,
  axis,
  chosenNode,
  filters,
  following,
  lens,
  live,
  other,
  palette,
  pinned,
  playing,
  problems,
  run,
  speed,
  theme,
} from './state.ts'

const hasRun = () => run.value !== null
const moving = (command: Omit<Command, 'group' | 'enabled'>): Command => ({
  ...command,
  group: 'Move',
  enabled: hasRun,
})

const moves: readonly Command[] = [
  moving({ id: 'play', title: 'Play or pause', keys: ['Space'], run: togglePlaying }),
  moving({ id: 'step.next', title: 'Next step', keys: ['ArrowRight', 'j'], run: () => void stepBy(1) }),
  moving({
    id: 'step.previous',
    title: 'Previous step',
    keys: ['ArrowLeft', 'k'],
    run: () => void stepBy(-1),
  }),
  moving({
    id: 'step.nextOnNode',
    title: 'Next step on this node',
    keys: ['Shift+ArrowRight', 'J'],
    run: () => stepOnNode(1),
  }),
  moving({
    id: 'step.previousOnNode',
    title: 'Previous step on this node',
    keys: ['Shift+ArrowLeft', 'K'],
    run: () => stepOnNode(-1),
  }),
  moving({ id: 'step.first', title: 'First step', keys: ['Home'], run: () => goTo(run.value!.first) }),
  moving({ id: 'step.last', title: 'Last step', keys: ['End'], run: () => goTo(run.value!.end - 1) }),
  moving({ id: 'message.back', title: 'Back along the message', keys: ['['], run: () => followMessage(-1) }),
  moving({ id: 'message.on', title: 'On along the message', keys: [']'], run: () => followMessage(1) }),
  moving({
    id: 'violation.next',
    title: 'Next violation',
    keys: ['v'],
    run: () => {
      if (!goToMark('violation')) announcement.value = 'No step of this run has a failed verdict.'
    },
  }),
  moving({ id: 'view.next', title: 'Next view change', keys: ['c'], run: () => void goToMark('view') }),
  moving({ id: 'fault.next', title: 'Next fault', keys: ['x'], run: () => void goToMark('fault') }),
  {
    ...moving({
      id: 'follow',
      title: 'Stay with the newest step',
      keys: ['n'],
      run: () => {
        following.value = true
        goTo(run.value!.end - 1)
        following.value = true
      },
    }),
    enabled: () => live.value,
  },
]

const looks: readonly Command[] = [
  {
    id: 'pin',
    group: 'Compare',
    title: 'Pin this step, or let go of it',
    keys: ['p'],
    enabled: hasRun,
    run: pin,
  },
  {
    id: 'lens',
    group: 'Compare',
    title: 'Causal lens: past, future and concurrent',
    keys: ['l'],
    enabled: hasRun,
    run: () => {
      lens.value = !lens.value
    },
  },
  {
    id: 'compare.swap',
    group: 'Compare',
    title: 'Look at the other run',
    keys: ['o'],
    enabled: () => other.value !== null,
    run: swapRuns,
  },
  {
    id: 'compare',
    group: 'Compare',
    title: 'Compare with a second run',
    enabled: hasRun,
    run: showComparison,
  },
  {
    id: 'axis.next',
    group: 'Look',
    title: 'Next axis: order, time, Lamport time, causal rank',
    keys: ['a'],
    enabled: hasRun,
    run: () => {
      axis.value = axes[(axes.indexOf(axis.value) + 1) % axes.length]!
    },
  },
  { id: 'speed.up', group: 'Move', title: 'Play faster', keys: ['+', '='], run: () => changeSpeed(2) },
  { id: 'speed.down', group: 'Move', title: 'Play slower', keys: ['-'], run: () => changeSpeed(0.5) },
  {
    id: 'search',
    group: 'Search',
    title: 'Search: words, A then B, A not followed by B, #12 for a step',
    keys: ['/'],
    enabled: hasRun,
    run: () => document.querySelector<HTMLInputElement>('#search')?.focus(),
  },
  {
    id: 'search.next',
    group: 'Search',
    title: 'Next that was found',
    keys: ['Enter'],
    enabled: () => hasRun() && found.value.hits.length > 0 && document.activeElement === document.body,
    run: () => goToFound(1),
  },
  {
    id: 'filters',
    group: 'Search',
    title: 'Choose what is shown',
    keys: ['h'],
    enabled: hasRun,
    run: () => {
      isFilterMenuOpen.value = !isFilterMenuOpen.value
    },
  },
  {
    id: 'filters.clear',
    group: 'Search',
    title: 'Show all steps again',
    run: () => {
      filters.value = noFilters
    },
  },
  {
    id: 'theme',
    group: 'Look',
    title: 'Light, dark, or as the system says',
    keys: ['t'],
    run: () => {
      theme.value = theme.value === 'auto' ? 'light' : theme.value === 'light' ? 'dark' : 'auto'
    },
  },
  {
    id: 'palette',
    group: 'Help',
    title: 'All commands',
    keys: ['Ctrl+k'],
    everywhere: true,
    run: () => {
      palette.value = palette.value === 'commands' ? 'closed' : 'commands'
    },
  },
  {
    id: 'keys',
    group: 'Help',
    title: 'Sheet of keys',
    keys: ['?'],
    run: () => {
      palette.value = palette.value === 'keys' ? 'closed' : 'keys'
    },
  },
  {
    id: 'escape',
    group: 'Help',
    title: 'Close, let go, stop',
    keys: ['Escape'],
    everywhere: true,
    run: stepBack,
  },
  { id: 'run.close', group: 'Open', title: 'Back to the first screen', enabled: hasRun, run: closeRun },
]

function stepBack(): void {
  if (palette.value !== 'closed') palette.value = 'closed'
  else if (isFilterMenuOpen.value) isFilterMenuOpen.value = false
  else if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur()
  else if (searchText.value !== '') searchText.value = ''
  else if (playing.value) playing.value = false
  else if (pinned.value !== null) pinned.value = null
  else if (lens.value) lens.value = false
  else if (chosenNode.value !== null) chosenNode.value = null
  else problems.value = []
}

function changeSpeed(factor: number): void {
  speed.value = Math.min(512, Math.max(0.5, speed.value * factor))
}

/** Adds them to the list. */
export function registerBasicCommands(): void {
  registerCommands(...moves, ...looks)
}
