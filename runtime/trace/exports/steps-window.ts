/** Which steps of a run an export shows: pictures and tests are for some of them, not for a million. */

import type { TraceStep } from '../format.ts'
import type { ReadTrace } from '../read.ts'

/** Numbers of the first and the last step to show; what is left out is the trace's own first or last. */
export interface StepsWindow {
  readonly from?: number
  readonly to?: number
}

/** The steps of the window, and what stood before it: the chart state of each node that runs then. */
export interface Windowed {
  readonly steps: readonly TraceStep[]
  readonly before: readonly TraceStep[]
  readonly inAll: number
}

/**
 * The last `stepsMax` steps of the window.
 * @throws RangeError for a window without steps.
 */
export function windowOf(
  { steps }: Pick<ReadTrace, 'steps'>,
  window: StepsWindow,
  stepsMax: number,
): Windowed {
  const { to = steps.length - 1 } = window
  const end = Math.min(to, steps.length - 1) + 1
  const from = Math.max(window.from ?? 0, end - stepsMax)
  if (from >= end && steps.length > 0) {
    throw new RangeError(
      `expected steps between 0 and ${steps.length - 1}, got ${window.from ?? 0} to ${to}; choose from what the trace has`,
    )
  }
  return { steps: steps.slice(from, end), before: steps.slice(0, from), inAll: steps.length }
}
