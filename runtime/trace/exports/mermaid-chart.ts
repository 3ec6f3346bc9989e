/** A chart as a Mermaid state diagram, for tools that draw it themselves: states, regions, transitions with event, guard and actions. */
import type { MachineDescription } from '../definition.ts'
import {
  type Arrow,
  chartOf,
  type DrawnChart,
  type DrawnState,
  isWithin,
  type Reaction,
} from './chart-model.ts'
import { escaped, oneLine } from './text.ts'

/** A `stateDiagram-v2` of the machine. Its names are those of the code, if Mermaid permits them. */
export function toMermaidChart(machine: MachineDescription): string {
  const chart = chartOf(machine)
  const ids = idsIn(chart)
  const lines = ['stateDiagram-v2', ...stateLines(chart.root, chart, ids, '  ')]
  for (const arrow of chart.arrows) {
    const start = isWithin(chart, arrow.to, arrow.from) ? markOf(arrow, chart, ids) : ids.get(arrow.from)
    const labels = arrow.reactions.map(labelOf).filter((label) => label !== '')
    lines.push(`  ${start} --> ${ids.get(arrow.to)}${labels.length === 0 ? '' : ` : ${labels.join('<br>')}`}`)
  }
  return `${lines.join('\n')}\n`
}

type Ids = ReadonlyMap<string, string>

/** Mermaid's ids are words, and some words are its own: those have no underscore. */
function idsIn({ root }: DrawnChart): Ids {
  const ids = new Map<string, string>()
  const taken = new Set<string>()
  const visit = (state: DrawnState) => {
    const word = state.id.replaceAll(/[^\w]/g, '_')
    const plain = word.includes('_') ? word : `${word}_`
    let id = plain
    for (let count = 2; taken.has(id); count++) id = `${plain}_${count}`
    taken.add(id)
    ids.set(state.id, id)
    state.children.forEach(visit)
  }
  visit(root)
  return ids
}

function stateLines(state: DrawnState, chart: DrawnChart, ids: Ids, indent: string): string[] {
  const id = ids.get(state.id)!
  const inner = `${indent}  `
  if (state.children.length === 0) {
    return [
      `${indent}state "${escaped(titleOf(state))}" as ${id}`,
      ...textsOf(state).map((text) => `${indent}${id} : ${text}`),
      ...(state.kind === 'final' ? [`${indent}${id} --> [*]`] : []),
    ]
  }
  const initial = state.initial === null ? [] : [`${inner}[*] --> ${ids.get(state.initial)}`]
  const marks = new Map(
    chart.arrows
      .filter(({ from, to }) => isWithin(chart, to, from) && chart.parents.get(to) === state.id)
      .map((arrow) => [markOf(arrow, chart, ids), arrow.from]),
  )
  return [
    `${indent}state "${escaped(state.key)}" as ${id} {`,
    ...initial,
    ...[...marks].map(
      ([mark, from]) => `${inner}state "from any ${escaped(from.split('.').at(-1)!)}" as ${mark}`,
    ),
    ...state.children.flatMap((child, index) => [
      ...(state.kind === 'parallel' && index > 0 ? [`${inner}--`] : []),
      ...stateLines(child, chart, ids, inner),
    ]),
    `${indent}}`,
  ]
}

function titleOf({ key, kind }: DrawnState): string {
  if (kind === 'shallowHistory') return `${key} (history)`
  return kind === 'deepHistory' ? `${key} (deep history)` : key
}

/** What a state does without being left. */
function textsOf({ entry, exit, invokes, inner }: DrawnState): string[] {
  const listed = (what: string, names: readonly string[]) => {
    const own = names.filter((name) => !name.startsWith('xstate.'))
    return own.length === 0 ? [] : [escaped(`${what} ${own.join(', ')}`)]
  }
  return [
    ...listed('invokes', invokes),
    ...listed('entry /', entry),
    ...listed('exit /', exit),
    ...inner.map(labelOf),
  ]
}

/** Mermaid loses an arrow from a state to one inside it; a mark beside the target stands for its start. */
function markOf({ from, to }: Arrow, { parents, root }: DrawnChart, ids: Ids): string {
  return `${ids.get(parents.get(to) ?? root.id)}_from_any_${ids.get(from)}`
}

/** `viewReply [findsWork] / openSession`; a circle for a state that is reentered. */
function labelOf({ event, delay, guard, actions, reenters }: Reaction): string {
  const parts = [
    delay === null ? event : `${event} ${delay}`,
    guard === null ? '' : `[${guard}]`,
    actions.length === 0 ? '' : `/ ${actions.join(', ')}`,
    reenters ? '↻' : '',
  ].filter((part) => part !== '')
  return parts.length === 0 ? '' : escaped(oneLine(parts.join(' '), 120))
}
