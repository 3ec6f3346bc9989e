/** The node limits that a plan gives, for every run of it, simulated or lifted into the checker. */
import type { Plan } from './plan.ts'

/** The limits that a plan draws; the runner decides how much of a vector clock is kept. */
export type PlanLimits = Pick<Plan, 'sessionsMax' | 'queueMax' | 'transferBytesMax'>

/** The limits of a plan, and nothing else of it. */
export function limitsOf({ sessionsMax, queueMax, transferBytesMax }: PlanLimits): PlanLimits {
  return { sessionsMax, queueMax, transferBytesMax }
}
