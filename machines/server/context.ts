/** What a server knows, its options, and the typed beginnings of its guards and actions. */
import { setup } from 'xstate'
import type { Json } from '../application/application.ts'
import type { PartialReplica, Replica } from '../application/at-most-once.ts'
import { RequestQueue } from '../application/request-queue.ts'
import { type Clock, zeroClock } from '../clocks.ts'
import { effects } from '../effects.ts'
import type { Received, Request } from '../messages.ts'
import { guardsOf, hasType, type OfType } from '../narrowing.ts'
import type { NodeId } from '../node-id.ts'
import { noView, type View } from '../view.ts'
import { WatchingBox } from './watching-state.ts'

/** A server's role is its statechart state and is not stored here (S2). */
export interface ServerContext {
  readonly id: NodeId
  readonly viewService: NodeId
  readonly clock: Clock
  /** The newest view adopted. */
  readonly view: View
  /** The replicated state, or null; a server without state executes nothing (N5). */
  readonly replica: Replica | null
  /** Primary: requests that wait for the next forward, at most one per session (S7). */
  readonly queue: RequestQueue
  /** Primary: the forward that awaits its acknowledgement, numbered within the view (S6). */
  readonly outstanding: {
    readonly number: number
    readonly requests: readonly Request[]
    /** Replicated time of the requests, if the application needs it (M1). */
    readonly at?: number
  } | null
  /** Primary: the number of the last forward of this view. */
  readonly forwards: number
  /** Primary: the chunk of the state transfer that awaits its acknowledgement (T3). */
  readonly sending: { readonly index: number; readonly cursor: Json } | null
  /** Backup: the chunks of a state transfer that have arrived; they are not in use yet (T5). */
  readonly arriving: { readonly pieces: number; readonly partial: PartialReplica } | null
  /** Backup: the last forward applied in this view, and the digest of its outcomes (S6). */
  readonly applied: { readonly number: number; readonly digest: string }
  /** Recent changes, and who watches them (W1 to W3). No part of the replicated state. */
  readonly watching: WatchingBox
}

/** The id of the server, and of the view service that it pings. */
export interface ServerInput {
  readonly id: NodeId
  readonly viewService: NodeId
}

/** Bounds and intervals of a server; all of them have defaults in `serverDefaults`. */
export interface ServerOptions {
  /** At most half the view service's check interval, so that one lost ping is survived (V7). */
  readonly pingIntervalMs: number
  /** How long a primary waits before it repeats a forward or a chunk of a state transfer. */
  readonly resendIntervalMs: number
  /** Requests that may wait at a primary; past it they are refused `overloaded` (S7). */
  readonly queueMax: number
  /** Bytes of JSON text that may wait at a primary. */
  readonly queueBytesMax: number
  /** Requests in one forward. */
  readonly batchMax: number
  /** Bytes of JSON text in one forward; a single larger request still goes, alone. */
  readonly batchBytesMax: number
  /** Bytes of JSON text in one chunk of a state transfer (T5). */
  readonly transferBytesMax: number
  /** Sessions that the table holds; the least recently used is evicted first (S10). The same on every server. */
  readonly sessionsMax: number
  /** Commands whose changes are kept for watchers that resume (W2). If omitted, watching is off. */
  readonly historyMax?: number
  /** Bytes of JSON text of those changes. */
  readonly historyBytesMax: number
}

/** The default intervals and bounds of a server. */
export const serverDefaults: ServerOptions = {
  pingIntervalMs: 50,
  resendIntervalMs: 50,
  queueMax: 1024,
  queueBytesMax: 64 * 1024 * 1024,
  batchMax: 256,
  batchBytesMax: 4 * 1024 * 1024,
  transferBytesMax: 256 * 1024,
  sessionsMax: 10_000,
  historyBytesMax: 16 * 1024 * 1024,
}

/** What a server reacts to, timers aside: any message, with its sender. */
export type ServerEvent = Received

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
    watching: WatchingBox.empty,
  }
}

/** The types of the chart, for `setup`. */
export const serverTypes = {
  context: {} as ServerContext,
  events: {} as ServerEvent,
  input: {} as ServerInput,
  tags: {} as 'answersClients' | 'holdsState' | 'stopped',
}

const bare = setup({ types: serverTypes, actions: effects })

/** A guard for one type of message. */
export const guard = guardsOf<ServerContext, ServerEvent>()

/** XState's `assign` for a server. */
export const assign: (typeof bare)['assign'] = bare.assign
/** XState's `enqueueActions` for a server. */
export const enqueueActions: (typeof bare)['enqueueActions'] = bare.enqueueActions

/** An `assign` for one type of message; any other changes nothing. */
export function assignOn<Type extends ServerEvent['type']>(
  type: Type,
  change: (context: ServerContext, event: OfType<ServerEvent, Type>) => Partial<ServerContext>,
) {
  return bare.assign(({ context, event }) => (hasType(event, type) ? change(context, event) : {}))
}

/** What an action enqueues: effects, and changes of the context. */
export type Enqueue = Parameters<Parameters<typeof bare.enqueueActions>[0]>[0]['enqueue']

/** An `enqueueActions` for one type of message; of any other it enqueues nothing. */
export function enqueueOn<Type extends ServerEvent['type']>(
  type: Type,
  act: (context: ServerContext, event: OfType<ServerEvent, Type>, enqueue: Enqueue) => void,
) {
  return bare.enqueueActions(({ context, event, enqueue }) => {
    if (hasType(event, type)) act(context, event, enqueue)
  })
}
