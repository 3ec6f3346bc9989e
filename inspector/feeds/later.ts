/** Inspection events taken off the app's path: queued as they come, encoded in slices once the app has its turn back. */
import type { InspectionEvent } from 'xstate'
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
  let waiting: InspectionEvent[] = []
  /** What was seen with each that waits. */
  let sights: Seen[] = []
  const lasts = new WeakMap<object, Sampled>()
  let isScheduled = false

  const take = (until: number) => {
    let index = 0
    try {
      for (; index < waiting.length; index++) {
        if (index % 16 === 15 && performance.now() > until) break
        inspection.take(waiting[index]!, sights[index]!)
      }
      waiting = waiting.slice(index)
      sights = sights.slice(index)
      if (waiting.length === 0) inspection.settle()
      else schedule()
    } catch (error) {
      waiting = []
      sights = []
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
      waiting.push(event)
      sights.push(seenNow(event))
      const isMutated =
        event.type === '@xstate.snapshot' && contextChanged(lasts, event.actorRef, event.snapshot as object)
      if (isMutated || waiting.length > waitingMax) drain()
      else schedule()
    },
  }
}

/** The context of an actor's last snapshot: its fields, and a sample of each that is an object. */
interface Sampled {
  readonly context: object
  readonly keys: readonly string[]
  readonly values: readonly unknown[]
  readonly samples: readonly (readonly unknown[] | null)[]
}

/** Fields of one context that are sampled. */
const fieldsMax = 64

/** Whether a field that kept its identity since the actor's last snapshot holds something else now, as far as a sample tells. */
function contextChanged(
  lasts: WeakMap<object, Sampled>,
  actor: object,
  { context }: { readonly context?: unknown },
): boolean {
  if (typeof context !== 'object' || context === null) return false
  const last = lasts.get(actor)
  const keys = Object.keys(context)
  if (keys.length > fieldsMax) keys.length = fieldsMax
  const values: unknown[] = []
  const samples: (readonly unknown[] | null)[] = []
  let isChanged = last?.context === context && last.keys.length !== keys.length
  for (let at = 0; at < keys.length; at++) {
    const value = dataOf(context, keys[at]!)
    const sample = typeof value === 'object' && value !== null ? sampleOf(value) : null
    values.push(value)
    samples.push(sample)
    if (last === undefined || last.keys[at] !== keys[at]) continue
    const isSame = Object.is(last.values[at], value)
    if (!isSame) isChanged ||= last.context === context
    else if (sample !== null) isChanged ||= !isSameSample(last.samples[at]!, sample)
  }
  lasts.set(actor, { context, keys, values, samples })
  return isChanged
}

function isSameSample(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((value, at) => Object.is(value, other[at]))
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
