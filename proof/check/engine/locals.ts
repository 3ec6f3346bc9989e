/**
 * The local states of the nodes, as small integers: a node's snapshot, what it has sent so far, its timers and the rest
 * of its script. A state of the whole system is then one integer per node, and a step changes one of them.
 *
 * Every step is computed once: XState is asked once for each pair of a snapshot and an event, and what a sender's
 * messages can do to a receiver is listed once for each pair of their local states.
 */
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import type { PureAction, Stepper } from '../../../machines/step.ts'
import type { Happening } from '../happening.ts'
import { Links } from '../links.ts'
import { judged, reasonOf } from '../properties/judged.ts'
import type { CheckedNode, CheckedSystem, Emission, NodeView, SentMessage, StepInvariant } from '../system.ts'
import { refuseInvalidStep } from '../valid-system.ts'
import { mix, textHash } from './hash.ts'
import {
  type BrokenStep,
  type Coverage,
  changed,
  intern,
  isBefore,
  isNoOp,
  type Local,
  type LocalContent,
  type NodeStep,
  notingSent,
  type SnapshotOrigin,
  type SnapshotStep,
  sendsOnly,
  type Timer,
  type TimerChange,
  withoutSent,
} from './node-state.ts'
import { PairTable } from './pair-table.ts'
import { createTolerantStepper } from './tolerant-stepper.ts'

const nothing = new Int32Array(0)

/** The number of a set of timers is one part of a local state's key. */
const timerListsMax = 0x800

export class Locals {
  readonly nodes: readonly CheckedNode[]
  /** Per local state: a random-looking number, whose xor over all nodes is a state's hash. It is made of the content alone. */
  hashes = new Uint32Array(1024)
  /** Per local state: the number of its life with its snapshot. */
  selves = new Int32Array(1024)
  /** Per local state: the number of what it has sent. */
  outboxes = new Int32Array(1024)
  /** Per local state and node: the channel to it; see `channel`. */
  channels: Int32Array
  readonly brokenSteps: BrokenStep[] = []
  /** A bit for each node whose sent messages a step invariant has read that does not promise to be monotone. */
  sentReads = 0
  /** How often XState itself was asked. */
  snapshotSteps = 0

  readonly #steppers: Stepper<CheckedNode['machine']>[]
  readonly #links: Links
  readonly #ordered: boolean
  readonly #absorbing: number
  /** Whether a node state has all that was sent; else the network has what is in flight. */
  readonly #keepsSent: boolean
  readonly #stepInvariants: readonly StepInvariant[]

  readonly #snapshots: AnyMachineSnapshot[] = []
  readonly #snapshotIds = new Map<string, number>()
  readonly #snapshotHashes: number[] = []
  readonly #origins: SnapshotOrigin[] = []
  readonly #messages: SentMessage[] = []
  readonly #messageTo: number[] = []
  readonly #messageIds = new Map<string, number>()
  readonly #messageHashes: number[] = []
  readonly #messagesOf: Int32Array[] = []
  readonly #outboxHashes: number[] = []
  readonly #outboxIds = new Map<string, number>()
  /** What is under way to one node, as a channel; the empty one is 0. */
  readonly #channels: Int32Array[] = [nothing]
  readonly #channelIds = new Map<string, number>([['', 0]])
  /** Per outbox: its channel to each node. */
  readonly #outboxFor: Int32Array[] = []
  readonly #outboxGrown = new PairTable()
  readonly #timerLists: (readonly Timer[])[] = []
  readonly #timerIds = new Map<string, number>()
  readonly #timerHashes: number[] = []
  readonly #emissions: (Emission | null)[] = [null]
  readonly #emissionIds = new Map<string, number>()
  readonly #locals: Local[] = []
  readonly #localIds = new PairTable()
  readonly #sentIds = new PairTable()
  #sentCount = 0
  readonly #selves = new PairTable()
  #selfCount = 0
  readonly #crashed: (number | undefined)[] = []
  /** For each node how many events of its script have happened at most. */
  readonly #scripted: number[]
  readonly #views: (NodeView | undefined)[] = []
  readonly #delivered = new Map<number, SnapshotStep>()
  readonly #happened = new Map<string, SnapshotStep>()
  readonly #inner: (Int32Array | undefined)[] = []
  readonly #own: ((NodeStep & { readonly happening: Happening })[] | undefined)[] = []
  readonly #pairs = new PairTable()
  readonly #stepped = new PairTable()
  readonly #saturated = new PairTable()
  readonly #ownSends = new Map<number, readonly (readonly number[])[]>()
  readonly #lists: Int32Array[] = [nothing]

