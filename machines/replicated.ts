/** Any deterministic XState machine as a replicated application: an event is a command, the snapshot is the state. */
import type { AnyEventObject, AnyStateMachine, EventFromLogic, SnapshotFrom, StateValue } from 'xstate'
import type { Application, Json } from './application.ts'
import { createStepper, type PureAction } from './pure-transition.ts'

/** What an event came to. */
export interface ReplicatedResult {
  /** The state value after the event. */
  readonly value: StateValue
  /** `active`, `done` or `error`. */
  readonly status: string
  /** What the machine emitted with `emit`, in order. */
  readonly emitted: readonly AnyEventObject[]
}

/**
 * Makes `machine` an application. Its actions are not executed by the replicas, or their effects would happen twice: what
 * the world should hear of it says with `emit`, and the caller finds it in the result.
 *
 * Contexts and events must be JSON. A machine with `after`, `invoke` or `spawn` is refused, because timers and child
 * actors of one replica would not be those of the other.
 * @throws TypeError naming the state that has a timer or a child actor.
 * @example
 * const cluster = createCluster({ application: replicated(orderMachine) })
 */
export function replicated<Machine extends AnyStateMachine>(
  machine: Machine,
  options: { readonly input?: unknown } = {},
): Application<SnapshotFrom<Machine>, EventFromLogic<Machine>, ReplicatedResult> {
  refuseTimersAndChildren(machine)
  const stepper = createStepper(machine)
  const initial = stepper.start(options.input as never)
  refuseEffects(machine, initial.actions, initial.snapshot)
  const persist = (snapshot: SnapshotFrom<Machine>): string =>
    JSON.stringify(machine.getPersistedSnapshot(snapshot as never))

  return {
    name: machine.id,
    initialState: initial.snapshot,
    execute(snapshot, event) {
      const invalid = invalidEvent(event)
      if (invalid !== null) throw new TypeError(invalid)
      const { snapshot: next, actions } = stepper.step(snapshot, event)
      refuseEffects(machine, actions, next)
      const { value, status, error } = next as { value: StateValue; status: string; error?: unknown }
      if (status === 'error') throw error instanceof Error ? error : new Error(String(error))
      return [next, { value, status, emitted: emittedBy(actions) }]
    },
    snapshot(snapshot, cursor, bytesMax) {
      const start = (cursor as number | null) ?? 0
      const text = persist(snapshot)
      const end = start + bytesMax
      return { data: text.slice(start, end), next: end < text.length ? end : null }
    },
    restore(partial, data, last) {
      const text = ((partial as string | null) ?? '') + (data as string)
      return last ? stepper.restore(JSON.parse(text) as Json) : text
    },
    validate: invalidEvent,
  }
}

function invalidEvent(event: unknown): string | null {
  const type = (event as { type?: unknown } | null | undefined)?.type
  if (typeof type !== 'string')
    return `expected an event object with a type, got ${JSON.stringify(event) ?? 'undefined'}`
  if (type.startsWith('xstate.'))
    return `expected an event of your own, got ${type}; names that start with xstate. are XState's`
  return null
}

interface Node {
  readonly id: string
  readonly after: readonly unknown[]
  readonly invoke: readonly unknown[]
  readonly states: Record<string, Node>
}

function refuseTimersAndChildren(machine: AnyStateMachine): void {
  const visit = (node: Node): void => {
    if (node.after.length > 0) throw new TypeError(refusal(node.id, 'a timer (after)'))
    if (node.invoke.length > 0) throw new TypeError(refusal(node.id, 'a child actor (invoke)'))
    for (const child of Object.values(node.states)) visit(child)
  }
  visit(machine.root as unknown as Node)
}

function refuseEffects(machine: AnyStateMachine, actions: readonly PureAction[], snapshot: unknown): void {
  const delayed = ({ params }: PureAction) => (params as { delay?: unknown } | undefined)?.delay !== undefined
  for (const action of actions) {
    if (action.type === 'xstate.spawnChild')
      throw new TypeError(refusal(machine.id, 'a child actor (spawnChild)'))
    if (/^xstate\.(raise|sendTo)$/.test(action.type) && delayed(action)) {
      throw new TypeError(refusal(machine.id, 'a timer (a delayed event)'))
    }
  }
  if (Object.keys((snapshot as { children: object }).children).length > 0) {
    throw new TypeError(refusal(machine.id, 'a child actor (spawn)'))
  }
}

function refusal(where: string, what: string): string {
  return `replicated: expected a machine without timers and child actors, got ${what} in ${where}; let the caller send an event instead`
}

function emittedBy(actions: readonly PureAction[]): readonly AnyEventObject[] {
  return actions
    .filter(({ type }) => type === 'xstate.emit')
    .map(({ params }) => (params as { event: AnyEventObject }).event)
}
