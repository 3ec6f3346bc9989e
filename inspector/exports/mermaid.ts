/** A window of a run as a Mermaid sequence diagram, and a chart as a Mermaid state diagram. */
import type {
  MachineDescription,
  StateDescription,
  TransitionDescription,
} from '../../runtime/observe/definition.ts'
import type { ReadTrace } from '../../runtime/observe/read-trace.ts'
import { chartState } from '../../runtime/observe/story.ts'
import type { TraceStep } from '../../runtime/observe/trace.ts'
import { type StepsWindow, windowOf } from './steps-window.ts'
import { oneLine } from './text.ts'

/** Mermaid refuses texts of more than 50,000 characters; so many steps stay below. */
const stepsMax = 300

/**
 * A `sequenceDiagram` of at most the last 300 steps of the window: an arrow where a message arrives, a cross where it is lost,
 * an open arrow for what is still under way, and notes for changed states, calls and faults.
 */
export function toMermaidSequence(trace: ReadTrace, window: StepsWindow = {}): string {
  const { steps, before, inAll } = windowOf(trace, window, stepsMax)
  const states = new Map<string, string>()
  for (const { node, after } of before) {
    if (node !== null && after !== undefined) states.set(node, chartState(after.value))
  }
  const names = participants(steps)
  const arrived = new Set(steps.flatMap(({ kind, message }) => (isEnding(kind) ? [message?.id] : [])))
  const everyone = [...new Set([names.values().next().value, [...names.values()].at(-1)])].join(',')
  const lines = steps.flatMap((step) => linesOf(step, { names, states, arrived, everyone }))
  const first = steps[0]?.i ?? 0
  return [
    'sequenceDiagram',
    `  accTitle: Steps ${first} to ${first + steps.length - 1} of ${inAll}`,
    ...[...names].map(([node, id]) => `  participant ${id} as ${escaped(node)}`),
    ...lines.map((line) => `  ${line}`),
    '',
  ].join('\n')
}

interface Scene {
  readonly names: ReadonlyMap<string, string>
  readonly states: Map<string, string>
  readonly arrived: ReadonlySet<string | undefined>
  readonly everyone: string
}

function linesOf({ node, kind, message, after, detail, call }: TraceStep, scene: Scene): string[] {
  const { names, states, arrived, everyone } = scene
  const lines: string[] = []
  if (message !== undefined) {
    const arrow =
      { receive: '->>', drop: '--x', refuse: '-x' }[kind as string] ?? (kind === 'send' ? '-)' : null)
    const isShown = arrow !== null && (kind !== 'send' || !arrived.has(message.id))
    if (isShown) {
      const [from, to] = [names.get(message.from)!, names.get(message.to)!]
      lines.push(
        `${from}${arrow}${to}: ${escaped(message.type)}${kind === 'drop' ? ` (${escaped(detail ?? 'lost')})` : ''}`,
      )
    }
  }
  if (node === null) lines.push(`Note over ${everyone}: ${escaped(`${kind} ${detail ?? ''}`)}`)
  else if (kind === 'crash' || kind === 'restart' || kind === 'stop') {
    lines.push(`Note over ${names.get(node)}: ${escaped(`${kind} ${detail ?? ''}`)}`)
  } else if (call !== undefined) {
    const text =
      kind === 'call' ? `call ${JSON.stringify(call.command)}` : `return ${JSON.stringify(call.end)}`
    lines.push(`Note over ${names.get(node)}: ${escaped(oneLine(text, 60))}`)
  }
  if (node !== null && after !== undefined) {
    const state = chartState(after.value)
    if (states.get(node) !== state) lines.push(`Note right of ${names.get(node)}: ${escaped(state)}`)
    states.set(node, state)
  }
  return lines
}

const isEnding = (kind: string) => kind === 'receive' || kind === 'drop' || kind === 'refuse'

function participants(steps: readonly TraceStep[]): Map<string, string> {
  const names = new Map<string, string>()
  const add = (node: string) => {
    if (!names.has(node)) names.set(node, `n${names.size}`)
  }
  for (const { node, message } of steps) {
    if (node !== null) add(node)
    if (message === undefined) continue
    add(message.from)
    add(message.to)
  }
  if (names.size === 0) add('nobody')
  return names
}

/** A `stateDiagram-v2` of the chart: nested states, regions, transitions with event, guard and actions. */
export function toMermaidChart({ root }: MachineDescription): string {
  const ids = new Map<string, string>()
  const visit = (state: StateDescription) => {
    ids.set(state.id, `s${ids.size}`)
    for (const inner of state.states) visit(inner)
  }
  visit(root)
  const all = transitionsBelow(root)
  const drawn: string[] = ['stateDiagram-v2', ...stateLines(root, ids, '  ')]
  for (const { source, transition, target } of all) {
    const label = transitionLabel(transition)
    drawn.push(`  ${ids.get(source.id)} --> ${ids.get(target) ?? ids.get(source.id)}: ${label}`)
  }
  return `${drawn.join('\n')}\n`
}

function stateLines(state: StateDescription, ids: ReadonlyMap<string, string>, indent: string): string[] {
  const id = ids.get(state.id)!
  const lines = [
    `${indent}state "${escaped(state.type === 'history' ? `${state.key} (history)` : state.key)}" as ${id}`,
  ]
  if (state.states.length > 0) {
    const inner = `${indent}  `
    lines.push(`${indent}state ${id} {`)
    for (const [index, child] of state.states.entries()) {
      if (state.type === 'parallel' && index > 0) lines.push(`${inner}--`)
      if (child.key === state.initial) lines.push(`${inner}[*] --> ${ids.get(child.id)}`)
      lines.push(...stateLines(child, ids, inner))
    }
    lines.push(`${indent}}`)
  }
  if (state.type === 'final') lines.push(`${indent}${id} --> [*]`)
  for (const [when, actions] of [
    ['entry', state.entry],
    ['exit', state.exit],
  ] as const) {
    const shown = actions.filter((name) => !name.startsWith('xstate.'))
    if (shown.length > 0 && state.states.length === 0)
      lines.push(`${indent}${id}: ${escaped(`${when} / ${shown.join(', ')}`)}`)
  }
  return lines
}

function transitionsBelow(
  state: StateDescription,
): { source: StateDescription; transition: TransitionDescription; target: string }[] {
  const own = state.transitions.flatMap((transition) =>
    (transition.target.length === 0 ? [state.id] : transition.target).map((target) => ({
      source: state,
      transition,
      target,
    })),
  )
  return [...own, ...state.states.flatMap(transitionsBelow)]
}

function transitionLabel({ event, guard, actions }: TransitionDescription): string {
  const parts = [
    event === null ? 'always' : event.replace(/^xstate\.after\.([^.]+)\..*$/, 'after $1'),
    guard === null ? '' : `[${guard}]`,
    actions.length === 0 ? '' : `/ ${actions.join(', ')}`,
  ]
  return escaped(oneLine(parts.filter((part) => part !== '').join(' '), 120))
}

/** Whatever Mermaid would take for its own syntax, as its entity codes. */
function escaped(text: string): string {
  return (
    oneLine(text).replaceAll(/[#;:<>"{}%&\\`]/g, (character) => `#${character.codePointAt(0)};`) || '#32;'
  )
}
