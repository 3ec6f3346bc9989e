/**
 * What one node can come to: its timers, its script, and what a channel brings it, listed once for each pair of a node
 * state and a channel. With the reduction of sends, steps that do nothing but send are taken at once (saturation).
 */
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import { Links } from '../links.ts'
import { reasonOf } from '../properties/judged.ts'
import type { CheckedNode, CheckedSystem, SentMessage } from '../system.ts'
import {
  changed,
  isBefore,
  isNoOp,
  type Local,
  type NodeStep,
  type SnapshotStep,
  type Timer,
} from './node-state.ts'
import type { NodeStates } from './node-states.ts'
import { PairTable } from './pair-table.ts'
import { StepJudge } from './step-judge.ts'
import type { Transitions } from './transitions.ts'

const nothing = new Int32Array(0)

/** A step of a node's own: a timer fires, or the next event of its script happens. */
export interface OwnStep extends NodeStep {
  readonly kind: 'timer' | 'script'
  readonly event: EventObject
}

export class Successors {
  readonly judge: StepJudge
  readonly #states: NodeStates
  readonly #transitions: Transitions
  /** Links on which nothing arrives while the system is explored; a run that is repeated may use them. */
  readonly #blocked: Links
  readonly #ordered: boolean
  readonly #absorbing: number
  readonly #own: (Int32Array | undefined)[] = []
  readonly #deliveries = new PairTable()
  readonly #lists: Int32Array[] = [nothing]
  readonly #saturated = new PairTable()
  readonly #timerSends = new Map<number, readonly (readonly number[])[]>()
  readonly #crashed: (number | undefined)[] = []

  /**
   * @param absorbing a bit for each node whose steps that only send are taken at once
   * @param blocked links on which nothing arrives while the system is explored
   */
  constructor(
    system: CheckedSystem,
    states: NodeStates,
    transitions: Transitions,
    absorbing: number,
    blocked: NonNullable<CheckedSystem['cuts']>,
  ) {
    this.judge = new StepJudge(states, system.steps ?? [])
    this.#states = states
    this.#transitions = transitions
    this.#blocked = new Links({ ...system, cuts: blocked })
    this.#ordered = system.timers === 'ordered'
    this.#absorbing = absorbing
  }

  /** The node state from which a node starts, and what starting emitted. */
  start(node: number): NodeStep {
    const { id, input } = this.#states.nodes[node]!
    return this.enter(node, 1, id, input ?? { id }, 0, 0)
  }

