/** The chart of a client: one session, one request under way at a time, calls that go out together (S7, C2). */
import { setup } from 'xstate'
import { ignore, isMessage } from '../effects.ts'
import { persistable } from '../persistence.ts'
import { callRules } from './calls.ts'
import {
  type ClientOptions,
  clientCodec,
  clientDefaults,
  clientEffects,
  clientTypes,
  initialClientContext,
} from './context.ts'
import { sessionRules } from './session.ts'

function clientSetup(options: ClientOptions) {
  const calls = callRules(options)
  return setup({
    types: clientTypes,
    delays: { retryInterval: options.retryIntervalMs },
    guards: { isMessage, ...calls.guards, ...sessionRules.guards },
    actions: { ...clientEffects, ...calls.actions, ...sessionRules.actions },
  })
}

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
  description: 'Primary and backup have stopped; every call ends with that error (S6).',
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

/** The chart of a client; options that are left out are `clientDefaults`. */
export function createClientMachine(options: Partial<ClientOptions> = {}) {
  const client = clientSetup({ ...clientDefaults, ...options })

  const chart = client.createMachine({
    id: 'client',
    description: 'Brings calls to the primary, each executed at most once, and settles each exactly once.',
    context: ({ input }) => initialClientContext(input),
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
        description: 'Nothing to do; no timer runs and no request is sent (C1).',
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
              description: 'No call waits for the outstanding request: the next one may go.',
            },
            { guard: 'nobodyWaits', target: 'ready', actions: ['abandon', 'dropRequest'] },
            { actions: 'abandon' },
          ],
        },
      },
    },
  })
  return persistable(chart, clientCodec)
}

/** The type of the chart that `createClientMachine` makes. */
export type ClientMachine = ReturnType<typeof createClientMachine>
