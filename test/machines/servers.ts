/** Builds servers in any of their states, and the messages that they receive, for tests of the bare chart. It asserts nothing. */
import type { SnapshotFrom } from 'xstate'
import { type Application, defineApplication, type Json } from '../../machines/application/application.ts'
import {
  emptyReplica,
  executeAll,
  type Replica,
  snapshotReplica,
} from '../../machines/application/at-most-once.ts'
import { digest } from '../../machines/application/digest.ts'
import type { Message, MessageType, Received, Request } from '../../machines/messages.ts'
import { type ServerOptions, serverDefaults } from '../../machines/server/context.ts'
import { createServerMachine, type ServerMachine } from '../../machines/server/index.ts'
import type { View } from '../../machines/view.ts'
import { chart, type Seen } from '../support/chart.ts'

export type ServerSnapshot = SnapshotFrom<ServerMachine>
export type ServerSeen = Seen<ServerSnapshot>

/** The server under test, its partner in the view, and a server that is neither. */
export const me = 's1#1'
export const partner = 's2#1'
export const third = 's3#1'
export const viewService = 'view-service'
export const alice = 'alice#1'
export const bob = 'bob#1'
export const carol = 'carol#1'

/** An application that shows what was executed, in which order: its state is the list of its commands. */
export const journal: Application<readonly Json[], Json, Json> = defineApplication({
  name: 'journal',
  initialState: [] as readonly Json[],
  execute(commands, command: Json) {
    if (command === 'throw') throw new Error(`thrown after ${commands.length} commands`)
    return [[...commands, command], commands.length + 1]
  },
})

/** The view in which most tests begin; 4 is older, 6 is newer. */
export const view = (primary: string | null, backup: string | null, number = 5): View => ({
  number,
  primary,
  backup,
})

export const viewReply = (
  of: View,
  { from = viewService }: { from?: string } = {},
): Received<'viewReply'> => ({ type: 'viewReply', view: of, from })

/** What was sent, the pings of S1 aside. */
export const withoutPings = ({ sent }: ServerSeen) => sent.filter(({ message }) => message.type !== 'ping')

export interface RequestFields {
  readonly client?: string
  readonly session?: number | null
  readonly seq?: number
  readonly commands?: readonly Json[]
  readonly bytes?: number
  readonly viewNumber?: number
}

/** As a client sends it. */
export const request = ({
  client = alice,
  session = 1,
  seq = 1,
  commands = [`${seq}`],
  bytes = JSON.stringify(commands).length,
  viewNumber = 5,
}: RequestFields = {}): Received<'request'> => ({
  type: 'request',
  viewNumber,
  session,
  seq,
  commands,
  bytes,
  from: client,
})

/** As a client asks for a session. */
export const opening = (client = alice, viewNumber = 5): Received<'request'> =>
  request({ client, session: null, seq: 0, commands: [], bytes: 0, viewNumber })

/** As it waits, is forwarded and executed. */
export const entry = (fields: RequestFields = {}): Request => {
  const { from: client, session, seq, commands, bytes } = request(fields)
  return { client, session, seq, commands, bytes }
}

export const openingEntry = (client = alice): Request =>
  entry({ client, session: null, seq: 0, commands: [], bytes: 0 })

export const forward = (
  number: number,
  requests: readonly Request[],
  { viewNumber = 5, from = partner }: { viewNumber?: number; from?: string } = {},
): Received<'forward'> => ({ type: 'forward', viewNumber, number, requests, from })

export const piece = (
  of: View,
  index: number,
  last: boolean,
  data: Json,
  from = of.primary ?? partner,
): Received<'stateTransfer'> => ({ type: 'stateTransfer', view: of, index, last, data, from })

export const pieceAck = (
  index: number,
  { viewNumber = 5, from = partner }: { viewNumber?: number; from?: string } = {},
): Received<'stateTransferAck'> => ({ type: 'stateTransferAck', viewNumber, index, from })

export const diverged = ({
  viewNumber = 5,
  from = partner,
}: {
  viewNumber?: number
  from?: string
} = {}): Received<'replicaDiverged'> => ({ type: 'replicaDiverged', viewNumber, from })

/** A replica that executed these requests. */
export function replicaAfter(
  requests: readonly Request[],
  application: Application = journal as Application,
  sessionsMax = serverDefaults.sessionsMax,
): Replica {
  return executeAll(application, emptyReplica(application), requests, sessionsMax).replica
}

