/** Histories as properties: what clients call and are answered must be linearizable, or sequentially consistent. */
import { checkHistory } from '../history/check-history.ts'
import type { RecordedCall, SequentialModel } from '../history/model.ts'
import { unknownOutput } from '../history/model.ts'
import { always, type Emission, type Invariant, type Observer } from './system.ts'

/** An observer and an invariant that belong together. */
export interface HistoryProperty {
  readonly observer: Observer
  readonly invariant: Invariant
}

/** A call, and which calls of the others had been answered when it was made. */
interface Called {
  readonly client: string
  readonly input: object
  /** Answered calls of each other client at that time; empty unless real time matters. */
  readonly after: Readonly<Record<string, number>>
  /** The answer; undefined while it is pending. */
  readonly output?: unknown
}

/** For each client its calls in their order, by client: runs that differ only in the order of concurrent events share it. */
type History = readonly (readonly [client: string, calls: readonly Called[]])[]

/**
 * Every answer agrees with one order of all calls that keeps the order of real time.
 *
 * A client, any node, says what it does by two effects: `call`, with the operation's input as params (`{ op: 'write',
 * value: 1 }`), and `return`, with `{ output }`. It has one call open at a time.
 * Source: Herlihy and Wing, Linearizability (1990).
 * @example
 * const history = linearizable(registerModel())
 * check({ nodes, observer: history.observer, invariants: [history.invariant] })
 */
export function linearizable<State, Input extends object, Output>(
  model: SequentialModel<State, Input, Output>,
): HistoryProperty {
  return {
    observer: observerOf(true),
    invariant: always(`the history is linearizable (${model.name})`, (system) => {
      const history = system.observed() as History
      const { verdict, reason } = checkHistory(model, operationsOf(history) as never, { explain: false })
      return verdict === 'ok' || `${reason}: ${described(history)}`
    }),
  }
}

/**
 * Every answer agrees with one order of all calls that keeps the order of each client's own calls, not of real time. Calls
 * and returns as for `linearizable`.
 * Source: Lamport, How to make a multiprocessor computer that correctly executes multiprocess programs (1979).
 */
export function sequential<State, Input extends object, Output>(
  model: SequentialModel<State, Input, Output>,
): HistoryProperty {
  return {
    observer: observerOf(false),
    invariant: always(`the history is sequentially consistent (${model.name})`, (system) => {
      const history = system.observed() as History
      return hasOrder(model, history) || `no order of the calls explains the answers: ${described(history)}`
    }),
  }
}

function observerOf(realTime: boolean): Observer {
  return {
    initial: [] satisfies History,
    observe(value, { node, actions }: Emission) {
      let history = value as History
      for (const { type, params } of actions) {
        if (type === 'call') history = called(history, node, (params ?? {}) as object, realTime)
        else if (type === 'return')
          history = returned(history, node, (params as { output?: unknown })?.output)
      }
      return history
    },
  }
}

function called(history: History, client: string, input: object, realTime: boolean): History {
  const own = callsOf(history, client)
  const open = own.at(-1)
  if (open !== undefined && !('output' in open))
    throw new Error(`expected a return of ${client} before its next call; it has one call open at a time`)
  const others = history.filter(([other]) => other !== client)
  const after = Object.fromEntries(
    others
      .map(([other, calls]) => [other, calls.filter((call) => 'output' in call).length] as const)
      .filter(([, count]) => realTime && count > 0),
  )
  return withCalls(history, client, [...own, { client, input, after }])
}

function returned(history: History, client: string, output: unknown): History {
  const own = callsOf(history, client)
  const open = own.at(-1)
  if (open === undefined || 'output' in open)
    throw new Error(`expected a call of ${client} before its return; emit { type: 'call', params }`)
  return withCalls(history, client, [...own.slice(0, -1), { ...open, output: output ?? null }])
}

function callsOf(history: History, client: string): readonly Called[] {
  return history.find(([other]) => other === client)?.[1] ?? []
}

function withCalls(history: History, client: string, calls: readonly Called[]): History {
  return [...history.filter(([other]) => other !== client), [client, calls] as const].sort(([a], [b]) =>
    a < b ? -1 : 1,
  )
}

/**
 * The same history with event numbers: a call is made as soon as all calls have returned that had when it was made, and
 * returns as late as the others' calls allow.
 */
function operationsOf(history: History): RecordedCall<object, unknown>[] {
  const calls = history.flatMap(([, own]) => own.map((call, index) => ({ ...call, index })))
  const started = new Map<(typeof calls)[number], number>()
  const ended = new Map<(typeof calls)[number], number>()
  const weight = ({ after, index }: (typeof calls)[number]) =>
    index + Object.values(after).reduce((sum, count) => sum + count, 0)
  let now = 1
  for (const call of [...calls].sort((a, b) => weight(a) - weight(b))) {
    for (const other of calls) {
      if (ended.has(other) || !('output' in other)) continue
      const count = other.client === call.client ? call.index : (call.after[other.client] ?? 0)
      if (other.index < count) ended.set(other, now++)
    }
    started.set(call, now++)
  }
  for (const call of calls) if ('output' in call && !ended.has(call)) ended.set(call, now++)
  return calls.map((call) => ({
    ...call.input,
    client: call.client,
    output: call.output ?? null,
    call: started.get(call)!,
    return: ended.get(call) ?? null,
  }))
}

/** Whether some interleaving of the clients' calls gives all answers; a call without one may have had its effect or not. */
function hasOrder<State, Input extends object, Output>(
  model: SequentialModel<State, Input, Output>,
  history: History,
): boolean {
  const seen = new Set<string>()
  const search = (state: State, at: readonly number[]): boolean => {
    const key = `${at.join()} ${model.key(state)}`
    if (seen.has(key)) return false
    seen.add(key)
    if (history.every(([, calls], index) => calls.slice(at[index]).every((call) => !('output' in call))))
      return true
    return history.some(([, calls], index) => {
      const call = calls[at[index]!]
      if (call === undefined) return false
      const output = 'output' in call ? (call.output as Output) : unknownOutput
      const next = model.step(state, call.input as Input, output) ?? []
      return next.some((after) => search(after, at.with(index, at[index]! + 1)))
    })
  }
  return search(
    model.initial,
    history.map(() => 0),
  )
}

function described(history: History): string {
  const text = history
    .flatMap(([client, calls]) =>
      calls.map((call) => {
        const answer = 'output' in call ? `-> ${JSON.stringify(call.output)}` : 'is open'
        return `${client} ${JSON.stringify(call.input)} ${answer}`
      }),
    )
    .join('; ')
  return text.length > 600 ? `${text.slice(0, 600)}...` : text
}
