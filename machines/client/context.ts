/** What a client knows, its options, and the typed beginnings of its guards and actions. */
import { setup } from 'xstate'
import type { Json } from '../application/application.ts'
import type { Result } from '../application/at-most-once.ts'
import { type Clock, zeroClock } from '../clocks.ts'
import { effects } from '../effects.ts'
import type { Received } from '../messages.ts'
import { guardsOf, hasType, type OfType } from '../narrowing.ts'
import type { NodeId } from '../node-id.ts'
import type { ContextCodec } from '../persistence.ts'
import { noView, type View } from '../view.ts'

/** One command, and the caller that waits for its result. */
export interface Call {
  /** The caller's own id, unique among the calls of this client; null once the caller has given up. */
  readonly id: number | null
  readonly command: Json
  /** Length of the command's JSON text. */
  readonly bytes: number
}

/** Why a call ended without a result. */
export interface CallFailure {
  readonly code:
    | 'timedOut'
    | 'aborted'
    | 'stopped'
    | 'overloaded'
    | 'sessionExpired'
    | 'sequenceReused'
    | 'replicaDiverged'
  /** False: the command was never transmitted, so it is not executed and never will be (S3, C2). */
  readonly mayHaveExecuted: boolean
}

/** How calls ended: each one exactly once (C2). */
export interface Settle {
  readonly calls: readonly { readonly id: number; readonly end: Result | { readonly failure: CallFailure } }[]
}

/** What a client knows: plain data, replaced and never mutated. */
export interface ClientContext {
  readonly id: NodeId
  readonly viewService: NodeId
  readonly clock: Clock
  readonly view: View
  /** The open session, and the newest one there ever was: an opening answered twice must not bring back an old one. */
  readonly session: number | null
  readonly newestSession: number
  /** Of the newest request in this session. */
  readonly seq: number
  /** Calls that were never transmitted. */
  readonly queue: readonly Call[]
  /** The calls of the outstanding request. */
  readonly outstanding: readonly Call[] | null
}

/** Who the client is, and whom it asks for the view. */
export interface ClientInput {
  readonly id: NodeId
  readonly viewService: NodeId
  /** A session of a former life, for a caller that kept its sequence number; default: none (C3). */
  readonly resume?: ResumedSession | undefined
}

/** A session to go on with: its id, and the last sequence number that was used. */
export interface ResumedSession {
  readonly session: number
  readonly seq: number
}

/** Intervals and bounds of a client; all of them have defaults in `clientDefaults`. */
export interface ClientOptions {
  /** How long a client waits before it asks and sends again. */
  readonly retryIntervalMs: number
  /** Calls that may wait at the client; past it they are rejected `overloaded` at once (C2). */
  readonly queueMax: number
  /** Commands in one request. */
  readonly batchMax: number
  /** Bytes of JSON text in one request; a single larger command still goes, alone. */
  readonly batchBytesMax: number
}

/** The default intervals and bounds of a client. */
export const clientDefaults: ClientOptions = {
  retryIntervalMs: 50,
  queueMax: 10_000,
  batchMax: 256,
  batchBytesMax: 1024 * 1024,
}

/** What a client reacts to, timers aside. */
export type ClientEvent =
  | Received<'viewReply'>
  | Received<'reply'>
  | Received<'refusal'>
  /** Commands to be executed, as many as there are at the moment. */
  | { readonly type: 'call'; readonly calls: readonly Call[] }
  /** The callers of these calls have given up; it unsends nothing (C2). */
  | {
      readonly type: 'abandon'
      readonly ids: readonly number[]
      readonly code: 'timedOut' | 'aborted' | 'stopped'
    }

/** The context that every client starts from: no view, and no session unless it resumes one. */
export function initialClientContext({ id, viewService, resume }: ClientInput): ClientContext {
  return {
    id,
    viewService,
    clock: zeroClock,
    view: noView,
    session: resume?.session ?? null,
    newestSession: resume?.session ?? 0,
    seq: resume?.seq ?? 0,
    queue: [],
    outstanding: null,
  }
}

/** A client's context as JSON; commands as text, since XState looks into a snapshot's objects for actors of its own. */
export const clientCodec: ContextCodec<ClientContext> = {
  save: ({ queue, outstanding, ...plain }) => ({
    ...plain,
    queue: JSON.stringify(queue),
    outstanding: JSON.stringify(outstanding),
  }),
  load: ({ queue, outstanding, ...plain }: SavedClient): ClientContext => ({
    ...plain,
    queue: JSON.parse(queue) as ClientContext['queue'],
    outstanding: JSON.parse(outstanding) as ClientContext['outstanding'],
  }),
}

interface SavedClient extends Omit<ClientContext, 'queue' | 'outstanding'> {
  readonly queue: string
  readonly outstanding: string
}

/** The types of the chart, for `setup`. */
export const clientTypes = {
  context: {} as ClientContext,
  events: {} as ClientEvent,
  input: {} as ClientInput,
  tags: {} as 'settled',
}

/** The effects of a client: those of every chart, and `settle`. */
export const clientEffects = { ...effects, settle: (_: unknown, _params: Settle): void => {} }

const bare = setup({ types: clientTypes, actions: clientEffects })

/** A guard for one type of event. */
export const guard = guardsOf<ClientContext, ClientEvent>()

/** XState's `assign` for a client. */
export const assign: (typeof bare)['assign'] = bare.assign
/** XState's `enqueueActions` for a client. */
export const enqueueActions: (typeof bare)['enqueueActions'] = bare.enqueueActions

/** An `assign` for one type of event; any other changes nothing. */
export function assignOn<Type extends ClientEvent['type']>(
  type: Type,
  change: (event: OfType<ClientEvent, Type>) => Partial<ClientContext>,
) {
  return bare.assign(({ event }) => (hasType(event, type) ? change(event) : {}))
}

/** What an action enqueues: effects, and changes of the context. */
export type Enqueue = Parameters<Parameters<typeof bare.enqueueActions>[0]>[0]['enqueue']

/** An `enqueueActions` for one type of event; of any other it enqueues nothing. */
export function enqueueOn<Type extends ClientEvent['type']>(
  type: Type,
  act: (context: ClientContext, event: OfType<ClientEvent, Type>, enqueue: Enqueue) => void,
) {
  return bare.enqueueActions(({ context, event, enqueue }) => {
    if (hasType(event, type)) act(context, event, enqueue)
  })
}
