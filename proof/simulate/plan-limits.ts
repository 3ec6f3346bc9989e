/** What a plan says of the limits of its nodes: for whoever runs it, the first time or lifted into another world. */
import type { Plan } from './plan.ts'

/** The limits that a plan draws; how much of a vector clock is kept is up to whoever runs it. */
export type PlanLimits = Pick<Plan, 'sessionsMax' | 'queueMax' | 'transferBytesMax'>

/** The limits of a plan, and nothing else of it. */
export function limitsOf({ sessionsMax, queueMax, transferBytesMax }: PlanLimits): PlanLimits {
  return { sessionsMax, queueMax, transferBytesMax }
}
