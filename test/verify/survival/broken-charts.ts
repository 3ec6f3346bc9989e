/** Charts that are broken on purpose, one rule each, for real processes: what survival must not take for sound. */
import { enqueueActions } from 'xstate'
import type { Charts } from '../../../actors/charts.ts'
import { executeAll, type Replica } from '../../../machines/application/at-most-once.ts'
import type { Received, Request } from '../../../machines/messages.ts'
import { serverDefaults } from '../../../machines/server/context.ts'
import {
  type Any,
  actions,
  application,
  both,
  type Change,
  guards,
  onlyGets,
  reconfigured,
  roleOf,
} from '../../mutants/changes.ts'

/** By the name that a broken process is started with. */
export const brokenCharts = {
  doesNotAwaitAcks: {
    server: reconfigured((config) => {
      const [last] = requestsOf(config, 'serving').slice(-1)
      Object.assign(last, { target: undefined, actions: ['wait', 'fillForward', 'sendForward', 'commit'] })
    }),
  },
  executesRepeats: {
    server: both(
      guards({
        isAnswered: () => false,
        isStale: () => false,
        isWaiting: () => false,
        // Only what is executed would show that the replicas remember.
        outcomesDiffer: () => false,
      }),
      both(
        forgettingBefore('commit', ({ context }) => context.outstanding.requests),
        both(
          forgettingBefore('decideAlone', ({ context }) => context.queue),
          forgettingBefore('applyForward', ({ event }) => event.requests),
        ),
      ),
    ),
  },
  readsAlone: {
    server: both(
      both(
        guards({ onlyReads: ({ event }) => event.session !== null && onlyGets(event) }),
        actions({ readAlone: readAlone() }),
      ),
      reconfigured((config) => {
        for (const state of ['serving', 'awaitingBackupAck'])
          requestsOf(config, state).splice(1, 0, { guard: 'onlyReads', actions: 'readAlone' })
      }),
    ),
  },
  sendsOnce: {
    client: reconfigured((config) => {
      config.states.awaitingReply.after = {}
    }),
  },
} as const satisfies Record<string, Charts>

/** The name of broken charts. */
export type BrokenChartsName = keyof typeof brokenCharts

/** What a primary does in one of its states with a request. */
function requestsOf(config: Any, state: string): Any[] {
  return roleOf(config).primary.states[state].on.request
}

/** Reads are answered from the state of the moment; no one is asked, and nothing is remembered. */
function readAlone() {
  return enqueueActions(({ context, event, enqueue }: Any) => {
    const { from: client, session, seq, commands, bytes } = event as Received<'request'>
    const request: Request = { client, session, seq, commands, bytes }
    const { outcomes } = executeAll(application, context.replica, [request], serverDefaults.sessionsMax)
    const message = { type: 'reply', session, seq, outcome: outcomes[0] }
    enqueue({ type: 'send', params: { to: client, message } })
  })
}

/** An action that executes requests does so as if none of them had ever been executed. */
function forgettingBefore(action: string, requestsOf: (step: Any) => Iterable<Request>): Change {
  return (machine) => {
    const { collect } = machine.implementations.actions[action] as Any
    const replicaOf = (step: Any) => forgetting(step.context.replica, requestsOf(step))
    return actions({
      [action]: enqueueActions((step: Any) =>
        collect({ ...step, context: { ...step.context, replica: replicaOf(step) } }),
      ),
    })(machine)
  }
}

function forgetting(replica: Replica, requests: Iterable<Request>): Replica {
  let { sessions } = replica
  for (const { session: id, seq } of requests) {
    const session = id === null ? undefined : sessions.get(id)
    if (session !== undefined && session.seq >= seq)
      sessions = sessions.set(id!, { ...session, seq: seq - 1 })
  }
  return { ...replica, sessions }
}
