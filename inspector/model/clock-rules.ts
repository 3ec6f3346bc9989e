/** The rules of the clocks, looked at on a run: what each step's clock should be, and which rule a clock breaks (L1, L3). */
import type { TraceStep } from '../../runtime/observe/trace.ts'
import { countBelow, type Lane, type Run } from './run.ts'

/** The last step of the lane at or before step `i` that has a clock. */
export function clockAt(run: Run, lane: Lane, i: number): TraceStep | null {
  for (let index = countBelow(lane.steps, i + 1) - 1; index >= 0; index--) {
    const step = run.step(lane.steps[index]!)
    if (step !== undefined && step.vector !== null) return step
  }
  return null
}
