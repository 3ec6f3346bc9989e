/** Any deterministic XState machine as a replicated application: an event is a command, the snapshot is the state. */
import type {
  AnyEventObject,
  AnyMachineSnapshot,
  AnyStateMachine,
  EmittedFrom,
  EventFromLogic,
  InputFrom,
  OutputFrom,
  SnapshotFrom,
} from 'xstate'
import { createStepper, type PureAction } from '../../step.ts'
import type { Application, Json } from '../application.ts'
import { sealJson } from '../json.ts'
import { textPieces } from '../text-pieces.ts'

/** What an event came to; all of it is JSON. */
export interface ReplicatedResult<Machine extends AnyStateMachine = AnyStateMachine, Selected = null> {
  /** The state value after the event. An event that the machine does not handle leaves it as it was. */
  readonly value: SnapshotFrom<Machine>['value']
  /** `done` once the machine has reached its final state; it takes no events any more. */
  readonly status: 'active' | 'done'
  /** What the machine put out when it was done, else null. */
  readonly output: OutputFrom<Machine> | null
  /** What the machine emitted with `emit`, in order. */
  readonly emitted: readonly EmittedFrom<Machine>[]
  /** What the option `select` picked from the snapshot after the event; null without it. */
  readonly selected: Selected
}

/** How a machine is replicated. */
export interface ReplicatedOptions<Machine extends AnyStateMachine, Selected> {
  /** The machine's input, the same on every server. */
  readonly input?: InputFrom<Machine>
  /** What the caller should see of the snapshot after its event, such as `({ context }) => context.balance`. */
  readonly select?: (snapshot: SnapshotFrom<Machine>) => Selected
}

/**
 * Makes `machine` an application. Its actions are not executed by the replicas, or their effects would happen twice: what
 * the world should hear of it says with `emit`, and the caller finds it in the result. An event on which a guard or an
 * assignment throws fails with an `applicationError` and changes nothing.
 *
 * Context, output and emitted events must be JSON, because a new backup gets them as JSON and would differ from its primary
 * otherwise. They are copied and frozen at every event, which costs as much as the event made anew: parts that stay the
 * same object are not looked at again. A context that is not JSON is refused here or, if an event makes it so, that event fails.
 *
 * A machine with `after`, `invoke`, `spawn`, `sendTo` or delayed events is refused, because timers and actors of one
 * replica would not be those of the other. Where this shows only at an event, that event fails.
 * @throws TypeError for what is no machine or no option, or naming the state that has a timer or an actor, or the place in the context that is not JSON.
 * @example
 * const application = replicated(accountMachine, { select: ({ context }) => context.balance })
 * const cluster = createCluster({ application })
 */
export function replicated<Machine extends AnyStateMachine, Selected = null>(
  machine: Machine,
  ...[options = {}]: undefined extends InputFrom<Machine>
    ? [options?: ReplicatedOptions<Machine, Selected>]
    : [options: ReplicatedOptions<Machine, Selected> & { readonly input: InputFrom<Machine> }]
): Application<SnapshotFrom<Machine>, EventFromLogic<Machine>, ReplicatedResult<Machine, Selected>> {
  refuseOthers(machine, options)
  const { input, select } = options as ReplicatedOptions<AnyStateMachine, unknown>
  refuseActors(machine)
  const stepper = createStepper<AnyStateMachine>(machine)

  const start = (): AnyMachineSnapshot => {
    const { snapshot, actions } = stepper.start(input)
    if (snapshot.status === 'error') throw failedStart(machine, snapshot.error)
    refuseEffects(actions, snapshot, () => `${machine.id} when it starts`)
    return canonical(machine, snapshot)
  }
  const resultOf = (snapshot: AnyMachineSnapshot, actions: readonly PureAction[]) =>
    sealJson({
      value: snapshot.value,
      status: snapshot.status,
      output: snapshot.output ?? null,
      emitted: emittedBy(actions),
      selected: select?.(snapshot) ?? null,
    })

  const application: Application<AnyMachineSnapshot, AnyEventObject, Json> = {
    name: machine.id,
    initialState: start(),
    execute(snapshot, event) {
      const invalid = invalidEvent(event)
      if (invalid !== null) throw new TypeError(invalid)
      if (snapshot.status !== 'active') return [snapshot, resultOf(snapshot, [])]
      const { snapshot: stepped, actions } = stepper.step(snapshot, event)
      refuseEffects(
        actions,
        stepped,
        () => `${machine.id} at ${event.type} in ${JSON.stringify(snapshot.value)}`,
      )
      const next = stepped === snapshot ? snapshot : canonical(machine, stepped)
      return [next, resultOf(next, actions)]
    },
    ...textPieces<AnyMachineSnapshot>(
      (snapshot) => JSON.stringify(machine.getPersistedSnapshot(snapshot)),
      (text) => canonical(machine, stepper.restore(JSON.parse(text))),
    ),
    validate: invalidEvent,
  }
  return application as unknown as ReturnType<typeof replicated<Machine, Selected>>
}

