/**
 * When to send again: the retransmission timeout of RFC 6298, which distinguishes loss from slowness.
 *
 * It belongs to the world around a chart, which has no time and counts no copies (N3, N4): the chart asks for a timer, and
 * this says when it fires. Without measurements it says `leastMs`, the interval that the bare chart has.
 */
import type { TimingOptions } from './options.ts'
import type { TimeClock } from './ports.ts'

/** Waits that were measured are whole multiples of this, which is also the least that is allowed for a busy event loop. */
const granularityMs = 10

/** Copies that a lossy network would hardly lose while it loses nothing of another exchange. */
const lossesAtLeast = 3

/** The waits of one node that has one exchange under way at a time: a message, and the answer to it. */
export interface Retransmission {
  /** `exchange` is sent, because its wait is over or for another reason; returns the wait for its answer, in milliseconds. */
  sent(exchange: string, isOverdue: boolean): number
  /** `exchange` is answered: a round trip, if it was sent once. */
  answered(exchange: string): void
  /** The node that should answer is alive and says so: the wait returns to its undoubled value. */
  heard(): void
  /** Another node answered, so the network works, and the silence is that of the node that should answer. */
  heardOther(): void
}

/** How long waits may become in silence, in milliseconds; default: `retransmitMaxMs`. */
export interface SilenceLimits {
  /** While other nodes answer: the one that does not may be busy, and copies would add to its work. */
  readonly busyMaxMs?: number
  /** While no answer arrives, the link may be cut: copies are lost, and the first one after it heals should come soon. */
  readonly cutMaxMs?: number
}

/**
 * The waits between `leastMs` and `retransmitMaxMs`.
 *
 * - An exchange that was sent once gives a round trip, and so the next wait (RFC 6298).
 * - One that was sent more than once gives none, since its answer may be that of any copy (Karn). If the answer comes
 *   within a usual round trip of the last copy, the earlier ones were lost, and the network is as fast as ever: the wait
 *   stays. If not, or if another node was always heard meanwhile, answers take longer than the wait, which doubles,
 *   until one comes before its exchange is repeated.
 * - In silence waits double, but not before it has lasted as long as a failover may take, nor as long as exchanges
 *   usually do, with the copies that they need.
 */
export function createRetransmission(
  clock: Pick<TimeClock, 'now'>,
  leastMs: number,
  { retransmitMaxMs, pingCheckIntervalMs, pingTimeout }: Required<TimingOptions>,
  { busyMaxMs = retransmitMaxMs, cutMaxMs = retransmitMaxMs }: SilenceLimits = {},
): Retransmission {
  const failoverMs = pingCheckIntervalMs * (pingTimeout + 1)
  const roundTrip = createEstimate()
  /** From the first copy to the answer, for exchanges whose copies were lost and not slow. */
  const duration = createEstimate()
  /** How long the first wait of an exchange is, and how long the newest wait was. */
  let timeout = leastMs
  let wait = leastMs
  let current = ''
  let firstSentAt = 0
  let lastSentAt = 0
  let isRepeated = false
  let silentSince = 0
  /** Since the newest copy; and for how many copies of this exchange there was a time to answer, and another node did. */
  let hasHeardOther = false
  let copies = 0
  let copiesHeardOther = 0

  const bounded = (ms: number, maxMs: number) => Math.max(leastMs, Math.min(ms, maxMs, retransmitMaxMs))
  const rounded = (ms: number) => bounded(Math.ceil(ms / granularityMs) * granularityMs, retransmitMaxMs)
  const usualRoundTrip = () => roundTrip.upperBound(granularityMs)
  /** Other nodes answered whenever this one did not: nothing is lost, it is busy. */
  const isBusy = () => copies >= lossesAtLeast && copiesHeardOther === copies
  const heard = () => {
    silentSince = clock.now()
    wait = timeout
  }
  return {
    sent(exchange, isOverdue) {
      const now = clock.now()
      isRepeated = exchange === current
      if (!isRepeated) {
        firstSentAt = now
        copies = 0
        copiesHeardOther = 0
      } else if (isOverdue && lastSentAt > firstSentAt) {
        copies += 1
        if (hasHeardOther) copiesHeardOther += 1
      }
      lastSentAt = now
      current = exchange
      if (!isOverdue) heard()
      else if (now - silentSince >= Math.max(failoverMs, isBusy() ? 0 : duration.upperBound(0)))
        wait = Math.max(timeout, bounded(2 * wait, hasHeardOther ? busyMaxMs : cutMaxMs))
      hasHeardOther = false
      return wait
    },
    answered(exchange) {
      if (exchange !== current) return
      current = ''
      const now = clock.now()
      if (!isRepeated) roundTrip.add(Math.max(0, now - firstSentAt))
      const isSlow = isRepeated && (isBusy() || now - lastSentAt > usualRoundTrip())
      if (!isSlow) duration.add(now - firstSentAt)
      if (isSlow) timeout = rounded(2 * timeout)
      else if (roundTrip.isKnown()) timeout = rounded(usualRoundTrip())
    },
    heard,
    heardOther() {
      hasHeardOther = true
    },
  }
}

/** The mean of some times and their mean deviation from it, as in RFC 6298. */
function createEstimate() {
  let mean: number | null = null
  let deviation = 0
  return {
    isKnown: () => mean !== null,
    add(ms: number) {
      deviation = mean === null ? ms / 2 : deviation + (Math.abs(mean - ms) - deviation) / 4
      mean = mean === null ? ms : mean + (ms - mean) / 8
    },
    /** Few times are longer; `leastMs` is the least margin above the mean, and the whole if nothing is known. */
    upperBound: (leastMs: number) => (mean ?? 0) + Math.max(leastMs, 4 * deviation),
  }
}
