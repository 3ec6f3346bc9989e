/** A window of a run as a Mermaid sequence diagram. */

import { chartState } from '../../observe/story.ts'
import type { TraceStep } from '../format.ts'
import type { ReadTrace } from '../read.ts'
import { type StepsWindow, windowOf } from './steps-window.ts'
import { escaped, oneLine } from './text.ts'

/** Mermaid refuses texts of more than 50,000 characters; so many steps stay below. */
const stepsMax = 300

/**
 * A `sequenceDiagram` of at most the last 300 steps of the window: an arrow if a message arrives, a cross if it is lost,
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
  if (names.size === 0) add('no nodes')
  return names
}
