/** What the statecharts of a server are made of: its context, its facts (guards) and its deeds (actions). The states are in server.ts. */
import { assign, enqueueActions, setup, stateIn } from 'xstate'
import type { Application, Json } from '../application/application.ts'
import {
  emptyReplica,
  executeAll,
  type Outcome,
  type PartialReplica,
  type Replica,
  recall,
  restoreReplica,
  snapshotReplica,
} from '../application/at-most-once.ts'
import { digest } from '../application/digest.ts'
import { rememberLast } from '../application/remember-last.ts'
import { RequestQueue, sessionKey } from '../application/request-queue.ts'
import { type Clock, zeroClock } from '../clocks.ts'
import { effects, isMessage } from '../effects.ts'
import type { Message, Received, RefusalReason, Request } from '../messages.ts'
import type { NodeId } from '../node-id.ts'
import { noView, type View } from '../view.ts'

/** A server's role is its statechart state and stands nowhere in here (S2). */
export interface ServerContext {
  readonly id: NodeId
  readonly viewService: NodeId
  readonly clock: Clock
  /** The newest view adopted. */
  readonly view: View
  /** The replicated state; null while it holds none, and then it executes nothing (N5). */
  readonly replica: Replica | null
  /** Primary: requests that wait for the next forward, one a session at most (S7). */
  readonly queue: RequestQueue
  /** Primary: the forward that awaits its acknowledgement, numbered within the view (S6). */
  readonly outstanding: { readonly number: number; readonly requests: readonly Request[] } | null
  /** Primary: the number of the last forward of this view. */
  readonly forwards: number
  /** Primary: the piece of the state transfer that awaits its acknowledgement (T3). */
  readonly sending: { readonly index: number; readonly cursor: Json } | null
  /** Backup: what has arrived of a state transfer, nothing of it in use (T5). */
  readonly arriving: { readonly pieces: number; readonly partial: PartialReplica } | null
  /** Backup: the last forward applied in this view, and what stands for its outcomes (S6). */
  readonly applied: { readonly number: number; readonly digest: string }
}

/** Who the server is, and whom it pings. */
export interface ServerInput {
  readonly id: NodeId
  readonly viewService: NodeId
}

/** Bounds and intervals of a server; all of them have defaults in `serverDefaults`. */
export interface ServerOptions {
  /** At most half the view service's check interval, so that one lost ping is survived (V7). */
  readonly pingIntervalMs: number
  /** How long a primary waits before it repeats a forward or a piece of a state transfer. */
  readonly resendIntervalMs: number
  /** Requests that may wait at a primary; past it they are refused `overloaded` (S7). */
  readonly queueMax: number
  /** Bytes of JSON text that may wait at a primary. */
  readonly queueBytesMax: number
  /** Requests in one forward. */
  readonly batchMax: number
  /** Bytes of JSON text in one forward; a single larger request still goes, alone. */
  readonly batchBytesMax: number
  /** Bytes of JSON text in one piece of a state transfer (T5). */
  readonly transferBytesMax: number
  /** Sessions that the table holds; the least recently used goes first (S10). The same on every server. */
  readonly sessionsMax: number
}

/** Intervals and bounds of a server where nothing else is given. */
export const serverDefaults: ServerOptions = {
  pingIntervalMs: 50,
  resendIntervalMs: 50,
  queueMax: 1024,
  queueBytesMax: 64 * 1024 * 1024,
  batchMax: 256,
  batchBytesMax: 4 * 1024 * 1024,
  transferBytesMax: 256 * 1024,
  sessionsMax: 10_000,
}

/** What a server reacts to, timers aside: any message, with its sender. */
export type ServerEvent = Received

