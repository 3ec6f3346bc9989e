/** Virtual time: a queue of events in the order of their times, and of their scheduling where times are equal. */
import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs'
import type { TimeClock } from '../../actors/ports.ts'

interface Entry {
  readonly at: number
  readonly order: number
  run: (() => void) | null
}

/** Time that passes only on request, for actors (TimeClock) and for RxJS (SchedulerLike) alike. O(log n) an event. */
export interface VirtualClock extends TimeClock {
  readonly scheduler: SchedulerLike
  /** Runs the next event; false if there is no event, or none up to `until` (ms; default: no bound). */
  step(until?: number): boolean
  /** Moves time forward to `to`, if it is behind. Events in between must have been run. */
  advance(to: number): void
  /** Events that wait, cancelled ones left out. */
  waiting(): number
}

/**
 * A clock that starts at 0. RxJS's own VirtualTimeScheduler keeps a sorted array, whose cost grows with what waits; this
 * is a binary heap.
 */
export function createVirtualClock(): VirtualClock {
  const heap: Entry[] = []
  let now = 0
  let order = 0
  let cancelled = 0

  const isBefore = (a: Entry, b: Entry) => a.at < b.at || (a.at === b.at && a.order < b.order)

  const push = (run: () => void, ms: number): Entry => {
    const entry: Entry = { at: now + Math.max(0, ms), order: order++, run }
    let index = heap.push(entry) - 1
    while (index > 0) {
      const above = (index - 1) >> 1
      if (!isBefore(entry, heap[above]!)) break
      heap[index] = heap[above]!
      index = above
    }
    heap[index] = entry
    return entry
  }

  const pop = (): Entry => {
    const top = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) {
      let index = 0
      for (;;) {
        let below = 2 * index + 1
        if (below >= heap.length) break
        if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++
        if (!isBefore(heap[below]!, last)) break
        heap[index] = heap[below]!
        index = below
      }
      heap[index] = last
    }
    return top
  }

  const cancel = (handle: unknown) => {
    const entry = handle as Entry | undefined
    if (entry?.run == null) return
    entry.run = null
    cancelled++
    // Timers are set and cancelled far more often than they fire: do not let the dead ones pile up.
    if (cancelled > 64 && cancelled * 2 > heap.length) purge()
  }

  const purge = () => {
    const alive = heap.filter(({ run }) => run !== null).sort((a, b) => (isBefore(a, b) ? -1 : 1))
    heap.length = 0
    heap.push(...alive)
    cancelled = 0
  }

  const clock: VirtualClock = {
    now: () => now,
    setTimeout: push,
    clearTimeout: cancel,
    soon: (run) => void push(run, 0),
    step(until = Number.POSITIVE_INFINITY) {
      while (heap.length > 0) {
        if (heap[0]!.at > until) return false
        const entry = pop()
        const { run } = entry
        if (run === null) {
          cancelled--
          continue
        }
        entry.run = null
        now = entry.at
        run()
        return true
      }
      return false
    },
    advance(to) {
      now = Math.max(now, to)
    },
    waiting: () => heap.length - cancelled,
    scheduler: {
      now: () => now,
      schedule<State>(work: (this: SchedulerAction<State>, state?: State) => void, delay = 0, state?: State) {
        const subscription = new Subscription()
        const entry = push(() => work.call(subscription as SchedulerAction<State>, state), delay)
        subscription.add(() => cancel(entry))
        return subscription
      },
    },
  }
  return clock
}
