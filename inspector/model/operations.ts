/** The calls of clients as intervals, judged: where each may have taken effect, or which answers contradict each other. */
import { checkHistory } from '../../proof/history/check-history.ts'
import type { KeyValueInput, Operation } from '../../proof/history/history.ts'
import type { Verdict } from '../../proof/history/judgement.ts'
import { keyValueModel } from '../../proof/history/key-value/model.ts'
import { pointsOf } from '../../proof/history/order.ts'
import { describeCommand, describeEnd } from '../../runtime/trace/describe.ts'
import type { TraceStep } from '../../runtime/trace/format.ts'
import type { Run } from './run.ts'

/** One call; numbers are those of steps, which order calls and returns as a history needs it. */
export interface Call {
  readonly key: string
  readonly client: string
  readonly calledIn: number
  /** Null while it is open. */
  readonly returnedIn: number | null
  readonly command: unknown
  readonly text: string
  readonly outcome: 'answered' | 'failed' | 'not executed' | 'open'
}

export interface JudgedCalls {
  readonly calls: readonly Call[]
  /** `none`: there are no calls, or not those of a key-value store. */
  readonly verdict: Verdict | 'none'
  readonly reason: string
  /** By the call's key: the number of the step after which it may have taken effect. */
  readonly points: ReadonlyMap<string, number>
  /** The keys of calls whose answers contradict each other. */
  readonly breaking: ReadonlySet<string>
}

/** All calls of the kept steps, by when they were made. */
export function callsOf(run: Run): Call[] {
  const calls: Call[] = []
  const places = new Map<string, number>()
  for (let i = run.first; i < run.end; i++) {
    const step = run.step(i)!
    const { kind, call } = step
    if (call === undefined) continue
    const client = step.node ?? ''
    const key = `${client} ${call.id}`
    if (kind === 'call') {
      places.set(key, calls.length)
      const text = textOf(() => describeCommand(call.command))
      calls.push({ key, client, calledIn: i, returnedIn: null, command: call.command, text, outcome: 'open' })
    } else if (kind === 'return' && places.has(key)) {
      const place = places.get(key)!
      const text = textOf(() => describeEnd(call))
      calls[place] = { ...calls[place]!, returnedIn: i, text, outcome: outcomeOf(step) }
    }
  }
  return calls
}

/** The calls as a history of a key-value store; null if there are none, or others. */
export function historyOf(run: Run, calls: readonly Call[] = callsOf(run)): Operation[] | null {
  const operations = calls.flatMap((call) => operationOf(run, call) ?? [])
  return operations.length > 0 && operations.length === calls.filter(counts).length ? operations : null
}

/** Judges the calls as a history of a key-value store; at most about `timeLimitMs`. */
export function judgeCalls(run: Run, calls: readonly Call[], timeLimitMs = 400): JudgedCalls {
  const operations = historyOf(run, calls) as readonly Keyed[] | null
  const none: JudgedCalls = { calls, verdict: 'none', reason: '', points: new Map(), breaking: new Set() }
  if (operations === null) return none
  try {
    const { verdict, reason, longestPrefix, breaking } = checkHistory(keyValueModel, operations, {
      timeLimitMs,
    })
    const points = pointsOf(longestPrefix) ?? []
    return {
      calls,
      verdict,
      reason,
      points: new Map(longestPrefix.map((operation, index) => [operation.key_, points[index]!])),
      breaking: new Set(breaking.map((operation) => operation.key_)),
    }
  } catch {
    return none
  }
}

type Keyed = Operation & { readonly key_: string }

/** A call that was never transmitted is no operation (S3, C2). */
function counts({ outcome }: Call): boolean {
  return outcome !== 'not executed'
}

const opNames = ['put', 'append', 'get', 'delete', 'compareAndSet']

function operationOf(run: Run, call: Call): Keyed | null {
  const { op, key } = (call.command ?? {}) as { op?: unknown; key?: unknown }
  if (!counts(call) || typeof op !== 'string' || !opNames.includes(op) || typeof key !== 'string') return null
  const input = call.command as KeyValueInput
  const end = call.returnedIn === null ? undefined : run.step(call.returnedIn)?.call?.end
  const value = (end as { value?: unknown } | undefined)?.value ?? null
  // An append answers the new length, of which the model does not speak; it counts as acknowledged only.
  const output = (op === 'append' ? null : value) as Operation['output']
  const isAnswered = call.outcome === 'answered'
  return {
    ...input,
    client: call.client,
    output: isAnswered ? output : null,
    call: call.calledIn,
    return: isAnswered ? call.returnedIn : null,
    key_: call.key,
  } as Keyed
}

function outcomeOf({ call }: TraceStep): Call['outcome'] {
  const { failure, error } = (call?.end ?? {}) as { failure?: { mayHaveExecuted?: boolean }; error?: unknown }
  if (failure === undefined) return error === undefined ? 'answered' : 'failed'
  return failure.mayHaveExecuted === false ? 'not executed' : 'failed'
}

function textOf(text: () => string): string {
  try {
    return text()
  } catch {
    return 'a call'
  }
}
