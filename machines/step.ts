/**
 * Pure steps of an XState machine: (snapshot, event) -> (snapshot, actions).
 *
 * XState's own `transition()` builds an actor for every call, which costs several times the step itself. This is the one
 * file that calls `machine.transition` with a scope that all steps of a machine share; a test shows that both agree.
 */
import {
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventFromLogic,
  type InputFrom,
  type InspectionEvent,
  type SnapshotFrom,
} from 'xstate'

/** An action as data: an effect such as `send` with its params, or one of XState's own such as `xstate.raise`. */
export interface PureAction {
  readonly type: string
  readonly params: unknown
}

/** What a step came to. */
export interface Step<Snapshot> {
  readonly snapshot: Snapshot
  /** In the order in which they are to be carried out. The very same empty array when there are none. */
  readonly actions: readonly PureAction[]
}

/** The steps of one machine, as functions. */
export interface Stepper<Machine extends AnyStateMachine> {
  /** The initial snapshot, with the actions of entering it. */
  start(input: InputFrom<Machine>): Step<SnapshotFrom<Machine>>
  /** One event. A snapshot that nothing changed comes back as the very same object. */
  step(snapshot: SnapshotFrom<Machine>, event: EventFromLogic<Machine>): Step<SnapshotFrom<Machine>>
  /** A snapshot from its persisted JSON form. */
  restore(persisted: unknown): SnapshotFrom<Machine>
}

const noActions: readonly PureAction[] = Object.freeze([])

/**
 * Steps for this machine. Its actions are never executed here, only handed back.
 * @param inspect hears XState's own account of each step, microstep by microstep
 */
export function createStepper<Machine extends AnyStateMachine>(
  machine: Machine,
  inspect?: (event: InspectionEvent) => void,
): Stepper<Machine> {
  let actions: PureAction[] = []
  let scope: AnyActorScope | undefined
  // The scope needs an actor to point at. It is never started, and what its initial snapshot may lack does not matter.
  const sharedScope = (): AnyActorScope => {
    if (scope === undefined) {
      const self = createActor(machine, { input: {}, logger: () => {} } as never)
      // A pure step may be taken again: a child with a system id must not meet itself.
      Object.assign(self.system, { _set: () => {} })
      if (inspect !== undefined) self.system.inspect(inspect)
      scope = {
        self,
        id: '',
        sessionId: '',
        system: (self as unknown as { system: AnyActorScope['system'] }).system,
        logger: () => {},
        defer: () => {},
        emit: () => {},
        stopChild: () => {},
        actionExecutor: (action: { type: string; params: unknown }) => {
          actions.push({ type: action.type, params: action.params })
        },
      } as AnyActorScope
    }
    return scope
  }
  const collect = (run: (scope: AnyActorScope) => AnyMachineSnapshot): Step<SnapshotFrom<Machine>> => {
    const saved = actions
    actions = []
    try {
      const snapshot = run(sharedScope()) as SnapshotFrom<Machine>
      return { snapshot, actions: actions.length === 0 ? noActions : actions }
    } finally {
      actions = saved
    }
  }
  return {
    start: (input) => collect((shared) => machine.getInitialSnapshot(shared as never, input as never)),
    step: (snapshot, event) =>
      collect((shared) => machine.transition(snapshot as never, event as never, shared as never)),
    restore: (persisted) =>
      machine.restoreSnapshot(persisted as never, sharedScope() as never) as SnapshotFrom<Machine>,
  }
}
