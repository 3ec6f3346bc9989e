/** Makes a failing plan smaller: fewer faults, fewer calls, calmer rates, the same kind of failure. */
import type { Plan } from './plan.ts'
import { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts'

/** A smaller failing run, and what it cost to find. */
export interface Reduction {
  readonly result: SimulationResult
  /** How many runs it took. */
  readonly runs: number
}

/**
 * The smallest plan that was found to fail in the same way, by leaving out one part after another (delta debugging,
 * Zeller and Hildebrandt 2002). Deterministic; ends after `runsMax` runs, default 300.
 */
export function reduce(failing: SimulationResult, options: SimulationOptions = {}, runsMax = 300): Reduction {
  let best = failing
  let runs = 0
  const attempt = (plan: Plan): boolean => {
    if (runs >= runsMax) return false
    runs++
    const result = simulate(plan, options)
    if (result.verdict !== failing.verdict) return false
    best = result
    return true
  }
  const shrink = <Key extends 'faults' | 'calls'>(key: Key) => {
    for (
      let size = Math.ceil(best.plan[key].length / 2);
      size >= 1 && runs < runsMax;
      size = Math.floor(size / 2)
    ) {
      for (let start = best.plan[key].length - size; start >= 0; start -= size) {
        const kept = best.plan[key].filter((_, index) => index < start || index >= start + size)
        attempt({ ...best.plan, [key]: kept })
      }
    }
  }
  shrink('calls')
  shrink('faults')
  shrink('calls')
  const asking = new Set(best.plan.calls.map(({ client }) => client))
  attempt({ ...best.plan, clients: best.plan.clients.filter((name) => asking.has(name)) })
  return { result: best, runs }
}
