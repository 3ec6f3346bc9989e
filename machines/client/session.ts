/** A client and its servers: the view, the session, and the one request under way (C1, C3, S10, N4). */
import { sendTo } from '../effects.ts'
import type { Message, Received } from '../messages.ts'
import { assign, assignOn, type ClientContext, type Enqueue, enqueueActions, guard } from './context.ts'

/** The guards and actions of views, sessions and requests. */
export const sessionRules = {
  guards: {
    isUsableView: guard('viewReply', isUsableView),
    findsWork: guard(
      'viewReply',
      (context, event) => isUsableView(context, event) && context.queue.length > 0,
    ),
    hasSession: ({ context }: { context: ClientContext }) => context.session !== null,
    opensMySession: guard('reply', opensMySession),
    opensMySessionForWork: guard(
      'reply',
      (context, event) => opensMySession(context, event) && context.queue.length > 0,
    ),
    isNotMine: guard('reply', (context, event) => !answersMine(context, event)),
    hasExpired: guard('reply', (_, { outcome }) => outcome.kind === 'sessionExpired'),
    hasExpiredWithWork: guard(
      'reply',
      ({ queue }, { outcome }) => outcome.kind === 'sessionExpired' && queue.length > 0,
    ),
    isStrangersRefusal: guard('refusal', (context, event) => !answersMine(context, event)),
    meansOldView: guard('refusal', (_, { reason }) => reason === 'wrongServer' || reason === 'wrongView'),
    meansDivergence: guard('refusal', (_, { reason }) => reason === 'replicaDiverged'),
  },
  actions: {
    askViewService: enqueueActions(({ context, enqueue }) => {
      enqueue(sendTo(context.viewService, { type: 'getView' }))
    }),
    adoptView: assignOn('viewReply', ({ view }) => ({ view })),
    sendOpening: enqueueActions(({ context, enqueue }) => {
      sendRequest(enqueue, context, { session: null, seq: 0, commands: [], bytes: 0 })
    }),
    openSession: assignOn('reply', ({ outcome }) =>
      outcome.kind === 'opened' ? { session: outcome.session, newestSession: outcome.session, seq: 0 } : {},
    ),
    forgetSession: assign({ session: null }),
    sendRequest: enqueueActions(({ context, enqueue }) => {
      const { session, seq, outstanding: calls } = context
      if (calls === null) return
      const bytes = calls.reduce((sum, call) => sum + call.bytes, 0)
      sendRequest(enqueue, context, { session, seq, commands: calls.map((call) => call.command), bytes })
    }),
  },
}

function isUsableView({ view }: ClientContext, event: Received<'viewReply'>): boolean {
  return event.view.number > view.number && event.view.primary !== null
}

/** A session that was opened twice must not bring back an old one. */
function opensMySession({ newestSession }: ClientContext, { session, outcome }: Received<'reply'>): boolean {
  return session === null && outcome.kind === 'opened' && outcome.session > newestSession
}

function answersMine(context: ClientContext, event: Received<'reply'> | Received<'refusal'>): boolean {
  return context.outstanding === null
    ? event.session === null
    : event.session === context.session && event.seq === context.seq
}

type Body = Omit<Message & { type: 'request' }, 'type' | 'viewNumber'>

function sendRequest(enqueue: Enqueue, { view }: ClientContext, body: Body): void {
  if (view.primary !== null)
    enqueue(sendTo(view.primary, { type: 'request', viewNumber: view.number, ...body }))
}
