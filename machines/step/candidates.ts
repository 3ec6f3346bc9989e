/** The transitions of a state that XState tries for an event, in its order. */
import type { AnyStateNode, AnyTransitionDefinition } from 'xstate'
import { mannerOfXState } from './self-check.ts'

/**
 * Those that name the event, then, as far as the installed XState goes on to them, those of wildcards such as `order.*`, the
 * longest first, and of `*`.
 */
export function candidatesOf(node: AnyStateNode, event: string): readonly AnyTransitionDefinition[] {
  const exact = node.transitions.get(event) ?? []
  if (exact.length > 0 && mannerOfXState()?.fallsThrough === false) return exact
  const wildcards = [...node.transitions.keys()]
    .filter((descriptor) => descriptor !== event && matches(descriptor, event))
    .sort((left, right) => right.length - left.length)
  return [...exact, ...wildcards.flatMap((descriptor) => node.transitions.get(descriptor) ?? [])]
}

function matches(descriptor: string, event: string): boolean {
  return descriptor === '*' || (descriptor.endsWith('.*') && `${event}.`.startsWith(descriptor.slice(0, -1)))
}
