/** The shown run as a trace of its own, even where its oldest steps were forgotten. */

import type { TraceStep } from '../../runtime/trace/format.ts'
import type { ReadTrace } from '../../runtime/trace/read.ts'
import type { Run } from './run.ts'

/** Steps count from 0 again, and a node that was there before begins with its whole context. */
export function traceOfRun(run: Run): ReadTrace {
  const { header, first, end, ended, lanes, machines, contexts } = run
  const steps: TraceStep[] = []
  const isWhole = new Set<string | null>(first === 0 ? lanes.map(({ id }) => id) : [])
  for (let i = first; i < end; i++) {
    const step = run.step(i)!
    const { node, after } = step
    const lane = run.lane(node)
    const mustBeWhole = after?.patch !== undefined && lane !== null && !isWhole.has(node)
    const context = mustBeWhole ? contexts.at(lane, i) : undefined
    if (after !== undefined) isWhole.add(node)
    const whole = context === undefined ? {} : { after: { value: after!.value, context } }
    steps.push({ ...step, i: i - first, ...whole })
  }
  const nodes = lanes.flatMap(({ id, machine }) => (machine === null ? [] : [{ id, machine }]))
  return {
    header: first === 0 ? header : { ...header, machines, nodes },
    steps,
    complete: true,
    dropped: (ended?.dropped ?? 0) + first,
  }
}
