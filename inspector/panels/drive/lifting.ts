/** Lifts the run that is shown into a world, at the step where one looks. */

import { savedRunIn } from '../../../proof/check/saved-run.ts'
import { liftTrace } from '../../../proof/stage/lift.ts'
import type { Staged } from '../../../proof/stage/staged.ts'
import type { TraceHeader, TraceStep } from '../../../runtime/trace/format.ts'
import { cursor, report, run, runTitle, source } from '../../app/state.ts'
import { ownSystem } from './own-system.ts'
import { lookAt, openWorld, world } from './session.ts'

/** A run, whole from its start, that the page does not drive already. */
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
    const staged = systemOf(current.header)
    const lift = liftTrace(current.header, steps, `${title}, lifted`, staged)
    const { world: lifted, fits, counterparts, misfit } = lift
    openWorld(lifted, 'world')
    lookAt(counterparts[at] ?? lifted.branch.steps.length - 1)
    if (misfit !== null)
      report(`The first ${fits} steps were repeated. Step ${misfit.step} does not fit: ${misfit.why}.`)
  } catch (error) {
    report(`This run cannot be lifted: ${(error as Error).message}`)
  }
}

/** The system of a trace: the module that is open; undefined for our replicas, also as a checker's scenario. */
function systemOf(header: TraceHeader): Staged | undefined {
  const own = ownSystem.value
  const ids = new Set(own?.system.nodes.map(({ id }) => id))
  if (own !== null && header.nodes.length > 0 && header.nodes.every(({ id }) => ids.has(id))) return own
  const isOurs = header.nodes.some(({ id }) => id === 'view-service')
  if (savedRunIn({ header }) !== null && !isOurs)
    throw new Error('it is of a system of your own: open its module first, then this trace')
  return undefined
}