  /** @param absorbing a bit for each node whose steps that only send are taken at once */
  constructor(system: CheckedSystem, absorbing: number) {
    this.nodes = system.nodes
    this.channels = new Int32Array(this.hashes.length * system.nodes.length)
    this.#ordered = system.timers === 'ordered'
    this.#absorbing = absorbing
    this.#keepsSent = (system.network ?? 'set') === 'set'
    this.#stepInvariants = system.steps ?? []
    this.#steppers = system.nodes.map(({ machine }) => createTolerantStepper(machine))
    this.#links = new Links(system)
    this.#scripted = system.nodes.map(() => 0)
    this.#outboxId([])
    this.#timersId([])
  }

  get size(): number {
    return this.#locals.length
  }

  /** The local state from which a node starts, and what starting emitted. */
  start(node: number): NodeStep {
    const { id, input } = this.nodes[node]!
    return this.#enter(node, 1, id, input ?? { id }, 0, 0)
  }

  /** Steps of the node itself, timers and script: pairs of the next local state and the emission. No-ops are left out. */
  inner(local: number): Int32Array {
    let steps = this.#inner[local]
    if (steps === undefined) {
      steps = this.#listInner(local)
      this.#inner[local] = steps
    }
    return steps
  }

  /** What a node has sent to the node at `place`, as a channel: 0 if nothing. */
  channel(local: number, place: number): number {
    return this.channels[local * this.nodes.length + place]!
  }

  /** What the messages of a channel can do to the receiver: pairs of the next local state and the emission. */
  deliveries(receiver: number, channel: number): Int32Array {
    const known = this.#pairs.get(receiver, channel)
    if (known >= 0) return this.#lists[known]!
    const steps = this.#listDeliveries(receiver, channel)
    const index = steps.length === 0 ? 0 : this.#lists.push(steps) - 1
    this.#pairs.set(receiver, channel, index)
    return steps
  }

