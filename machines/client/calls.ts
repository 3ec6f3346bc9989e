/** The calls of a client: they wait, go out in batches, and end exactly once each (C2, S7). */
import type { Result } from '../application/at-most-once.ts'
import type { Received } from '../messages.ts'
import {
  assign,
  type Call,
  type CallFailure,
  type ClientContext,
  type ClientEvent,
  type ClientOptions,
  type Enqueue,
  enqueueActions,
  enqueueOn,
  guard,
  type Settle,
} from './context.ts'

type Abandon = ClientEvent & { readonly type: 'abandon' }

/** The guards and actions of calls. */
export function callRules(options: ClientOptions) {
  return {
    guards: {
      hasWork: guard(
        'reply',
        (context, reply) => context.queue.length + notExecuted(context, reply).length > 0,
      ),
      bringsNothing: guard('call', (_, { calls }) => calls.length === 0),
      abandonsNothing: guard('abandon', ({ queue, outstanding }, { ids }) => {
        const gone = new Set<number | null>(ids)
        return ![...queue, ...(outstanding ?? [])].some(({ id }) => gone.has(id))
      }),
      nobodyWaits: guard('abandon', (context, event) => endsRequest(abandoned(context, event))),
      nobodyWaitsButWork: guard('abandon', (context, event) => {
        const left = abandoned(context, event)
        return endsRequest(left) && left.queue.length > 0
      }),
    },
    actions: {
      /** C2: what does not fit is rejected at once, never transmitted. */
      wait: enqueueOn('call', ({ queue }, { calls }, enqueue) => {
        const room = Math.max(0, options.queueMax - queue.length)
        const rejected = calls.slice(room)
        enqueue.assign({ queue: [...queue, ...calls.slice(0, room)] })
        if (rejected.length > 0) settle(enqueue, failures(rejected, 'overloaded', false))
      }),
      /** C2: the error says whether the command was ever transmitted. */
      abandon: enqueueOn('abandon', (context, event, enqueue) => {
        const { ids, code } = event
        const gone = new Set<number | null>(ids)
        const isGone = (call: Call) => gone.has(call.id)
        const sent = context.outstanding?.filter(isGone) ?? []
        const unsent = context.queue.filter(isGone)
        enqueue.assign(abandoned(context, event))
        settle(enqueue, [...failures(unsent, code, false), ...failures(sent, code, true)])
      }),
      dropRequest: assign({ outstanding: null }),
      /** S7: what waits goes out together, within the bounds of a request. */
      fillRequest: assign(({ context: { queue, seq } }) => {
        const outstanding = firstBatch(queue, options)
        return { outstanding, queue: queue.slice(outstanding.length), seq: seq + 1 }
      }),
      settleResults: enqueueOn('reply', (context, reply, enqueue) => {
        const { outcome } = reply
        const calls = context.outstanding ?? []
        enqueue.assign({ outstanding: null, queue: [...notExecuted(context, reply), ...context.queue] })
        if (isAnswerOf(calls, outcome)) return settle(enqueue, resultsOf(calls, outcome.results))
        const code = outcome.kind === 'sessionExpired' ? 'sessionExpired' : 'sequenceReused'
        settle(enqueue, failures(calls, code, true))
      }),
      settleDiverged: enqueueActions(({ context: { queue, outstanding }, enqueue }) => {
        const sent = failures(outstanding ?? [], 'replicaDiverged', true)
        const unsent = failures(queue, 'replicaDiverged', false)
        enqueue.assign({ outstanding: null, queue: [] })
        if (sent.length + unsent.length > 0) settle(enqueue, [...sent, ...unsent])
      }),
    },
  }
}

/** What is left of the calls when some callers have given up; a request that was sent stays sent. */
function abandoned(context: ClientContext, { ids }: Abandon): Pick<ClientContext, 'queue' | 'outstanding'> {
  const gone = new Set<number | null>(ids)
  return {
    queue: context.queue.filter((call) => !gone.has(call.id)),
    outstanding:
      context.outstanding?.map((call) => (gone.has(call.id) ? { ...call, id: null } : call)) ?? null,
  }
}

function endsRequest({ outstanding }: Pick<ClientContext, 'outstanding'>): boolean {
  return outstanding?.every((call) => call.id === null) === true
}

type Outcome = Received<'reply'>['outcome']

/** Whether these are results of all calls, or of the first ones of a request that was cut (S7). */
function isAnswerOf(calls: readonly Call[], outcome: Outcome): outcome is Outcome & { kind: 'results' } {
  if (outcome.kind !== 'results') return false
  const { length } = outcome.results
  return outcome.isCut ? length > 0 && length < calls.length : length === calls.length
}

/** The calls behind the last result, as far as they are still waited for: they go first in the next request. */
function notExecuted(
  { outstanding }: Pick<ClientContext, 'outstanding'>,
  { outcome }: Received<'reply'>,
): readonly Call[] {
  const calls = outstanding ?? []
  if (!isAnswerOf(calls, outcome)) return []
  return calls.slice(outcome.results.length).filter(({ id }) => id !== null)
}

type Ends = Settle['calls']

function settle(enqueue: Enqueue, calls: Ends): void {
  enqueue({ type: 'settle', params: { calls } })
}

function failures(calls: readonly Call[], code: CallFailure['code'], mayHaveExecuted: boolean): Ends {
  const end = { failure: { code, mayHaveExecuted } }
  return calls.flatMap(({ id }) => (id === null ? [] : [{ id, end }]))
}

function resultsOf(calls: readonly Call[], results: readonly Result[]): Ends {
  return results.flatMap((end, index) => {
    const { id } = calls[index]!
    return id === null ? [] : [{ id, end }]
  })
}

function firstBatch(queue: readonly Call[], options: ClientOptions): readonly Call[] {
  let bytes = 0
  const end = queue.findIndex((call, index) => {
    bytes += call.bytes
    return index >= options.batchMax || (index > 0 && bytes > options.batchBytesMax)
  })
  return end < 0 ? queue : queue.slice(0, end)
}
