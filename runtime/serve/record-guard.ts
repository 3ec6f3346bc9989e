/** Suspends a view service while a server knows a newer view than its record has: such a record is lost or out of date (V11). */
import { StandbyError } from '../../actors/errors.ts'
import type { Envelope, TimeClock, Transport } from '../../actors/ports.ts'
import { parseNodeId } from '../../machines/node-id.ts'
import type { ProcessLog } from './log.ts'
import type { Tap } from './tapped-transport.ts'

/** What a guard needs. */
export interface RecordGuardOptions {
  /** The view service's. */
  readonly id: string
  readonly transport: Transport
  readonly clock: TimeClock
  readonly log: Pick<ProcessLog, 'write'>
  /** The names of the servers, whose word counts (N6); null: every name counts. */
  readonly servers: readonly string[] | null
  /** The number of the newest view in the record. */
  readonly known: () => number
  /** For how long no server must have known a newer view before the view service goes on. */
  readonly holdMs: number
  readonly suspend: () => void
  readonly resume: () => void
}

/** The guard of one view service. */
export interface RecordGuard {
  readonly tap: Tap
  isSuspended(): boolean
  stop(): void
}

/**
 * A ping above the record's view ends nothing: the view service names no view to anyone until such pings have ceased, and
 * then goes on from its record, as after a restart.
 */
export function createRecordGuard(options: RecordGuardOptions): RecordGuard {
  const { id, transport, clock, log, known, holdMs, suspend, resume } = options
  const reported = new Set<string>()
  let alarm: unknown = null
  let detach = () => {}

  const isAhead = (envelope: Envelope) => viewAhead(envelope, known(), options.servers) !== null
  const hold = () => {
    clock.clearTimeout(alarm)
    alarm = clock.setTimeout(goOn, holdMs)
  }
  const goOn = () => {
    alarm = null
    detach()
    log.write('warn', 'names views again: no server has said of late that it knows a newer one')
    resume()
  }
  const report = ({ from, message }: Envelope) => {
    const { name } = parseNodeId(from)
    if (reported.has(name) || reported.size >= 1000) return
    reported.add(name)
    log.write('error', `names no views: ${lostRecord(from, (message as { viewNumber: number }).viewNumber)}`)
  }
  const heed = (envelope: Envelope) => {
    if (!isAhead(envelope)) return
    report(envelope)
    hold()
  }
  return {
    tap: {
      receives(envelope) {
        if (!isAhead(envelope)) return true
        heed(envelope)
        suspend()
        detach = transport.attach(id, heed)
        return false
      },
    },
    isSuspended: () => alarm !== null,
    stop() {
      clock.clearTimeout(alarm)
      alarm = null
      detach()
    },
  }
}

/** Before a new system names a view: is there an old one of its name? @throws StandbyError `invalidStore` */
export async function refuseOldSystem(
  { id, transport, clock, servers }: Pick<RecordGuardOptions, 'id' | 'transport' | 'clock' | 'servers'>,
  listenMs: number,
): Promise<void> {
  let found: StandbyError | null = null
  const detach = transport.attach(id, (envelope) => {
    const ahead = viewAhead(envelope, 0, servers)
    if (ahead !== null) found = new StandbyError('invalidStore', lostRecord(envelope.from, ahead))
  })
  await new Promise<void>((resolve) => void clock.setTimeout(resolve, listenMs))
  detach()
  if (found !== null) throw found
}

/** The number of a view that a server knows and this view service never named; null if there is none. */
function viewAhead(
  { from, message }: Envelope,
  known: number,
  servers: readonly string[] | null,
): number | null {
  if (message?.type !== 'ping' || !Number.isSafeInteger(message.viewNumber)) return null
  if (message.viewNumber <= known) return null
  return servers?.includes(parseNodeId(from).name) === false ? null : message.viewNumber
}

function lostRecord(server: string, viewNumber: number): string {
  return `expected a record of every view, got ${server}, which knows view ${viewNumber}: this record is lost or out of date; restore the newest one, or stop every server of the former system first`
}
