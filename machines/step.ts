/** Pure steps of an XState machine: (snapshot, event) -> (snapshot, actions). Nothing is executed. */
import type { AnyMachineSnapshot, AnyStateMachine, EventFromLogic, InputFrom, SnapshotFrom } from 'xstate'
import { inertScope, type PureAction, type StepperOptions } from './step/inert-scope.ts'
import { type Scope, takeStepOf } from './step/take-step.ts'

export type { PureAction, StepperOptions } from './step/inert-scope.ts'

/** The result of a step. */
export interface Step<Snapshot> {
  readonly snapshot: Snapshot
  /** In the order in which they are to be executed. The very same empty array if there are none. */
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
 * Steps for this machine, equal to those of XState's own `initialTransition` and `transition`. XState's functions build an
 * actor for every call, which costs several times the step itself; all steps of a stepper share one.
 */
export function createStepper<Machine extends AnyStateMachine>(
  machine: Machine,
  options: StepperOptions = {},
): Stepper<Machine> {
  const takeStep = takeStepOf(machine)
  let actions: PureAction[] = []
  let scope: Scope | undefined
  // A guard or an assignment may itself take a step of this machine, so that one runs within the other.
  const collect = (run: (scope: Scope) => unknown): Step<SnapshotFrom<Machine>> => {
    scope ??= inertScope(machine, (action) => actions.push(action), options)
    const outer = actions
    actions = []
    try {
      const snapshot = run(scope) as SnapshotFrom<Machine>
      return { snapshot, actions: actions.length === 0 ? noActions : actions }
    } finally {
      actions = outer
    }
  }
  return {
    start: (input) => collect((shared) => machine.getInitialSnapshot(shared as never, input as never)),
    step: (snapshot, event) =>
      collect((shared) => takeStep(snapshot as AnyMachineSnapshot, event as never, shared)),
    restore: (persisted) =>
      collect((shared) => machine.restoreSnapshot(persisted as never, shared as never)).snapshot,
  }
}
