/** The system that `check` takes: nodes that are XState machines, their faults and properties. No protocol is known. */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate'

/** One node: a machine that speaks through `send` actions with params `{ to, message }`. */
export interface CheckedNode {
  readonly id: string
  readonly machine: AnyStateMachine
  readonly input?: unknown
  /** Events from outside, in this order, each at any moment when `ready` allows it; none by default. */
  readonly script?: readonly EventObject[]
  /** Whether the next event of the script may come now; default: always. */
  readonly ready?: (snapshot: AnyMachineSnapshot) => boolean
  /** Whether it may crash; default false. */
  readonly mayCrash?: boolean
  /**
   * The next life of a crashed node, under an id that was never used before (N2); without it a crash is for ever.
   * `life` counts from 2.
   */
  readonly restart?: (life: number) => { readonly id: string; readonly input: unknown }
}

/** A message that was sent. It may arrive at any time from then on, any number of times, or never. */
export interface SentMessage {
  readonly from: string
  readonly to: string
  readonly message: EventObject
}

/** What a property can see of a node. */
export interface NodeView {
  /** Of its newest life. */
  readonly id: string
  readonly alive: boolean
  /** Its state; of a crashed node, the last one. */
  readonly snapshot: AnyMachineSnapshot
  /** All that was ever sent from this place, former lives included. */
  readonly sent: readonly SentMessage[]
}

/** What a property can see of a state: ask for the nodes that you need and no others, for verdicts are remembered by them. */
export interface SystemView {
  readonly ids: readonly string[]
  /** By the id of the node's first life. */
  node(id: string): NodeView
  /** What the observer has made of the run so far; undefined without one. */
  observed(): unknown
}

/** What a property may promise, so that a search needs fewer states. */
export interface PropertyOptions {
  /**
   * What the property finds in a state, it finds as well after more has been sent; default false. A search takes
   * steps that do nothing but send one by one at the nodes whose `sent` a property reads, and all at once elsewhere;
   * a monotone property lets it take them at once everywhere.
   */
  readonly monotone?: boolean
}

/** A sentence that must hold in every reachable state. */
export interface Invariant extends PropertyOptions {
  readonly name: string
  /** True, or what is wrong. Must depend on nothing but what it asks `system` for. */
  readonly holds: (system: SystemView) => true | string
}

/** A sentence that must hold for every step of a single node; a crash and a restart are not steps. */
export interface StepInvariant extends PropertyOptions {
  readonly name: string
  readonly holds: (before: NodeView, after: NodeView) => true | string
}

/** A good end that must be reachable. */
export interface Goal extends PropertyOptions {
  readonly name: string
  readonly reached: (system: SystemView) => boolean
  /** False: it happens only where something fails, so that liveness does not ask for it; default true. */
  readonly promised?: boolean
}

/** A promise: behind every state in which `from` is true, `to` comes about, provided that steps that stay possible are taken. */
export interface LeadsTo {
  readonly name: string
  readonly from: (system: SystemView) => boolean
  readonly to: (system: SystemView) => boolean
}

/** Watches effects other than `send`, `ignore` and timers, and events of scripts, and folds them into a value of its own. */
export interface Observer {
  readonly initial: unknown
  /** The next value: plain JSON, and the same for runs that need not be distinguished. */
  readonly observe: (value: unknown, seen: Emission) => unknown
}

/** What an observer is shown of a step. */
export interface Emission {
  readonly node: string
  /** The event of the script that caused the step, if it was one. */
  readonly event: EventObject | null
  readonly actions: readonly { readonly type: string; readonly params: unknown }[]
}

/** `always('at most one server answers as primary', (system) => ...)` */
export function always(name: string, holds: Invariant['holds'], options: PropertyOptions = {}): Invariant {
  return { ...options, name, holds }
}

/** `everyStep('a view number never decreases', (before, after) => ...)`: the node before a step and after it. */
export function everyStep(
  name: string,
  holds: StepInvariant['holds'],
  options: PropertyOptions = {},
): StepInvariant {
  return { ...options, name, holds }
}

/** `reachable('both clients have their results', (system) => ...)` */
export function reachable(name: string, reached: Goal['reached'], options: PropertyOptions = {}): Goal {
  return { ...options, name, reached }
}

/** `sometimes('a deposed primary is asked', (system) => ...)`: must be reachable in some run; no run is promised to reach it. */
export function sometimes(name: string, reached: Goal['reached'], options: PropertyOptions = {}): Goal {
  return { ...options, name, reached, promised: false }
}

/** `leadsTo('every request is granted', (system) => ..., (system) => ...)`, under weak fairness; see `temporal`. */
export function leadsTo(name: string, from: LeadsTo['from'], to: LeadsTo['to']): LeadsTo {
  return { name, from, to }
}

/** `eventually('a leader is elected', (system) => ...)`: every run reaches it, under weak fairness; see `temporal`. */
export function eventually(name: string, to: LeadsTo['to']): LeadsTo {
  return { name, from: () => true, to }
}

/** A system to be searched: its nodes, their faults, what must hold, and what must be reachable. */
export interface CheckedSystem {
  readonly nodes: readonly CheckedNode[]
  readonly invariants?: readonly Invariant[]
  readonly steps?: readonly StepInvariant[]
  readonly goals?: readonly Goal[]
  /**
   * Promises of what comes about, checked after an exhausted search if nothing else is wrong. Deliveries, timers and
   * events of scripts that stay possible are taken at last; crashes, restarts, losses and duplicates need never happen.
   * They are judged from the start, without `begin`.
   */
  readonly temporal?: readonly LeadsTo[]
  /** The search begins where these goals have been reached one after another, each by a shortest run; default: at the start. */
  readonly begin?: readonly Goal[]
  /**
   * States behind which nothing is explored. They are checked and counted; with the reduction of sends also what is
   * sent there.
   */
  readonly prunes?: readonly ((system: SystemView) => boolean)[]
  readonly observer?: Observer
  /**
   * What a state waits for from which no progress is promised, even if nothing fails any more; null if progress is
   * promised. Without it progress is promised everywhere.
   */
  readonly stuckOn?: (system: SystemView) => string | null
  /** How many crashes and restarts may happen in all, on nodes that may crash; default 0. */
  readonly crashes?: number
  readonly restarts?: number
  /**
   * How messages travel. `set` (default): once sent, a message may arrive at any time, any number of times, or never.
   * `once`: each arrives at most once, in any order. `ordered`: each arrives at most once, and on each link, from one
   * node to another, in the order of sending. Only on a `set` can properties read `sent`.
   */
  readonly network?: 'set' | 'once' | 'ordered'
  /** How many messages in all a network that is not a `set` may lose, and deliver once more; default 0, at most 1,023. */
  readonly losses?: number
  readonly duplicates?: number
  /** Links on which nothing arrives, one way each, for every life of their ends; `to` need not be a node. */
  readonly cuts?: readonly { readonly from: string; readonly to: string }[]
  /**
   * `free` (default): any timer that is set may fire next, which allows more than real timers do and needs fewer states.
   * `ordered`: of two timers of a node, the one set later does not fire first if its delay is longer or equal.
   */
  readonly timers?: 'free' | 'ordered'
}

/** Where a worker finds the system: functions cannot be sent. `args` are plain data. */
export interface SystemSource {
  /** An absolute address, such as `import.meta.url`. */
  readonly module: string
  /** A function that the module exports and that returns the system. */
  readonly name: string
  readonly args?: readonly unknown[]
}
