/** How fast each caller may open sessions: the table of the servers is bounded, and a new session pushes the least recent one out. */
import type { TimeClock } from '../../../actors/ports.ts'

/** A token bucket for each caller. */
export interface OpenRateOptions {
  readonly clock: Pick<TimeClock, 'now'>
  /** Sessions that a caller may open at once; default 500. */
  readonly burst?: number
  /** Sessions that it may open each second from then on; default 5. */
  readonly perSecond?: number
}

/** Callers that are remembered; the one that has opened none for the longest time is forgotten first. */
const callersMax = 10_000

/** Whether `caller` may open another session now; true counts as one. */
export function createOpenRate({ clock, burst = 500, perSecond = 5 }: OpenRateOptions) {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return (caller: string): boolean => {
    const now = clock.now()
    const before = buckets.get(caller) ?? { tokens: burst, at: now }
    const tokens = Math.min(burst, before.tokens + ((now - before.at) / 1000) * perSecond)
    buckets.delete(caller)
    buckets.set(caller, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now })
    if (buckets.size > callersMax) buckets.delete(buckets.keys().next().value as string)
    return tokens >= 1
  }
}
