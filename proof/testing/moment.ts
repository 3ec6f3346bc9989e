/** What a chart is and did at one moment of a test, as data. */
import type {
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyTransitionDefinition,
  EventFromLogic,
  SnapshotFrom,
} from 'xstate'

/** An event with its data. */
export interface AnyEvent {
  readonly type: string
  readonly [key: string]: unknown
}

/** An event that the chart sent to another actor. */
export interface Sent {
  /** The id of the receiver: a child's id, `#_parent` for the parent, or an actor's own id. */
  readonly to: string
  readonly event: AnyEvent
  /** Milliseconds; absent if it is sent at once. */
  readonly delay?: number
  readonly id?: string
}

/** A child that was invoked or spawned. */
export interface Spawned {
  readonly id: string
  /** The name of its logic, `(inline)` if it has none. */
  readonly src: string
  readonly input: unknown
}

/** A delayed event that runs now. */
export interface Timer {
  /** XState's own id, such as `xstate.after.1000.door.open`, or the id that the machine gives. */
  readonly id: string
  /** The event that it brings. */
  readonly event: AnyEvent
  /** Null for an event that the machine sends itself. */
  readonly to: string | null
  /** Milliseconds from its start. */
  readonly delay: number
  /** Milliseconds from now, by the time that `wait` counts. */
  readonly remaining: number
}

/** A guard that was asked, and its answer. */
export interface GuardAnswer {
  /** The id of the state whose transition it guards. */
  readonly state: string
  readonly guard: string
  readonly result: boolean
}

/** A transition that was taken. */
export interface Taken {
  /** `source: event [guard] -> target`, which is its own among those of the chart in nearly all charts. */
  readonly id: string
  readonly source: string
  readonly event: string
  readonly guard: string | null
  /** Ids of states; empty for a transition that stays. */
  readonly target: readonly string[]
}

/** A microstep, in XState's own objects. */
export interface Microstep {
  readonly event: AnyEvent
  /** Empty for an event that no state took. */
  readonly transitions: readonly AnyTransitionDefinition[]
  readonly after: AnyMachineSnapshot
}

/** Why an event led to no transition. */
export interface Refusal {
  readonly event: AnyEvent
  /**
   * `no transition`: no active state has one for this event. `guard`: all guards said no. `forbidden`: a state forbids the
   * event to its ancestors. `not active`: the chart is done, stopped or failed.
   */
  readonly reason: 'no transition' | 'guard' | 'forbidden' | 'not active'
  /** What the guards answered, innermost state first. */
  readonly guards: readonly GuardAnswer[]
}

/** One action with its params, in the order of execution. */
export interface Action {
  readonly type: string
  readonly params: unknown
}

/** What the last event did. */
export interface Effects {
  /** All actions in order, XState's own included. */
  readonly actions: readonly Action[]
  /** Events to other actors: by `sendTo`, `sendParent`, and by an action `send` with params `{ to, message }`. */
  readonly sent: readonly Sent[]
  readonly emitted: readonly AnyEvent[]
  /** Events that the chart raised for itself and took within the step. */
  readonly raised: readonly AnyEvent[]
  readonly spawned: readonly Spawned[]
  /** Ids of children that were stopped. */
  readonly stopped: readonly string[]
  /** What `log` actions wrote. */
  readonly logged: readonly unknown[]
  /** XState's own account of each microstep, in order. */
  readonly microsteps: readonly Microstep[]
  /** The transitions taken, microstep by microstep. */
  readonly taken: readonly Taken[]
  /** Null if a transition was taken. */
  readonly refused: Refusal | null
}

/** A chart at one moment. It never changes: each step makes another moment, so that one can be the start of many. */
export interface Moment<Machine extends AnyStateMachine = AnyStateMachine> extends Effects {
  readonly snapshot: SnapshotFrom<Machine>
  readonly value: SnapshotFrom<Machine>['value']
  readonly context: SnapshotFrom<Machine>['context']
  readonly status: AnyMachineSnapshot['status']
  readonly output: unknown
  readonly error: unknown
  /** Ids of the active states, outermost first. */
  readonly states: readonly string[]
  readonly tags: readonly string[]
  /** The event that led here; null at the start. */
  readonly event: AnyEvent | null
  /** Whether anything of the snapshot differs from the moment before. */
  readonly changed: boolean
  /** The delayed events that run now, the next one first. */
  readonly timers: readonly Timer[]
  /** Ids of the children that run now. */
  readonly children: readonly string[]

  /** One event; a text is an event without data. */
  step(event: EventFromLogic<Machine> | EventFromLogic<Machine>['type']): Moment<Machine>
  /** Several events; what the result says it did is what the last of them did. */
  run(...events: readonly (EventFromLogic<Machine> | EventFromLogic<Machine>['type'])[]): Moment<Machine>
  /**
   * Fires a running timer, and lets no other time pass.
   * @param name its id, its event's type, its delay by name or in milliseconds, or the state that it belongs to
   * @throws TypeError if none or several have that name; the message lists those that run
   */
  fire(name: string | number): Moment<Machine>
  /** Lets time pass: every timer that comes due fires, in order. The effects are those of all of them. */
  wait(ms: number): Moment<Machine>
  /** A running child is done, with this output. @throws TypeError if no such child runs */
  done(child: string, output?: unknown): Moment<Machine>
  /** A running child failed. @throws TypeError if no such child runs */
  fail(child: string, error: unknown): Moment<Machine>
  /** A running child has a new snapshot, for `onSnapshot`. @throws TypeError if no such child runs */
  update(child: string, snapshot: unknown): Moment<Machine>
  /** Whether the event would take a transition. */
  can(event: EventFromLogic<Machine> | EventFromLogic<Machine>['type']): boolean
  /** Whether these states are active: a state value, an id, or a path such as `open.waiting`. */
  isIn(state: string | object): boolean
}
