/** Traces of the P checker, as JSON: machines as lanes, sends matched with what was dequeued. */
import type { Json } from '../../../machines/application/application.ts'
import { oneLine } from '../exports/text.ts'
import type { TraceMessage, TraceStep } from '../format.ts'
import { jsonText } from '../json-text.ts'
import { type ForeignRun, type NamedText, plainStep } from './foreign-run.ts'

export function isPTrace(head: string): boolean {
  return (
    /^\s*\[/.test(head) &&
    /"type"\s*:\s*"(CreateStateMachine|CreateMonitor|SendEvent|DequeueEvent|StateTransition|RaiseEvent|GotoState|AssertionFailure|Print|Announce)"/.test(
      head,
    )
  )
}

interface PEntry {
  readonly type: string
  readonly details?: {
    readonly id?: string
    readonly sender?: string
    readonly target?: string
    readonly creatorName?: string
    readonly monitor?: string
    readonly event?: string
    readonly state?: string
    readonly startState?: string
    readonly endState?: string
    readonly payload?: Json
    readonly error?: string
    readonly log?: string
    readonly clock?: Readonly<Record<string, number>>
  }
}

/** Reads a trace. @throws Error for a text that is no JSON list. */
export async function readPTrace([file]: readonly NamedText[]): Promise<ForeignRun> {
  const entries = JSON.parse(file!.text) as unknown
  if (!Array.isArray(entries)) throw new Error('expected a list of events of the P checker, got none')
  return { options: { origin: 'P' }, steps: stepsOf(entries as PEntry[]), notes: [] }
}

function* stepsOf(entries: readonly PEntry[]): Iterable<TraceStep> {
  const queues = new Map<string, TraceMessage[]>()
  const states = new Map<string, string>()
  let i = 0
  for (const { type, details = {} } of entries) {
    const { id, sender, target, event = '', payload = null, monitor, error, log = '', clock } = details
    const node = id ?? sender ?? monitor ?? null
    const state = details.endState ?? details.state
    const before = node === null ? undefined : states.get(node)
    const after =
      state === undefined || node === null
        ? {}
        : { after: { value: state, ...(before === undefined && { context: {} }) } }
    if (state !== undefined && node !== null) states.set(node, state)
    const known = node !== null && clock !== undefined && Object.hasOwn(clock, node)
    const step = (rest: Partial<TraceStep>) =>
      plainStep(i++, node, {
        ...(known && { vector: clock }),
        ...(before !== undefined && { before: { value: before } }),
        ...after,
        ...rest,
      })
    if (type === 'SendEvent' && sender !== undefined && target !== undefined) {
      const message = {
        id: `${sender}-${i}`,
        copy: 0,
        type: event,
        from: sender,
        to: target,
        body: payload,
        sentAt: null,
        sentIn: i,
      }
      const key = JSON.stringify([target, event])
      queues.set(key, [...(queues.get(key) ?? []), message])
      const { sentIn: _, ...sent } = message
      yield step({ kind: 'send', text: `sends ${event}${argument(payload)} to ${target}`, message: sent })
    } else if (type === 'DequeueEvent') {
      const message = queues.get(JSON.stringify([id, event]))?.shift()
      yield step({
        kind: message === undefined ? 'local' : 'receive',
        text: `takes ${event}${argument(payload)}`,
        ...(message && { message }),
      })
    } else if (type.startsWith('Create')) {
      yield step({
        kind: 'start',
        text: oneLine(log === '' ? `is created by ${details.creatorName ?? 'the test'}` : log),
      })
    } else if (error !== undefined || type === 'AssertionFailure') {
      yield step({ text: oneLine(error ?? log), verdicts: [oneLine(error ?? log)] })
    } else
      yield step({
        text: oneLine(
          `${type}${event === '' ? '' : ` ${event}`}${state === undefined ? '' : ` in ${state}`}`,
        ),
      })
  }
}

function argument(payload: Json): string {
  return payload === null ? '' : ` ${jsonText(payload, 60)}`
}
