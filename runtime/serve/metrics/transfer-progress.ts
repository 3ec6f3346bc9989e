/** How far a state transfer is, at the end that sends and at the end that receives: for the status, for metrics, and for the log once a second (T5). */
import type { TimeClock } from '../../../actors/ports.ts'
import { type ServerActor, stateIn } from '../../../actors/server.ts'
import type { ProcessLog } from '../log.ts'
import type { TransferProgress } from '../node-status.ts'
import type { Metrics } from './metrics.ts'

/** Where the progress of transfers is reported. */
export interface TransferProgressOptions {
  readonly clock: Pick<TimeClock, 'now'>
  readonly log: ProcessLog
  readonly metrics: Pick<Metrics, 'transferred'>
  readonly transferBytesMax: number
}

const logEveryMs = 1000

/** Watches the actor of a server; returns the progress of its transfer, null if none. */
export function watchTransfer(
  actor: ServerActor,
  { clock, log, metrics, transferBytesMax }: TransferProgressOptions,
): () => TransferProgress | null {
  /** Since when one is under way, and when it was last logged. */
  let begun: number | null = null
  let logged = 0
  /** The view whose transfer has ended; each view with a backup has one (S1, T3). */
  let ended = 0

  const progress = (): TransferProgress | null => {
    const { context, value } = actor.getSnapshot()
    const pieces = piecesIn[stateIn(value)]?.(context) ?? null
    return pieces === null ? null : { pieces, bytes: pieces * transferBytesMax }
  }
  actor.subscribe(({ context, value }) => {
    const state = stateIn(value)
    const side = sideIn[state]
    const { number, backup } = context.view
    const now = clock.now()
    if (piecesIn[state] === undefined) {
      if (side !== undefined && backup !== null && number > ended) {
        ended = number
        // A state of one chunk arrives with the view, and is there at once.
        const ms = now - (begun ?? now)
        metrics.transferred(side, ms / 1000)
        log.write('info', 'the state is transferred', { view: number, side, ms })
      }
      begun = null
    } else if (begun === null) {
      begun = now
      logged = now
    } else if (now - logged >= logEveryMs) {
      logged = now
      log.write('info', 'the state is being transferred', { view: number, ...progress() })
    }
  })
  return progress
}

type Context = ReturnType<ServerActor['getSnapshot']>['context']

const piecesIn: Readonly<Record<string, (context: Context) => number>> = {
  'primary.transferringState': ({ sending }) => sending?.index ?? 0,
  'backup.awaitingState': ({ arriving }) => arriving?.pieces ?? 0,
}
/** Which end it was of the transfer that lies behind a server in this state. */
const sideIn: Readonly<Record<string, 'sent' | 'received'>> = {
  'primary.serving': 'sent',
  'primary.awaitingBackupAck': 'sent',
  'backup.serving': 'received',
}
