/** Broken servers: requests, forwards, sessions and the queue. */
import { assign, enqueueActions } from 'xstate'
import type { Replica } from '../../machines/application/at-most-once.ts'
import { RequestQueue } from '../../machines/application/request-queue.ts'
import type { Received } from '../../machines/messages.ts'
import { createServerMachine } from '../../machines/server/index.ts'
import {
  type Any,
  actions,
  append,
  application,
  assignedBy,
  both,
  get,
  guards,
  type Mutant,
  onlyGets,
  put,
  reconfigured,
  roleOf,
  type Step,
  transitions,
} from './changes.ts'
import { inView, outcome, refusal, request, transferred, viewReply } from './played-events.ts'

const servingAlone = [viewReply(1, 's1#1', null), request('c1#1', null)]
const servingWithBackup = [viewReply(1, 's1#1', null), viewReply(2, 's1#1', 's2#1'), transferred('s2#1', 2)]

/** The stored results, no matter what was asked. */
const answeringStored = actions({
  repeatAnswer: enqueueActions(({ context, event, enqueue }: Any) => {
    const { client, results } = context.replica.sessions.get(event.session)
    const message = {
      type: 'reply',
      session: event.session,
      seq: event.seq,
      outcome: { kind: 'results', results },
    }
    enqueue({ type: 'send', params: { to: client, message } })
  }),
})

