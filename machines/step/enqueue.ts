/** Runs what a chart gave to `enqueueActions`, with one `enqueue` for all of them. */
import {
  type AnyMachineSnapshot,
  cancel,
  type EventObject,
  emit,
  raise,
  sendParent,
  sendTo,
  spawnChild,
  stopChild,
} from 'xstate'
import { evaluateGuard } from 'xstate/guards'
import type { Action, ActionArgs, Implementation } from './xstate-internals.ts'

/** What `enqueue.assign` adds. */
export class EnqueuedAssign {
  readonly type = 'xstate.assign'
  readonly assignment: unknown

  constructor(assignment: unknown) {
    this.assignment = assignment
  }
}

/** The call of `enqueueActions` that is under way. */
interface Collection {
  readonly actions: Action[]
  readonly snapshot: AnyMachineSnapshot
  readonly event: EventObject
}

let current: Collection | null = null

/**
 * XState makes `enqueue` and its methods afresh for each call, and V8 allocates functions that become properties in its
 * old generation: with all that they hold, they would stay until a full collection.
 */
const enqueue = Object.assign((action: Action): void => void current?.actions.push(action), {
  assign: (assignment: unknown): void => void current?.actions.push(new EnqueuedAssign(assignment)),
  cancel: enqueuing(cancel),
  emit: enqueuing(emit),
  raise: enqueuing(raise),
  sendParent: enqueuing(sendParent),
  sendTo: enqueuing(sendTo),
  spawnChild: enqueuing(spawnChild),
  stopChild: enqueuing(stopChild),
})

function enqueuing(create: unknown): (...args: readonly unknown[]) => void {
  return (...args) => {
    current?.actions.push((create as (...args: readonly unknown[]) => Implementation)(...args))
  }
}

function check(guard: unknown): boolean {
  if (current === null) throw new Error('check: expected a call within enqueueActions, got one after it')
  const { snapshot, event } = current
  return evaluateGuard(guard as never, snapshot.context as never, event as never, snapshot)
}

/** The names of the methods of `enqueue`. */
export const enqueueMethods: readonly string[] = Object.keys(enqueue)

/** What an `enqueueActions` enqueues. */
export function collectActions(
  action: Implementation,
  { context, event, self, system }: ActionArgs,
  params: unknown,
  snapshot: AnyMachineSnapshot,
): readonly Action[] {
  const outer = current
  const actions: Action[] = []
  current = { actions, snapshot, event }
  try {
    action.collect!({ context, event, enqueue, check, self, system }, params)
    return actions
  } finally {
    current = outer
  }
}
