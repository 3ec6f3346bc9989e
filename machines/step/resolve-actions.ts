/** Resolves the actions of one microstep: assigns to the snapshot, queues raised events, hands the others to the scope. */
import { type AnyMachineSnapshot, assign, type EventObject } from 'xstate'
import { collectActions, EnqueuedAssign } from './enqueue.ts'
import type { Action, ActionArgs, Chart, Implementation, Scope } from './xstate-internals.ts'

/** A microstep under way. */
export interface Microstep {
  readonly chart: Chart
  readonly event: EventObject
  readonly scope: Scope
  /** Receives the events that actions raise. */
  readonly raised: EventObject[]
  /** What the actions so far have made of the snapshot. Until the microstep is over, its states are those from before. */
  snapshot: AnyMachineSnapshot
  /** Whether `snapshot` was made by this microstep, so that it may be written to. */
  isOwn: boolean
}

/** Each action sees what those before it have assigned. */
export function resolveActions(step: Microstep, actions: readonly Action[]): void {
  for (let index = 0; index < actions.length; index++) resolveAction(step, actions[index]!)
}

/** The snapshot, as one that may be written to. */
export function writable(step: Microstep): AnyMachineSnapshot {
  if (!step.isOwn) {
    step.snapshot = { ...step.snapshot } as AnyMachineSnapshot
    step.isOwn = true
  }
  return step.snapshot
}

function resolveAction(step: Microstep, action: Action): void {
  const { scope, event } = step
  const { self, system } = scope
  const { context } = step.snapshot
  const args: ActionArgs = { context, event, self, system }
  if (action instanceof EnqueuedAssign) {
    resolveAssign(step, action.assignment, args, undefined)
    return
  }
  const isInline = typeof action === 'function'
  const name = typeof action === 'object' ? action.type : action
  const own = isInline ? action : step.chart.actions[name as string]
  const given = typeof action === 'object' ? action.params : undefined
  const params = typeof given === 'function' ? given({ context, event }) : given

  if (own?.resolve === undefined) {
    const type = isInline ? action.name || '(anonymous)' : (name as string)
    scope.actionExecutor({ type, info: args as never, params, exec: own as never })
  } else if (own.type === 'xstate.assign') resolveAssign(step, own.assignment, args, params)
  else if (own.type === 'xstate.enqueueActions')
    resolveActions(step, collectActions(own, args, params, step.snapshot))
  else resolveBuiltIn(step, own, args, params)
}

function resolveBuiltIn(step: Microstep, own: Implementation, args: ActionArgs, params: unknown): void {
  const { scope, snapshot, raised } = step
  const [changed, resolved, more] = own.resolve!(scope, snapshot, args, params, own, {
    internalQueue: raised,
  })
  if (changed !== snapshot) {
    step.snapshot = changed
    step.isOwn = true
  }
  if (own.execute !== undefined)
    scope.actionExecutor({
      type: own.type!,
      info: args as never,
      params: resolved as never,
      exec: own.execute.bind(null, scope, resolved),
    })
  if (more !== undefined) resolveActions(step, more)
}

function resolveAssign(step: Microstep, assignment: unknown, args: ActionArgs, params: unknown): void {
  const { context, event, self, system } = args
  try {
    const given = { context, event, self, system, spawn: spawnCalled }
    const changed = assigned(assignment, context as object, given, params)
    writable(step).context = changed
  } catch (error) {
    if (error !== spawnCalled) throw error
    // XState makes this assignment, and the actors that it spawns.
    resolveBuiltIn(step, assign(assignment as never) as never, args, params)
  }
}

/** Stands for `spawn` in assignments, and is what it throws. */
function spawnCalled(): never {
  throw spawnCalled
}

function assigned(assignment: unknown, context: object, args: object, params: unknown): object {
  if (typeof assignment === 'function') return Object.assign({}, context, assignment(args, params))
  const changed: Record<string, unknown> = { ...context }
  for (const [key, value] of Object.entries(assignment as object))
    changed[key] = typeof value === 'function' ? value(args, params) : value
  return changed
}
