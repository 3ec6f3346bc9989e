/** Going through a chart by keys, and what is read out of each state on the way. */

import type { Box, ChartLayout } from './chart-shapes.ts'
import type { ChartMarks } from './drawing-props.ts'

/**
 * The item to go to: up and down the order of the machine, left to the state around, right to the first one within,
 * Home, End; Enter and Space are for transitions, which stand behind their state. Null if the key means nothing here.
 */
export function nextItem(from: Element, key: string): SVGElement | null {
  const tree = from.closest('[role=tree]')
  const here = from.closest<SVGElement>('[role=treeitem], [role=button]')
  if (tree === null || here === null) return null
  const all = [...tree.querySelectorAll<SVGElement>('[role=treeitem], [role=button]')]
  // What is too small to be shown has no place.
  const items = inOrder(all.filter((item) => item.getClientRects().length > 0))
  const index = items.indexOf(here)
  const level = levelOf(here)
  switch (key) {
    case 'ArrowDown':
      return items[index + 1] ?? here
    case 'ArrowUp':
      return items[index - 1] ?? here
    case 'ArrowLeft':
      return items.slice(0, index).findLast((item) => levelOf(item) < level) ?? here
    case 'ArrowRight':
      return levelOf(items[index + 1]) > level ? items[index + 1]! : here
    case 'Home':
      return items[0]!
    case 'End':
      return items.at(-1)!
    default:
      return null
  }
}

/** What is read out of a state, and how deep it stands, from 1. */
export function stateText(
  { boxes }: ChartLayout,
  { active, markers }: Pick<ChartMarks, 'active' | 'markers'>,
  id: string,
): { readonly level: number; readonly text: string } {
  const states = new Map(boxes.flatMap((box) => (box.kind === 'anywhere' ? [] : [[box.id, box] as const])))
  const box = states.get(id)!
  let level = 1
  for (let up = box.parent; up !== null; up = states.get(up)?.parent ?? null) level += 1
  const here = markers.filter((marker) => marker.states.has(id)).map(({ title }) => title)
  const parts = [
    box.title,
    kindText(box),
    active.has(id) ? 'active' : '',
    here.length === 0 ? '' : `here: ${here.join(', ')}`,
    box.isInitial ? 'initial' : '',
    box.description.map(({ text }) => text).join(' '),
    ...box.chips.map(({ text }) => `tag ${text}`),
    ...box.lines.map(({ pieces }) => pieces.map(({ text }) => text).join(' ')),
  ]
  return { level, text: parts.filter((part) => part !== '').join(', ') }
}

function kindText({ kind, isRegion }: Box): string {
  switch (kind) {
    case 'shallowHistory':
      return 'history'
    case 'deepHistory':
      return 'deep history'
    case 'final':
      return 'final state'
    case 'parallel':
      return 'parallel state'
    default:
      return isRegion ? 'region' : ''
  }
}

/** The document has frames before what is in them, and arrows between: readers go by the order of the machine. */
function inOrder(items: readonly SVGElement[]): SVGElement[] {
  const states = items.filter((item) => item.dataset.state !== undefined)
  const transitions = items.filter((item) => item.dataset.transition !== undefined)
  const place = (item: SVGElement) => Number(item.dataset.place)
  return states
    .sort((a, b) => place(a) - place(b))
    .flatMap((state) => [
      state,
      ...transitions.filter(({ dataset }) => ownerOf(dataset.transition!) === state.dataset.state),
    ])
}

function levelOf(item: SVGElement | undefined): number {
  if (item === undefined) return 0
  const own = item.getAttribute('aria-level')
  if (own !== null) return Number(own)
  const owner = ownerOf(item.dataset.transition ?? '')
  const state = item.closest('[role=tree]')?.querySelector(`[data-state="${CSS.escape(owner)}"]`)
  return Number(state?.getAttribute('aria-level') ?? 0) + 1
}

function ownerOf(transition: string): string {
  return transition.slice(0, transition.lastIndexOf('/'))
}
