/** Broken clients: what is sent again too seldom or too often, answers and views that are not theirs. */
import { append, get, guards, type Mutant, put, reconfigured, transitions } from './changes.ts'
import { viewReply } from './played-events.ts'

export const clientMutants: readonly Mutant[] = [
  {
    name: 'a client sends a command again under a new number',
    rule: 'S9',
    charts: {
      client: reconfigured((config) => {
        const { retryInterval } = config.states.awaitingReply.after
        retryInterval.actions = ['askViewService', 'renumber']
      }),
    },
    system: { servers: 1, clients: [[append('x'), get]], viewsMax: 1, begin: [] },
  },
  {
    name: 'a client takes any reply for its own',
    rule: 'C3',
    charts: { client: guards({ isNotMine: () => false }) },
    system: { servers: 2, clients: [[put('x'), get]], viewsMax: 2 },
  },
  {
    name: 'a client sends its request once',
    rule: 'C1',
    charts: {
      client: reconfigured((config) => {
        config.states.awaitingReply.after = {}
      }),
    },
    system: { servers: 1, clients: [[put('x')]], viewsMax: 1, begin: [] },
    means: 'liveness',
  },
  {
    name: 'calls of an expired session are sent again in a new one',
    rule: 'C2',
    charts: {
      client: reconfigured((config) => {
        for (const index of [1, 2]) {
          const expired = transitions(config.states.awaitingReply, 'reply')[index]
          Object.assign(expired, { target: 'openingSession', actions: ['requeue', 'forgetSession'] })
        }
      }),
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
    name: 'a refusal ends the call',
    rule: 'C2',
    charts: {
      client: reconfigured((config) => {
        transitions(config.states.awaitingReply, 'refusal')[1] = {
          target: 'ready',
          actions: 'settleDiverged',
        }
      }),
    },
    played: {
      chart: 'client',
      id: 'c1#1',
      events: [
        viewReply(1, 's1#1', null),
        { type: 'call', calls: [{ id: 1, command: get, bytes: 10 }] },
        {
          type: 'reply',
          from: 's1#1',
          session: null,
          seq: 0,
          outcome: { kind: 'opened', session: 1 },
        },
        {
          type: 'refusal',
          from: 's1#1',
          viewNumber: 2,
          session: 1,
          seq: 1,
          reason: 'wrongServer',
        },
      ],
      tell: (_snapshot, actions) => actions.filter(({ type }) => type === 'settle').length,
      sound: 0,
    },
  },
  {
    name: 'a client turns back to an older view',
    rule: 'C3',
    charts: {
      client: guards({
        isUsableView: ({ context, event }) =>
          event.view.number !== context.view.number && event.view.primary !== null,
      }),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 3 },
  },
]
