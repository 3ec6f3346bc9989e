/** The search: every order, loss, delay and duplication of messages, timers, crashes and restarts, from the start on. */

import type { Happening } from '../happening.ts'
import { firstBroken } from '../properties/judge.ts'
import { judged } from '../properties/judged.ts'
import type { CheckedSystem, Goal, NodeView, SentMessage, SystemView } from '../system.ts'
import { validSystem } from '../valid-system.ts'
import { crashCost } from './expansion.ts'
import { Exploration, type Violation } from './exploration.ts'
import { Locals } from './locals.ts'
import type { Coverage } from './node-state.ts'
import type { StateSet } from './state-store.ts'

/** Where a search stops although there is more to see; the verdict is then `bounded`. */
export interface SearchBounds {
  /** Steps from the start; default: no bound. */
  readonly depth?: number
  /** Distinct states; default 50,000,000. */
  readonly states?: number
  readonly seconds?: number
  /** Bytes for states and index; default 6 GiB. */
  readonly bytes?: number
}

/** How far a search has come; told every 16,384 explored states, and at the end. */
export interface Progress {
  readonly states: number
  readonly statesPerSecond: number
  readonly depth: number
  /** States that were found and not yet explored. */
  readonly frontier: number
  readonly bytes: number
  readonly seconds: number
}

/** How a search ended, in numbers; what it means is `check`'s to say. */
export interface SearchEnd {
  readonly end: 'exhausted' | 'violated' | 'depth' | 'states' | 'seconds' | 'bytes' | 'goals'
  readonly states: number
  readonly transitions: number
  /** Steps from the start to the deepest state that was explored. */
  readonly depth: number
  readonly seconds: number
  readonly bytes: number
  readonly locals: number
  readonly snapshotSteps: number
  readonly violation: Violation | null
  /** The first state that reached each goal; null where none did. */
  readonly goals: readonly { readonly name: string; readonly state: number | null }[]
}

/** How to search: in which order, within which bounds, for which goals. */
export interface SearchOptions {
  readonly bounds?: SearchBounds
  readonly order?: 'breadth-first' | 'depth-first'
  /** Stop as soon as every goal has been reached. */
  readonly stopAtGoals?: boolean
  /** Goals to look for instead of the system's. */
  readonly goals?: readonly Goal[]
  readonly progress?: (progress: Progress) => void
}