/** What the types refuse, for those who do without them. */
function refuseOthers(machine: AnyStateMachine, options: object): void {
  if (typeof machine?.transition !== 'function' || machine.root === undefined) {
    const got = machine === null ? 'null' : typeof machine
    throw new TypeError(`replicated: expected an XState machine, got ${got}; createMachine makes one`)
  }
  const unknown = Object.keys(options).find((name) => name !== 'input' && name !== 'select')
  if (unknown === undefined) return
  throw new TypeError(`replicated: expected the options input and select only, got ${unknown}; leave it out`)
}

/**
 * The one snapshot that stands for all equal ones. XState keeps the active states in the order in which they were entered
 * and takes the eventless transitions of parallel states in that order, but a restored snapshot has lost it.
 */
function canonical(machine: AnyStateMachine, snapshot: AnyMachineSnapshot): AnyMachineSnapshot {
  const { value, context, status, output, error, historyValue } = snapshot
  const sealed = sealJson({ context }) as { context: object }
  return machine.resolveState({ value, ...sealed, status, output, error, historyValue })
}

function invalidEvent(event: unknown): string | null {
  const type: unknown = (event as { type?: unknown } | null | undefined)?.type
  if (typeof type !== 'string') {
    const got = typeof event === 'object' && event !== null ? 'an object without one' : typeof event
    return `expected an event object with a type, got ${event === null ? 'null' : got}`
  }
  if (type === '*') return 'expected an event of your own, got *; it stands for all events'
  if (type.startsWith('xstate.'))
    return `expected an event of your own, got ${type}; names that start with xstate. are XState's`
  return null
}

type Action = string | { readonly type?: string; readonly delay?: unknown }

interface Transition {
  readonly actions: readonly Action[]
}

/** What is looked at of XState's `StateNode`. */
interface Node {
  readonly id: string
  readonly type: string
  readonly after: readonly unknown[]
  readonly invoke: readonly unknown[]
  readonly entry: readonly Action[]
  readonly exit: readonly Action[]
  readonly initial?: Transition
  readonly transitions: ReadonlyMap<string, readonly Transition[]>
  readonly always?: readonly Transition[]
  readonly states: Readonly<Record<string, Node>>
}

/** What can be told from the chart alone; what is hidden in functions shows when they run (`refuseEffects`). */
function refuseActors(machine: AnyStateMachine): void {
  const named = machine.implementations.actions as Record<string, Action | undefined>
  const visit = (node: Node): void => {
    if (node.after.length > 0) throw refused('a timer (after)', node.id)
    if (node.invoke.length > 0) throw refused('an actor (invoke)', node.id)
    for (const action of actionsOf(node)) {
      const name = typeof action === 'string' ? action : (action.type ?? '')
      const effect = actorEffect(named[name] ?? action)
      if (effect !== null) throw refused(effect, node.id)
    }
    for (const child of Object.values(node.states)) visit(child)
  }
  visit(machine.root as unknown as Node)
}

function actionsOf(node: Node): readonly Action[] {
  const initial = node.type === 'compound' && node.initial !== undefined ? [node.initial] : []
  const transitions = [...initial, ...[...node.transitions.values()].flat(), ...(node.always ?? [])]
  return [...node.entry, ...node.exit, ...transitions.flatMap(({ actions }) => actions)]
}

/** What an action has to do with time or with other actors, or null. XState's own actions are functions with properties. */
function actorEffect(action: Action): string | null {
  if (typeof action === 'string') return null
  switch (action.type) {
    case 'xstate.spawnChild':
      return 'an actor (spawnChild)'
    case 'xstate.sendTo':
      return action.delay === undefined ? 'an event to an actor (sendTo)' : 'a timer (sendTo with a delay)'
    case 'xstate.raise':
      return action.delay === undefined ? null : 'a timer (raise with a delay)'
    default:
      return null
  }
}

function refuseEffects(
  actions: readonly PureAction[],
  snapshot: AnyMachineSnapshot,
  where: () => string,
): void {
  for (const { type, params } of actions) {
    const effect = actorEffect({ type, delay: (params as { delay?: unknown } | undefined)?.delay })
    if (effect !== null) throw refused(effect, where())
  }
  if (Object.keys(snapshot.children).length > 0) throw refused('an actor (spawn)', where())
}

function refused(what: string, where: string): TypeError {
  return new TypeError(
    `replicated: expected a machine without timers and other actors, got ${what} in ${where}; let the caller send an event instead`,
  )
}

function failedStart(machine: AnyStateMachine, cause: unknown): TypeError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new TypeError(
    `replicated: expected ${machine.id} to start, got an error: ${message}; does it need an input?`,
    { cause },
  )
}

function emittedBy(actions: readonly PureAction[]): readonly AnyEventObject[] {
  return actions
    .filter(({ type }) => type === 'xstate.emit')
    .map(({ params }) => (params as { event: AnyEventObject }).event)
}
