/** The clock rules L1, L3 and L6 on one event at a time: what its clock must be after its immediate past. */
import { entryOf, type VectorClock } from '../../machines/clocks.ts'

/** A clock as any recording has it; `lamport` is null if the recording keeps vectors only. */
export interface AuditedClock {
  readonly lamport: number | null
  readonly vector: VectorClock
  readonly truncated?: boolean
}

/** What can be wrong with the clock of one event. */
export interface ClockFault {
  /** `gapped`: the node's own count skips or repeats an event; `unmerged`: too little; `invented`: too much. */
  readonly fault: 'gapped' | 'unmerged' | 'invented'
  /** `L1` for the Lamport time, `L3` for the vector. */
  readonly rule: 'L1' | 'L3'
  /** The entry that is wrong; null for the Lamport time. */
  readonly entry: string | null
  readonly expected: number
  readonly found: number
  /** The same entry or time in each clock of the immediate past: the node's own, then the received one. */
  readonly pasts: readonly number[]
}

/** One event of a recording, with what its clock follows from. */
export interface AuditedEvent {
  readonly node: string
  readonly clock: AuditedClock
  /** `may`: an event from within, which does not tick if it changed nothing (L1). */
  readonly ticks: 'must' | 'may'
  /** `start`: `from` names the parent whose clock it begins with, if any. `unknown`: it ran before the recording. */
  readonly start?: 'zero' | 'unknown' | { readonly from: string }
  /** The message that it sent or received. */
  readonly sent?: string
  readonly received?: string
}

/** Looks at each event once, every cause before its effect. */
export interface ClockAudit {
  /** The first fault of the event's clock; null if it is right. What follows from either clock counts as right. */
  take(event: AuditedEvent): ClockFault | null
  /** Takes the event's clock as it is, unjudged. */
  accept(event: AuditedEvent): void
}

export interface ClockAuditOptions {
  /** Sent messages that are remembered; of a forgotten one a receive is judged by its own node alone. */
  readonly sentMax?: number
}

const zero: AuditedClock = { lamport: 0, vector: {} }

/**
 * An audit of one recording. A wrong clock is one finding: its effects are judged against the recorded clock and
 * against the right one, and are sound if they follow from either. Sources: Lamport (1978), Fidge (1988), Mattern (1989).
 */
export function createClockAudit({ sentMax = Number.POSITIVE_INFINITY }: ClockAuditOptions = {}): ClockAudit {
  const standing = new Map<string, readonly AuditedClock[]>()
  const stamps = new Map<string, readonly AuditedClock[]>()

  const record = ({ node, sent }: AuditedEvent, clocks: readonly AuditedClock[]) => {
    standing.set(node, clocks)
    if (sent === undefined) return
    stamps.set(sent, clocks)
    if (stamps.size > sentMax) stamps.delete(stamps.keys().next().value as string)
  }
  const basesOf = ({ node, start }: AuditedEvent): readonly AuditedClock[] => {
    if (start === undefined) return standing.get(node) ?? []
    if (start === 'unknown') return []
    return start === 'zero' ? [zero] : (standing.get(start.from) ?? [])
  }

  return {
    accept: (event) => record(event, [event.clock]),
    take(event) {
      const bases = basesOf(event)
      const received = event.received === undefined ? undefined : stamps.get(event.received)
      const isUnknown = event.received !== undefined && received === undefined
      let first: ClockFault | null = null
      for (const base of bases) {
        for (const stamp of received ?? [null]) {
          const fault = clockFault(event, stamp === null ? [base] : [base, stamp], isUnknown)
          if (fault === null) {
            record(event, [event.clock])
            return null
          }
          first ??= fault
        }
      }
      if (first === null) record(event, [event.clock])
      else record(event, [event.clock, rightClock(event, [bases[0]!, ...(received ?? []).slice(0, 1)])])
      return first
    },
  }
}

/** The first fault of an event's clock after these clocks. `isOpen`: something unknown was merged, so any entry may rise. */
export function clockFault(
  { node, clock, ticks }: Pick<AuditedEvent, 'node' | 'clock' | 'ticks'>,
  pasts: readonly AuditedClock[],
  isOpen = false,
): ClockFault | null {
  const right = merged(pasts)
  const own = entryOf(right.vector, node)
  const found = entryOf(clock.vector, node)
  const ownRises = found !== own
  const timeRises = clock.lamport !== null && clock.lamport !== right.lamport
  const isEvent = ticks === 'must' || ownRises || timeRises
  const expected = own + (isEvent ? 1 : 0)
  const faultAt = (
    fault: ClockFault['fault'],
    entry: string | null,
    wanted: number,
    got: number,
  ): ClockFault => {
    const before = pasts.map(({ lamport, vector }) =>
      entry === null ? (lamport ?? 0) : entryOf(vector, entry),
    )
    return { fault, rule: entry === null ? 'L1' : 'L3', entry, expected: wanted, found: got, pasts: before }
  }
  if (found !== expected) return faultAt('gapped', node, expected, found)
  const time = clock.lamport === null || right.lamport === null ? null : right.lamport + (isEvent ? 1 : 0)
  if (time !== null && clock.lamport! < time) return faultAt('unmerged', null, time, clock.lamport!)
  if (time !== null && clock.lamport! > time && !isOpen)
    return faultAt('invented', null, time, clock.lamport!)
  const isCut = right.truncated || clock.truncated === true
  for (const id of new Set([...Object.keys(right.vector), ...Object.keys(clock.vector)])) {
    if (id === node) continue
    const [most, known] = [entryOf(right.vector, id), entryOf(clock.vector, id)]
    const fault = known < most ? 'unmerged' : 'invented'
    // A truncated clock may lack entries; none may grow by itself (L6).
    if (known === most || (known < most && isCut) || (known > most && isOpen)) continue
    return faultAt(fault, id, most, known)
  }
  return null
}

/** Clocks merged entry by entry, without a tick. */
export function merged(clocks: readonly AuditedClock[]) {
  const vector: Record<string, number> = Object.create(null)
  let lamport: number | null = null
  let truncated = false
  for (const clock of clocks) {
    if (clock.lamport !== null) lamport = Math.max(lamport ?? 0, clock.lamport)
    truncated ||= clock.truncated === true
    for (const [id, count] of Object.entries(clock.vector)) if (count > (vector[id] ?? 0)) vector[id] = count
  }
  return { lamport, vector, truncated }
}

function rightClock({ node, ticks, clock }: AuditedEvent, pasts: readonly AuditedClock[]): AuditedClock {
  const { lamport, vector, truncated } = merged(pasts)
  const own = vector[node] ?? 0
  const tick = ticks === 'must' || entryOf(clock.vector, node) > own ? 1 : 0
  vector[node] = own + tick
  return { lamport: lamport === null ? null : lamport + tick, vector, truncated }
}
