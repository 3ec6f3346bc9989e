/** Persisted snapshots of a chart: plain JSON that restores a working actor with its timers. */
import type { ActorScope, AnyMachineSnapshot, AnyStateMachine, EventObject, Snapshot } from 'xstate'

/** A context as JSON and back, for what XState would lose or change on the way. */
export interface ContextCodec<Context> {
  /** @throws Error if the chart is in a state that cannot be persisted */
  readonly save: (context: Context) => object
  /** The context that was saved. @throws Error if it was not. */
  readonly load: (saved: never) => Context
}

type Scope = ActorScope<Snapshot<unknown>, EventObject>
type Start = (snapshot: Snapshot<unknown>, scope?: Scope) => void

/**
 * `machine`, whose `getPersistedSnapshot()` survives JSON: `createActor(machine, { snapshot })` goes on from it.
 *
 * XState keeps no timers in a snapshot. A restored actor begins those of its states again, each with its whole delay.
 */
export function persistable<Machine extends AnyStateMachine, Context>(
  machine: Machine,
  codec: ContextCodec<Context>,
): Machine {
  const restored = new WeakSet<object>()
  const base = {
    provide: machine.provide.bind(machine),
    getPersistedSnapshot: machine.getPersistedSnapshot.bind(machine),
    restoreSnapshot: machine.restoreSnapshot.bind(machine),
    start: machine.start.bind(machine) as Start,
  }
  const start: Start = (snapshot, scope) => {
    base.start(snapshot, scope)
    if (scope !== undefined && restored.has(snapshot))
      beginTimers(machine, snapshot as AnyMachineSnapshot, scope)
  }
  return Object.assign(machine, {
    provide: (implementations: never) => persistable(base.provide(implementations), codec),
    getPersistedSnapshot: (snapshot: AnyMachineSnapshot, options?: unknown) => ({
      ...base.getPersistedSnapshot(snapshot, options),
      context: codec.save(snapshot.context),
    }),
    restoreSnapshot(saved: Snapshot<unknown>, scope: never) {
      const snapshot = base.restoreSnapshot(saved, scope)
      const context = loaded(codec, (saved as AnyMachineSnapshot).context)
      restored.add(Object.assign(snapshot, { context }))
      return snapshot
    },
    start,
  })
}

function loaded<Context>(codec: ContextCodec<Context>, saved: unknown): Context {
  try {
    return codec.load(saved as never)
  } catch (cause) {
    const reason = (cause as Error).message
    throw new Error(
      `snapshot: expected one that getPersistedSnapshot() of this chart has made, got another (${reason}); start the actor without a snapshot`,
      { cause },
    )
  }
}

/** Sets the timers that entering the states of `snapshot` would have set (XState's `after`). */
function beginTimers(machine: AnyStateMachine, snapshot: AnyMachineSnapshot, { self, system }: Scope): void {
  const scheduler = (system as unknown as { scheduler: Scheduler }).scheduler
  const delays = machine.implementations.delays as Record<string, number | ((args: object) => number)>
  for (const { after } of snapshot._nodes as readonly { after: readonly Timer[] }[]) {
    for (const { eventType, delay } of new Map(after.map((timer) => [timer.eventType, timer])).values()) {
      const given = typeof delay === 'number' ? delay : delays[delay]
      const event = { type: 'xstate.init' }
      const ms =
        typeof given === 'function' ? given({ context: snapshot.context, event, self, system }) : given
      scheduler.schedule(self, self, { type: eventType }, ms ?? 0, eventType)
    }
  }
}

interface Timer {
  readonly eventType: string
  readonly delay: string | number
}

/** The part of XState's system that keeps delayed events. */
interface Scheduler {
  schedule(source: unknown, target: unknown, event: EventObject, delay: number, id: string): void
}