/** The XState setup that all states of a server share. The application is closed over, so that contexts stay plain data. */
export function serverSetup(application: Application, options: ServerOptions) {
  const execute = rememberLast((replica: Replica, requests: readonly Request[]) => {
    const { replica: next, outcomes } = executeAll(application, replica, requests, options.sessionsMax)
    return { replica: next, outcomes, digest: digest(outcomes) }
  })
  const pieceAt = rememberLast((replica: Replica, cursor: Json) =>
    snapshotReplica(application, replica, cursor, options.transferBytesMax),
  )
  const bySession = rememberLast(
    (requests: readonly Request[]) => new Map(requests.map((request) => [sessionKey(request), request])),
  )
  /** What has arrived of a state, this piece included; null if the application cannot read it. */
  const withPiece = rememberLast((arrived: PartialReplica | null, data: Json, last: boolean) => {
    try {
      return restoreReplica(application, arrived, data, last)
    } catch {
      return null
    }
  })

  /** The newest request of the same session that is not decided yet, if any: it waits, or its forward is outstanding. */
  const undecided = ({ queue, outstanding }: ServerContext, event: Received<'request'>) => {
    const key = sessionKey(requestIn(event))
    return queue.get(key) ?? (outstanding === null ? undefined : bySession(outstanding.requests).get(key))
  }
  const isLast = ({ replica, sending }: ServerContext) => pieceAt(replica!, sending!.cursor).next === null

  return setup({
    types: {
      context: {} as ServerContext,
      events: {} as ServerEvent,
      input: {} as ServerInput,
      tags: {} as 'answersClients' | 'holdsState' | 'stopped',
    },
    delays: { pingInterval: options.pingIntervalMs, resendInterval: options.resendIntervalMs },
    guards: {
      isMessage,

      // Views
      isNotFromViewService: ({ context, event }) => event.from !== context.viewService,
      isNotNewer: ({ context, event }) => viewIn(event).number <= context.view.number,
      namesMePrimaryWithoutState: ({ context, event }) =>
        viewIn(event).primary === context.id && context.replica === null && !founds(context, event),
      namesMePrimary: ({ context, event }) =>
        viewIn(event).primary === context.id && viewIn(event).backup === null,
      namesMePrimaryWithBackup: ({ context, event }) =>
        viewIn(event).primary === context.id && viewIn(event).backup !== null,
      namesMeBackup: ({ context, event }) => viewIn(event).backup === context.id,

      // State transfer
      isOfNewerView: ({ context, event }) => isOfNewerView(context, event),
      isFirstPieceOfNewerView: ({ context, event }) =>
        isOfNewerView(context, event) && pieceIn(event).index === 0,
      isWholeStateOfNewerView: ({ context, event }) =>
        isOfNewerView(context, event) && pieceIn(event).index === 0 && pieceIn(event).last,
      isOfOlderView: ({ context, event }) => viewIn(event).number < context.view.number,
      isOfMyView: ({ context, event }) => isFromMyPrimary(context, event),
      isPieceAhead: ({ context, event }) =>
        isFromMyPrimary(context, event) && pieceIn(event).index > (context.arriving?.pieces ?? 0),
      isPieceAgain: ({ context, event }) =>
        isFromMyPrimary(context, event) && pieceIn(event).index < (context.arriving?.pieces ?? 0),
      isUnreadablePiece: ({ context, event }) => {
        const { index, data, last } = event as Received<'stateTransfer'>
        const newer = isOfNewerView(context, event)
        if (!newer && !isFromMyPrimary(context, event)) return false
        const arriving = newer ? null : context.arriving
        return index === (arriving?.pieces ?? 0) && withPiece(arriving?.partial ?? null, data, last) === null
      },
      isLastPiece: ({ context, event }) => isFromMyPrimary(context, event) && pieceIn(event).last,
      confirmsMyPiece: ({ context, event }) => confirmsMyPiece(context, event),
      confirmsAll: ({ context, event }) => confirmsMyPiece(context, event) && isLast(context),
      confirmsAllWithWork: ({ context, event }) =>
        confirmsMyPiece(context, event) && context.queue.size > 0 && isLast(context),

      // Requests and forwards
      namesAnotherView: ({ context, event }) =>
        (event as Received<'request'>).viewNumber !== context.view.number,
      isAnswered: ({ context, event }) => {
        const known = recall(context.replica!, requestIn(event as Received<'request'>))
        return known !== 'new' && known.kind !== 'staleSequence'
      },
      isStale: ({ context, event }) => {
        const request = event as Received<'request'>
        if (recall(context.replica!, requestIn(request)) !== 'new') return true
        return request.seq < (undecided(context, request)?.seq ?? 0)
      },
      isWaiting: ({ context, event }) =>
        undecided(context, event as Received<'request'>)?.seq === (event as Received<'request'>).seq,
      isFull: ({ context, event }) => isFull(context, event as Received<'request'>, options),
      isAlone: ({ context }) => context.view.backup === null,
      somethingWaits: ({ context }) => context.queue.size > 0,
      isNotMyForward: ({ context, event }) =>
        event.from !== context.view.backup ||
        (event as Received<'forwardAck'>).viewNumber !== context.view.number ||
        (event as Received<'forwardAck'>).number !== context.outstanding?.number,
      outcomesDiffer: ({ context, event }) =>
        execute(context.replica!, context.outstanding!.requests).digest !==
        (event as Received<'forwardAck'>).digest,
      isForeign: ({ context, event }) => !isFromMyPrimary(context, event),
      isNextForward: ({ context, event }) =>
        event.type === 'forward' && event.number === context.applied.number + 1,
      isLastForward: ({ context, event }) =>
        event.type === 'forward' && event.number === context.applied.number,
      isOlderForward: ({ context, event }) =>
        event.type === 'forward' && event.number < context.applied.number,
    },
    actions: {
      ...effects,

      /** S1: the newest view adopted, or the one before while this view's state transfer is not confirmed. */
      ping: enqueueActions(({ context, enqueue, check }) => {
        const unconfirmed = check(stateIn({ role: { primary: 'transferringState' } }))
        const viewNumber = context.view.number - (unconfirmed ? 1 : 0)
        enqueue({ type: 'send', params: { to: context.viewService, message: { type: 'ping', viewNumber } } })
      }),

      /** S2: the only place where a view is adopted. What belongs to the old view ends here (S8). */
      adoptView: assign(({ context, event }) => {
        const view = viewIn(event)
        const stays = view.primary === context.id
        return {
          view,
          replica: stays ? (context.replica ?? emptyReplica(application)) : null,
          queue: stays
            ? RequestQueue.from([...(context.outstanding?.requests ?? []), ...context.queue])
            : RequestQueue.empty,
          outstanding: null,
          forwards: 0,
          sending: stays && view.backup !== null ? { index: 0, cursor: null } : null,
          arriving: null,
          applied: { number: 0, digest: '' },
        }
      }),

      /** S9: what is stored, without renewing anything. */
      repeatAnswer: enqueueActions(({ context, event, enqueue }) => {
        const request = requestIn(event as Received<'request'>)
        const outcome = recall(context.replica!, request)
        if (outcome !== 'new') answer(enqueue, request, outcome)
      }),

      /** S7: the newest request of its session waits for the next forward. */
      wait: assign(({ context, event }) => ({
        queue: context.queue.with(requestIn(event as Received<'request'>)),
      })),

      /** A primary without a backup decides by itself whatever waits. */
      decideAlone: enqueueActions(({ context, enqueue }) => {
        if (context.queue.size === 0) return
        const requests = [...context.queue]
        const { replica, outcomes } = execute(context.replica!, requests)
        for (const [index, request] of requests.entries()) answer(enqueue, request, outcomes[index]!)
        enqueue.assign({ replica, queue: RequestQueue.empty })
      }),

      /** S7: what waits goes out together, within the bounds of a forward. */
      fillForward: assign(({ context }) => {
        const { batchMax: requestsMax, batchBytesMax: bytesMax } = options
        const { taken, left } = context.queue.take({ requestsMax, bytesMax })
        const number = context.forwards + 1
        return { outstanding: { number, requests: taken }, forwards: number, queue: left }
      }),
      sendForward: enqueueActions(({ context, enqueue }) => {
        const { number, requests } = context.outstanding!
        const message = { type: 'forward', viewNumber: context.view.number, number, requests } as const
        enqueue({ type: 'send', params: { to: context.view.backup!, message } })
      }),

      /** S4: the backup has it, so the primary executes and answers. */
      commit: enqueueActions(({ context, enqueue }) => {
        const { requests } = context.outstanding!
        const { replica, outcomes } = execute(context.replica!, requests)
        for (const [index, request] of requests.entries()) answer(enqueue, request, outcomes[index]!)
        enqueue.assign({ replica, outstanding: null })
      }),

      /** S6: the backup applies a forward and says what came of it. */
      applyForward: enqueueActions(({ context, event, enqueue }) => {
        const { number, requests } = event as Received<'forward'>
        const { replica, digest } = execute(context.replica!, requests)
        enqueue.assign({ replica, applied: { number, digest } })
      }),
      confirmForward: enqueueActions(({ context, event, enqueue }) => {
        const message = { type: 'forwardAck', viewNumber: context.view.number, ...context.applied } as const
        enqueue({ type: 'send', params: { to: (event as Received).from, message } })
      }),

      /** T1: the piece that awaits its acknowledgement. */
      sendPiece: enqueueActions(({ context, enqueue }) => {
        const { index, cursor } = context.sending!
        const { data, next } = pieceAt(context.replica!, cursor)
        const message: Message = {
          type: 'stateTransfer',
          view: context.view,
          index,
          last: next === null,
          data,
        }
        enqueue({ type: 'send', params: { to: context.view.backup!, message } })
      }),
      turnToNextPiece: assign(({ context }) => {
        const { index, cursor } = context.sending!
        return { sending: { index: index + 1, cursor: pieceAt(context.replica!, cursor).next } }
      }),
      endTransfer: assign({ sending: null }),

      /** T5: kept apart until the last piece is in. */
      takePiece: assign(({ context, event }) => {
        const { index, data, last } = event as Received<'stateTransfer'>
        const partial = withPiece(context.arriving?.partial ?? null, data, last)!
        return { arriving: { pieces: index + 1, partial } }
      }),
      /** T1, T3: it replaces what was there, once a view. */
      install: assign(({ context }) => ({ replica: context.arriving!.partial.replica, arriving: null })),
      confirmPiece: enqueueActions(({ context, event, enqueue }) => {
        const { from, index } = event as Received<'stateTransfer'>
        const message = { type: 'stateTransferAck', viewNumber: context.view.number, index } as const
        enqueue({ type: 'send', params: { to: from, message } })
      }),

      /** S6: whoever waits is told, nobody is answered. */
      refuseAllWaiting: enqueueActions(({ context, enqueue }) => {
        for (const { client, session, seq } of [...(context.outstanding?.requests ?? []), ...context.queue]) {
          const message: Message = {
            type: 'refusal',
            viewNumber: context.view.number,
            session,
            seq,
            reason: 'replicaDiverged',
          }
          enqueue({ type: 'send', params: { to: client, message } })
        }
        enqueue.assign({ outstanding: null, queue: RequestQueue.empty })
      }),
      tellBackupWeDiverged: enqueueActions(({ context, enqueue }) => {
        const { number, primary, backup } = context.view
        if (primary !== context.id || backup === null) return
        const message = { type: 'replicaDiverged', viewNumber: number } as const
        enqueue({ type: 'send', params: { to: backup, message } })
      }),
    },
  })
}

