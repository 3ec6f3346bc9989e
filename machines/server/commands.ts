/** Requests and forwards: every command goes to the backup first and takes effect at most once (S3, S4, S6 to S9). */
import type { Application } from '../application/application.ts'
import {
  type Decided,
  digestOf,
  executeAll,
  isOwn,
  type Outcome,
  ownRequest,
  type Replica,
  recall,
} from '../application/at-most-once.ts'
import { rememberLast } from '../application/remember-last.ts'
import { RequestQueue, sessionKey } from '../application/request-queue.ts'
import { sendTo } from '../effects.ts'
import type { Received, RefusalReason, Request } from '../messages.ts'
import type { NodeId } from '../node-id.ts'
import {
  assign,
  assignOn,
  type Enqueue,
  enqueueActions,
  enqueueOn,
  guard,
  type ServerContext,
  type ServerOptions,
} from './context.ts'
import { openOf, watchRules } from './watching.ts'

/** The guards and actions of requests and forwards. */
export function commandRules(application: Application, options: ServerOptions) {
  const execute = rememberLast((replica: Replica, requests: readonly Request[], at: number | undefined) => {
    const did = executeAll(application, replica, requests, options.sessionsMax, at)
    return { ...did, digest: digestOf(did.outcomes, did.happened) }
  })
  /** M1: the node's time, or the last moment in the order if that is later; undefined if no time is needed. */
  const timeOf = (replica: Replica | null, event: object, requests: readonly Request[]) => {
    if (application.timed === undefined || replica === null) return undefined
    const { state, at } = replica
    if (!requests.some(({ commands }) => needsTime(application, state, commands))) return undefined
    return Math.max(at, (event as Timed).now ?? 0)
  }
  const watch = watchRules(application, options)
  const bySession = rememberLast(
    (requests: readonly Request[]) => new Map(requests.map((request) => [sessionKey(request), request])),
  )
  /** The newest undecided request of the same session, if any: it waits, or its forward is outstanding. */
  const undecided = ({ queue, outstanding }: ServerContext, event: Received<'request'>) => {
    const key = sessionKey(requestIn(event))
    return queue.get(key) ?? (outstanding === null ? undefined : bySession(outstanding.requests).get(key))
  }
  /** Decides requests and answers them. */
  const decide = (context: ServerContext, replica: Replica, { requests, at }: Batch, enqueue: Enqueue) => {
    const { replica: next, outcomes, happened } = execute(replica, requests, at)
    for (const [index, request] of requests.entries()) answer(enqueue, request, outcomes[index]!)
    if (happened.some(hasEffects)) enqueue({ type: 'decided', params: { happened } })
    const { view } = context
    const recorded = watch.recorded(openOf(context), replica, next, happened)
    const watching = watch.notified({ view, replica: next, watching: recorded }, happened, enqueue)
    return { replica: next, watching: watch.boxed(context, watching) }
  }

  return {
    guards: {
      ...watch.guards,
      namesAnotherView: guard('request', ({ view }, { viewNumber }) => viewNumber !== view.number),
      isAnswered: guard('request', ({ replica }, event) => {
        const known = replica === null ? 'new' : recall(replica, requestIn(event))
        return known !== 'new' && known.kind !== 'staleSequence'
      }),
      isStale: guard('request', (context, event) => {
        const { replica } = context
        if (replica !== null && recall(replica, requestIn(event)) !== 'new') return true
        return event.seq < (undecided(context, event)?.seq ?? 0)
      }),
      isWaiting: guard(
        'request',
        (context, event) => !isOwn(requestIn(event)) && undecided(context, event)?.seq === event.seq,
      ),
      isFull: guard('request', (context, event) => isFull(context, event, options)),
      isAlone: ({ context }: { context: ServerContext }) => context.view.backup === null,
      somethingWaits: ({ context }: { context: ServerContext }) => context.queue.size > 0,
      isNotMyForward: guard(
        'forwardAck',
        ({ view, outstanding }, { from, viewNumber, number }) =>
          from !== view.backup || viewNumber !== view.number || number !== outstanding?.number,
      ),
      outcomesDiffer: guard(
        'forwardAck',
        ({ replica, outstanding }, ack) =>
          replica !== null &&
          outstanding !== null &&
          execute(replica, outstanding.requests, outstanding.at).digest !== ack.digest,
      ),
      isNextForward: guard('forward', ({ applied }, { number }) => number === applied.number + 1),
      isLastForward: guard('forward', ({ applied }, { number }) => number === applied.number),
      isOlderForward: guard('forward', ({ applied }, { number }) => number < applied.number),
    },
    actions: {
      ...watch.actions,
      /** S9: the stored result, without renewing anything. */
      repeatAnswer: enqueueOn('request', ({ replica }, event, enqueue) => {
        const request = requestIn(event)
        const outcome = replica === null ? 'new' : recall(replica, request)
        if (outcome !== 'new') answer(enqueue, request, outcome)
      }),
      /** S7: the newest request of its session waits for the next forward. */
      wait: assignOn('request', ({ queue }, event) => ({
        queue: queue.with(joined(queue, requestIn(event))),
      })),
      /** A primary without a backup decides by itself what waits. */
      decideAlone: enqueueActions(({ context, event, enqueue }) => {
        const { replica, queue } = context
        if (replica === null || queue.size === 0) return
        const requests = [...queue]
        const batch = { requests, at: timeOf(replica, event, requests) }
        enqueue.assign({ ...decide(context, replica, batch, enqueue), queue: RequestQueue.empty })
      }),

      /** S7: what waits goes out together, within the bounds of a forward. */
      fillForward: assign(({ context, event }) => {
        const { batchMax: requestsMax, batchBytesMax: bytesMax } = options
        const { taken, left } = context.queue.take({ requestsMax, bytesMax })
        const number = context.forwards + 1
        const at = timeOf(context.replica, event, taken)
        const outstanding = { number, requests: taken, ...(at === undefined ? {} : { at }) }
        return { outstanding, forwards: number, queue: left }
      }),
      sendForward: enqueueActions(({ context: { view, outstanding }, enqueue }) => {
        if (outstanding === null || view.backup === null) return
        enqueue(sendTo(view.backup, { type: 'forward', viewNumber: view.number, ...outstanding }))
      }),
      /** S4: the backup has the commands, so the primary executes and answers. */
      commit: enqueueActions(({ context, enqueue }) => {
        const { replica, outstanding } = context
        if (replica === null || outstanding === null) return
        enqueue.assign({ ...decide(context, replica, outstanding, enqueue), outstanding: null })
      }),

      /** S6: the backup applies a forward and keeps the digest of its outcomes. */
      applyForward: enqueueOn('forward', (context, { number, requests, at }, enqueue) => {
        if (context.replica === null) return
        const { replica, digest, happened } = execute(context.replica, requests, at)
        const watching = watch.boxed(
          context,
          watch.recorded(openOf(context), context.replica, replica, happened),
        )
        enqueue.assign({ replica, applied: { number, digest }, watching })
      }),
      confirmForward: enqueueOn('forward', ({ view, applied }, { from }, enqueue) => {
        enqueue(sendTo(from, { type: 'forwardAck', viewNumber: view.number, ...applied }))
      }),

      /** S6: every waiting client is refused; no client is answered. */
      refuseAllWaiting: enqueueActions(({ context: { view, queue, outstanding }, enqueue }) => {
        for (const request of [...(outstanding?.requests ?? []), ...queue]) {
          const { client, session, seq } = request
          if (isOwn(request)) continue
          const refusal = { type: 'refusal', viewNumber: view.number, session, seq } as const
          enqueue(sendTo(client, { ...refusal, reason: 'replicaDiverged' }))
        }
        enqueue.assign({ outstanding: null, queue: RequestQueue.empty })
      }),
      tellBackupWeDiverged: enqueueActions(({ context: { id, view }, enqueue }) => {
        const { number: viewNumber, primary, backup } = view
        if (primary === id && backup !== null)
          enqueue(sendTo(backup, { type: 'replicaDiverged', viewNumber }))
      }),
    },
  }
}

