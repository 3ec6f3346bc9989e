/** A clock that can be stopped and go on: while it stands, no timer fires and no time passes. A stalled process stops it too. */
import type { TimeClock } from '../../actors/ports.ts'

export interface PausableClock extends TimeClock {
  readonly paused: boolean
  pause(): void
  resume(): void
}

interface Timer {
  readonly run: () => void
  readonly due: number
  handle: unknown
}

/** How often the clock is read while timers are set. */
const lookMs = 10
/** What is longer between two looks is no time: the process stood still, and none of its nodes has fallen silent. */
const gapMaxMs = 60

/** `inner` with a stop; what is `soon` still runs, as it belongs to a step that has begun. Time never goes back. */
export function createPausableClock(inner: TimeClock): PausableClock {
  const timers = new Set<Timer>()
  let time = inner.now()
  let lookedAt = time
  let paused = false
  let isLooking = false

  const now = (): number => {
    if (paused) return time
    const at = inner.now()
    const passed = Math.max(0, at - lookedAt)
    lookedAt = at
    time += Math.min(passed, gapMaxMs)
    return time
  }
  const look = () => {
    isLooking = timers.size > 0 && !paused
    if (!isLooking) return
    now()
    inner.setTimeout(look, lookMs)
  }
  const arm = (timer: Timer) => {
    const fire = () => {
      if (now() < timer.due) return arm(timer)
      timers.delete(timer)
      timer.run()
    }
    timer.handle = inner.setTimeout(fire, Math.max(0, timer.due - now()))
    if (!isLooking) look()
  }
  const disarm = (timer: Timer) => {
    if (timer.handle !== null) inner.clearTimeout(timer.handle)
    timer.handle = null
  }

  return {
    now,
    setTimeout(run, ms) {
      const timer: Timer = { run, due: now() + ms, handle: null }
      timers.add(timer)
      if (!paused) arm(timer)
      return timer
    },
    clearTimeout(handle) {
      const timer = handle as Timer | null | undefined
      if (timer && timers.delete(timer)) disarm(timer)
    },
    soon: (run) => inner.soon(run),
    get paused() {
      return paused
    },
    pause() {
      now()
      paused = true
      for (const timer of timers) disarm(timer)
    },
    resume() {
      if (!paused) return
      paused = false
      lookedAt = inner.now()
      for (const timer of [...timers].sort((a, b) => a.due - b.due)) arm(timer)
    },
  }
}
