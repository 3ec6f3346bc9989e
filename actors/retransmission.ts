/**
 * When to send again: the retransmission timeout of RFC 6298, from the round trips that were measured.
 *
 * It belongs to the world around a chart, which has no time and counts no copies (N3, N4): the chart asks to be woken, and
 * this says when. Without measurements it says `leastMs`, the interval that the bare chart has.
 */
import type { TimingOptions } from './options.ts'
import type { TimeClock } from './ports.ts'

/** Waits that were measured are whole multiples of this, which is also the least that is allowed for a busy event loop. */
const granularityMs = 10

/** The waits of one node that has one exchange under way at a time: a message, and what answers it. */
export interface Retransmission {
  /** `exchange` is sent, because its wait is over or for another reason; returns how long to wait for its answer, in milliseconds. */
  sent(exchange: string, isOverdue: boolean): number
  /** `exchange` is answered: a round trip, if it was sent once. */
  answered(exchange: string): void
  /** Whoever should answer is there, and says so: waits do not double, whatever they were. */
  heard(): void
}

/**
 * The waits between `leastMs` and `retransmitMaxMs`. They double in silence, though not before it has lasted as long as a
 * failover may take: until then somebody else is about to answer.
 */
export function createRetransmission(
  clock: Pick<TimeClock, 'now'>,
  leastMs: number,
  { retransmitMaxMs, pingCheckIntervalMs, pingTimeout }: Required<TimingOptions>,
): Retransmission {
  const failoverMs = pingCheckIntervalMs * (pingTimeout + 1)
  /** The mean of the round trips, and how far they are from it; null before the first. */
  let smoothed: number | null = null
  let variation = 0
  /** How long the first wait of an exchange is, and how long the newest wait was. */
  let timeout = leastMs
  let wait = leastMs
  /** What is under way, since when, and whether it was sent more than once: then nobody knows which copy was answered (Karn). */
  let current = ''
  let sentAt = 0
  let isRepeated = false
  let silentSince = 0

  const measure = (roundTrip: number): number => {
    variation =
      smoothed === null ? roundTrip / 2 : variation + (Math.abs(smoothed - roundTrip) - variation) / 4
    smoothed = smoothed === null ? roundTrip : smoothed + (roundTrip - smoothed) / 8
    return smoothed + Math.max(granularityMs, 4 * variation)
  }
  const heard = () => {
    silentSince = clock.now()
    wait = timeout
  }
  return {
    sent(exchange, isOverdue) {
      const now = clock.now()
      isRepeated = exchange === current
      if (!isRepeated) sentAt = now
      current = exchange
      if (!isOverdue) heard()
      else if (now - silentSince >= failoverMs) wait = Math.max(leastMs, Math.min(2 * wait, retransmitMaxMs))
      return wait
    },
    answered(exchange) {
      if (exchange !== current) return
      current = ''
      // Longer, until a round trip is measured: if answers take so long, one must come before it is asked for again.
      const ms = isRepeated ? 2 * timeout : measure(Math.max(0, clock.now() - sentAt))
      timeout = Math.max(leastMs, Math.min(Math.ceil(ms / granularityMs) * granularityMs, retransmitMaxMs))
    },
    heard,
  }
}
