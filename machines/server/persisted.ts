/** The context of a server as JSON and back; the application's state goes through its own snapshot and restore. */
import type { Application, Json } from '../application/application.ts'
import {
  type PartialReplica,
  type Replica,
  restoreReplica,
  snapshotReplica,
} from '../application/at-most-once.ts'
import { RequestQueue } from '../application/request-queue.ts'
import type { Request } from '../messages.ts'
import type { ContextCodec } from '../persistence.ts'
import type { ServerContext } from './context.ts'

/** What a caller has given stands as text, since XState looks into the objects of a snapshot for actors of its own. */
interface Saved extends Omit<ServerContext, 'replica' | 'queue' | 'outstanding' | 'sending' | 'arriving'> {
  readonly replica: readonly string[] | null
  readonly queue: string
  readonly outstanding: string
  readonly sending: string
}

/** The codec of a server that replicates `application`. */
export function serverCodec(application: Application): ContextCodec<ServerContext> {
  return {
    save({ arriving, replica, queue, outstanding, sending, ...plain }): Saved {
      if (arriving !== null)
        throw new Error(
          `expected a server that receives no state transfer, got one with ${arriving.pieces} pieces of it; persist it once the state is installed`,
        )
      return {
        ...plain,
        replica: replica === null ? null : piecesOf(application, replica),
        queue: JSON.stringify([...queue]),
        outstanding: JSON.stringify(outstanding),
        sending: JSON.stringify(sending),
      }
    },
    load({ replica, queue, outstanding, sending, ...plain }: Saved): ServerContext {
      return {
        ...plain,
        replica: replica === null ? null : replicaOf(application, replica),
        queue: RequestQueue.from(JSON.parse(queue) as Request[]),
        outstanding: JSON.parse(outstanding) as ServerContext['outstanding'],
        sending: JSON.parse(sending) as ServerContext['sending'],
        arriving: null,
      }
    },
  }
}

const pieceBytes = 1024 * 1024

function piecesOf(application: Application, replica: Replica): string[] {
  const pieces: string[] = []
  let cursor: Json = null
  do {
    const { data, next } = snapshotReplica(application, replica, cursor, pieceBytes)
    pieces.push(JSON.stringify(data))
    cursor = next
  } while (cursor !== null)
  return pieces
}

function replicaOf(application: Application, pieces: readonly string[]): Replica | null {
  let partial: PartialReplica | null = null
  for (const [index, piece] of pieces.entries())
    partial = restoreReplica(application, partial, JSON.parse(piece), index === pieces.length - 1)
  return partial?.replica ?? null
}
