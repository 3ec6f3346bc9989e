/** Steps of machines that may throw: what is thrown is a state that a search can come to, and a fault that it tells of. */
import type { AnyMachineSnapshot, AnyStateMachine, InspectionEvent } from 'xstate'
import { createStepper, type Stepper } from '../../machines/pure-transition.ts'
import { everyStep } from './system.ts'

/** Holds in every system that is checked, asked for or not. */
export const noMachineThrows = everyStep('no machine throws', (_, { id, snapshot }) => {
  if (snapshot.status !== 'error') return true
  const { error } = snapshot
  return `${id} threw: ${error instanceof Error ? error.message : String(error)}`
})

/** As `createStepper`, but where the machine throws, the step leads to XState's status `error` and does nothing else. */
export function createTolerantStepper<Machine extends AnyStateMachine>(
  machine: Machine,
  inspect?: (event: InspectionEvent) => void,
): Stepper<Machine> {
  const stepper = createStepper(machine, inspect)
  return {
    ...stepper,
    step(snapshot, event) {
      try {
        return stepper.step(snapshot, event)
      } catch (error) {
        const failed = { ...(snapshot as AnyMachineSnapshot), status: 'error', error }
        return { snapshot: failed as typeof snapshot, actions: [] }
      }
    },
  }
}
