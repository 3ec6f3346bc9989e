/** Why an event led to no transition, worked out from the snapshot that refused it. */
import type { AnyMachineSnapshot, AnyStateNode } from 'xstate'
import { candidatesOf } from '../../machines/step/candidates.ts'
import { nameOf } from '../../runtime/trace/definition.ts'
import type { AnyEvent, GuardAnswer, Refusal } from './moment.ts'
import { guardHolds } from './transitions.ts'

/** The reason why `snapshot` takes no transition for `event`; only asked if it takes none. */
export function refusalOf(snapshot: AnyMachineSnapshot, event: AnyEvent): Refusal {
  if (snapshot.status !== 'active') return { event, reason: 'not active', guards: [] }
  const guards: GuardAnswer[] = []
  let isForbidden = false
  for (const node of innermostFirst(snapshot)) {
    for (const transition of candidatesOf(node, event.type)) {
      if (transition.guard === undefined) isForbidden = true
      else
        guards.push({
          state: node.id,
          guard: nameOf(transition.guard),
          result: guardHolds(snapshot, event, transition),
        })
    }
  }
  const reason = guards.length > 0 ? 'guard' : isForbidden ? 'forbidden' : 'no transition'
  return { event, reason, guards }
}

function innermostFirst(snapshot: AnyMachineSnapshot): readonly AnyStateNode[] {
  return [...(snapshot._nodes as readonly AnyStateNode[])].sort((left, right) => right.order - left.order)
}
