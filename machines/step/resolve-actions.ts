/** Resolves the actions of one microstep: assigns to the snapshot, queues raised events, hands the others to the scope. */
import { type AnyMachineSnapshot, assign, type EventObject } from 'xstate'
import { collectActions, EnqueuedAssign } from './enqueue.ts'
import type { Action, ActionArgs, Chart, Implementation, Scope } from './xstate-internals.ts'

/** A microstep under way. Until it is over, the active states are those from before. */
export class ActionResolver {
  /** What the actions so far have made of the snapshot; the very same object if they changed nothing. */
  snapshot: AnyMachineSnapshot
  /** Whether `snapshot` was made here, so that it may be written to. */
  isOwn = false
  readonly #chart: Chart
  readonly #event: EventObject
  readonly #scope: Scope
  readonly #raised: EventObject[]

  /** @param raised receives the events that actions raise */
  constructor(
    chart: Chart,
    snapshot: AnyMachineSnapshot,
    event: EventObject,
    scope: Scope,
    raised: EventObject[],
  ) {
    this.#chart = chart
    this.snapshot = snapshot
    this.#event = event
    this.#scope = scope
    this.#raised = raised
  }

  /** Each action sees what those before it have assigned. */
  resolve(actions: readonly Action[]): void {
    for (const action of actions) this.#resolveOne(action)
  }

  /** The snapshot as one that may be written to. */
  writable(): AnyMachineSnapshot {
    if (!this.isOwn) {
      this.snapshot = { ...this.snapshot } as AnyMachineSnapshot
      this.isOwn = true
    }
    return this.snapshot
  }

  #resolveOne(action: Action): void {
    const { self, system } = this.#scope
    const { context } = this.snapshot
    const event = this.#event
    if (action instanceof EnqueuedAssign) {
      this.#assign(action.assignment, { context, event, self, system }, undefined)
      return
    }
    const isInline = typeof action === 'function'
    const name = typeof action === 'object' ? action.type : action
    const own = isInline ? action : this.#chart.actions[name as string]
    const args: ActionArgs = { context, event, self, system }
    const given = typeof action === 'object' ? action.params : undefined
    const params = typeof given === 'function' ? given({ context, event }) : given

    if (own?.resolve === undefined) {
      const type = isInline ? action.name || '(anonymous)' : (name as string)
      this.#scope.actionExecutor({ type, info: args as never, params, exec: own as never })
    } else if (own.type === 'xstate.assign') this.#assign(own.assignment, args, params)
    else if (own.type === 'xstate.enqueueActions')
      this.resolve(collectActions(own, args, params, this.snapshot))
    else this.#resolveBuiltIn(own, args, params)
  }

  #resolveBuiltIn(own: Implementation, args: ActionArgs, params: unknown): void {
    const extra = { internalQueue: this.#raised }
    const [changed, resolved, more] = own.resolve!(this.#scope, this.snapshot, args, params, own, extra)
    if (changed !== this.snapshot) {
      this.snapshot = changed
      this.isOwn = true
    }
    if (own.execute !== undefined)
      this.#scope.actionExecutor({
        type: own.type!,
        info: args as never,
        params: resolved as never,
        exec: own.execute.bind(null, this.#scope, resolved),
      })
    if (more !== undefined) this.resolve(more)
  }

  #assign(assignment: unknown, args: ActionArgs, params: unknown): void {
    if (!spawning.has(assignment as object)) {
      try {
        const { context, event, self, system } = args
        const changed = assigned(assignment, { context, event, self, system, spawn: spawnCalled }, params)
        this.writable().context = changed
        return
      } catch (error) {
        if (error !== spawnCalled) throw error
        spawning.add(assignment as object)
      }
    }
    this.#resolveBuiltIn(assign(assignment as never) as never, args, params)
  }
}

/** The assignments that have spawned: XState makes these, and their actors. */
const spawning = new WeakSet<object>()

/** Stands for `spawn` in assignments, and is what it throws. */
const spawnCalled = (): never => {
  throw spawnCalled
}

function assigned(assignment: unknown, args: object, params: unknown): object {
  const { context } = args as { context: object }
  if (typeof assignment === 'function') return Object.assign({ ...context }, assignment(args, params))
  const changed: Record<string, unknown> = { ...context }
  for (const [key, value] of Object.entries(assignment as object))
    changed[key] = typeof value === 'function' ? value(args, params) : value
  return changed
}
