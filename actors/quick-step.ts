/**
 * A step of a chart, as XState takes it, at a fraction of the cost: what depends on the states alone is worked out once
 * (`step-plans.ts`), and the snapshot is copied once and not at each `assign`.
 *
 * For charts like ours: no history, no final states, no `always`, no actors of their own. For any other chart, and for any
 * step that is not plain, XState takes the step. Which transition is enabled is always XState's word.
 */
import {
  type ActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  cancel,
  type EventObject,
  emit,
  raise,
  type Snapshot,
  sendParent,
  sendTo,
  spawnChild,
  stopChild,
} from 'xstate'
import { evaluateGuard } from 'xstate/guards'
import { isTimer } from '../machines/effects.ts'
import { type StateNode, stepPlans, type Transition } from './step-plans.ts'

type Scope = ActorScope<Snapshot<unknown>, EventObject>
/** What a machine does with an event. */
export type TakeStep = (snapshot: AnyMachineSnapshot, event: EventObject, scope: Scope) => AnyMachineSnapshot

/** What an action is told. */
interface Args {
  readonly context: unknown
  readonly event: EventObject
  readonly self: unknown
  readonly system: unknown
}
/** An action, as a chart has it or as `enqueue.assign` adds it. */
type Action = string | Implementation | { readonly type: string; readonly params?: unknown }
/** A function that is an action; XState's own have what they stand for as properties. */
type Implementation = ((args: Args, params: unknown) => void) & {
  readonly type?: string
  readonly assignment?: unknown
  readonly collect?: (args: object, params: unknown) => void
  readonly execute?: (scope: Scope, params: unknown) => void
  readonly resolve?: (
    scope: Scope,
    snapshot: object,
    args: Args,
    params: unknown,
    action: Implementation,
    extra: { readonly internalQueue: EventObject[] },
  ) => readonly [object, unknown, readonly Action[] | undefined]
}
/** The snapshot in the making: until the step is over, its states are those from before. */
type Draft = { context: unknown; readonly children: unknown }

const known = new WeakMap<AnyStateMachine, TakeStep>()

/** The steps of `machine`. */
export function quickStep(machine: AnyStateMachine): TakeStep {
  let step = known.get(machine)
  if (step === undefined) {
    step = stepOf(machine)
    known.set(machine, step)
  }
  return step
}

function stepOf(machine: AnyStateMachine): TakeStep {
  const byXState: TakeStep = (snapshot, event, scope) =>
    machine.transition(snapshot as never, event as never, scope as never) as AnyMachineSnapshot
  const planOf = stepPlans(machine.root as unknown as StateNode<Action>)
  if (planOf === null) return byXState

  const microstep = (
    snapshot: AnyMachineSnapshot,
    event: EventObject,
    scope: Scope,
    raised: EventObject[],
  ): AnyMachineSnapshot => {
    const enabled = machine.getTransitionData(snapshot as never, event as never) as unknown
    const transitions = enabled as readonly Transition<Action>[]
    const [transition] = transitions
    let next = snapshot
    if (transition !== undefined) {
      const plan = transitions.length === 1 ? planOf(snapshot._nodes as never, transition) : null
      if (plan === null) return byXState(snapshot, event, scope)
      const draft: Draft = { ...snapshot }
      resolve(plan.actions, machine, draft, event, scope, raised)
      const { nodes: _nodes, value, tags } = plan.to
      if (plan.to !== plan.from) next = Object.assign(draft, { _nodes, value, tags }) as never
      else if (draft.context !== snapshot.context || draft.children !== snapshot.children)
        next = draft as AnyMachineSnapshot
    }
    const type = '@xstate.microstep'
    inspectorsOf(scope)({ type, actorRef: scope.self, event, snapshot: next, _transitions: transitions })
    return next
  }

  return (snapshot, event, scope) => {
    const isPlain = !event.type.startsWith('xstate.') || isTimer(event)
    if (snapshot.status !== 'active' || !isPlain) return byXState(snapshot, event, scope)
    const raised: EventObject[] = []
    let next = microstep(snapshot, event, scope, raised)
    for (let own = raised.shift(); own !== undefined; own = raised.shift())
      next = microstep(next, own, scope, raised)
    return next
  }
}

/** Resolves actions in their order, each with what the ones before have assigned; what raises an event adds it to `raised`. */
function resolve(
  actions: readonly Action[],
  machine: AnyStateMachine,
  draft: Draft,
  event: EventObject,
  scope: Scope,
  raised: EventObject[],
): void {
  const { self, system } = scope
  const implementations = machine.implementations.actions as unknown as Record<string, Implementation>
  for (const action of actions) {
    const name = typeof action === 'string' ? action : action.type
    const isItself = typeof action === 'function' || name === 'xstate.assign'
    const own = isItself ? (action as Implementation) : implementations[name!]
    const args = { context: draft.context, event, self, system }
    const given = isItself ? undefined : (action as { params?: unknown }).params
    const params = typeof given === 'function' ? given({ context: draft.context, event }) : given
    if (own?.type === 'xstate.assign') draft.context = assigned(own.assignment, args, params)
    else if (own?.type === 'xstate.enqueueActions')
      resolve(enqueuedBy(own, args, params, draft), machine, draft, event, scope, raised)
    else if (own?.resolve === undefined) {
      const type = typeof action === 'function' ? action.name || '(anonymous)' : name!
      scope.actionExecutor({ type, info: args as never, params, exec: own as never })
    } else {
      const [changed, resolved, more] = own.resolve(scope, draft, args, params, own, {
        internalQueue: raised,
      })
      if (changed !== draft) Object.assign(draft, changed)
      if (own.execute !== undefined) {
        const exec = own.execute.bind(null, scope, resolved)
        scope.actionExecutor({ type: own.type!, info: args as never, params: resolved as never, exec })
      }
      if (more !== undefined) resolve(more, machine, draft, event, scope, raised)
    }
  }
}

function assigned(assignment: unknown, args: Args, params: unknown): object {
  if (typeof assignment === 'function') return Object.assign({}, args.context, assignment(args, params))
  const context: Record<string, unknown> = { ...(args.context as object) }
  for (const [key, value] of Object.entries(assignment as object))
    context[key] = typeof value === 'function' ? value(args, params) : value
  return context
}

/** What the `enqueueActions` that is under way has come to so far. */
let collected: Action[] = []

/**
 * XState makes these functions anew for each `enqueueActions`, and V8 puts functions that become properties among what is
 * old: with all that they hold, they would stay until everything is collected.
 */
const enqueue = Object.assign((action: Action) => void collected.push(action), {
  assign: (assignment: unknown) =>
    void collected.push({ type: 'xstate.assign', assignment } as { readonly type: string }),
  ...Object.fromEntries(
    Object.entries({ cancel, emit, raise, sendParent, sendTo, spawnChild, stopChild }).map(
      ([name, create]) => [
        name,
        (...args: readonly unknown[]) =>
          void collected.push((create as (...args: readonly unknown[]) => Implementation)(...args)),
      ],
    ),
  ),
})

function enqueuedBy(action: Implementation, args: Args, params: unknown, draft: Draft): readonly Action[] {
  const actions: Action[] = []
  collected = actions
  const { context, event, self, system } = args
  const check = (guard: unknown) =>
    evaluateGuard(guard as never, context as never, event as never, draft as never)
  action.collect!({ context, event, enqueue, check, self, system }, params)
  return actions
}

function inspectorsOf({ system }: Scope): (inspected: object) => void {
  return (system as unknown as { _sendInspectionEvent(inspected: object): void })._sendInspectionEvent
}
