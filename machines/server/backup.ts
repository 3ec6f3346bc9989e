/** A server as backup: it awaits the state of its view, then applies what the primary forwards. */
import { ignore } from '../effects.ts'
import { refuse } from './commands.ts'
import type { ServerSetup } from './setup.ts'

/** The states of a backup, to be composed into the chart of a server. */
export function backupState(server: ServerSetup) {
  return server.createStateConfig({
    description: 'Holds a copy for the primary of its view. It answers no client (S3).',
    initial: 'awaitingState',
    on: {
      request: { actions: refuse('wrongServer'), description: 'Only a primary takes requests (S3).' },
      forwardAck: { actions: ignore('forwardAck: I am not primary') },
      stateTransferAck: { actions: ignore('stateTransferAck: I am not primary') },
      replicaDiverged: [
        {
          guard: 'isOfMyView',
          target: '#replicaDiverged',
          description: 'The primary found that our outcomes differ (S6).',
        },
        { actions: ignore('replicaDiverged: not from the primary of my view') },
      ],
    },
    states: {
      awaitingState: {
        description: 'Appointed, but without the state of this view: it applies nothing (S5).',
        on: {
          forward: { actions: ignore('forward: precedes the state transfer') },
          stateTransfer: [
            { guard: 'isUnreadablePiece', actions: ignore('stateTransfer: not a state of this application') },
            { guard: 'isPieceAhead', actions: ignore('stateTransfer: leaves out a piece') },
            {
              guard: 'isPieceAgain',
              actions: 'confirmPiece',
              description: 'A copy is confirmed again (T3).',
            },
            {
              guard: 'isLastPiece',
              target: 'serving',
              actions: ['takePiece', 'install', 'confirmPiece'],
              description: 'The state is whole: it replaces the previous state (T1).',
            },
            {
              guard: 'isOfMyView',
              actions: ['takePiece', 'confirmPiece'],
              description: 'Kept apart until the state is whole (T5).',
            },
          ],
        },
      },
      serving: {
        description:
          'Holds the state of this view and applies the forwards of its primary, in their order (S6).',
        tags: 'holdsState',
        on: {
          forward: [
            { guard: 'isForeign', actions: ignore('forward: not from the primary of my view') },
            {
              guard: 'isNextForward',
              actions: ['applyForward', 'confirmForward'],
              description: 'Apply, then say so (S4).',
            },
            {
              guard: 'isLastForward',
              actions: 'confirmForward',
              description: 'A copy: confirmed again (S6).',
            },
            { guard: 'isOlderForward', actions: ignore('forward: older than the last one applied') },
            { actions: ignore('forward: leaves out a number') },
          ],
          stateTransfer: [
            {
              guard: 'isOfMyView',
              actions: 'confirmPiece',
              description: 'Installed once a view: a copy is only confirmed (T3).',
            },
          ],
        },
      },
    },
  })
}