  /**
   * The receiver after everything in the channel that makes it send more without changing it otherwise. Sending more
   * takes no behaviour away, because a message need not arrive: such steps may as well be taken at once.
   */
  saturated(receiver: number, channel: number): number {
    const known = this.#saturated.get(receiver, channel)
    if (known >= 0) return known
    const now = this.#locals[receiver]!
    let { outbox } = now
    for (const message of this.#absorbs(now.node) ? this.#messagesIn(channel, now) : nothing) {
      const step = this.#stepOn(now, message)
      if (this.#sendsOnly(now, step)) outbox = this.#absorbed(now, outbox, step.sends)
    }
    const result = outbox === now.outbox ? receiver : this.#localId({ ...now, outbox })
    this.#saturated.set(receiver, channel, result)
    return result
  }

  /** Whether a step from one local state to another did nothing but send. */
  onlySends(from: number, to: number): boolean {
    const [before, after] = [this.#locals[from]!, this.#locals[to]!]
    return from !== to && sendsOnly(before, after)
  }

  /** The steps that a node can take, given the others' local states; for people, not for speed. */
  steps(all: ArrayLike<number>, place: number): { readonly happening: Happening; readonly local: number }[] {
    const local = all[place]!
    const { node, life } = this.#locals[local]!
    const id = this.#idOf(node, life)
    const found: { happening: Happening; local: number }[] = [...this.#innerHappenings(local)]
    for (let sender = 0; sender < this.nodes.length; sender++) {
      for (const message of this.#messagesIn(this.channel(all[sender]!, node), this.#locals[local]!)) {
        const happening: Happening = { kind: 'deliver', node: id, message: this.#messages[message]! }
        found.push({ happening, local: this.#deliver(local, message).local })
      }
    }
    return found
  }

  /** The crash and the restart that can happen to a node. */
  faults(local: number): (NodeStep & { readonly happening: Happening })[] {
    const { node, life } = this.#locals[local]!
    const id = this.#idOf(node, life)
    const found: (NodeStep & { happening: Happening })[] = []
    const crashed = this.crashed(local)
    if (crashed >= 0)
      found.push({ happening: { kind: 'crash', node: id }, local: crashed, emission: 0, sends: [] })
    const next = this.restarted(local)
    if (next !== null) {
      const happening: Happening = { kind: 'restart', node: id, id: this.#idOf(node, life + 1) }
      found.push({ ...next, happening })
    }
    return found
  }

  // For networks that keep messages

  /** Timers and script, with what each step sends. */
  ownSteps(local: number): readonly (NodeStep & { readonly happening: Happening })[] {
    let steps = this.#own[local]
    if (steps === undefined) {
      steps = [...this.#innerHappenings(local)]
      this.#own[local] = steps
    }
    return steps
  }

  /** The arrival of a message in a state; null where its receiver takes nothing, or lives under another id. */
  arrival(state: ArrayLike<number>, message: number) {
    const sent = this.#messages[message]!
    const place = this.#messageTo[message]!
    const now = this.#locals[state[place]!]!
    if (!this.#takesEvents(now) || this.#idOf(now.node, now.life) !== sent.to) return null
    const { local, emission } = this.#deliver(state[place]!, message)
    const step = this.#stepOn(now, message)
    const happening = { kind: 'deliver', node: sent.to, message: sent } as const
    return {
      place,
      happening,
      step: { local, emission, sends: step.sends, isNoOp: isNoOp(step, now.snapshot) },
    }
  }

  /** Asks step invariants of a step, once. */
  judge(from: number, to: number): void {
    if (this.#stepInvariants.length === 0 || this.#stepped.get(from, to) >= 0) return
    this.#stepped.set(from, to, 0)
    this.#judgeStep(this.#locals[from]!.node, this.view(from), this.view(to))
  }

  message(message: number): SentMessage {
    return this.#messages[message]!
  }

  messageHash(message: number): number {
    return this.#messageHashes[message]!
  }

  placeOf(message: number): number {
    return this.#messageTo[message]!
  }

  /** The local state after a crash, or -1 where none may befall. What was sent stays on its way. */
  crashed(local: number): number {
    let crashed = this.#crashed[local]
    if (crashed === undefined) {
      const now = this.#locals[local]!
      const may = now.alive && this.nodes[now.node]!.mayCrash === true
      crashed = may ? this.#localId({ ...now, alive: false, timers: 0 }) : -1
      this.#crashed[local] = crashed
    }
    return crashed
  }

  /** The local state of the next life, or -1. */
  restarted(local: number): NodeStep | null {
    const now = this.#locals[local]!
    const restart = this.nodes[now.node]!.restart
    if (now.alive || restart === undefined) return null
    const { id, input } = restart(now.life + 1)
    return this.#enter(now.node, now.life + 1, id, input, now.outbox, now.script)
  }

  view(local: number): NodeView {
    let view = this.#views[local]
    if (view === undefined) {
      view = this.#viewOf(this.#locals[local]!)
      this.#views[local] = view
    }
    return view
  }

  coverage(): Coverage {
    const messages = new Map<string, Coverage['messages'][number]>()
    for (const [index, { from, message }] of this.#messages.entries()) {
      const [{ type }, to] = [message, this.#messageTo[index]!]
      messages.set(`${to} ${type}`, { type, from, to })
    }
    const effects = new Map<string, Coverage['effects'][number]>()
    for (const emission of this.#emissions)
      for (const { type } of emission?.actions ?? [])
        effects.set(`${emission!.node} ${type}`, { type, node: emission!.node })
    return { messages: [...messages.values()], effects: [...effects.values()], scripted: this.#scripted }
  }

  #viewOf({ node, life, alive, snapshot, outbox }: Local): NodeView {
    if (!this.#keepsSent) return withoutSent(this.#idOf(node, life), alive, this.#snapshots[snapshot]!)
    return {
      id: this.#idOf(node, life),
      alive,
      snapshot: this.#snapshots[snapshot]!,
      sent: [...this.#messagesOf[outbox]!].map((message) => this.#messages[message]!),
    }
  }

  emission(id: number): Emission | null {
    return this.#emissions[id]!
  }

  /** The local state after a happening there, with what it emitted; null where it cannot happen in `all`. */
  after(
    all: ArrayLike<number>,
    place: number,
    happening: Happening,
  ): { local: number; emission: number } | null {
    const local = all[place]!
    const { node, life } = this.#locals[local]!
    if (happening.node !== this.#idOf(node, life)) return null
    switch (happening.kind) {
      case 'crash': {
        const crashed = this.crashed(local)
        return crashed < 0 ? null : { local: crashed, emission: 0 }
      }
      case 'restart':
        return this.restarted(local)
      case 'lose':
        return null
      case 'timer':
      case 'script': {
        const wanted = JSON.stringify(happening.event)
        for (const found of this.#innerHappenings(local)) {
          const { kind } = found.happening
          if (
            kind === happening.kind &&
            JSON.stringify((found.happening as { event: unknown }).event) === wanted
          )
            return found
        }
        return null
      }
      case 'deliver': {
        const wanted = JSON.stringify(happening.message)
        for (let sender = 0; sender < this.nodes.length; sender++) {
          const message = this.#messagesIn(this.channel(all[sender]!, node), this.#locals[local]!).find(
            (id) => JSON.stringify(this.#messages[id]) === wanted,
          )
          if (message !== undefined) return this.#deliver(local, message)
        }
        return null
      }
    }
  }

  // Between searches that number differently

  contentOf(local: number): LocalContent {
    const { node, life, alive, snapshot, outbox, timers, script } = this.#locals[local]!
    const sent = [...this.#messagesOf[outbox]!].map((message) => this.#messages[message]!)
    return { node, life, alive, snapshot, script, sent, timers: this.#timerLists[timers]! }
  }

  originOf(snapshot: number): SnapshotOrigin {
    return this.#origins[snapshot]!
  }

  /** The number here of a snapshot that another search has told of; `from` is a number here. */
  adoptSnapshot({ node, life, from, event }: SnapshotOrigin): number {
    if (from >= 0) {
      const now = { node, life, alive: true, snapshot: from, outbox: 0, timers: 0, script: 0 }
      return this.#ask(now, event!, null).snapshot
    }
    const { id, input, restart } = this.nodes[node]!
    const start = life === 1 || restart === undefined ? { id, input: input ?? { id } } : restart(life)
    const entered = this.#enter(node, life, start.id, start.input, 0, 0).local
    return this.#locals[entered]!.snapshot
  }

  /** The number here of a local state that another search has told of; its snapshot is a number here. */
  adopt({ node, life, alive, snapshot, script, sent, timers }: LocalContent): number {
    const messages = sent.map((message) => this.#messageId(message)).sort((a, b) => a - b)
    const [outbox, set] = [this.#outboxId(messages), this.#timersId(timers)]
    return this.#localId({ node, life, alive, snapshot, outbox, timers: set, script })
  }

  // Listing steps

  #listInner(local: number): Int32Array {
    const list: number[] = []
    for (const { local: next, emission } of this.#innerHappenings(local))
      this.#add(list, local, next, emission)
    return list.length === 0 ? nothing : Int32Array.from(list)
  }

  *#innerHappenings(local: number) {
    const now = this.#locals[local]!
    if (!this.#takesEvents(now)) return
    const { script = [], ready } = this.nodes[now.node]!
    const id = this.#idOf(now.node, now.life)
    const timers = this.#timerLists[now.timers]!
    for (const timer of timers) {
      if (!this.#mayFire(timers, timer)) continue
      const step = this.#onEvent(now, timer.event, false)
      const left = timers.filter((other) => other !== timer)
      const happening: Happening = { kind: 'timer', node: id, event: timer.event }
      const { emission, sends } = step
      yield { happening, local: this.#after(now, step, left, now.script), emission, sends }
    }
    const event = script[now.script]
    if (event !== undefined && this.#isReady(ready, id, this.#snapshots[now.snapshot]!)) {
      const step = this.#onEvent(now, event, true)
      const happening: Happening = { kind: 'script', node: id, event }
      const { emission, sends } = step
      yield { happening, local: this.#after(now, step, timers, now.script + 1), emission, sends }
    }
  }

  /** @throws Error naming the node where its `ready` throws */
  #isReady(ready: CheckedNode['ready'], id: string, snapshot: AnyMachineSnapshot): boolean {
    try {
      return ready === undefined || ready(snapshot)
    } catch (error) {
      const where = `in the state ${JSON.stringify(snapshot.value)}`
      throw new Error(`ready of node "${id}" threw ${where}: ${reasonOf(error)}`, { cause: error })
    }
  }

  #mayFire(timers: readonly Timer[], timer: Timer): boolean {
    return !this.#ordered || !timers.some((other) => other !== timer && isBefore(timers, other, timer))
  }

  #listDeliveries(receiver: number, channel: number): Int32Array {
    const list: number[] = []
    const now = this.#locals[receiver]!
    for (const message of this.#messagesIn(channel, now)) {
      // What only sends has been taken already.
      if (this.#absorbs(now.node) && this.#sendsOnly(now, this.#stepOn(now, message))) continue
      const { local, emission } = this.#deliver(receiver, message)
      this.#add(list, receiver, local, emission)
    }
    return list.length === 0 ? nothing : Int32Array.from(list)
  }

  /** A machine that is done takes no more, as a live actor would not. */
  #takesEvents({ alive, snapshot }: Local): boolean {
    return alive && this.#snapshots[snapshot]!.status === 'active'
  }

  /** The messages of a channel that are for this life of the receiver. */
  #messagesIn(channel: number, now: Local): Int32Array {
    if (!this.#takesEvents(now)) return nothing
    const { node, life } = now
    const messages = this.#channels[channel]!
    if (this.nodes[node]!.restart === undefined) return messages
    const id = this.#idOf(node, life)
    return messages.filter((message) => this.#messages[message]!.to === id)
  }

  #stepOn(now: Local, message: number): SnapshotStep {
    const key = now.snapshot * 0x200000 + message
    let step = this.#delivered.get(key)
    if (step === undefined) {
      const { from, message: body } = this.#messages[message]!
      step = this.#ask(now, { ...body, from } as EventObject, null)
      this.#delivered.set(key, step)
    }
    return step
  }

  #deliver(receiver: number, message: number): { readonly local: number; readonly emission: number } {
    const now = this.#locals[receiver]!
    const step = this.#stepOn(now, message)
    if (isNoOp(step, now.snapshot)) return { local: receiver, emission: 0 }
    const local = this.#after(now, step, this.#timerLists[now.timers]!, now.script)
    return { local, emission: step.emission }
  }

  /** Whether a step does nothing but send (or nothing at all). */
  #sendsOnly(now: Local, step: SnapshotStep): boolean {
    if (step.snapshot !== now.snapshot || step.emission !== 0) return false
    return (
      step.timers.length === 0 ||
      this.#timersId(changed(this.#timerLists[now.timers]!, step.timers)) === now.timers
    )
  }

  #add(list: number[], from: number, to: number, emission: number): void {
    if (to === from && emission === 0) return
    for (let i = 0; i < list.length; i += 2) if (list[i] === to && list[i + 1] === emission) return
    list.push(to, emission)
    this.judge(from, to)
  }

  #judgeStep(node: number, before: NodeView, after: NodeView): void {
    for (const { name, holds, monotone } of this.#stepInvariants) {
      const noted = (view: NodeView) => (monotone ? view : notingSent(view, () => this.#noteSentRead(node)))
      const verdict = judged(() => holds(noted(before), noted(after)))
      if (verdict !== true) this.brokenSteps.push({ name, reason: verdict })
    }
  }

  #noteSentRead(node: number): void {
    this.sentReads |= 1 << node
  }

  #absorbs(node: number): boolean {
    return (this.#absorbing & (1 << node)) !== 0
  }

  /** What has been sent after a step that only sends; it is judged like any other. */
  #absorbed(now: Local, outbox: number, sends: readonly number[]): number {
    const grown = this.#outboxWith(outbox, sends)
    if (grown !== outbox && this.#stepInvariants.length > 0)
      this.#judgeStep(now.node, this.#viewOf({ ...now, outbox }), this.#viewOf({ ...now, outbox: grown }))
    return grown
  }

  // Asking XState

  #enter(node: number, life: number, id: string, input: unknown, outbox: number, script: number) {
    const { snapshot, actions } = this.#started(node, id, input)
    const origin: SnapshotOrigin = { node, life, from: -1, event: null }
    const step = this.#stepOf(origin, id, snapshot as AnyMachineSnapshot, actions, null)
    const empty: Local = { node, life, alive: true, snapshot: step.snapshot, outbox, timers: 0, script }
    return { local: this.#after(empty, step, [], script), emission: step.emission, sends: step.sends }
  }

  /** @throws Error where the machine throws before it has any state */
  #started(node: number, id: string, input: unknown) {
    const failed = (error: unknown) => {
      const reason = reasonOf(error)
      return new Error(`node "${id}" cannot start: ${reason}`, { cause: error })
    }
    let start: ReturnType<Stepper<CheckedNode['machine']>['start']>
    try {
      start = this.#steppers[node]!.start(input as never)
    } catch (error) {
      throw failed(error)
    }
    const { status, error } = start.snapshot as AnyMachineSnapshot
    if (status === 'error') throw failed(error)
    return start
  }

  #onEvent(now: Local, event: EventObject, scripted: boolean): SnapshotStep {
    const key = `${now.snapshot} ${scripted} ${JSON.stringify(event)}`
    let step = this.#happened.get(key)
    if (step === undefined) {
      step = this.#ask(now, event, scripted ? event : null)
      this.#happened.set(key, step)
    }
    return step
  }

  #ask(now: Local, event: EventObject, scripted: EventObject | null): SnapshotStep {
    this.snapshotSteps++
    const { snapshot, actions } = this.#steppers[now.node]!.step(
      this.#snapshots[now.snapshot] as never,
      event as never,
    )
    return this.#stepOf(
      { node: now.node, life: now.life, from: now.snapshot, event },
      this.#idOf(now.node, now.life),
      snapshot as AnyMachineSnapshot,
      actions,
      scripted,
    )
  }

  #stepOf(
    origin: SnapshotOrigin,
    id: string,
    snapshot: AnyMachineSnapshot,
    actions: readonly PureAction[],
    scripted: EventObject | null,
  ): SnapshotStep {
    refuseInvalidStep(id, snapshot, actions)
    const sends: number[] = []
    const timers: TimerChange[] = []
    const others: PureAction[] = []
    for (const { type, params } of actions) {
      if (type === 'send') {
        const message = this.#messageId({ from: id, ...(params as { to: string; message: EventObject }) })
        if (message >= 0) sends.push(message)
      } else if (type === 'xstate.raise') {
        const { event, id: timer, delay } = params as { event: EventObject; id?: string; delay?: number }
        if (delay !== undefined) timers.push({ set: { id: timer ?? event.type, event, delay } })
      } else if (type === 'xstate.cancel') {
        timers.push({ cancel: String((params as { sendId?: unknown })?.sendId ?? params) })
      } else if (type !== 'ignore') others.push({ type, params })
    }
    const emission =
      others.length === 0 && scripted === null
        ? 0
        : this.#emissionId({ node: id, event: scripted, actions: others })
    return { snapshot: this.#snapshotId(origin, snapshot), sends, timers, emission }
  }

  #after(now: Local, step: SnapshotStep, timers: readonly Timer[], script: number): number {
    const left = changed(timers, step.timers)
    const after: Local = {
      ...now,
      snapshot: step.snapshot,
      outbox:
        step.sends.length === 0 || !this.#keepsSent ? now.outbox : this.#outboxWith(now.outbox, step.sends),
      timers: left === this.#timerLists[now.timers] ? now.timers : this.#timersId(left),
      script,
    }
    if (!this.#absorbs(now.node)) return this.#localId(after)
    let { outbox } = after
    for (const sends of this.#sendsOf(after)) outbox = this.#absorbed(after, outbox, sends)
    return this.#localId({ ...after, outbox })
  }

  /** What each timer of a snapshot makes it send without changing it. */
  #sendsOf(now: Local): readonly (readonly number[])[] {
    const key = now.snapshot * 0x200000 + now.timers
    let sends = this.#ownSends.get(key)
    if (sends === undefined) {
      const timers = this.#timerLists[now.timers]!
      sends = timers.flatMap((timer) => {
        if (!this.#mayFire(timers, timer)) return []
        const step = this.#onEvent(now, timer.event, false)
        const changesNothing = step.snapshot === now.snapshot && step.emission === 0
        const setAgain = this.#timersId(
          changed(
            timers.filter((other) => other !== timer),
            step.timers,
          ),
        )
        return changesNothing && setAgain === now.timers && step.sends.length > 0 ? [step.sends] : []
      })
      this.#ownSends.set(key, sends)
    }
    return sends
  }

  // Interning

  #idOf(node: number, life: number): string {
    const { id, restart } = this.nodes[node]!
    return life === 1 || restart === undefined ? id : restart(life).id
  }

  #snapshotId(origin: SnapshotOrigin, snapshot: AnyMachineSnapshot): number {
    const { value, context, status, output, historyValue } = snapshot as AnyMachineSnapshot & {
      historyValue: object
    }
    const history = Object.entries(historyValue).map(([key, nodes]) => [
      key,
      (nodes as { id: string }[]).map(({ id }) => id),
    ])
    const key = `${origin.node} ${JSON.stringify([value, context, status, output, history])}`
    return intern(this.#snapshotIds, key, () => {
      this.#snapshotHashes.push(textHash(key))
      this.#origins.push(origin)
      return this.#snapshots.push(snapshot) - 1
    })
  }

  #messageId(message: SentMessage): number {
    const { from, to } = message
    if (this.#links.isCut(from, to)) return -1
    const place = this.#links.placeOf(to)
    if (place < 0)
      throw new TypeError(
        `node "${from}": sends ${message.message.type} to "${to}", which is no node; make it one of nodes, or let nothing arrive there by cuts: [{ from: "${from}", to: "${to}" }]`,
      )
    const key = JSON.stringify(message)
    return intern(this.#messageIds, key, () => {
      this.#messageTo.push(place)
      this.#messageHashes.push(textHash(key))
      return this.#messages.push(message) - 1
    })
  }

  #outboxId(messages: readonly number[]): number {
    return intern(this.#outboxIds, messages.join(), () => {
      const channels = new Int32Array(this.nodes.length)
      for (let place = 0; place < this.nodes.length; place++) {
        const mine = messages.filter((message) => this.#messageTo[message] === place)
        channels[place] = intern(
          this.#channelIds,
          mine.join(),
          () => this.#channels.push(Int32Array.from(mine)) - 1,
        )
      }
      this.#outboxFor.push(channels)
      this.#outboxHashes.push(messages.reduce((sum, message) => sum ^ this.#messageHashes[message]!, 0))
      return this.#messagesOf.push(Int32Array.from(messages)) - 1
    })
  }

  #outboxWith(outbox: number, sends: readonly number[]): number {
    let grown = outbox
    for (const message of sends) grown = this.#outboxPlus(grown, message)
    return grown
  }

  #outboxPlus(outbox: number, message: number): number {
    const known = this.#outboxGrown.get(outbox, message)
    if (known >= 0) return known
    const old = this.#messagesOf[outbox]!
    const grown = old.includes(message) ? outbox : this.#outboxId([...old, message].sort((a, b) => a - b))
    this.#outboxGrown.set(outbox, message, grown)
    return grown
  }

  #timersId(timers: readonly Timer[]): number {
    const list = this.#ordered ? timers : [...timers].sort((a, b) => (a.id < b.id ? -1 : 1))
    const key = JSON.stringify(list)
    return intern(this.#timerIds, key, () => {
      if (this.#timerLists.length === timerListsMax)
        throw new RangeError(
          `expected at most ${timerListsMax} different sets of timers; let timers carry less`,
        )
      this.#timerHashes.push(textHash(key))
      return this.#timerLists.push(list) - 1
    })
  }

  #emissionId(emission: Emission): number {
    return intern(this.#emissionIds, JSON.stringify(emission), () => this.#emissions.push(emission) - 1)
  }

  #localId(local: Local): number {
    const { life, alive, snapshot, outbox, timers, script } = local
    // A snapshot belongs to one node, so that the node need not be part of the key.
    const sent = this.#sentIds.getOrSet(snapshot, outbox, () => this.#sentCount++)
    const rest = ((life * 2 + (alive ? 1 : 0)) * 0x400 + script) * 0x800 + timers
    return this.#localIds.getOrSet(sent, rest, () => {
      const id = this.#locals.push(local) - 1
      this.#scripted[local.node] = Math.max(this.#scripted[local.node]!, script)
      if (id >= this.hashes.length) {
        this.hashes = grownTo(new Uint32Array(this.hashes.length * 2), this.hashes)
        this.selves = grownTo(new Int32Array(this.selves.length * 2), this.selves)
        this.outboxes = grownTo(new Int32Array(this.outboxes.length * 2), this.outboxes)
        this.channels = grownTo(new Int32Array(this.channels.length * 2), this.channels)
      }
      this.hashes[id] = this.#hashOf(local)
      this.selves[id] = this.#selves.getOrSet(snapshot, life * 2 + (alive ? 1 : 0), () => this.#selfCount++)
      this.outboxes[id] = outbox
      this.channels.set(this.#outboxFor[outbox]!, id * this.nodes.length)
      return id
    })
  }

  /** The same for the same content, whatever the numbers: searches that number differently agree on it. */
  #hashOf({ life, alive, snapshot, outbox, timers, script }: Local): number {
    const rest = mix(script * 64 + life * 2 + (alive ? 1 : 0)) ^ this.#timerHashes[timers]!
    return mix(mix(this.#snapshotHashes[snapshot]! ^ mix(rest)) ^ this.#outboxHashes[outbox]!)
  }
}

function grownTo<Table extends Int32Array | Uint32Array>(larger: Table, table: Table): Table {
  larger.set(table)
  return larger
}
