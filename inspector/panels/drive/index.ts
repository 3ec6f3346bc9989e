/** Registers what drives a world: panels, the cards of the gallery, commands. */

import { scenarios } from '../../../proof/stage/scenarios.ts'
import { registerCommands } from '../../app/commands.ts'
import { scenarios as cards, registerPanels } from '../../app/panels.ts'
import { cursor, run } from '../../app/state.ts'
import { BranchesPanel } from './branches-panel.tsx'
import { startChartActions } from './chart-actions.ts'
import { DrivePanel } from './drive-panel.tsx'
import { canLift, liftHere } from './lifting.ts'
import { branchHere, choose, openScenarioById, runOn, startDriving, world } from './session.ts'

const isDriving = () => world.value !== null
const driving = (id: string, title: string, key: string, act: () => void) => ({
  id,
  title,
  group: 'Drive',
  keys: [key],
  run: act,
  enabled: isDriving,
})

/** Adds them, and joins the page's cursor with the world's. */
export function registerDriving(): void {
  startChartActions()
  registerPanels(
    { id: 'drive', title: 'Drive', place: 'drive', order: 10, Panel: DrivePanel, applies: isDriving },
    {
      id: 'branches',
      title: 'Branches',
      place: 'details',
      order: 40,
      Panel: BranchesPanel,
      applies: isDriving,
    },
  )
  cards.value = scenarios.map(({ id, key, title, sentence, options }) => ({
    id,
    key,
    title,
    text: sentence,
    isBroken: options.broken !== undefined,
    open: () => openScenarioById(id),
  }))
  registerCommands(
    driving('world.next', 'Let the next thing happen', 'm', () => choose({ kind: 'next' })),
    driving('world.run', 'Run until the view changes', 'r', () => runOn('viewChange')),
    driving('world.settle', 'Run until every call is answered', 'u', () => runOn('answered')),
    driving('world.branch', 'Begin a branch here', 'b', branchHere),
    driving('world.inbox', 'Go to the inboxes', 'i', () => focusOn('.inboxes')),
    driving('world.call', 'Call as a client', 'o', () => focusOn('#call-key')),
    driving('story.next', 'Next sentence of the story', ';', () => tell(1)),
    driving('story.previous', 'Sentence before', ':', () => tell(-1)),
    {
      id: 'world.lift',
      title: 'Drive on from this step of the trace: repeat it, then change it',
      group: 'Drive',
      keys: ['w'],
      run: liftHere,
      enabled: canLift,
    },
    ...scenarios.map(({ id, key, title }) => ({
      id: `scenario.${id}`,
      title: `Scenario: ${title}`,
      group: 'Scenarios',
      keys: [key],
      run: () => openScenarioById(id),
      enabled: () => run.value === null,
    })),
  )
  startDriving()
}

function tell(direction: 1 | -1): void {
  const { captions, ends } = world.value!.branch
  const steps = captions.map(({ at }) => Math.max(0, ends[at]! - 1))
  const target = direction > 0 ? steps.find((i) => i > cursor.value) : steps.findLast((i) => i < cursor.value)
  if (target !== undefined) cursor.value = target
}

function focusOn(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus()
}