export type ServerSetup = ReturnType<typeof serverSetup>

/** The effect of refusing a request: this copy is not taken, and why (S3). */
export function refuse(reason: RefusalReason) {
  return {
    type: 'send',
    params: ({ context, event }: { context: ServerContext; event: ServerEvent }) => {
      const { from, session, seq } = event as Received<'request'>
      const message = { type: 'refusal', viewNumber: context.view.number, session, seq, reason } as const
      return { to: from, message }
    },
  } as const
}

/** The context that every server starts from: no view, no state. */
export function initialServerContext({ id, viewService }: ServerInput): ServerContext {
  return {
    id,
    viewService,
    clock: zeroClock,
    view: noView,
    replica: null,
    queue: RequestQueue.empty,
    outstanding: null,
    forwards: 0,
    sending: null,
    arriving: null,
    applied: { number: 0, digest: '' },
  }
}

function viewIn(event: ServerEvent): View {
  return (event as Received<'viewReply' | 'stateTransfer'>).view
}

/** N5: the primary of view 1 has adopted no view yet, and no view before the one it is told was ever acknowledged. */
function founds({ view }: ServerContext, event: ServerEvent): boolean {
  return view.number === 0 && (event as Received<'viewReply'>).founding
}

/** A forward, a transfer or a notice counts only from the primary of the view whose backup the receiver is, with its number (S5). */
function isFromMyPrimary({ id, view }: ServerContext, event: ServerEvent): boolean {
  if (event.from !== view.primary || view.backup !== id) return false
  return event.type === 'stateTransfer'
    ? event.view.number === view.number && event.view.backup === id
    : (event as Received<'forward'>).viewNumber === view.number
}

