/** Lifts the run that is shown into a world, at the step where one looks. */

import { liftTrace } from '../../../proof/stage/lift.ts'
import type { TraceStep } from '../../../runtime/trace/format.ts'
import { cursor, report, run, runTitle, source } from '../../app/state.ts'
import { lookAt, openWorld, world } from './session.ts'

/** A run of this protocol, whole from its start, that the page does not drive already. */
export function canLift(): boolean {
  const current = run.value
  return world.value === null && current !== null && current.first === 0 && current.end > 0
}

export function liftHere(): void {
  const current = run.value
  if (current === null) return
  const at = cursor.value
  const steps: TraceStep[] = []
  for (let i = current.first; i < current.end; i++) steps.push(current.step(i)!)
  try {
    const title = runTitle.value === '' ? source.value.replace(/^\w+:/, '') : runTitle.value
    const { world: lifted, fits, misfit } = liftTrace(current.header, steps, `${title}, lifted`)
    openWorld(lifted, 'world')
    lookAt(Math.min(at, lifted.branch.steps.length - 1))
    if (misfit !== null) {
      report(
        `The first ${fits} steps were repeated. At step ${misfit.step} the world no longer goes along: ${misfit.why}.`,
      )
    }
  } catch (error) {
    report(`This run cannot be lifted: ${(error as Error).message}`)
  }
}
