/** Two runs beside each other: where they first differ, and both merged by time. */
import type { Json } from '../../machines/application/application.ts'
import type { TraceStep } from '../../runtime/trace/format.ts'
import { isEqual } from './diff.ts'
import type { Run } from './run.ts'

/** A step of one of two runs. */
export interface Tagged {
  readonly of: 'a' | 'b'
  readonly step: TraceStep
}

/** What two runs of the same thing may differ in: their places in time. */
const timely: ReadonlySet<string> = new Set(['i', 't'])

/**
 * Whether two steps say the same: node, event with its payload, guards, actions, all regions, contexts, clocks. Times are
 * not compared, nor is a chart that one run describes at the step and the other in its header.
 */
export function isSameStep(a: TraceStep | undefined, b: TraceStep | undefined): boolean {
  return differencesOf(a, b).length === 0
}

/** The fields in which two steps differ, by name; `step` if only one of them is there. */
export function differencesOf(a: TraceStep | undefined, b: TraceStep | undefined): string[] {
  if (a === undefined || b === undefined) return a === b ? [] : ['step']
  const names = new Set([...Object.keys(a), ...Object.keys(b)] as (keyof TraceStep)[])
  return [...names].filter((name) => {
    if (timely.has(name)) return false
    const [one, other] = [comparable(a[name]), comparable(b[name])]
    if (name === 'definition') return one !== undefined && other !== undefined && !isEqual(one, other)
    return one === undefined || other === undefined ? one !== other : !isEqual(one, other)
  })
}

/** A message without the times at which it was sent. */
function comparable(value: unknown): Json | undefined {
  if (typeof value !== 'object' || value === null || !('sentAt' in value)) return value as Json | undefined
  const { sentAt: _, ...rest } = value
  return rest as Json
}

/** The number of the first step that differs, or of the first that one run lacks; null if both are the same. */
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
