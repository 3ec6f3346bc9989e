/** Inspection events taken off the app's path: queued as they come, encoded in slices once the app has its turn back. */
import type { InspectionEvent, Snapshot } from 'xstate'
import { type Inspection, type Seen, seenNow } from './xstate-stream.ts'

/** Milliseconds of work after which the app gets its turn. */
const sliceMs = 8
/** Events that wait at most; past it they are taken at once, which keeps memory and not the app's speed. */
const waitingMax = 20_000

export interface Later {
  next(event: InspectionEvent): void
  /** Takes all that waits. */
  drain(): void
}

/**
 * Takes events later. Snapshots are immutable unless an app mutates its context in place: fields that keep their
 * identity are sampled, and if one changed, everything is taken at once, while its content is what it was.
 */
export function takeLater(inspection: Inspection, onError: (error: unknown) => void): Later {
  let waiting: { readonly event: InspectionEvent; readonly seen: Seen }[] = []
  const samples = new WeakMap<object, readonly unknown[]>()
  let isScheduled = false

  const take = (until: number) => {
    let index = 0
    try {
      for (; index < waiting.length; index++) {
        if (index % 16 === 15 && performance.now() > until) break
        inspection.take(waiting[index]!.event, waiting[index]!.seen)
      }
      waiting = waiting.slice(index)
      if (waiting.length === 0) inspection.settle()
      else schedule()
    } catch (error) {
      waiting = []
      onError(error)
    }
  }
  const schedule = () => {
    if (isScheduled) return
    isScheduled = true
    const timer: unknown = setTimeout(() => {
      isScheduled = false
      take(performance.now() + sliceMs)
    })
    // Watching must not keep a process alive.
    ;(timer as { unref?: () => void }).unref?.()
  }
  const drain = () => take(Number.POSITIVE_INFINITY)

  return {
    drain,
    next(event) {
      waiting.push({ event, seen: seenNow(event) })
      const isMutated = event.type === '@xstate.snapshot' && contextChanged(samples, event.snapshot)
      if (isMutated || waiting.length > waitingMax) drain()
      else schedule()
    },
  }
}

/** Whether a field that was seen before, the same object, holds something else now, as far as a sample tells. */
function contextChanged(samples: WeakMap<object, readonly unknown[]>, snapshot: Snapshot<unknown>): boolean {
  const { context } = snapshot as { context?: unknown }
  if (typeof context !== 'object' || context === null) return false
  let isChanged = false
  for (const value of [context, ...Object.values(context)]) {
    if (typeof value !== 'object' || value === null) continue
    const now = sampleOf(value)
    const before = samples.get(value)
    if (
      before !== undefined &&
      !(before.length === now.length && now.every((one, at) => Object.is(one, before[at])))
    )
      isChanged = true
    samples.set(value, now)
  }
  return isChanged
}

/** Members at both ends and how many there are. */
function sampleOf(value: object): readonly unknown[] {
  if (value instanceof Map || value instanceof Set) return [value.size, value.keys().next().value]
  if (!Array.isArray(value))
    return Object.keys(value)
      .slice(0, 16)
      .map((key) => dataOf(value, key))
  const { length } = value
  return [length, value[0], value[length >> 1], value[length - 1]]
}

function dataOf(value: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(value, key)?.value
}