function isOfNewerView({ id, view }: ServerContext, event: ServerEvent): boolean {
  const newer = viewIn(event)
  return newer.number > view.number && newer.primary === event.from && newer.backup === id
}

function pieceIn(event: ServerEvent): { readonly index: number; readonly last: boolean } {
  return event as Received<'stateTransfer'>
}

function confirmsMyPiece({ view, sending }: ServerContext, event: ServerEvent): boolean {
  const { viewNumber, index } = event as Received<'stateTransferAck'>
  return event.from === view.backup && viewNumber === view.number && index === sending?.index
}

function requestIn({ from, session, seq, commands, bytes }: Received<'request'>): Request {
  return { client: from, session, seq, commands, bytes }
}

/** Whether there is no room for one request more; a request that takes the place of an earlier one of its session needs less. */
function isFull({ queue }: ServerContext, event: Received<'request'>, options: ServerOptions): boolean {
  const replaced = queue.get(sessionKey(requestIn(event)))
  const others = queue.size - (replaced === undefined ? 0 : 1)
  const bytes = queue.bytes - (replaced?.bytes ?? 0) + event.bytes
  return others >= options.queueMax || (others > 0 && bytes > options.queueBytesMax)
}

type Enqueue = (action: { type: 'send'; params: { to: NodeId; message: Message } }) => void

function answer(enqueue: Enqueue, { client, session, seq }: Request, outcome: Outcome): void {
  if (outcome.kind === 'staleSequence') return
  enqueue({ type: 'send', params: { to: client, message: { type: 'reply', session, seq, outcome } } })
}
