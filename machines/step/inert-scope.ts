/** A scope that steps a machine without a live actor and hands over its actions as data. */
import { type AnyStateMachine, createActor, createMachine, type InspectionEvent } from 'xstate'
import type { Scope } from './xstate-internals.ts'

/** An action as data: an effect such as `send` with its params, or one of XState's own such as `xstate.raise`. */
export interface PureAction {
  readonly type: string
  readonly params: unknown
}

/** How the steps of a stepper are taken. */
export interface StepperOptions {
  /** Receives XState's inspection events, such as one for each microstep. */
  readonly inspect?: (event: InspectionEvent) => void
  /** Whether the machine has a parent, so that `sendParent` is an action and not an error; default false. */
  readonly isChild?: boolean
}

/** @param collect receives each action, none of which is executed */
export function inertScope(
  machine: AnyStateMachine,
  collect: (action: PureAction) => void,
  { inspect, isChild = false }: StepperOptions = {},
): Scope {
  const parent = isChild ? { parent: createActor(createMachine({})) } : {}
  // XState needs an actor to point at. It is never started, and what its initial snapshot may lack does not matter.
  const self = createActor(machine, { input: {}, logger: () => {}, ...parent } as never)
  // A pure step may be taken again: a child with a system id must not meet itself.
  Object.assign(self.system, { _set: () => {} })
  if (inspect !== undefined) self.system.inspect(inspect)
  return {
    self: self as never,
    id: '',
    sessionId: '',
    system: self.system as never,
    logger: () => {},
    defer: () => {},
    emit: () => {},
    stopChild: () => {},
    actionExecutor: ({ type, params }) => collect({ type, params }),
  }
}
