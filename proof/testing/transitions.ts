/** The transitions of a chart by name, and which of them an event may take. */
import type { AnyStateNode, AnyTransitionDefinition } from 'xstate'
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

/** A state's transitions for an event: by its name, else by the longest partial wildcard, else by `*`. */
export function candidatesOf(node: AnyStateNode, type: string): readonly AnyTransitionDefinition[] {
  const descriptors = [...node.transitions.keys()]
    .filter((descriptor) => descriptor === type || matchesWildcard(descriptor, type))
    .sort((left, right) => right.length - left.length)
  return descriptors.flatMap((descriptor) => node.transitions.get(descriptor) ?? [])
}

function matchesWildcard(descriptor: string, type: string): boolean {
  if (descriptor === '*') return true
  if (!descriptor.endsWith('.*')) return false
  const prefix = descriptor.slice(0, -2)
  return type === prefix || type.startsWith(`${prefix}.`)
}
