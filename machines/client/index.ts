/** A client: one session, one outstanding request at a time, and a queue of calls that go out together (S7, C2). */
import { assign, enqueueActions, setup } from 'xstate'
import type { Json } from '../application/application.ts'
import type { Outcome, Result } from '../application/at-most-once.ts'
import { type Clock, zeroClock } from '../clocks.ts'
import { effects, ignore, isMessage } from '../effects.ts'
import type { Message, Received } from '../messages.ts'
import type { NodeId } from '../node-id.ts'
import { noView, type View } from '../view.ts'

/** One command that somebody waits for. */
export interface Call {
  /** The caller's own mark, unique among the calls of this client; null once nobody waits any more. */
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

/** What a client knows: plain data, replaced and never changed. */
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
  /** A session that this client opened in a former life, for whoever keeps count of it elsewhere; default: none (C3). */
  readonly resume?: ResumedSession | undefined
}

/** A session to go on with: its id, and the last sequence number that is not to be used again. */
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

/** Intervals and bounds of a client where nothing else is given. */
export const clientDefaults: ClientOptions = {
  retryIntervalMs: 50,
  queueMax: 10_000,
  batchMax: 256,
  batchBytesMax: 1024 * 1024,
}

type Event =
  | Received<'viewReply'>
  | Received<'reply'>
  | Received<'refusal'>
  /** Commands to be executed, as many as there are at the moment. */
  | { readonly type: 'call'; readonly calls: readonly Call[] }
  /** Nobody waits for these calls any more; it unsends nothing (C2). */
  | {
      readonly type: 'abandon'
      readonly ids: readonly number[]
      readonly code: 'timedOut' | 'aborted' | 'stopped'
    }