/** The effect of refusing a request: this copy is not taken, and why (S3). */
export function refuse(reason: RefusalReason) {
  return {
    type: 'send',
    params: ({ context, event }: { context: ServerContext; event: Received<'request'> }) => {
      const { from, session, seq } = event
      return sendTo(from, { type: 'refusal', viewNumber: context.view.number, session, seq, reason }).params
    },
  } as const
}

/** An event of a node whose application uses time carries the node's milliseconds, which no message does (M1). */
interface Timed {
  readonly now?: number
}

/** Requests that are decided together, and their time if the application needs it. */
interface Batch {
  readonly requests: readonly Request[]
  readonly at?: number | undefined
}

/** Only the server's own node leaves out the sender, to propose a command (M2, M4): a message has one. */
function requestIn({ from, session, seq, commands, bytes }: Received<'request'>): Request {
  if ((from as NodeId | null) === null) return ownRequest(commands, bytes)
  return { client: from, session, seq, commands, bytes }
}

/** No client repeats what the primary proposes: the proposals that wait go together (M2, M4). */
function joined(queue: RequestQueue, request: Request): Request {
  const waiting = isOwn(request) ? queue.get(sessionKey(request)) : undefined
  if (waiting === undefined) return request
  return ownRequest([...waiting.commands, ...request.commands], waiting.bytes + request.bytes)
}

/** Whether one more request has no room; a request that replaces an earlier one of its session needs less. */
function isFull({ queue }: ServerContext, event: Received<'request'>, options: ServerOptions): boolean {
  if (isOwn(requestIn(event))) return false
  const replaced = queue.get(sessionKey(requestIn(event)))
  const others = queue.size - (replaced === undefined ? 0 : 1)
  const bytes = queue.bytes - (replaced?.bytes ?? 0) + event.bytes
  return others >= options.queueMax || (others > 0 && bytes > options.queueBytesMax)
}

function hasEffects({ effects }: Decided): boolean {
  return effects !== undefined && effects.length > 0
}

function answer(enqueue: Enqueue, request: Request, outcome: Outcome): void {
  const { client, session, seq } = request
  if (isOwn(request)) return
  if (outcome.kind !== 'staleSequence') enqueue(sendTo(client, { type: 'reply', session, seq, outcome }))
}

/** Commands come as a client sent them, valid or not: an application that stumbles over them is given a time (N3). */
function needsTime(application: Application, state: unknown, commands: Request['commands']): boolean {
  try {
    return application.timed!(state, commands)
  } catch {
    return true
  }
}
