/** Replacement charts for negative controls: protocols that a check or a simulation breaks on purpose. */
import type { AnyStateMachine } from 'xstate'

/** What may be done to the charts before they are used; what is left out stays as it is. */
export interface Charts {
  readonly viewService?: (machine: AnyStateMachine) => AnyStateMachine
  readonly server?: (machine: AnyStateMachine) => AnyStateMachine
  readonly client?: (machine: AnyStateMachine) => AnyStateMachine
}

/** `machine` as `change` makes it; the types stay, as a changed chart takes the same events. */
export function changed<Machine extends AnyStateMachine>(
  machine: Machine,
  change: Charts[keyof Charts],
): Machine {
  return change === undefined ? machine : (change(machine) as Machine)
}
