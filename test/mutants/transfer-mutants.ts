/** Broken state transfers, and acknowledgements of a view before one. */
import { assign, enqueueActions } from 'xstate'
import { type Replica, restoreReplica } from '../../machines/application/at-most-once.ts'
import type { KeyValueState } from '../../machines/application/key-value-store.ts'
import { OrderedMap } from '../../machines/application/ordered-map.ts'
import {
  type Any,
  actions,
  append,
  application,
  assignedBy,
  both,
  guards,
  type Mutant,
  put,
  reconfigured,
  roleOf,
  transitions,
} from './changes.ts'
import { refusal, viewReply } from './played-events.ts'

export const transferMutants: readonly Mutant[] = [
  {
    name: 'a view is acknowledged before its transfer is confirmed',
    rule: 'S1',
    charts: {
      server: actions({
        ping: enqueueActions(({ context, enqueue }: Any) =>
          enqueue({
            type: 'send',
            params: { to: context.viewService, message: { type: 'ping', viewNumber: context.view.number } },
          }),
        ),
      }),
    },
  },
  {
    name: 'the transfer leaves out the sessions',
    rule: 'T1',
    charts: {
      server: actions({
        install: assign(({ context }: Any) => ({
          replica: withoutSessions(context.arriving.partial.replica),
          arriving: null,
        })),
      }),
    },
  },
  {
    name: 'the transfer merges into what the backup had',
    rule: 'T1',
    charts: {
      server: (machine) =>
        actions({
          adoptView: assign((step: Any) => ({
            ...assignedBy(machine, 'adoptView')(step),
            former: step.context.replica ?? step.context.former ?? null,
          })),
          install: assign(({ context }: Any) => ({
            replica: merged(context.former, context.arriving.partial.replica),
            arriving: null,
          })),
        })(machine),
    },
    system: { servers: 2, clients: [[put('x'), put('y')]], viewsMax: 4 },
  },
  {
    name: 'a second copy of the transfer is installed',
    rule: 'T3',
    charts: {
      server: actions({
        confirmPiece: enqueueActions(({ context, event, enqueue }: Any) => {
          if (context.replica !== null && event.last) {
            enqueue.assign({ replica: restoreReplica(application, null, event.data, true).replica })
          }
          const message = { type: 'stateTransferAck', viewNumber: context.view.number, index: event.index }
          enqueue({ type: 'send', params: { to: event.from, message } })
        }),
      }),
    },
  },
  {
    name: 'a transfer of an older view is installed',
    rule: 'T3',
    charts: {
      server: guards({
        isOfMyView: ({ context, event }) => event.from === context.view.primary,
        isLastPiece: ({ event }) => event.last === true,
      }),
    },
    system: { servers: 2, clients: [[append('x')]], viewsMax: 4 },
  },
  {
    name: 'a transfer that was not confirmed unblocks the primary',
    rule: 'T2',
    charts: {
      server: reconfigured((config) => {
        roleOf(config).primary.states.transferringState.after.resendInterval = {
          target: 'serving',
          actions: 'endTransfer',
        }
      }),
    },
  },
  {
    name: 'the primary decides commands during the transfer',
    rule: 'T2',
    charts: {
      server: reconfigured((config) => {
        const { transferringState } = roleOf(config).primary.states
        transitions(transferringState, 'request')[1] = { actions: ['wait', 'decideAlone'] }
      }),
    },
  },
  {
    name: 'an acknowledgement by anyone confirms the transfer',
    rule: 'T6',
    charts: {
      server: guards({
        confirmsAll: ({ event }) => event.type === 'stateTransferAck',
        confirmsAllWithWork: ({ event, context }) =>
          event.type === 'stateTransferAck' && context.queue.size > 0,
      }),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 4 },
  },
  {
    name: 'a server that is no longer primary keeps its state for the next transfer to skip',
    rule: 'T1',
    charts: {
      server: (machine) =>
        both(
          actions({
            adoptView: assign((step: Any) => ({
              ...assignedBy(machine, 'adoptView')(step),
              replica: step.context.replica ?? (assignedBy(machine, 'adoptView')(step) as Any).replica,
            })),
          }),
          reconfigured((config) => {
            const { awaitingState } = roleOf(config).backup.states
            awaitingState.on.stateTransfer = [
              { guard: 'holdsOldState', target: 'serving', actions: 'confirmPiece' },
              ...transitions(awaitingState, 'stateTransfer'),
            ]
          }),
        )(machine).provide({
          guards: {
            holdsOldState: ({ context, event }: Any) =>
              context.replica !== null && event.view.number === context.view.number,
          },
        } as never),
    },
    system: { servers: 2, clients: [[put('x'), put('y')]], viewsMax: 4 },
  },
  {
    name: 'a transfer is sent once',
    rule: 'T3',
    charts: {
      server: reconfigured((config) => {
        roleOf(config).primary.states.transferringState.after = {}
      }),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 3, begin: [] },
    means: 'liveness',
  },
  {
    name: 'a state is used before its last piece',
    rule: 'T5',
    charts: {
      server: guards({
        isLastPiece: ({ context, event }) => event.from === context.view.primary,
        isWholeStateOfNewerView: (step) =>
          step.event.index === 0 &&
          step.event.view.number > step.context.view.number &&
          step.event.view.backup === step.context.id,
      }),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 4, serverOptions: { transferBytesMax: 1 } },
  },
  {
    name: 'a piece is taken although one before it is missing',
    rule: 'T5',
    charts: { server: guards({ isPieceAhead: () => false, isUnreadablePiece: () => false }) },
    played: {
      chart: 'server',
      id: 's2#1',
      events: [
        viewReply(2, 's1#1', 's2#1'),
        {
          type: 'stateTransfer',
          from: 's1#1',
          view: { number: 2, primary: 's1#1', backup: 's2#1' },
          index: 1,
          last: true,
          data: { state: [] },
        },
      ],
      tell: refusal,
      sound: 'stateTransfer: leaves out a piece',
    },
  },
]

function withoutSessions(replica: Replica): Replica {
  return {
    ...replica,
    sessions: OrderedMap.from(),
    sessionOf: OrderedMap.from(),
    byRecency: OrderedMap.from(),
  }
}

function merged(former: Replica | null, replica: Replica): Replica {
  let state = replica.state as KeyValueState
  for (const [key, value] of (former?.state as KeyValueState | undefined)?.entriesAfter(null) ?? [])
    state = state.set(key, value)
  return { ...replica, state }
}
