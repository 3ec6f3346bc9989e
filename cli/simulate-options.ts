/** What `standby simulate` was asked for, and what it says of one seed. */
import type { SimulationResult, SimulationVerdict } from '../proof/simulate/simulate.ts'

export interface SimulateOptions {
  readonly seed?: number
  readonly seeds?: Seeds
  readonly plan?: string
  readonly with?: string
  readonly workers: number
  readonly trace?: string
  readonly history?: string
  readonly reduce: boolean
  readonly requireAll?: true
  readonly json?: true
}

/** Seeds from the first to the last, both included. */
export interface Seeds {
  readonly first: number
  readonly last: number
}

/** Exit codes by the worst verdict; a wrong option is 2, an interrupted run 130. */
export const exitCodes: Readonly<Record<SimulationVerdict, number>> = {
  ok: 0,
  stuck: 0,
  safety: 1,
  liveness: 3,
  crash: 4,
}

/** What is printed of one seed. */
export type Line = Pick<
  SimulationResult,
  | 'verdict'
  | 'reason'
  | 'steps'
  | 'virtualMs'
  | 'answered'
  | 'open'
  | 'linearizable'
  | 'sometimes'
  | 'fingerprint'
> & { readonly seed: number }

export function lineOf(result: SimulationResult): Line {
  const { plan, verdict, reason, steps, virtualMs, answered, open, linearizable, sometimes, fingerprint } =
    result
  return {
    seed: plan.seed,
    verdict,
    reason,
    steps,
    virtualMs,
    answered,
    open,
    linearizable,
    sometimes,
    fingerprint,
  }
}