/** One search through one system; keeps every state it has seen, so that afterwards each one's history can be told. */
export class Search {
  readonly locals: Locals
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
   */
  constructor(given: CheckedSystem, reduction: 'sends' | 'none' = 'sends', stepwise = 0) {
    const system = validSystem(given)
    this.#system = system
    this.#nodes = system.nodes.length
    this.#reduced = reduction === 'sends' && (system.network ?? 'set') === 'set'
    this.absorbing = this.#reduced ? ~stepwise : 0
    this.locals = new Locals(system, this.absorbing)
    this.states = new Exploration(system, this.locals, this.#reduced)
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
    const { bounds = {}, order = 'breadth-first', stopAtGoals = false, progress } = options
    const { states: statesMax = statesMaxDefault, bytes: bytesMax = bytesMaxDefault } = bounds
    const depthMax = bounds.depth ?? Number.POSITIVE_INFINITY
    const started = performance.now()
    const deadline = started + (bounds.seconds ?? Number.POSITIVE_INFINITY) * 1000
    const states = this.states
    states.begin(this.begin(), {
      statesMax,
      ...(options.goals === undefined ? {} : { goals: options.goals }),
    })
    const { store } = states
    const isDeep = order === 'depth-first'
    const stack: number[] = isDeep ? [0] : []
    const depths: number[] = isDeep ? [0] : []
    let depth = 0
    let deepest = 0
    let levelEnd = 1
    let at = 0
    let toldAt = 0
    let isCut = false
    const tell = () => {
      const frontier = isDeep ? stack.length : store.size - at
      progress?.(progressOf(store.size, states.bytes, depth, frontier, performance.now() - started))
    }
    const isOver = (): SearchEnd['end'] | null => {
      if (states.violation !== null) return 'violated'
      if (stopAtGoals && states.goalsLeft === 0 && states.goalStates.length > 0) return 'goals'
      if (store.size >= statesMax) return 'states'
      if (performance.now() > deadline) return 'seconds'
      if (at - toldAt < 0x4000) return null
      toldAt = at
      if (states.bytes > bytesMax) return 'bytes'
      tell()
      return null
    }
    // A batch of slow steps must not outlast the bound: what is slow is taken state by state.
    let batch = batchMax
    const nextBatch = (began: number) => {
      if (deadline === Number.POSITIVE_INFINITY) return
      batch = performance.now() - began > slowBatchMs ? 1 : Math.min(batchMax, 2 * batch)
    }
    const breadthFirst = (): SearchEnd['end'] => {
      for (;;) {
        if (at >= store.size) return 'exhausted'
        if (at >= levelEnd) {
          if (depth + 1 >= depthMax) return 'depth'
          depth++
          levelEnd = store.size
        }
        const first = at
        at = Math.min(levelEnd, at + batch)
        const began = performance.now()
        states.explore(first, at)
        nextBatch(began)
        const over = isOver()
        if (over !== null) return over
      }
    }
    const depthFirst = (): SearchEnd['end'] => {
      for (;;) {
        const number = stack.pop()
        if (number === undefined) return isCut ? 'depth' : 'exhausted'
        depth = depths.pop()!
        if (depth >= depthMax) {
          isCut = true
          continue
        }
        at++
        deepest = Math.max(deepest, depth)
        const known = store.size
        states.explore(number, number + 1)
        for (let found = known; found < store.size; found++) {
          stack.push(found)
          depths.push(depth + 1)
        }
        const over = isOver()
        if (over !== null) return over
      }
    }

    const end = isOver() ?? (isDeep ? depthFirst() : breadthFirst())
    tell()
    return {
      end,
      states: store.size,
      transitions: states.transitions,
      depth: Math.max(depth, deepest),
      seconds: (performance.now() - started) / 1000,
      bytes: states.bytes,
      locals: this.locals.size,
      snapshotSteps: this.locals.snapshotSteps,
      violation: states.violation,
      goals: states.goals.map(({ name }, index) => ({ name, state: states.goalStates[index]! })),
    }
  }

  /** The state in which everything has started. */
  initial(): Int32Array {
    const state = new Int32Array(this.width)
    const sent: number[] = []
    for (let node = 0; node < this.#nodes; node++) {
      const { local, emission, sends } = this.locals.start(node)
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

  /** Forgets all states that were found and begins after these happenings, counted from the initial state. */
  restartAfter(prefix: readonly Happening[]): void {
    this.prefix = prefix
    this.states.forget()
  }

  /** Lets something happen in `state`, which it changes; the place where it happened, or -1 where it cannot happen. */
  apply(state: Int32Array, happening: Happening): number {
    const { network } = this.states
    if (network !== null) {
      const made = network.apply(state, happening)
      this.#sent = made?.sends.map((message) => this.locals.message(message)) ?? []
      return made?.place ?? -1
    }
    const nodes = this.#nodes
    const cost = happening.kind === 'crash' ? crashCost : happening.kind === 'restart' ? 1 : 0
    const left = state[nodes + 1]!
    if (cost === crashCost ? left < crashCost : cost === 1 && left % crashCost === 0) return -1
    for (let place = 0; place < nodes; place++) {
      const step = this.locals.after(state, place, happening)
      if (step === null) continue
      state[place] = step.local
      state[nodes + 1] = left - cost
      state[nodes] = this.states.observations.after(state[nodes]!, step.emission)
      return place
    }
    return -1
  }

  /** What the happening that was applied last has newly sent. */
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

  /** The first invariant that does not hold in a state, with what is wrong; null where all hold. */
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
    return this.locals.coverage()
  }

  /** All that can happen next in a state. */
  happenings(state: Int32Array): Happening[] {
    const { network } = this.states
    if (network !== null) return network.happenings(state)
    return Array.from({ length: this.#nodes }, (_, place) => this.#happeningsAt(state, place)).flat()
  }

  #happeningsAt(state: Int32Array, place: number): Happening[] {
    const left = state[this.#nodes + 1]!
    const faults = left === 0 ? [] : this.locals.faults(state[place]!)
    return [...this.locals.steps(state, place), ...faults].map(({ happening }) => happening)
  }

  /** Takes one by one the steps of `absorbing` nodes that do nothing but send, until there are none; which they were. */
  sendAll(state: Int32Array, absorbing = this.absorbing): Happening[] {
    const taken: Happening[] = []
    for (let progress = true; progress; ) {
      progress = false
      for (let place = 0; place < this.#nodes; place++) {
        if ((absorbing & (1 << place)) === 0) continue
        for (const { happening, local } of this.locals.steps(state, place)) {
          const now = state[place]!
          if (!this.locals.onlySends(now, local)) continue
          const after = this.locals.after(state, place, happening)
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

/** States that are expanded before what they lead to is entered. */
export const batchMax = 32
const slowBatchMs = 50

export const statesMaxDefault = 50_000_000
export const bytesMaxDefault = 6 * 2 ** 30

export function progressOf(
  states: number,
  bytes: number,
  depth: number,
  frontier: number,
  ms: number,
): Progress {
  const seconds = ms / 1000
  return {
    states,
    statesPerSecond: Math.round(states / Math.max(0.001, seconds)),
    depth,
    frontier,
    bytes,
    seconds,
  }
}