/** All pieces of a transfer, as the primary of `of` sends them. */
export function piecesOf(
  replica: Replica,
  of: View,
  bytesMax: number,
  application: Application = journal as Application,
): readonly Received<'stateTransfer'>[] {
  const pieces: Received<'stateTransfer'>[] = []
  let cursor: Json = null
  do {
    const { data, next } = snapshotReplica(application, replica, cursor, bytesMax)
    pieces.push(piece(of, pieces.length, next === null, data))
    cursor = next
  } while (cursor !== null)
  return pieces
}

/** What an honest backup answers to a forward, given what the primary's replica is before it. */
export function ackOf(
  message: Message,
  replica: Replica,
  { from = partner, application = journal as Application }: { from?: string; application?: Application } = {},
): Received<'forwardAck'> {
  const { viewNumber, number, requests } = message as Message & { type: 'forward' }
  const { outcomes } = executeAll(application, replica, requests, serverDefaults.sessionsMax)
  return { type: 'forwardAck', viewNumber, number, digest: digest(outcomes), from }
}

/** The messages of a type that were sent in a step. */
export function sentOf<Type extends MessageType>(
  seen: ServerSeen,
  type: Type,
): readonly (Message & { readonly type: Type })[] {
  return seen.sent.map(({ message }) => message).filter((message) => message.type === type) as never
}

/** The role as text, such as `primary.serving`. */
export function roleOf(snapshot: ServerSnapshot): string {
  const { role } = snapshot.value as { role: string | Record<string, string> }
  return typeof role === 'string' ? role : Object.entries(role)[0]!.join('.')
}

/** The commands that the server's replica has executed, by the journal. */
export function executedBy(snapshot: ServerSnapshot): readonly Json[] | null {
  return snapshot.context.replica === null ? null : (snapshot.context.replica.state as readonly Json[])
}

/** A chart of the journal, or of another application, and ways to bring a server into each of its states. */
export function servers(
  options: Partial<ServerOptions> = {},
  application: Application = journal as Application,
  machine: ServerMachine = createServerMachine(application, options),
) {
  const steps = chart(machine)
  const { run } = steps
  const start = (id = me) => steps.start({ id, viewService })
  /** The honest backup acknowledges all that is outstanding or on its way, until nothing is. */
  const settle = (snapshot: ServerSnapshot, honest: Application = application): ServerSnapshot => {
    let current = snapshot
    for (;;) {
      const { outstanding, sending, view, replica } = current.context
      const from = view.backup!
      if (sending !== null) {
        current = run(current, pieceAck(sending.index, { viewNumber: view.number, from })).snapshot
      } else if (outstanding !== null) {
        const message = { type: 'forward', viewNumber: view.number, ...outstanding } as const
        current = run(current, ackOf(message, replica!, { from, application: honest })).snapshot
      } else return current
    }
  }
  /** The primary of view 1, which starts from the empty state (N5). */
  const first = (): ServerSnapshot => run(start().snapshot, viewReply(view(me, null, 1))).snapshot
  /** A primary that has always been alone, in view 5. */
  const alone = (...requests: readonly Received<'request'>[]): ServerSnapshot =>
    run(first(), viewReply(view(me, null)), ...requests).snapshot
  /** A primary that transfers its state to the backup of view 5; it served alone in view 4. */
  const transferring = (...served: readonly Received<'request'>[]): ServerSnapshot => {
    const before = served.map((event) => ({ ...event, viewNumber: 4 }))
    return run(first(), viewReply(view(me, null, 4)), ...before, viewReply(view(me, partner))).snapshot
  }
  /** A primary with a backup that holds its state. */
  const serving = (...served: readonly Received<'request'>[]): ServerSnapshot =>
    settle(transferring(...served))
  const awaitingState = (): ServerSnapshot => run(start().snapshot, viewReply(view(partner, me))).snapshot
  /** A backup that has installed a replica. */
  const backup = (replica: Replica = replicaAfter([], application)): ServerSnapshot =>
    run(awaitingState(), ...piecesOf(replica, view(partner, me), 1_000_000, application)).snapshot
  return { ...steps, machine, start, first, settle, alone, transferring, serving, awaitingState, backup }
}
