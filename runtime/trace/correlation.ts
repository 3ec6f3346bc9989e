/** Which operations an observation serves, also where its message does not name them. It remembers little, and only for a while. */
import { type Observation, operationsIn } from '../../actors/observation.ts'
import type { ClientContext, Settle } from '../../machines/client/index.ts'
import type { Message } from '../../machines/messages.ts'

/** Gives each observation's operations; it must see every observation, in order. */
export type Correlation = (observation: Observation) => readonly string[]

const forwardsMax = 1024
const callsMax = 65_536

/**
 * A correlation for one stream of observations.
 *
 * An acknowledgement of a forward names a number only, and the return of a call not even that: both are traced to the
 * forward and to the request that they answer. What was forgotten meanwhile serves nothing.
 */
export function createCorrelation(): Correlation {
  const forwards = new Map<string, readonly string[]>()
  const calls = new Map<string, string>()

  const operationsOfObservation = (observation: Observation): readonly string[] => {
    const { kind, node, envelope, call } = observation
    if (kind === 'return') return taken(calls, `${node} ${call?.id}`)
    for (const [id, operation] of settledIn(observation)) {
      remember(calls, `${node} ${id}`, operation, callsMax)
    }
    const message = envelope?.message as Message | null | undefined
    const operations = operationsIn(observation)
    if (message?.type === 'forward' && kind === 'send') {
      remember(forwards, `${envelope!.to} ${message.viewNumber} ${message.number}`, operations, forwardsMax)
    }
    if (message?.type !== 'forwardAck') return operations
    const forwarded = forwards.get(`${envelope!.from} ${message.viewNumber} ${message.number}`) ?? []
    return [...new Set([...forwarded, ...operations])]
  }
  return operationsOfObservation
}

/**
 * Operations for a reader: neighbours of one request as a range, and no more than a few: `7/12/0..3 9/4/0 +2`.
 * Empty if there are no such ids.
 */
export function formatOperations(operations: readonly string[], partsMax = 2): string {
  const parts: { request: string; from: number; to: number }[] = []
  for (const operation of operations) {
    const cut = operation.lastIndexOf('/')
    const [request, index] = [operation.slice(0, cut), Number(operation.slice(cut + 1))]
    const last = parts.at(-1)
    if (last !== undefined && last.request === request && last.to + 1 === index) last.to = index
    else parts.push({ request, from: index, to: index })
  }
  const shown = parts
    .slice(0, partsMax)
    .map(({ request, from, to }) => `${request}/${from === to ? from : `${from}..${to}`}`)
  return parts.length > partsMax ? `${shown.join(' ')} +${parts.length - partsMax}` : shown.join(' ')
}

/** The calls that a client's step settles, each with its operation, if it was ever transmitted. */
function settledIn({ before, actions }: Observation): [id: number, operation: string][] {
  const settled: [number, string][] = []
  for (const { type, params } of actions ?? []) {
    if (type !== 'settle') continue
    const { session, seq, outstanding } = (before?.context ?? {}) as Partial<ClientContext>
    for (const { id } of (params as Partial<Settle> | undefined)?.calls ?? []) {
      const index = outstanding?.findIndex((call) => call.id === id) ?? -1
      if (index >= 0) settled.push([id, `${session}/${seq}/${index}`])
    }
  }
  return settled
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value, entriesMax: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > entriesMax) map.delete(map.keys().next().value as string)
}

function taken(map: Map<string, string>, key: string): readonly string[] {
  const operation = map.get(key)
  map.delete(key)
  return operation === undefined ? [] : [operation]
}
