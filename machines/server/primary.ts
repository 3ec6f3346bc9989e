/** A server as primary: it hands its state to a new backup, then decides commands, each one only with the backup. */
import { ignore } from '../effects.ts'
import { refuse } from './commands.ts'
import type { ServerSetup } from './setup.ts'

/** What a serving primary does with a request that needs no decision, the first that applies (S3, S9). */
const needsNoDecision = [
  { guard: 'namesAnotherView', actions: refuse('wrongView') },
  { guard: 'isAnswered', actions: 'repeatAnswer', description: 'The stored results (S9).' },
  { guard: 'isStale', actions: ignore('request: staleSequence') },
] as const

/** The states of a primary, to be composed into the chart of a server. */
export function primaryState(server: ServerSetup, isWatched: boolean) {
  const watch = isWatched ? watchTransitions() : {}
  return server.createStateConfig({
    description: 'Decides the order of all commands in its view.',
    tags: 'holdsState',
    initial: 'serving',
    on: {
      forward: { actions: ignore('forward: I am not backup') },
      forwardAck: { actions: ignore('forwardAck: not of my outstanding forward') },
      stateTransferAck: { actions: ignore('stateTransferAck: not of the piece that I sent') },
      replicaDiverged: { actions: ignore('replicaDiverged: I am not backup') },
    },
    states: {
      transferringState: {
        description:
          'The backup of this view does not hold the state yet: nothing is decided and the view is not acknowledged (T2, T6).',
        entry: 'sendPiece',
        after: {
          resendInterval: {
            target: 'transferringState',
            reenter: true,
            description: 'Until confirmed (T3).',
          },
        },
        on: {
          request: [
            { guard: 'namesAnotherView', actions: refuse('wrongView') },
            { actions: refuse('stateTransfer'), description: 'The client tries again later (T2).' },
          ],
          stateTransferAck: [
            {
              guard: 'confirmsAllWithWork',
              target: 'awaitingBackupAck',
              actions: ['endTransfer', 'ping', 'fillForward'],
              description: 'The backup holds the state; what the last view left undecided goes first (S8).',
            },
            {
              guard: 'confirmsAll',
              target: 'serving',
              actions: ['endTransfer', 'ping'],
              description: 'The backup holds the state: the view is acknowledged at once (S1, T6).',
            },
            {
              guard: 'confirmsMyPiece',
              target: 'transferringState',
              reenter: true,
              actions: 'turnToNextPiece',
              description: 'On to the next chunk (T5).',
            },
            { actions: ignore('stateTransferAck: not of the piece that I sent') },
          ],
        },
      },
      serving: {
        description: 'Ready to decide; nothing is outstanding.',
        tags: 'answersClients',
        on: {
          request: [
            ...needsNoDecision,
            {
              guard: 'isAlone',
              actions: ['wait', 'decideAlone'],
              description: 'Without a backup the primary decides by itself.',
            },
            {
              target: 'awaitingBackupAck',
              actions: ['wait', 'fillForward'],
              description: 'Every command goes to the backup first, reads included (S4).',
            },
          ],
          ...watch,
        },
      },
      awaitingBackupAck: {
        description: 'One forward is outstanding; what arrives meanwhile waits for the next one (S6, S7).',
        tags: 'answersClients',
        entry: 'sendForward',
        after: {
          resendInterval: {
            target: 'awaitingBackupAck',
            reenter: true,
            description: 'The same forward again (N4).',
          },
        },
        on: {
          request: [
            ...needsNoDecision,
            { guard: 'isWaiting', actions: ignore('request: a copy of it waits already') },
            { guard: 'isFull', actions: refuse('overloaded') },
            { actions: 'wait', description: 'Part of the next forward (S7).' },
          ],
          forwardAck: [
            { guard: 'isNotMyForward', actions: ignore('forwardAck: not of my outstanding forward') },
            {
              guard: 'outcomesDiffer',
              target: '#replicaDiverged',
              description: 'The application is not deterministic: no client is answered (S6).',
            },
            {
              guard: 'somethingWaits',
              target: 'awaitingBackupAck',
              reenter: true,
              actions: ['commit', 'fillForward'],
              description: 'Execute, answer, and forward what has gathered meanwhile (S7).',
            },
            { target: 'serving', actions: 'commit', description: 'Execute and answer (S4).' },
          ],
          ...watch,
        },
      },
    },
  })
}

/** W1 to W3: a server whose application cannot be watched takes no such message. */
function watchTransitions() {
  return {
    watch: [
      {
        guard: 'isWatchOfMyView',
        actions: 'takeWatch',
        description: 'Watchers are sent what is decided (W1).',
      },
      { actions: ignore('watch: not of my view') },
    ],
  } as const
}
