/** Makes a failing plan smaller: fewer calls, faults, nodes and kinds of disturbance, the same kind of failure. */
import type { Plan } from './plan.ts'
import { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts'

/** A smaller failing run, and what it cost to find. */
export interface Reduction {
  readonly result: SimulationResult
  /** How many runs it took. */
  readonly runs: number
}

/**
 * The smallest plan that was found to fail in the same way (the same verdict, and of the same invariant), by leaving out
 * one part after another (delta debugging, Zeller and Hildebrandt 2002). Deterministic; ends after `runsMax` runs,
 * default 300.
 */
export function reduce(failing: SimulationResult, options: SimulationOptions = {}, runsMax = 300): Reduction {
  let best = failing
  let runs = 0
  const attempt = (change: (plan: Plan) => Plan): void => {
    if (runs >= runsMax) return
    runs++
    const result = simulate(change(best.plan), options)
    if (kindOf(result) === kindOf(failing)) best = result
  }
  const shrink = (key: 'faults' | 'calls') => {
    for (let size = Math.ceil(best.plan[key].length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let start = best.plan[key].length - size; start > -size; start -= size) {
        attempt((plan) => ({ ...plan, [key]: without(plan[key] as readonly unknown[], start, size) }))
      }
    }
  }
  // What follows the failure cannot have caused it.
  attempt(({ calls, faults, ...plan }) => {
    const isBefore = ({ at }: { at: number }) => at <= best.virtualMs
    return { ...plan, calls: calls.filter(isBefore), faults: faults.filter(isBefore) }
  })
  shrink('calls')
  shrink('faults')
  for (const rate of ['drop', 'duplicate', 'delay'] as const) attempt((plan) => withoutRate(plan, rate))
  attempt((plan) => {
    const asking = new Set(plan.calls.map(({ client }) => client))
    const faults = plan.faults.filter((fault) => !('client' in fault) || asking.has(fault.client))
    return { ...plan, faults, clients: plan.clients.filter((name) => asking.has(name)) }
  })
  for (const server of failing.plan.servers) attempt((plan) => withoutServer(plan, server))
  shrink('calls')
  shrink('faults')
  attempt((plan) => ({
    ...plan,
    healAt: Math.max(0, ...[...plan.calls, ...plan.faults].map(({ at }) => at)),
  }))
  return { result: best, runs }
}

/** Runs fail in the same way if verdict and invariant agree, with any nodes and numbers. */
function kindOf({ verdict, reason }: SimulationResult): string {
  return verdict === 'safety' ? `${verdict} ${reason?.split(':')[0]}` : verdict
}

function without<Item>(items: readonly Item[], start: number, size: number): Item[] {
  return items.filter((_, index) => index < start || index >= start + size)
}

function withoutRate(plan: Plan, rate: 'drop' | 'duplicate' | 'delay'): Plan {
  const faults = plan.faults.map((fault) =>
    fault.kind === 'rates' ? { ...fault, rates: { ...fault.rates, [rate]: 0 } } : fault,
  )
  return { ...plan, faults }
}

/** At least one server stays. */
function withoutServer(plan: Plan, server: string): Plan {
  const servers = plan.servers.filter((name) => name !== server)
  if (servers.length === 0) return plan
  return {
    ...plan,
    servers,
    faults: plan.faults.filter((fault) => !('server' in fault) || fault.server !== server),
  }
}
