/** Two runs beside each other: where they first differ, and both merged by time. */
import type { TraceStep } from '../../runtime/trace/format.ts'
import { shortState, titleOf } from './describe.ts'
import type { Run } from './run.ts'

/** A step of one of two runs. */
export interface Tagged {
  readonly of: 'a' | 'b'
  readonly step: TraceStep
}

/** Whether two steps say the same: node, what happened, and the state after it. Times are not looked at. */
export function isSameStep(a: TraceStep | undefined, b: TraceStep | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  if (a.node !== b.node || a.kind !== b.kind || titleOf(a) !== titleOf(b)) return false
  const [one, other] = [a.after, b.after]
  if (one === undefined || other === undefined) return one === other
  return (
    shortState(one.value) === shortState(other.value) &&
    JSON.stringify(one.patch) === JSON.stringify(other.patch)
  )
}

/** The number of the first step that differs, or of the first that one run lacks; null where both are the same. */
export function firstDifference(a: Run, b: Run): number | null {
  const end = Math.max(a.end, b.end)
  for (let i = Math.max(a.first, b.first); i < end; i++) if (!isSameStep(a.step(i), b.step(i))) return i
  return null
}

/** The steps of both by time since each run's start; of equal times those of `a` come first. */
export function interleaved(a: Run, b: Run): Tagged[] {
  const merged: Tagged[] = []
  let [i, j] = [a.first, b.first]
  const [startA, startB] = [a.step(a.first)?.t ?? 0, b.step(b.first)?.t ?? 0]
  while (i < a.end || j < b.end) {
    const [one, other] = [a.step(i), b.step(j)]
    if (other === undefined || (one !== undefined && one.t - startA <= other.t - startB)) {
      merged.push({ of: 'a', step: one! })
      i += 1
    } else {
      merged.push({ of: 'b', step: other })
      j += 1
    }
  }
  return merged
}
