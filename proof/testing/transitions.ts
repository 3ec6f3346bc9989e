/** The transitions of a chart by name, and the answers of their guards. */
import type { AnyMachineSnapshot, AnyTransitionDefinition, EventObject } from 'xstate'
import { evaluateGuard } from 'xstate/guards'
import { nameOf, targetOf } from '../../runtime/trace/definition.ts'
import type { Taken } from './moment.ts'

/** A transition that was taken, as data. */
export function takenBy(transition: AnyTransitionDefinition): Taken {
  const source = transition.source.id
  const guard = transition.guard === undefined ? null : nameOf(transition.guard)
  const target = targetOf(transition)
  const event = transition.eventType === '' ? 'always' : transition.eventType
  return { id: transitionId({ source, event, guard, target }), source, event, guard, target }
}

/** The id of a transition of a chart. */
export function definitionId(transition: AnyTransitionDefinition): string {
  return takenBy(transition).id
}

/** A transition as one text: `door.closed: OPEN [unlocked] -> door.open`. */
export function transitionId({ source, event, guard, target }: Omit<Taken, 'id'>): string {
  const condition = guard === null ? '' : ` [${guard}]`
  return `${source}: ${event}${condition} -> ${target.length === 0 ? '(stays)' : target.join(', ')}`
}

/** Whether a transition's guard holds; one that throws does not. */
export function guardHolds(
  snapshot: AnyMachineSnapshot,
  event: EventObject,
  { guard }: AnyTransitionDefinition,
): boolean {
  try {
    return evaluateGuard(guard as never, snapshot.context as never, event as never, snapshot as never)
  } catch {
    return false
  }
}