export const serverMutants: readonly Mutant[] = [
  {
    name: 'reads are served without the backup',
    rule: 'S4',
    charts: {
      server: guards({ isAlone: ({ context, event }) => context.view.backup === null || onlyGets(event) }),
    },
  },
  {
    name: 'the primary executes and answers before the acknowledgement',
    rule: 'S4',
    charts: { server: guards({ isAlone: () => true }) },
  },
  {
    name: 'a forward is accepted from an old view',
    rule: 'S5',
    charts: { server: guards({ isForeign: () => false }) },
    system: { servers: 2, clients: [[append('x'), append('y')]], viewsMax: 4 },
  },
  {
    name: 'a forward that precedes the transfer is applied',
    rule: 'S5',
    charts: {
      server: reconfigured((config) => {
        const { backup } = roleOf(config)
        backup.states.awaitingState.on.forward = {
          target: 'serving',
          actions: ['startEmpty', 'applyForward', 'confirmForward'],
        }
      }),
    },
    played: {
      chart: 'server',
      id: 's2#1',
      events: [
        viewReply(2, 's1#1', 's2#1'),
        { type: 'forward', from: 's1#1', viewNumber: 2, number: 1, requests: [] },
      ],
      tell: refusal,
      sound: 'forward: precedes the state transfer',
    },
  },
  {
    name: 'a late acknowledgement is accepted',
    rule: 'S6',
    charts: {
      server: guards({
        isNotMyForward: ({ event, context }) => event.number !== context.outstanding?.number,
      }),
    },
    system: { servers: 3, clients: [[put('x')]], viewsMax: 3 },
  },
  {
    name: 'an older forward is applied again',
    rule: 'S6',
    charts: {
      server: guards({ isNextForward: ({ event, context }) => event.number !== context.applied.number }),
    },
    system: { servers: 2, clients: [[append('x'), append('y')]], viewsMax: 2 },
  },
  {
    name: 'a backup answers clients',
    rule: 'S3',
    charts: {
      server: reconfigured((config) => {
        roleOf(config).backup.states.serving.on.request = { actions: ['wait', 'decideAlone'] }
      }),
      client: guards({}),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 3 },
  },
  {
    name: 'a lone primary that lost its backup answers in the old view',
    rule: 'S8',
    charts: {
      server: reconfigured((config) => {
        roleOf(config).primary.states.awaitingBackupAck.after.resendInterval = {
          target: 'serving',
          actions: 'commit',
        }
      }),
    },
  },
  {
    name: 'an older view is adopted',
    rule: 'S2',
    charts: {
      server: guards({ isNotNewer: ({ context, event }) => event.view.number === context.view.number }),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 3 },
  },
  {
    name: 'stored results are not repeated but executed again',
    rule: 'S9',
    charts: {
      server: (machine) =>
        actions({
          wait: assign((step: Any) => assignedBy(machine, 'wait')({ ...step, event: renumbered(step) })),
        })(machine).provide({
          guards: { isAnswered: () => false, isStale: () => false, isWaiting: () => false },
        } as never),
    },
    system: { servers: 1, clients: [[append('x'), get]], viewsMax: 1, begin: [] },
  },
  {
    name: 'a request that names another view is decided',
    rule: 'S3',
    charts: { server: guards({ namesAnotherView: () => false }) },
    played: {
      chart: 'server',
      id: 's1#1',
      events: [
        viewReply(1, 's1#1', null),
        { type: 'request', from: 'c1#1', viewNumber: 7, session: null, seq: 0, commands: [], bytes: 0 },
      ],
      tell: refusal,
      sound: 'wrongView',
    },
  },
  {
    name: 'a server that lost its state comes back under its old id',
    rule: 'N2',
    change: (system) => ({
      ...system,
      nodes: system.nodes.map((node) =>
        node.restart === undefined
          ? node
          : {
              ...node,
              restart: () => ({ id: node.id, input: { id: node.id, viewService: 'view-service' } }),
            },
      ),
    }),
    system: { servers: 2, clients: [[put('x')]], viewsMax: 3, crashes: 1, restarts: 1 },
  },
  {
    name: 'a forward that is repeated gets a new number',
    rule: 'N4',
    charts: {
      server: reconfigured((config) => {
        roleOf(config).primary.states.awaitingBackupAck.after.resendInterval.actions = 'renumberForward'
      }),
    },
    system: { servers: 2, clients: [[append('x')]], viewsMax: 2 },
  },
  {
    name: 'a server pings only once',
    rule: 'S1',
    charts: {
      server: reconfigured((config) => {
        config.states.heartbeat.states.pinging.after = {}
      }),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 2, begin: [] },
    means: 'liveness',
  },
  {
    name: 'replicas that disagree go on',
    rule: 'S6',
    charts: { server: guards({ outcomesDiffer: () => false }) },
    played: {
      chart: 'server',
      events: [
        ...servingWithBackup,
        inView(2, request('c1#1', null)),
        {
          type: 'forwardAck',
          from: 's2#1',
          viewNumber: 2,
          number: 1,
          digest: 'of other results',
        },
      ],
      tell: (snapshot) => snapshot.matches({ role: 'replicaDiverged' } as never),
      sound: true,
    },
  },
  {
    name: 'the queue has no bound',
    rule: 'S7',
    charts: { server: guards({ isFull: () => false }) },
    played: {
      chart: 'server',
      options: { queueMax: 1 },
      events: [...servingWithBackup, ...['c1#1', 'c2#1', 'c3#1'].map((id) => inView(2, request(id, null)))],
      tell: refusal,
      sound: 'overloaded',
    },
  },
  {
    name: 'a forward takes all that waits',
    rule: 'S7',
    charts: {
      server: actions({
        fillForward: assign(({ context }: Any) => ({
          outstanding: { number: context.forwards + 1, requests: [...context.queue] },
          forwards: context.forwards + 1,
          queue: RequestQueue.empty,
        })),
      }),
    },
    played: {
      chart: 'server',
      options: { batchMax: 1 },
      events: [
        ...servingWithBackup,
        ...['c1#1', 'c2#1', 'c3#1'].map((id) => inView(2, request(id, null))),
        viewReply(3, 's1#1', 's3#1'),
        transferred('s3#1', 3),
      ],
      tell: ({ context }) => context.outstanding.requests.length,
      sound: 1,
    },
  },
  {
    name: 'a copy of a request that waits is forwarded once more',
    rule: 'S7',
    charts: { server: guards({ isWaiting: () => false }) },
    played: {
      chart: 'server',
      events: [...servingWithBackup, inView(2, request('c1#1', null)), inView(2, request('c1#1', null))],
      tell: refusal,
      sound: 'request: a copy of it waits already',
    },
  },
  {
    name: 'a server that is no longer primary keeps what waits',
    rule: 'S8',
    charts: {
      server: (machine) =>
        actions({
          adoptView: assign((step: Any) => ({
            ...assignedBy(machine, 'adoptView')(step),
            queue: RequestQueue.from([...(step.context.outstanding?.requests ?? []), ...step.context.queue]),
          })),
        })(machine),
    },
    played: {
      chart: 'server',
      events: [...servingWithBackup, inView(2, request('c1#1', null)), viewReply(3, 's2#1', null)],
      tell: ({ context }) => context.queue.size,
      sound: 0,
    },
  },
  {
    name: 'an older number is answered with the newest results',
    rule: 'S9',
    charts: {
      server: both(
        guards({
          isAnswered: ({ context, event }) =>
            event.session !== null && context.replica.sessions.get(event.session)?.seq >= event.seq,
        }),
        answeringStored,
      ),
    },
    played: {
      chart: 'server',
      events: [
        ...servingAlone,
        request('c1#1', 1, 1, put('x')),
        request('c1#1', 1, 2, get),
        request('c1#1', 1, 1, put('x')),
      ],
      tell: refusal,
      sound: 'request: staleSequence',
    },
  },
  {
    name: 'a number that is used again with other commands gets the stored results',
    rule: 'S9',
    charts: { server: answeringStored },
    played: {
      chart: 'server',
      events: [...servingAlone, request('c1#1', 1, 1, put('x')), request('c1#1', 1, 1, put('y'))],
      tell: outcome,
      sound: 'sequenceReused',
    },
  },
  {
    name: 'an answered repeat renews its session',
    rule: 'S10',
    charts: {
      server: reconfigured((config) => {
        for (const state of ['serving', 'awaitingBackupAck']) {
          transitions(roleOf(config).primary.states[state], 'request')[1].actions = [
            'repeatAnswer',
            'countRepeat',
          ]
        }
      }),
    },
    system: { servers: 2, clients: [[append('x')]], viewsMax: 2 },
  },
  {
    name: 'a request of an expired session is executed',
    rule: 'S10',
    charts: {
      server: (machine) =>
        actions({
          wait: assign((step: Any) => ({
            ...assignedBy(machine, 'wait')(step),
            replica: withSession(step.context.replica, step.event),
          })),
        })(machine),
    },
    system: {
      servers: 1,
      clients: [[append('x')], [get]],
      viewsMax: 1,
      serverOptions: { sessionsMax: 1 },
      begin: [],
    },
  },
  {
    name: 'the table of sessions has no bound',
    rule: 'S10',
    charts: { server: () => createServerMachine(application) },
    played: {
      chart: 'server',
      options: { sessionsMax: 1 },
      events: [...servingAlone, request('c2#1', null), request('c1#1', 1, 1, get)],
      tell: outcome,
      sound: 'sessionExpired',
    },
  },
]

/** A request under the next free number of its session, so that nothing recognises it. */
function renumbered({ context, event }: Step): Received<'request'> {
  const request = event as Received<'request'>
  if (request.session === null) return request
  const stored = context.replica?.sessions.get(request.session)
  return { ...request, seq: Math.max(request.seq, (stored?.seq ?? 0) + 1) }
}

/** A session that is not there is made again. */
function withSession(replica: Replica, { session, from, seq }: Received<'request'>): Replica {
  if (session === null || replica.sessions.has(session)) return replica
  const made = { client: from, seq: seq - 1, digest: '', results: [], position: -session }
  return { ...replica, sessions: replica.sessions.set(session, made) }
}
