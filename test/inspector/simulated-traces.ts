/** Traces to look at in tests: runs of the simulator, written as a trace; made once for each seed. */
import { createTrace } from '../../runtime/observe/trace.ts'
import { type Plan, planOf, simulate } from '../../runtime/simulate/index.ts'

const made = new Map<number, string>()

/** The trace of a simulated run with faults, as text. */
export function traceOf(seed: number): string {
  const known = made.get(seed)
  if (known !== undefined) return known
  const text = traceOfPlan(planOf({ seed }))
  made.set(seed, text)
  return text
}

/** The trace of a plan, as text. */
export function traceOfPlan(plan: Plan): string {
  const lines: string[] = []
  const trace = createTrace({ write: (line) => lines.push(line), seed: plan.seed, options: { plan } })
  simulate(plan, { observe: trace.observe })
  trace.close()
  return `${lines.join('\n')}\n`
}
