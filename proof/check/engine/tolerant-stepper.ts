/** A stepper that turns a thrown error into an error snapshot, which a search can reach and report. */
import type { AnyMachineSnapshot, AnyStateMachine, InspectionEvent } from 'xstate'
import { createStepper, type Stepper } from '../../../machines/step.ts'
import { reasonOf } from '../properties/judged.ts'
import { everyStep } from '../system.ts'

/** Holds in every system that is checked, asked for or not. */
export const noMachineThrows = everyStep('no machine throws', (_, { id, snapshot }) => {
  if (snapshot.status !== 'error') return true
  const { error } = snapshot
  return `${id} threw: ${reasonOf(error)}`
})

/** Microsteps of one event; a machine that takes more goes round in a circle of eventless transitions. */
const microstepsMax = 10_000

/**
 * As `createStepper`, but where the machine throws, the step leads to XState's status `error` and does nothing else, and
 * a machine that would take microsteps for ever throws, unless it has a bound of its own (XState's `maxIterations`).
 */
export function createTolerantStepper<Machine extends AnyStateMachine>(
  machine: Machine,
  inspect?: (event: InspectionEvent) => void,
): Stepper<Machine> {
  const stepper = createStepper(machine, inspect === undefined ? {} : { inspect })
  const { options } = machine
  const bounded = <Result>(run: () => Result): Result => {
    const { maxIterations } = options
    if (maxIterations !== Number.POSITIVE_INFINITY) return run()
    options.maxIterations = microstepsMax
    try {
      return run()
    } finally {
      options.maxIterations = maxIterations
    }
  }
  return {
    ...stepper,
    start: (input) => bounded(() => stepper.start(input)),
    step(snapshot, event) {
      try {
        return bounded(() => stepper.step(snapshot, event))
      } catch (error) {
        const failed = { ...(snapshot as AnyMachineSnapshot), status: 'error', error }
        return { snapshot: failed as typeof snapshot, actions: [] }
      }
    },
  }
}
