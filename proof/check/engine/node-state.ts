/** What a node state is made of, what a step of a node is, and how two of them compare: data, without a search. */
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import type { NodeView, SentMessage } from '../system.ts'

/** What XState says of one event in one snapshot. */
export interface SnapshotStep {
  readonly snapshot: number
  readonly sends: readonly number[]
  readonly timers: readonly TimerChange[]
  readonly emission: number
}

export type TimerChange = { readonly set: Timer } | { readonly cancel: string }

export interface Timer {
  readonly id: string
  readonly event: EventObject
  readonly delay: number
}

/** A local state, by its parts. */
export interface Local {
  readonly node: number
  readonly life: number
  readonly alive: boolean
  readonly snapshot: number
  readonly outbox: number
  readonly timers: number
  readonly script: number
}

/** A snapshot as the step that first led to it: from another snapshot of its node (-1: from the start of a life) by an event. */
export interface SnapshotOrigin {
  readonly node: number
  readonly life: number
  readonly from: number
  readonly event: EventObject | null
}

/** What a local state is made of; only its snapshot is a number. */
export interface LocalContent extends Pick<Local, 'node' | 'life' | 'alive' | 'snapshot' | 'script'> {
  readonly sent: readonly SentMessage[]
  readonly timers: readonly Timer[]
}

/** The outcome of a step of a node: its next state, and by number what it emits and sends. */
export interface NodeStep {
  readonly local: number
  readonly emission: number
  readonly sends: readonly number[]
}

/** What a search has come across, by places of nodes; plain data. */
export interface Coverage {
  /** Types of messages, with the node from which and the one to which they were sent. */
  readonly messages: readonly { readonly type: string; readonly from: string; readonly to: number }[]
  /** Types of effects that are neither `send` nor XState's own. */
  readonly effects: readonly { readonly type: string; readonly node: string }[]
  /** For each node how many events of its script have happened. */
  readonly scripted: readonly number[]
}

/** A step that breaks a step invariant, found while listing steps. */
export interface BrokenStep {
  readonly name: string
  readonly reason: string
}

/** Whether `first` stands before `second` in the order of setting and keeps it from firing. */
export function isBefore(timers: readonly Timer[], first: Timer, second: Timer): boolean {
  return timers.indexOf(first) < timers.indexOf(second) && first.delay <= second.delay
}

/** A list of timers after some were set or cancelled; the very same one if none was. */
export function changed(timers: readonly Timer[], changes: readonly TimerChange[]): readonly Timer[] {
  let left = timers
  for (const change of changes) {
    const id = 'set' in change ? change.set.id : change.cancel
    left = left.filter((timer) => timer.id !== id)
    if ('set' in change) left = [...left, change.set]
  }
  return left
}

/** A view on a network that forgets what has arrived. */
export function withoutSent(id: string, alive: boolean, snapshot: AnyMachineSnapshot): NodeView {
  return {
    id,
    alive,
    snapshot,
    get sent(): never {
      throw new Error(
        "expected a property of states, got one that reads `sent`, which only the network 'set' keeps; leave out `network`",
      )
    },
  }
}

/** The view, which calls `read` when its sent messages are asked for. */
export function notingSent(view: NodeView, read: () => void): NodeView {
  const { id, alive, snapshot } = view
  return {
    id,
    alive,
    snapshot,
    get sent() {
      read()
      return view.sent
    },
  }
}

export function sendsOnly(from: Local, to: Local): boolean {
  return (
    from.snapshot === to.snapshot &&
    from.timers === to.timers &&
    from.script === to.script &&
    from.alive === to.alive &&
    from.life === to.life
  )
}

export function isNoOp(step: SnapshotStep, snapshot: number): boolean {
  return (
    step.snapshot === snapshot && step.sends.length === 0 && step.timers.length === 0 && step.emission === 0
  )
}

export function intern(ids: Map<string, number>, key: string, create: () => number): number {
  let id = ids.get(key)
  if (id === undefined) {
    id = create()
    ids.set(key, id)
  }
  return id
}
