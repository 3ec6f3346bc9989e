/** Several sinks as one: each receives every observation, and none can disturb the system or the others. */
import { StandbyError } from '../../actors/errors.ts'
import type { Observe } from '../../actors/ports.ts'

/** A receiver of observations. */
export interface Sink {
  readonly observe: Observe
}

/** A sink of several sinks; one that throws does not disturb the others. */
export interface Tee extends Sink {
  /** How often a sink threw; its observation is lost to that sink only. */
  readonly failures: number
  /** The first error that a sink threw, for a report; null if none did. */
  readonly firstError: unknown
}

/**
 * Hands every observation to each of `sinks`, in their order.
 * @throws StandbyError `invalidOption` for what is no sink
 * @example
 * const counters = createCounters()
 * await using cluster = createCluster({ observe: tee(createLog(), counters).observe })
 */
export function tee(...sinks: readonly (Sink | Observe)[]): Tee {
  const observers = sinks.map(observerOf)
  let failures = 0
  let firstError: unknown = null
  return {
    observe(observation) {
      for (const observe of observers) {
        try {
          observe(observation)
        } catch (error) {
          failures += 1
          firstError ??= error
        }
      }
    },
    get failures() {
      return failures
    },
    get firstError() {
      return firstError
    },
  }
}

function observerOf(sink: Sink | Observe, index: number): Observe {
  const observe = typeof sink === 'function' ? sink : (sink as Sink | null | undefined)?.observe
  if (typeof observe === 'function') return observe
  throw new StandbyError(
    'invalidOption',
    `tee: expected sinks, such as createLog() or a function, got ${String(sink)} in place ${index + 1}; leave it out`,
  )
}
