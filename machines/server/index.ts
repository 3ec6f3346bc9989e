/** A server: its heartbeat, and its role. The role is the chart's state and nothing else: idle, backup or primary (S2). */
import type { Application } from '../application/application.ts'
import { ignore } from '../effects.ts'
import { persistable } from '../persistence.ts'
import { backupState } from './backup.ts'
import { refuse } from './commands.ts'
import { initialServerContext, type ServerOptions, serverDefaults } from './context.ts'
import { serverCodec } from './persisted.ts'
import { primaryState } from './primary.ts'
import { serverSetup } from './setup.ts'

/** A view is adopted by these two only, always together (S1, S2). */
const adoption = ['pingNewNumber', 'adoptView'] as const

/** The chart of a server that replicates `application`; options that are left out are `serverDefaults`. */
export function createServerMachine(application: Application, options: Partial<ServerOptions> = {}) {
  const server = serverSetup(application, { ...serverDefaults, ...options })

  const chart = server.createMachine({
    id: 'server',
    description:
      'A replica. The view service decides what it is; the newest view it has adopted decides what it does.',
    context: ({ input }) => initialServerContext(input),
    type: 'parallel',
    states: {
      heartbeat: {
        description:
          'Reports to the view service that this server is alive, and which view it confirms (S1).',
        initial: 'pinging',
        states: {
          pinging: {
            entry: 'ping',
            after: { pingInterval: { target: 'pinging', reenter: true } },
          },
        },
      },
      role: {
        description: 'What the newest view makes of this server (S2).',
        initial: 'idle',
        on: {
          viewReply: [
            { guard: 'isNotFromViewService', actions: ignore('viewReply: not from the view service') },
            { guard: 'isNotNewer', actions: ignore('viewReply: not newer than my view') },
            {
              guard: 'namesMePrimaryWithoutState',
              actions: ignore('viewReply: names me primary, but I hold no state'),
            },
            {
              guard: 'namesMePrimaryWithBackup',
              target: '.primary.transferringState',
              actions: adoption,
              description: 'The new backup needs the state before anything is decided (T2).',
            },
            {
              guard: 'namesMePrimary',
              target: '.primary.serving',
              actions: [...adoption, 'decideAlone'],
              description: 'Alone: what the last view left undecided is decided now (S8).',
            },
            {
              guard: 'namesMeBackup',
              target: '.backup.awaitingState',
              actions: adoption,
              description: 'It discards the state it held (T1).',
            },
            { target: '.idle', actions: adoption, description: 'In the view I have no role.' },
          ],
          stateTransfer: [
            { guard: 'isUnreadablePiece', actions: ignore('stateTransfer: not a state of this application') },
            {
              guard: 'isWholeStateOfNewerView',
              target: '.backup.serving',
              actions: [...adoption, 'takePiece', 'install', 'confirmPiece'],
              description: 'The transfer brings the news of its view (S5).',
            },
            {
              guard: 'isFirstPieceOfNewerView',
              target: '.backup.awaitingState',
              actions: [...adoption, 'takePiece', 'confirmPiece'],
              description: 'The same for a state of several chunks (S5, T5).',
            },
            {
              guard: 'isOfNewerView',
              target: '.backup.awaitingState',
              actions: adoption,
              description: 'A later chunk still announces its view; the chunk itself is of no use (S5).',
            },
            { guard: 'isOfOlderView', actions: ignore('stateTransfer: of an older view') },
            { actions: ignore('stateTransfer: not from a primary to its backup') },
          ],
          '*': { guard: 'isMessage', actions: ignore('not a message for a server') },
        },
        states: {
          idle: {
            description: 'No role in the view: it volunteers by pinging.',
            on: {
              request: { actions: refuse('wrongServer') },
              forward: { actions: ignore('forward: I am not backup') },
              forwardAck: { actions: ignore('forwardAck: I am not primary') },
              stateTransferAck: { actions: ignore('stateTransferAck: I am not primary') },
              replicaDiverged: { actions: ignore('replicaDiverged: I am not backup') },
            },
          },
          backup: backupState(server),
          primary: primaryState(server, options.historyMax !== undefined),
          replicaDiverged: {
            id: 'replicaDiverged',
            description:
              'The replicas disagree about the outcome of a command: the pair stops instead of answering (S6).',
            tags: 'stopped',
            entry: ['refuseAllWaiting', 'tellBackupWeDiverged'],
            after: { resendInterval: { target: 'replicaDiverged', reenter: true } },
            on: {
              request: { actions: refuse('replicaDiverged') },
              '*': { guard: 'isMessage', actions: ignore('replicaDiverged: this server has stopped') },
            },
          },
        },
      },
    },
  })
  return persistable(chart, serverCodec(application))
}

/** The type of the chart that `createServerMachine` makes. */
export type ServerMachine = ReturnType<typeof createServerMachine>
