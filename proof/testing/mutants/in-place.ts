/** Lets tests that hold a machine meet its mutants: the machine becomes the mutant for the time of a call, and itself again. */
import type { AnyStateMachine } from 'xstate'

/** Runs with `machine` being `mutant` to everybody who holds it. Not to be nested, nor run twice at a time for one machine. */
export async function asMutant<Result>(
  machine: AnyStateMachine,
  mutant: AnyStateMachine,
  run: () => Promise<Result>,
): Promise<Result> {
  const own = { ...machine }
  Object.assign(machine, mutant)
  try {
    return await run()
  } finally {
    Object.assign(machine, own)
  }
}
