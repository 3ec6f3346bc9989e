/** The state transfer, at both ends: in chunks, all or nothing, installed once per view (T1 to T6). */
import type { Application, Json } from '../application/application.ts'
import {
  type PartialReplica,
  type Replica,
  restoreReplica,
  snapshotReplica,
} from '../application/at-most-once.ts'
import { rememberLast } from '../application/remember-last.ts'
import { sendTo } from '../effects.ts'
import type { Received } from '../messages.ts'
import {
  assign,
  assignOn,
  enqueueActions,
  enqueueOn,
  guard,
  type ServerContext,
  type ServerOptions,
} from './context.ts'
import { isFromMyPrimary } from './views.ts'

type Piece = Received<'stateTransfer'>

/** The guards and actions of state transfers. */
export function transferRules(application: Application, { transferBytesMax }: ServerOptions) {
  const pieceAt = rememberLast((replica: Replica, cursor: Json) =>
    snapshotReplica(application, replica, cursor, transferBytesMax),
  )
  /** The chunk under way; null if no transfer is. */
  const pieceToSend = ({ replica, sending }: ServerContext) =>
    replica === null || sending === null
      ? null
      : { ...pieceAt(replica, sending.cursor), index: sending.index }
  const isLast = (context: ServerContext) => pieceToSend(context)?.next === null
  /** The state that has arrived, this chunk included; null if the application cannot read it. */
  const withPiece = rememberLast((arrived: PartialReplica | null, data: Json, last: boolean) => {
    try {
      return restoreReplica(application, arrived, data, last)
    } catch {
      return null
    }
  })

  return {
    guards: {
      isOfNewerView: guard('stateTransfer', isOfNewerView),
      isFirstPieceOfNewerView: guard(
        'stateTransfer',
        (context, piece) => isOfNewerView(context, piece) && piece.index === 0,
      ),
      isWholeStateOfNewerView: guard(
        'stateTransfer',
        (context, piece) => isOfNewerView(context, piece) && piece.index === 0 && piece.last,
      ),
      isOfOlderView: guard('stateTransfer', (context, { view }) => view.number < context.view.number),
      isPieceAhead: guard(
        'stateTransfer',
        (context, piece) => isFromMyPrimary(context, piece) && piece.index > piecesIn(context),
      ),
      isPieceAgain: guard(
        'stateTransfer',
        (context, piece) => isFromMyPrimary(context, piece) && piece.index < piecesIn(context),
      ),
      isUnreadablePiece: guard('stateTransfer', (context, piece) => {
        const newer = isOfNewerView(context, piece)
        if (!newer && !isFromMyPrimary(context, piece)) return false
        const arriving = newer ? null : context.arriving
        const isNext = piece.index === (arriving?.pieces ?? 0)
        return isNext && withPiece(arriving?.partial ?? null, piece.data, piece.last) === null
      }),
      isLastPiece: guard('stateTransfer', (context, piece) => isFromMyPrimary(context, piece) && piece.last),
      confirmsMyPiece: guard('stateTransferAck', confirmsMyPiece),
      confirmsAll: guard(
        'stateTransferAck',
        (context, ack) => confirmsMyPiece(context, ack) && isLast(context),
      ),
      confirmsAllWithWork: guard(
        'stateTransferAck',
        (context, ack) => confirmsMyPiece(context, ack) && context.queue.size > 0 && isLast(context),
      ),
    },
    actions: {
      /** T1: the chunk that awaits its acknowledgement. */
      sendPiece: enqueueActions(({ context, enqueue }) => {
        const { view } = context
        const piece = pieceToSend(context)
        if (piece === null || view.backup === null) return
        const { index, data, next } = piece
        enqueue(sendTo(view.backup, { type: 'stateTransfer', view, index, last: next === null, data }))
      }),
      turnToNextPiece: assign(({ context }) => {
        const piece = pieceToSend(context)
        return piece === null ? {} : { sending: { index: piece.index + 1, cursor: piece.next } }
      }),
      endTransfer: assign({ sending: null }),

      /** T5: kept apart until the last chunk has arrived. */
      takePiece: assignOn('stateTransfer', ({ arriving }, { index, data, last }) => {
        const partial = withPiece(arriving?.partial ?? null, data, last)
        return partial === null ? {} : { arriving: { pieces: index + 1, partial } }
      }),
      /** T1, T3: it replaces the state that was there, once per view. */
      install: assign(({ context: { arriving } }) =>
        arriving === null ? {} : { replica: arriving.partial.replica, arriving: null },
      ),
      confirmPiece: enqueueOn('stateTransfer', ({ view }, { from, index }, enqueue) => {
        enqueue(sendTo(from, { type: 'stateTransferAck', viewNumber: view.number, index }))
      }),
    },
  }
}

function isOfNewerView({ id, view }: ServerContext, { view: newer, from }: Piece): boolean {
  return newer.number > view.number && newer.primary === from && newer.backup === id
}

function piecesIn({ arriving }: ServerContext): number {
  return arriving?.pieces ?? 0
}

function confirmsMyPiece({ view, sending }: ServerContext, ack: Received<'stateTransferAck'>): boolean {
  return ack.from === view.backup && ack.viewNumber === view.number && ack.index === sending?.index
}
