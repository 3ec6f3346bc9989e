/** A seed of the simulator, run where the page is, as a trace. */
import { createTrace } from '../../runtime/trace/write.ts'
import { planOf } from '../simulate/plan.ts'
import { Simulation, type SimulationResult } from '../simulate/simulation.ts'

/** A run of a seed. */
export interface SeedRun {
  /** The lines of its trace. */
  readonly lines: readonly string[]
  readonly result: SimulationResult
}

/** Runs a seed with so many calls (default 40, which keeps a run within a second or two) and records it. */
export function runSeed(seed: number, calls = 40): SeedRun {
  const plan = planOf({ seed, calls })
  const lines: string[] = []
  const trace = createTrace({ write: (line) => void lines.push(line), seed, options: { plan } })
  const result = new Simulation(plan, { observe: trace.observe }, () => noCounter).run()
  trace.close()
  return { lines, result }
}

/** A single run is looked at; counting what was met is for many. */
const noCounter = { counts: {}, failed() {}, crashes() {}, observe() {} }