/** The chart of a client; options that are left out are `clientDefaults`. */
export function createClientMachine(partial: Partial<ClientOptions> = {}) {
  const options = { ...clientDefaults, ...partial }
  const client = setup({
    types: {
      context: {} as ClientContext,
      events: {} as Event,
      input: {} as ClientInput,
      tags: {} as 'settled',
    },
    delays: { retryInterval: options.retryIntervalMs },
    guards: {
      isMessage,
      isUsableView: ({ context, event }) => isUsableView(context, event as Received<'viewReply'>),
      hasWork: ({ context }) => context.queue.length > 0,
      findsWork: ({ context, event }) =>
        isUsableView(context, event as Received<'viewReply'>) && context.queue.length > 0,
      hasSession: ({ context }) => context.session !== null,
      opensMySession: ({ context, event }) => opensMySession(context, event),
      opensMySessionForWork: ({ context, event }) =>
        opensMySession(context, event) && context.queue.length > 0,
      isNotMine: ({ context, event }) => !answersMine(context, event as Received<'reply'>),
      hasExpired: ({ event }) => (event as Received<'reply'>).outcome.kind === 'sessionExpired',
      hasExpiredWithWork: ({ context, event }) =>
        (event as Received<'reply'>).outcome.kind === 'sessionExpired' && context.queue.length > 0,
      meansOldView: ({ event }) =>
        ['wrongServer', 'wrongView'].includes((event as Received<'refusal'>).reason),
      meansDivergence: ({ event }) => (event as Received<'refusal'>).reason === 'replicaDiverged',
      isStrangersRefusal: ({ context, event }) => !answersMine(context, event as Received<'refusal'>),
      bringsNothing: ({ event }) => (event as Event & { type: 'call' }).calls.length === 0,
      abandonsNothing: ({ context, event }) => abandonsNothing(context, event),
      nobodyWaits: ({ context, event }) =>
        abandoned(context, event).outstanding?.every((call) => call.id === null) === true,
      nobodyWaitsButWork: ({ context, event }) => {
        const left = abandoned(context, event)
        return left.outstanding?.every((call) => call.id === null) === true && left.queue.length > 0
      },
    },
    actions: {
      ...effects,
      settle: (_: unknown, _params: Settle): void => {},

      askViewService: enqueueActions(({ context, enqueue }) => {
        enqueue({ type: 'send', params: { to: context.viewService, message: { type: 'getView' } } })
      }),
      adoptView: assign(({ event }) => ({ view: (event as Received<'viewReply'>).view })),

      /** C2: what does not fit is rejected at once, never transmitted. */
      wait: enqueueActions(({ context, event, enqueue }) => {
        const { calls } = event as Event & { type: 'call' }
        const room = Math.max(0, options.queueMax - context.queue.length)
        const rejected = calls.slice(room)
        enqueue.assign({ queue: [...context.queue, ...calls.slice(0, room)] })
        if (rejected.length > 0) {
          enqueue({
            type: 'settle',
            params: failures(rejected, { code: 'overloaded', mayHaveExecuted: false }),
          })
        }
      }),
      /** C2: the error tells whether the command was ever transmitted. */
      abandon: enqueueActions(({ context, event, enqueue }) => {
        const { ids, code } = event as Event & { type: 'abandon' }
        const gone = new Set<number | null>(ids)
        const isGone = (call: Call) => gone.has(call.id)
        const sent = context.outstanding?.filter(isGone) ?? []
        const unsent = context.queue.filter(isGone)
        enqueue.assign(abandoned(context, event))
        const { calls } = failures(unsent, { code, mayHaveExecuted: false })
        const ends = [...calls, ...failures(sent, { code, mayHaveExecuted: true }).calls]
        enqueue({ type: 'settle', params: { calls: ends } })
      }),
      dropRequest: assign({ outstanding: null }),

      sendOpening: enqueueActions(({ context, enqueue }) => {
        sendRequest(enqueue, context, { session: null, seq: 0, commands: [], bytes: 0 })
      }),
      openSession: assign(({ event }) => {
        const { session } = (event as Received<'reply'>).outcome as Outcome & { kind: 'opened' }
        return { session, newestSession: session, seq: 0 }
      }),
      /** S7: what waits goes out together, within the bounds of a request. */
      fillRequest: assign(({ context }) => {
        const outstanding = firstBatch(context.queue, options)
        return { outstanding, queue: context.queue.slice(outstanding.length), seq: context.seq + 1 }
      }),
      sendRequest: enqueueActions(({ context, enqueue }) => {
        const calls = context.outstanding!
        sendRequest(enqueue, context, {
          session: context.session,
          seq: context.seq,
          commands: calls.map((call) => call.command),
          bytes: calls.reduce((sum, call) => sum + call.bytes, 0),
        })
      }),

      settleResults: enqueueActions(({ context, event, enqueue }) => {
        const { outcome } = event as Received<'reply'>
        const calls = context.outstanding!
        enqueue.assign({ outstanding: null })
        if (outcome.kind === 'results' && outcome.results.length === calls.length) {
          enqueue({ type: 'settle', params: resultsOf(calls, outcome.results) })
        } else {
          const code = outcome.kind === 'sessionExpired' ? 'sessionExpired' : 'sequenceReused'
          enqueue({ type: 'settle', params: failures(calls, { code, mayHaveExecuted: true }) })
        }
      }),
      settleDiverged: enqueueActions(({ context, enqueue }) => {
        const sent = failures(context.outstanding ?? [], {
          code: 'replicaDiverged',
          mayHaveExecuted: true,
        }).calls
        const unsent = failures(context.queue, { code: 'replicaDiverged', mayHaveExecuted: false }).calls
        enqueue.assign({ outstanding: null, queue: [] })
        const calls = [...sent, ...unsent]
        if (calls.length > 0) enqueue({ type: 'settle', params: { calls } })
      }),
      forgetSession: assign({ session: null }),
    },
  })

  const olderView = { actions: ignore('viewReply: not newer than my view, or without a primary') } as const
  const strangersRefusal = {
    guard: 'isStrangersRefusal',
    actions: ignore('refusal: not of my outstanding request'),
  } as const
  const oldView = {
    guard: 'meansOldView',
    actions: 'askViewService',
    description: 'Another view is current: which one (C1)?',
  } as const
  const divergence = {
    guard: 'meansDivergence',
    target: 'ready',
    actions: 'settleDiverged',
    description: 'The pair has stopped; every call is told (S6).',
  } as const
  const tryLater = {
    actions: ignore('refusal: try again later'),
    description: 'Overloaded or transferring state: only the retry timer helps (C1).',
  } as const

  const emptyCall = { guard: 'bringsNothing', actions: ignore('call: no commands') } as const
  const lateAbandon = {
    guard: 'abandonsNothing',
    actions: ignore('abandon: these calls have ended already'),
  } as const

  return client.createMachine({
    id: 'client',
    description: 'Brings calls to the primary, each executed at most once, and settles each exactly once.',
    context: ({ input }) => ({
      id: input.id,
      viewService: input.viewService,
      clock: zeroClock,
      view: noView,
      session: input.resume?.session ?? null,
      newestSession: input.resume?.session ?? 0,
      seq: input.resume?.seq ?? 0,
      queue: [],
      outstanding: null,
    }),
    initial: 'locating',
    on: {
      reply: { actions: ignore('reply: not of my outstanding request') },
      refusal: { actions: ignore('refusal: not of my outstanding request') },
      abandon: [
        lateAbandon,
        { actions: 'abandon', description: 'An abort or a time limit: it unsends nothing (C2).' },
      ],
      call: [emptyCall, { actions: 'wait' }],
      '*': { guard: 'isMessage', actions: ignore('not a message for a client') },
    },
    states: {
      locating: {
        description: 'Knows no primary yet and asks the view service until there is one (C1).',
        entry: 'askViewService',
        after: { retryInterval: { target: 'locating', reenter: true } },
        on: {
          viewReply: [
            { guard: 'findsWork', target: 'openingSession', actions: 'adoptView' },
            { guard: 'isUsableView', target: 'ready', actions: 'adoptView' },
            olderView,
          ],
        },
      },
      ready: {
        description: 'Nothing to do; no timer runs and nobody is asked anything (C1).',
        tags: 'settled',
        on: {
          call: [
            emptyCall,
            { guard: 'hasSession', target: 'awaitingReply', actions: ['wait', 'fillRequest'] },
            { target: 'openingSession', actions: 'wait' },
          ],
          viewReply: [{ guard: 'isUsableView', actions: 'adoptView' }, olderView],
        },
      },
      openingSession: {
        description: 'A session is opened by a command of its own (S10).',
        entry: 'sendOpening',
        after: { retryInterval: { target: 'openingSession', reenter: true, actions: 'askViewService' } },
        on: {
          viewReply: [
            { guard: 'isUsableView', target: 'openingSession', reenter: true, actions: 'adoptView' },
            olderView,
          ],
          reply: [
            {
              guard: 'opensMySessionForWork',
              target: 'awaitingReply',
              actions: ['openSession', 'fillRequest'],
            },
            {
              guard: 'opensMySession',
              target: 'ready',
              actions: 'openSession',
              description: 'Every call was abandoned meanwhile.',
            },
            { actions: ignore('reply: does not open my session') },
          ],
          refusal: [strangersRefusal, oldView, divergence, tryLater],
        },
      },
      awaitingReply: {
        description: 'One request is outstanding; calls made meanwhile wait for the next one (C2).',
        entry: 'sendRequest',
        after: {
          retryInterval: {
            target: 'awaitingReply',
            reenter: true,
            actions: 'askViewService',
            description: 'Ask, and send the same request again (C1, N4).',
          },
        },
        on: {
          viewReply: [
            {
              guard: 'isUsableView',
              target: 'awaitingReply',
              reenter: true,
              actions: 'adoptView',
              description: 'A newer view: the request goes to its primary (C1).',
            },
            olderView,
          ],
          reply: [
            { guard: 'isNotMine', actions: ignore('reply: not of my outstanding request') },
            {
              guard: 'hasExpiredWithWork',
              target: 'openingSession',
              actions: ['settleResults', 'forgetSession'],
              description: 'Calls never transmitted move to a new session (C2).',
            },
            { guard: 'hasExpired', target: 'ready', actions: ['settleResults', 'forgetSession'] },
            {
              guard: 'hasWork',
              target: 'awaitingReply',
              reenter: true,
              actions: ['settleResults', 'fillRequest'],
              description: 'Settled; what has gathered meanwhile goes next.',
            },
            { target: 'ready', actions: 'settleResults' },
          ],
          refusal: [strangersRefusal, oldView, divergence, tryLater],
          abandon: [
            lateAbandon,
            {
              guard: 'nobodyWaitsButWork',
              target: 'awaitingReply',
              reenter: true,
              actions: ['abandon', 'fillRequest'],
              description: 'Nobody waits for the outstanding request: the next one may go.',
            },
            { guard: 'nobodyWaits', target: 'ready', actions: ['abandon', 'dropRequest'] },
            { actions: 'abandon' },
          ],
        },
      },
    },
  })
}

