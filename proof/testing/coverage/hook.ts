/** Makes XState's machines report every microstep to a recorder, whichever actor or pure function takes it. */
import { type AnyMachineSnapshot, type InspectionEvent, StateMachine } from 'xstate'
import { mannerOfXState } from '../../../machines/step/self-check.ts'
import type { CoverageRecorder } from './recorder.ts'

interface System {
  inspect(observer: (inspected: InspectionEvent) => void): unknown
}
interface Scope {
  readonly system: System
}

/**
 * From now on, machines that are created report to the recorder. A set-up file of tests calls it before any machine is
 * created, since a machine binds its methods when it is made.
 */
export function recordMachines(recorder: CoverageRecorder): void {
  // Worked out by steps of its own, which must not be recorded while the recorder waits for it.
  mannerOfXState()
  const heard = new WeakSet<System>()
  const last = new WeakMap<object, AnyMachineSnapshot>()
  const listen = ({ system }: Scope) => {
    if (heard.has(system)) return
    heard.add(system)
    system.inspect((inspected) => {
      if (inspected.type !== '@xstate.microstep' || here()?.isInChart) return
      const { actorRef, event, snapshot, _transitions } = inspected
      const after = snapshot as AnyMachineSnapshot
      if (after?.machine === undefined) return
      recorder.count(last.get(actorRef) ?? null, event, _transitions, after)
      last.set(actorRef, after)
    })
  }
  const { prototype } = StateMachine as unknown as {
    prototype: Record<'transition' | 'getInitialSnapshot', Method>
  }
  const { transition, getInitialSnapshot } = prototype
  prototype.transition = function (this: unknown, ...[snapshot, event, scope]: readonly unknown[]) {
    listen(scope as Scope)
    // A pure step starts from the snapshot that it is given, not from the last one of its actor.
    last.set((scope as { self: object }).self, snapshot as AnyMachineSnapshot)
    return transition.call(this, snapshot, event, scope)
  }
  prototype.getInitialSnapshot = function (this: unknown, ...[scope, input]: readonly unknown[]) {
    listen(scope as Scope)
    return getInitialSnapshot.call(this, scope, input)
  }
}

type Method = (...args: readonly unknown[]) => unknown

const current = Symbol.for('standby.coverage')

interface Current {
  readonly recorder: CoverageRecorder
  /** Whether a chart under test takes a step, which it reports by itself, as it knows what the step started from. */
  isInChart: boolean
}

// On the global object, because a set-up file and the tests may each have an instance of this module.
const here = () => (globalThis as { [current]?: Current })[current]

/** The recorder of this process, which charts under test report to; null if coverage is off. */
export function currentRecorder(): CoverageRecorder | null {
  return here()?.recorder ?? null
}

/** Turns coverage on in this process. */
export function setCurrentRecorder(recorder: CoverageRecorder): void {
  Object.assign(globalThis, { [current]: { recorder, isInChart: false } satisfies Current })
}

/** Takes a step of a chart under test, which reports its microsteps by itself. */
export function inChart<Result>(step: () => Result): Result {
  const now = here()
  if (now === undefined) return step()
  const outer = now.isInChart
  now.isInChart = true
  try {
    return step()
  } finally {
    now.isInChart = outer
  }
}
