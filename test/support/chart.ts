/** Builds steps of a bare chart for tests: what it sent, what it ignored, which timers it set. It asserts nothing. */
import type { AnyMachineSnapshot, AnyStateMachine, EventFromLogic, InputFrom, SnapshotFrom } from 'xstate'
import type { Message } from '../../machines/messages.ts'
import { createStepper, type PureAction } from '../../machines/step.ts'

export interface Seen<Snapshot> {
  readonly snapshot: Snapshot
  readonly actions: readonly PureAction[]
  readonly sent: readonly { readonly to: string; readonly message: Message }[]
  readonly ignored: readonly string[]
  /** Delayed events that were set, by the name that XState gives them. */
  readonly timers: readonly string[]
}

export interface Chart<Machine extends AnyStateMachine> {
  start(input: InputFrom<Machine>): Seen<SnapshotFrom<Machine>>
  step(snapshot: SnapshotFrom<Machine>, event: EventFromLogic<Machine>): Seen<SnapshotFrom<Machine>>
  /** Several events, one after another; what is seen is what the last one did. */
  run(
    snapshot: SnapshotFrom<Machine>,
    ...events: readonly EventFromLogic<Machine>[]
  ): Seen<SnapshotFrom<Machine>>
  /** Fires the timer whose event name contains `name`, such as `pingInterval`. */
  fire(snapshot: SnapshotFrom<Machine>, name: string): Seen<SnapshotFrom<Machine>>
}

export function chart<Machine extends AnyStateMachine>(machine: Machine): Chart<Machine> {
  const stepper = createStepper(machine)
  const seen = (step: { snapshot: SnapshotFrom<Machine>; actions: readonly PureAction[] }) => ({
    ...step,
    sent: paramsOf(step.actions, 'send') as { to: string; message: Message }[],
    ignored: (paramsOf(step.actions, 'ignore') as { reason: string }[]).map(({ reason }) => reason),
    timers: (paramsOf(step.actions, 'xstate.raise') as { event: { type: string }; delay?: number }[])
      .filter(({ delay }) => delay !== undefined)
      .map(({ event }) => event.type),
  })
  const step = (snapshot: SnapshotFrom<Machine>, event: EventFromLogic<Machine>) =>
    seen(stepper.step(snapshot, event))
  return {
    start: (input) => seen(stepper.start(input)),
    step,
    run(snapshot, ...events) {
      let last: Seen<SnapshotFrom<Machine>> = { snapshot, actions: [], sent: [], ignored: [], timers: [] }
      for (const event of events) last = step(last.snapshot, event)
      return last
    },
    fire(snapshot, name) {
      const nodes = (snapshot as AnyMachineSnapshot)._nodes as { after: { eventType: string }[] }[]
      const type = nodes
        .flatMap((node) => node.after.map(({ eventType }) => eventType))
        .find((eventType) => eventType.includes(name))
      if (type === undefined) throw new Error(`expected a timer ${name} in the current state; none is set`)
      return step(snapshot, { type } as EventFromLogic<Machine>)
    },
  }
}

function paramsOf(actions: readonly PureAction[], type: string): unknown[] {
  return actions.filter((action) => action.type === type).map(({ params }) => params)
}
