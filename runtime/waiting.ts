/** Waiting on a clock port: it stands still when the clock does. */
import type { TimeClock } from '../actors/ports.ts'

/** Resolves after `ms`, or at once when `signal` aborts; it never rejects. */
export function wait(clock: TimeClock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      clock.clearTimeout(handle)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const handle = clock.setTimeout(done, ms)
    signal?.addEventListener('abort', done, { once: true })
  })
}

/** Resolves with true once `condition` holds, with false after `ms` or when `signal` aborts. */
export async function until(
  clock: TimeClock,
  condition: () => boolean,
  ms: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadline = clock.now() + ms
  while (!condition()) {
    if (signal?.aborted || clock.now() >= deadline) return false
    await wait(clock, 10, signal)
  }
  return true
}
