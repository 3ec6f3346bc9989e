/** The simulator: the live actors on virtual time, with everything that can go wrong drawn from a seed. */
import { knownOptions } from '../../actors/known-options.ts'
import { knownPlan, type Plan, type PlanOptions, planOf } from './plan.ts'
import { Simulation, type SimulationOptions, type SimulationResult } from './simulation.ts'
import { Situations } from './situations.ts'

export type { SimulationOptions, SimulationResult, SimulationVerdict } from './simulation.ts'

/**
 * Runs a seed, or a plan. The same plan and options give the same run, step by step, on any machine.
 *
 * @throws StandbyError `invalidOption` for options that are no plan's.
 * @example
 * const { verdict, reason, sometimes } = simulate({ seed: 7 })
 */
export function simulate(
  planOrOptions: Plan | PlanOptions,
  options: SimulationOptions = {},
): SimulationResult {
  knownOptions('simulate', options, {
    workload: true,
    observe: true,
    stepsMax: true,
    watch: true,
    charts: true,
    network: true,
  })
  const isPlan = typeof planOrOptions === 'object' && planOrOptions !== null && 'faults' in planOrOptions
  const plan = isPlan ? knownPlan(planOrOptions) : planOf(planOrOptions, options.workload)
  return new Simulation(plan, options, (counted) => new Situations(counted)).run()
}