  /** The beginning of a life. */
  enter(node: number, life: number, id: string, input: unknown, outbox: number, script: number): NodeStep {
    const step = this.#transitions.onStart(node, life, id, input)
    const empty: Local = { node, life, alive: true, snapshot: step.snapshot, outbox, timers: 0, script }
    return { local: this.#after(empty, step, [], script), emission: step.emission, sends: step.sends }
  }

  /** Timers and script: pairs of the next node state and the emission. No-ops are left out. */
  own(local: number): Int32Array {
    let steps = this.#own[local]
    if (steps === undefined) {
      const list: number[] = []
      for (const { local: next, emission } of this.ownSteps(local)) this.#add(list, local, next, emission)
      steps = list.length === 0 ? nothing : Int32Array.from(list)
      this.#own[local] = steps
    }
    return steps
  }

  /** What the messages of a channel can do to the receiver: pairs of the next node state and the emission. */
  deliveries(receiver: number, channel: number): Int32Array {
    const known = this.#deliveries.get(receiver, channel)
    if (known >= 0) return this.#lists[known]!
    const list: number[] = []
    const now = this.#states.get(receiver)
    for (const message of this.arriving(now, channel)) {
      // What only sends has been taken already.
      if (this.#absorbs(now.node) && this.#sendsOnly(now, this.#transitions.onMessage(now, message))) continue
      const { local, emission } = this.deliver(receiver, message)
      this.#add(list, receiver, local, emission)
    }
    const index = list.length === 0 ? 0 : this.#lists.push(Int32Array.from(list)) - 1
    this.#deliveries.set(receiver, channel, index)
    return this.#lists[index]!
  }

  /** The messages of a channel that may arrive while the system is explored. */
  arriving(now: Local, channel: number): Int32Array {
    const messages = this.#states.messagesFor(now, channel)
    return this.#blocked.isEmpty
      ? messages
      : messages.filter((message) => !this.isBlocked(this.#states.messages.get(message)))
  }

  isBlocked({ from, to }: SentMessage): boolean {
    return this.#blocked.isCut(from, to)
  }

  /** The receiver after one message. */
  deliver(receiver: number, message: number): { readonly local: number; readonly emission: number } {
    const now = this.#states.get(receiver)
    const step = this.#transitions.onMessage(now, message)
    if (isNoOp(step, now.snapshot)) return { local: receiver, emission: 0 }
    const local = this.#after(now, step, this.#states.timers(now.timers), now.script)
    return { local, emission: step.emission }
  }

  /**
   * The receiver after everything in the channel that makes it send more without changing it otherwise. Sending more
   * takes no behaviour away, because a message need not arrive: such steps may as well be taken at once.
   */
  saturated(receiver: number, channel: number): number {
    const known = this.#saturated.get(receiver, channel)
    if (known >= 0) return known
    const now = this.#states.get(receiver)
    let { outbox } = now
    for (const message of this.#absorbs(now.node) ? this.arriving(now, channel) : nothing) {
      const step = this.#transitions.onMessage(now, message)
      if (this.#sendsOnly(now, step)) outbox = this.#absorbed(now, outbox, step.sends)
    }
    const result = outbox === now.outbox ? receiver : this.#states.localId({ ...now, outbox })
    this.#saturated.set(receiver, channel, result)
    return result
  }

  /** The node state after a crash; -1 if the node may not crash. What was sent stays on its way. */
  crashed(local: number): number {
    let crashed = this.#crashed[local]
    if (crashed === undefined) {
      const now = this.#states.get(local)
      const may = now.alive && this.#states.nodes[now.node]!.mayCrash === true
      crashed = may ? this.#states.localId({ ...now, alive: false, timers: 0 }) : -1
      this.#crashed[local] = crashed
    }
    return crashed
  }

  /** The next life of a crashed node; null if it has none. */
  restarted(local: number): NodeStep | null {
    const now = this.#states.get(local)
    const restart = this.#states.nodes[now.node]!.restart
    if (now.alive || restart === undefined) return null
    const { id, input } = restart(now.life + 1)
    return this.enter(now.node, now.life + 1, id, input, now.outbox, now.script)
  }

  *ownSteps(local: number): Generator<OwnStep> {
    const now = this.#states.get(local)
    if (!this.#states.takesEvents(now)) return
    const { script = [], ready } = this.#states.nodes[now.node]!
    const timers = this.#states.timers(now.timers)
    for (const timer of timers) {
      if (!this.#mayFire(timers, timer)) continue
      const { event } = timer
      const step = this.#transitions.onEvent(now, event, false)
      const left = timers.filter((other) => other !== timer)
      const { emission, sends } = step
      yield { kind: 'timer', event, local: this.#after(now, step, left, now.script), emission, sends }
    }
    const event = script[now.script]
    if (event !== undefined && this.#isReady(ready, now)) {
      const step = this.#transitions.onEvent(now, event, true)
      const { emission, sends } = step
      yield { kind: 'script', event, local: this.#after(now, step, timers, now.script + 1), emission, sends }
    }
  }

  /** @throws Error naming the node if its `ready` throws */
  #isReady(ready: CheckedNode['ready'], now: Local): boolean {
    const snapshot: AnyMachineSnapshot = this.#states.snapshot(now.snapshot)
    try {
      return ready === undefined || ready(snapshot)
    } catch (error) {
      const id = this.#states.idOf(now.node, now.life)
      const where = `in the state ${JSON.stringify(snapshot.value)}`
      throw new Error(`ready of node "${id}" threw ${where}: ${reasonOf(error)}`, { cause: error })
    }
  }

  #mayFire(timers: readonly Timer[], timer: Timer): boolean {
    return !this.#ordered || !timers.some((other) => other !== timer && isBefore(timers, other, timer))
  }

  #add(list: number[], from: number, to: number, emission: number): void {
    if (to === from && emission === 0) return
    for (let i = 0; i < list.length; i += 2) if (list[i] === to && list[i + 1] === emission) return
    list.push(to, emission)
    this.judge.judge(from, to)
  }

  #after(now: Local, step: SnapshotStep, timers: readonly Timer[], script: number): number {
    const states = this.#states
    const left = changed(timers, step.timers)
    const sends = states.keepsSent ? step.sends : []
    const after: Local = {
      ...now,
      snapshot: step.snapshot,
      outbox: sends.length === 0 ? now.outbox : states.messages.outboxWith(now.outbox, sends),
      timers: left === states.timers(now.timers) ? now.timers : states.timersId(left),
      script,
    }
    if (!this.#absorbs(now.node)) return states.localId(after)
    let { outbox } = after
    for (const more of this.#sendsOfTimers(after)) outbox = this.#absorbed(after, outbox, more)
    return states.localId({ ...after, outbox })
  }

  // Steps that only send

  #absorbs(node: number): boolean {
    return (this.#absorbing & (1 << node)) !== 0
  }

  /** Whether a step does nothing but send (or nothing at all). */
  #sendsOnly(now: Local, step: SnapshotStep): boolean {
    if (step.snapshot !== now.snapshot || step.emission !== 0) return false
    return (
      step.timers.length === 0 ||
      this.#states.timersId(changed(this.#states.timers(now.timers), step.timers)) === now.timers
    )
  }

  /** What has been sent after a step that only sends; it is judged like any other. */
  #absorbed(now: Local, outbox: number, sends: readonly number[]): number {
    const grown = this.#states.messages.outboxWith(outbox, sends)
    if (grown !== outbox && this.judge.hasInvariants) {
      const view = (sent: number) => this.#states.viewOf({ ...now, outbox: sent })
      this.judge.judgeViews(now.node, view(outbox), view(grown))
    }
    return grown
  }

  /** What each timer of a snapshot makes it send without changing it. */
  #sendsOfTimers(now: Local): readonly (readonly number[])[] {
    const key = now.snapshot * 0x200000 + now.timers
    let sends = this.#timerSends.get(key)
    if (sends === undefined) {
      const timers = this.#states.timers(now.timers)
      sends = timers.flatMap((timer) => {
        if (!this.#mayFire(timers, timer)) return []
        const step = this.#transitions.onEvent(now, timer.event, false)
        const left = timers.filter((other) => other !== timer)
        const setAgain = this.#states.timersId(changed(left, step.timers))
        const changesNothing = step.snapshot === now.snapshot && step.emission === 0
        return changesNothing && setAgain === now.timers && step.sends.length > 0 ? [step.sends] : []
      })
      this.#timerSends.set(key, sends)
    }
    return sends
  }
}