/** The type of the chart that `createClientMachine` makes. */
export type ClientMachine = ReturnType<typeof createClientMachine>

function isUsableView({ view }: ClientContext, event: Received<'viewReply'>): boolean {
  return event.view.number > view.number && event.view.primary !== null
}

function opensMySession({ newestSession }: ClientContext, event: Event): boolean {
  if (event.type !== 'reply' || event.session !== null) return false
  return event.outcome.kind === 'opened' && event.outcome.session > newestSession
}

function answersMine(context: ClientContext, event: Received<'reply'> | Received<'refusal'>): boolean {
  return context.outstanding === null
    ? event.session === null
    : event.session === context.session && event.seq === context.seq
}

function abandoned(context: ClientContext, event: Event): Pick<ClientContext, 'queue' | 'outstanding'> {
  const gone = new Set<number | null>((event as Event & { type: 'abandon' }).ids)
  return {
    queue: context.queue.filter((call) => !gone.has(call.id)),
    outstanding:
      context.outstanding?.map((call) => (gone.has(call.id) ? { ...call, id: null } : call)) ?? null,
  }
}

function abandonsNothing({ queue, outstanding }: ClientContext, event: Event): boolean {
  const gone = new Set<number | null>((event as Event & { type: 'abandon' }).ids)
  return ![...queue, ...(outstanding ?? [])].some(({ id }) => gone.has(id))
}

function failures(calls: readonly Call[], failure: CallFailure): Settle {
  return { calls: calls.flatMap(({ id }) => (id === null ? [] : [{ id, end: { failure } }])) }
}

function resultsOf(calls: readonly Call[], results: readonly Result[]): Settle {
  return { calls: calls.flatMap(({ id }, index) => (id === null ? [] : [{ id, end: results[index]! }])) }
}

function firstBatch(queue: readonly Call[], options: ClientOptions): readonly Call[] {
  let bytes = 0
  const end = queue.findIndex((call, index) => {
    bytes += call.bytes
    return index >= options.batchMax || (index > 0 && bytes > options.batchBytesMax)
  })
  return end < 0 ? queue : queue.slice(0, end)
}

type Enqueue = (action: { type: 'send'; params: { to: NodeId; message: Message } }) => void
type Body = Omit<Message & { type: 'request' }, 'type' | 'viewNumber'>

function sendRequest(enqueue: Enqueue, { view }: ClientContext, body: Body): void {
  const message: Message = { type: 'request', viewNumber: view.number, ...body }
  if (view.primary !== null) enqueue({ type: 'send', params: { to: view.primary, message } })
}
