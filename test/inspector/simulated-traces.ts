/** Traces to look at in tests: one run of the simulator with a fixed plan, and runs of seeds. They assert nothing. */

import { type Plan, planOf, simulate } from '../../proof/simulate/index.ts'
import type { TraceStep } from '../../runtime/trace/format.ts'
import { readTrace } from '../../runtime/trace/read.ts'
import { createTrace } from '../../runtime/trace/write.ts'

/** Two servers and two clients, messages lost, doubled and late, a crash of the primary, its return, a split and its end. */
const plan: Plan = {
  ...planOf({ seed: 1, servers: 2, clients: 2, calls: 0, faultyMs: 1500 }),
  latencyMs: 5,
  sessionsMax: 10_000,
  queueMax: 1024,
  transferBytesMax: 256 * 1024,
  callTimeoutMs: null,
  faults: [
    { at: 200, kind: 'rates', rates: { drop: 0.06, duplicate: 0.06, delay: 0.1, delayMaxMs: 60 } },
    { at: 500, kind: 'crash', server: 's1' },
    { at: 900, kind: 'restart', server: 's1' },
    {
      at: 1200,
      kind: 'partition',
      groups: [
        ['view-service', 's2', 'c1'],
        ['s1', 'c2'],
      ],
    },
    { at: 1400, kind: 'heal' },
  ],
  calls: Array.from({ length: 24 }, (_, index) => ({
    client: index % 2 === 0 ? 'c1' : 'c2',
    at: 60 + index * 60,
    command: index % 3 === 2 ? { op: 'get', key: 'a' } : { op: 'put', key: 'a', value: index },
  })),
}

/** The trace of the fixed plan, as text. */
export const faultyTrace = traceOfPlan(plan)
export const faultySteps: readonly TraceStep[] = readTrace(faultyTrace).steps
export const lastStep = faultySteps.length - 1

/** The fixed trace with one step changed. */
export function altered(i: number, change: (step: TraceStep) => unknown): string {
  const lines = faultyTrace.split('\n')
  lines[i + 1] = JSON.stringify(change(faultySteps[i]!))
  return lines.join('\n')
}

/** The first step with some property; the run is always the same, so it is there or the test is wrong. */
export function stepWhere(what: string, holds: (step: TraceStep) => boolean): TraceStep {
  const found = faultySteps.find(holds)
  if (found === undefined)
    throw new Error(`expected a step that is ${what} in the trace, got none; change the plan`)
  return found
}

/** The trace of a simulated run with faults from a seed, as text. */
export function traceOf(seed: number): string {
  return traceOfPlan(planOf({ seed, faultyMs: 3000, calls: 60 }))
}

function traceOfPlan(given: Plan): string {
  const lines: string[] = []
  const trace = createTrace({ write: (line) => lines.push(line), seed: given.seed, options: { plan: given } })
  simulate(given, { observe: trace.observe })
  trace.close()
  return `${lines.join('\n')}\n`
}
