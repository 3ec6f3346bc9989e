/**
 * XState internals that this package relies on: the shape of its charts, checked before use.
 *
 * If a machine looks different from what is known here, `chartOf` warns once and returns null; XState then takes the
 * steps of that machine itself.
 */
import {
  type ActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
  type Snapshot,
  StateMachine,
} from 'xstate'

export type Scope = ActorScope<Snapshot<unknown>, EventObject>
/** What a machine does with an event. */
export type TakeStep = (snapshot: AnyMachineSnapshot, event: EventObject, scope: Scope) => AnyMachineSnapshot

/** What XState passes to an action. */
export interface ActionArgs {
  readonly context: unknown
  readonly event: EventObject
  readonly self: unknown
  readonly system: unknown
}

/** An action as a chart or `enqueueActions` names it. */
export type Action = string | Implementation | { readonly type: string; readonly params?: unknown }

/** A function that is an action. XState's own actions carry what they do as properties. */
export type Implementation = ((args: ActionArgs, params: unknown) => void) & {
  readonly type?: string
  /** Of `assign`. */
  readonly assignment?: unknown
  /** Of `enqueueActions`. */
  readonly collect?: (args: object, params: unknown) => void
  /** Of `raise` and `sendTo`. */
  readonly delay?: unknown
  readonly execute?: (scope: Scope, params: unknown) => void
  readonly resolve?: (
    scope: Scope,
    snapshot: AnyMachineSnapshot,
    args: ActionArgs,
    params: unknown,
    action: Implementation,
    extra: { readonly internalQueue: EventObject[] },
  ) => readonly [AnyMachineSnapshot, unknown, readonly Action[] | undefined]
}

export interface StateNode {
  readonly id: string
  readonly key: string
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history'
  /** Its place in the document. */
  readonly order: number
  readonly parent: StateNode | undefined
  readonly states: Readonly<Record<string, StateNode>>
  readonly initial: { readonly target: readonly StateNode[]; readonly actions: readonly Action[] }
  readonly entry: readonly Action[]
  readonly exit: readonly Action[]
  readonly always: readonly Transition[] | undefined
  readonly invoke: readonly unknown[]
  readonly tags: readonly string[]
  /** By event descriptor, in the order of the chart. */
  readonly transitions: ReadonlyMap<string, readonly Transition[]>
}

export interface Transition {
  readonly source: StateNode
  readonly target: readonly StateNode[] | undefined
  readonly reenter: boolean
  readonly actions: readonly Action[]
  readonly guard: unknown
}

/** Whether a machine takes its steps otherwise than XState's do: one that was made from another and has its own `transition`. */
export function hasOwnSteps(machine: AnyStateMachine): boolean {
  const isOfXState = Object.getPrototypeOf(machine) === StateMachine.prototype
  return (machine instanceof StateMachine && !isOfXState) || machine.transition.name !== 'bound transition'
}

/** A machine whose insides are as described here. */
export interface Chart {
  readonly machine: AnyStateMachine
  readonly root: StateNode
  readonly nodes: readonly StateNode[]
  readonly actions: Readonly<Record<string, Implementation | undefined>>
  readonly guards: Readonly<Record<string, unknown>>
}

/** The chart of `machine`; null, after a warning, if it is not one that is known here. */
export function chartOf(machine: AnyStateMachine): Chart | null {
  const { actions, guards } = machine.implementations ?? {}
  const root = machine.root as unknown as StateNode
  const nodes: StateNode[] = []
  const missing =
    machine instanceof StateMachine
      ? isRecord(actions) && isRecord(guards)
        ? missingIn(root, nodes)
        : 'implementations of actions and guards'
      : "a machine of the copy of XState that this package imports (is 'xstate' installed twice?)"
  if (missing !== null) {
    warnOfFallback(missing, `the machine ${machine.id}`)
    return null
  }
  return { machine, root, nodes, actions: actions as never, guards }
}

/** The first thing that is not as described above, or null; adds all states to `nodes`. */
function missingIn(node: StateNode, nodes: StateNode[]): string | null {
  nodes.push(node)
  const of = `of the state ${node.id}`
  for (const name of ['entry', 'exit', 'invoke', 'tags'] as const)
    if (!Array.isArray(node[name])) return `an array '${name}' ${of}`
  if (!stateTypes.includes(node.type)) return `one of the types ${stateTypes.join(', ')} ${of}`
  if (!Number.isInteger(node.order)) return `a number 'order' ${of}`
  if (!isRecord(node.states)) return `an object 'states' ${of}`
  if (!(node.transitions instanceof Map)) return `a map 'transitions' ${of}`
  if (node.always !== undefined && !Array.isArray(node.always)) return `an array 'always' ${of}`
  if (!Array.isArray(node.initial?.target)) return `an array 'initial.target' ${of}`
  if (!Array.isArray(node.initial.actions)) return `an array 'initial.actions' ${of}`
  for (const transition of [...node.transitions.values()].flat()) {
    if (transition.source !== node) return `a 'source' of each transition ${of}`
    if (!Array.isArray(transition.actions)) return `an array 'actions' of each transition ${of}`
    if (transition.target !== undefined && !Array.isArray(transition.target))
      return `an array 'target' of each transition ${of}`
  }
  for (const child of Object.values(node.states)) {
    if (child.parent !== node) return `a 'parent' of the state ${child.id}`
    const missing = missingIn(child, nodes)
    if (missing !== null) return missing
  }
  return null
}

const stateTypes: readonly string[] = ['atomic', 'compound', 'parallel', 'final', 'history']

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** XState's own step. */
export function stepByXState(machine: AnyStateMachine): TakeStep {
  return (snapshot, event, scope) =>
    machine.transition(snapshot as never, event as never, scope as never) as AnyMachineSnapshot
}

/** XState's own answer to which transitions are enabled. */
export function transitionsByXState(
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  event: EventObject,
): readonly Transition[] {
  return machine.getTransitionData(snapshot as never, event as never) as unknown as readonly Transition[]
}

/** How many further microsteps one event may cause. XState had no such bound before 5.31. */
export function iterationsMax({ options }: AnyStateMachine): number {
  return (
    (options as { readonly maxIterations?: number } | undefined)?.maxIterations ?? Number.POSITIVE_INFINITY
  )
}

export function activeNodes(snapshot: AnyMachineSnapshot): readonly StateNode[] {
  return snapshot._nodes as never
}

/** Notifies inspectors of a microstep, as XState does. */
export function reportMicrostep(
  { self, system }: Scope,
  event: EventObject,
  snapshot: AnyMachineSnapshot,
  _transitions: readonly Transition[],
): void {
  type Inspected = { _sendInspectionEvent(inspected: object): void }
  const inspected = { type: '@xstate.microstep', actorRef: self, event, snapshot, _transitions }
  ;(system as unknown as Inspected)._sendInspectionEvent(inspected)
}

/** What was warned of already: once for each thing that is missing is enough. */
const warned = new Set<string>()

/** @param missing what was expected of XState; it completes the sentence 'expected ... in ...' */
export function warnOfFallback(missing: string, where: string): void {
  if (warned.has(missing)) return
  warned.add(missing)
  const text = `standby: expected ${missing} in ${where}, found none; XState takes its steps itself, at about twice the cost. Install a version of xstate that standby's peerDependencies name.`
  // A pure module may not print; a silent fallback would be worse.
  const output: unknown = Reflect.get(globalThis, 'console')
  ;(output as { warn(text: string): void } | undefined)?.warn(text)
}
