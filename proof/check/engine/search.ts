/** The search: every order, loss, delay and duplication of messages, timers, crashes and restarts, from the start on. */

import type { Happening } from '../happening.ts'
import { firstBroken } from '../properties/judge.ts'
import { judged } from '../properties/judged.ts'
import type { CheckedSystem, NodeView, SentMessage, SystemView } from '../system.ts'
import { validSystem } from '../valid-system.ts'
import { crashCost } from './expansion.ts'
import { Exploration } from './exploration.ts'
import { Model } from './model.ts'
import type { Coverage } from './node-state.ts'
import type { SearchEnd, SearchOptions } from './search-options.ts'
import type { StateSet } from './state-store.ts'
import { traverse } from './traversal.ts'

/** One search through one system; keeps every state it has seen, so that the run to each one can be reconstructed. */
export class Search {
  /** @internal */
  readonly model: Model
  /** A bit for each node whose steps that only send are taken at once. */
  readonly absorbing: number
  /** What happened before the state in which the search begins. */
  prefix: readonly Happening[] = []
  readonly width: number
  readonly #system: CheckedSystem
  readonly #nodes: number
  readonly #reduced: boolean
  #sent: readonly SentMessage[] = []
  /** @internal */
  readonly states: Exploration

  /**
   * @param given refused where it is no system that can be checked
   * @param reduction `sends` (default): a step that does nothing but send is taken at once. This reaches the same
   * states but for what these steps send, so `stepwise` must name the nodes whose `sent` a property reads that is
   * not monotone; `check` finds them out. `none`: plain search.
   * @param stepwise a bit for each node that takes such steps one by one all the same
   * @param blocked links on which nothing arrives while the system is explored; `apply` may still use them
   */
  constructor(
    given: CheckedSystem,
    reduction: 'sends' | 'none' = 'sends',
    stepwise = 0,
    blocked: NonNullable<CheckedSystem['cuts']> = [],
  ) {
    const system = validSystem(given)
    this.#system = system
    this.#nodes = system.nodes.length
    this.#reduced = reduction === 'sends' && (system.network ?? 'set') === 'set'
    this.absorbing = this.#reduced ? ~stepwise : 0
    this.model = new Model(system, this.absorbing, blocked)
    this.states = new Exploration(system, this.model, this.#reduced)
    this.width = this.states.width
  }

  /** Nodes of the system; in a state their integers come first. */
  get nodes(): number {
    return this.#nodes
  }

  get store(): StateSet {
    return this.states.store
  }

  run(options: SearchOptions = {}): SearchEnd {
    return traverse(this.states, this.begin(), options)
  }

  /** The state in which everything has started. */
  initial(): Int32Array {
    const state = new Int32Array(this.width)
    const sent: number[] = []
    for (let node = 0; node < this.#nodes; node++) {
      const { local, emission, sends } = this.model.successors.start(node)
      sent.push(...sends)
      state[node] = local
      state[this.#nodes] = this.states.observations.after(state[this.#nodes]!, emission)
    }
    state[this.#nodes + 1] = (this.#system.crashes ?? 0) * crashCost + (this.#system.restarts ?? 0)
    this.states.network?.begin(state, sent)
    return state
  }

  /** The state in which the search begins: the initial one, or the one after `prefix`. */
  begin(): Int32Array {
    const state = this.initial()
    for (const happening of this.prefix) this.apply(state, happening)
    return state
  }

  /**
   * Forgets all states that were found and begins after these actions, counted from the initial state.
   * @throws Error if one of them cannot happen; then the search begins where it did
   */
  restartAfter(prefix: readonly Happening[]): void {
    const state = this.initial()
    for (const [index, happening] of prefix.entries()) {
      if (this.apply(state, happening) < 0)
        throw new Error(
          `expected a run of this system, got one whose step ${index + 1} (${happening.kind} at ${happening.node}) cannot happen there; take the run of the same nodes`,
        )
    }
    this.prefix = prefix
    this.states.forget()
  }

  /** Lets something happen in `state`, which it changes; the place where it happened, or -1 where it cannot happen. */
  apply(state: Int32Array, happening: Happening): number {
    const { network } = this.states
    if (network !== null) {
      const made = network.apply(state, happening)
      this.#sent = made?.sends.map((message) => this.model.states.messages.get(message)) ?? []
      return made?.place ?? -1
    }
    const nodes = this.#nodes
    const cost = happening.kind === 'crash' ? crashCost : happening.kind === 'restart' ? 1 : 0
    const left = state[nodes + 1]!
    if (cost === crashCost ? left < crashCost : cost === 1 && left % crashCost === 0) return -1
    for (let place = 0; place < nodes; place++) {
      const step = this.model.actions.after(state, place, happening)
      if (step === null) continue
      state[place] = step.local
      state[nodes + 1] = left - cost
      state[nodes] = this.states.observations.after(state[nodes]!, step.emission)
      return place
    }
    return -1
  }

  /** What the last applied action has newly sent. */
  sentSince(before: NodeView, after: NodeView): readonly SentMessage[] {
    if (this.states.network !== null) return this.#sent
    return after.sent.filter((message) => !before.sent.includes(message))
  }

  /** A state as properties see it. */
  view(state: ArrayLike<number>): SystemView {
    return this.states.view(state)
  }

  /** The verdict of the invariant of that name. */
  invariant(name: string, state: ArrayLike<number>): true | string {
    return this.states.invariants.find((invariant) => invariant.name === name)?.verdict.of(state) ?? true
  }

  /** The verdict of the step invariant of that name on one step; a crash and a restart are not steps. */
  stepInvariant(
    name: string,
    { happening: { kind }, before, after }: { happening: Happening; before: NodeView; after: NodeView },
  ): true | string {
    if (kind === 'crash' || kind === 'restart') return true
    const step = this.#system.steps?.find((step) => step.name === name)
    return step === undefined ? true : judged(() => step.holds(before, after))
  }

  /** The verdict of the property of that name, of either kind, on a state and the step that led to it. */
  verdict(name: string, state: ArrayLike<number>, last: Parameters<Search['stepInvariant']>[1] | null) {
    const step = last === null ? true : this.stepInvariant(name, last)
    return step === true ? this.invariant(name, state) : step
  }

  goal(name: string, state: ArrayLike<number>): boolean {
    return this.states.goalNamed(name)?.verdict.of(state) ?? false
  }

  /** The first invariant that does not hold in a state, with what is wrong; null if all hold. */
  broken(state: ArrayLike<number>): { readonly name: string; readonly reason: string } | null {
    return firstBroken(this.states.invariants, state)
  }

  /** Whether nothing is explored behind a state. */
  isPruned(state: ArrayLike<number>): boolean {
    return this.states.isPruned(state)
  }

  /** Puts every state that one step leads to into `next`, one after another, and calls `visit` with its place. */
  eachNext(state: Int32Array, next: Int32Array, visit: (place: number) => void): void {
    const arrivals = this.states.nextOf(state)
    for (let index = 0; index < arrivals.count; index++) {
      arrivals.read(index, next)
      visit(arrivals.place(index))
    }
    arrivals.clear()
  }

  /** Takes every step that does nothing but send, where this search takes such steps at once. */
  settle(state: Int32Array): void {
    if (this.#reduced) this.states.settle(state)
  }

  /**
   * What led from one state of the search to the next: the step, and before it the steps that did nothing but send.
   * @param from is changed into the state that follows
   */
  advance(from: Int32Array, to: Int32Array): Happening[] {
    const sending = this.#reduced ? this.sendAll(from) : []
    const trial = from.slice()
    for (const happening of this.happenings(from)) {
      trial.set(from)
      if (this.apply(trial, happening) < 0) continue
      const reached = trial.slice()
      if (this.#reduced) this.states.settle(trial)
      if (trial.every((local, index) => local === to[index])) {
        from.set(reached)
        return [...sending, happening]
      }
    }
    throw new Error(
      'expected a step between two states that follow one another; are the machines deterministic?',
    )
  }

  /** See `unseen`. */
  get coverage(): Coverage {
    return this.model.states.coverage()
  }

  /** All that can happen next in a state. */
  happenings(state: Int32Array): Happening[] {
    const { network } = this.states
    if (network !== null) return network.happenings(state)
    return Array.from({ length: this.#nodes }, (_, place) => this.#happeningsAt(state, place)).flat()
  }

  #happeningsAt(state: Int32Array, place: number): Happening[] {
    const left = state[this.#nodes + 1]!
    const faults = left === 0 ? [] : this.model.actions.faults(state[place]!)
    return [...this.model.actions.of(state, place), ...faults].map(({ happening }) => happening)
  }

  /** Takes one by one the steps of `absorbing` nodes that do nothing but send, until there are none; which they were. */
  sendAll(state: Int32Array, absorbing = this.absorbing): Happening[] {
    const taken: Happening[] = []
    for (let progress = true; progress; ) {
      progress = false
      for (let place = 0; place < this.#nodes; place++) {
        if ((absorbing & (1 << place)) === 0) continue
        for (const { happening, local } of this.model.actions.of(state, place)) {
          const now = state[place]!
          if (!this.model.actions.onlySends(now, local)) continue
          const after = this.model.actions.after(state, place, happening)
          if (after === null || after.emission !== 0 || after.local === now) continue
          state[place] = after.local
          taken.push(happening)
          progress = true
        }
      }
    }
    return taken
  }

  /** The states from the start to this one, by number. */
  path(state: number): number[] {
    const path: number[] = []
    for (let at = state; at >= 0; at = this.store.parent(at)) path.push(at)
    return path.reverse()
  }

  hash(state: Int32Array): number {
    return this.states.hash(state)
  }

  observed(state: ArrayLike<number>): unknown {
    return this.states.observations.values[state[this.#nodes]!]
  }
}
