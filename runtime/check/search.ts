/** The search: every order, loss, delay and duplication of messages, timers, crashes and restarts, from the start on. */
import { mix, StateStore } from './int-tables.ts'
import { type Happening, Locals } from './locals.ts'
import {
  type Places,
  Remembered,
  type RememberedProperty,
  rememberGoals,
  rememberInvariants,
} from './properties.ts'
import type { CheckedSystem, Goal, NodeView, Observer } from './system.ts'

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
  readonly violation: {
    readonly name: string
    readonly reason: string
    readonly state: number
    /** For a step that is broken itself: the local state that it leads to from `state`. */
    readonly to?: number
  } | null
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
  store: StateStore
  /** What happened before the state in which the search begins. */
  prefix: readonly Happening[] = []
  readonly width: number
  readonly #system: CheckedSystem
  readonly #nodes: number
  readonly #places: Places
  readonly #reduced: boolean
  readonly #observer: Observer | undefined
  readonly #observed: unknown[] = []
  readonly #observedIds = new Map<string, number>()
  readonly #folded = new Map<number, number>()
  readonly #invariants: RememberedProperty<true | string>[]
  readonly #goals: RememberedProperty<boolean>[]
  readonly #prunes: Remembered<boolean>[]

  /**
   * @param reduction `sends` (default): a step that does nothing but send is taken at once. It reaches the same states but
   * for messages on their way, so a property must not complain that a message was not sent. `none`: plain search.
   */
  constructor(system: CheckedSystem, reduction: 'sends' | 'none' = 'sends') {
    if (system.nodes.length > 30)
      throw new RangeError(`expected at most 30 nodes, got ${system.nodes.length}; check a smaller system`)
    this.#system = system
    this.#nodes = system.nodes.length
    this.#observer = system.observer
    this.#reduced = reduction === 'sends'
    this.locals = new Locals(system, this.#reduced)
    // A part for each node, one for the observer, one for the crashes and restarts that are left.
    this.width = this.#nodes + 2
    this.store = new StateStore(this.width)
    this.#observedId(system.observer?.initial ?? null)
    this.#places = {
      ids: system.nodes.map(({ id }) => id),
      index: new Map(system.nodes.map(({ id }, index) => [id, index])),
      value: (place, local) => (place < this.#nodes ? this.locals.view(local) : this.#observed[local]),
    }
    this.#invariants = rememberInvariants(system.invariants ?? [], this.#places)
    this.#goals = rememberGoals(system.goals ?? [], this.#places)
    this.#prunes = (system.prunes ?? []).map((prune) => new Remembered(prune, this.#places))
  }

  run({
    bounds = {},
    order = 'breadth-first',
    stopAtGoals = false,
    goals: wanted,
    progress,
  }: SearchOptions = {}): SearchEnd {
    const sought = wanted === undefined ? this.#goals : rememberGoals(wanted, this.#places)
    const { states: statesMax = 50_000_000, bytes: bytesMax = 6 * 2 ** 30 } = bounds
    const depthMax = bounds.depth ?? Number.POSITIVE_INFINITY
    const started = performance.now()
    const deadline = started + (bounds.seconds ?? Number.POSITIVE_INFINITY) * 1000
    const { store, locals, width } = this
    const nodes = this.#nodes
    const state = new Int32Array(width)
    const next = new Int32Array(width)
    const goalStates: (number | null)[] = sought.map(() => null)
    let goalsLeft = sought.length
    let violation: SearchEnd['violation'] = null
    let transitions = 0
    let pruned = false

    /** Checks the newest state; `changed` has a bit for each part that a step has changed. */
    const judge = (candidate: Int32Array, changed: number): void => {
      const number = store.size - 1
      for (const { name, verdict } of this.#invariants) {
        if ((verdict.places & changed) === 0 && verdict.places !== 0) continue
        const holds = verdict.of(candidate)
        if (holds !== true) {
          violation ??= { name, reason: holds, state: number }
          return
        }
      }
      for (let i = 0; i < goalStates.length; i++) {
        if (goalStates[i] !== null) continue
        const { verdict } = sought[i]!
        if ((verdict.places & changed) === 0 && verdict.places !== 0) continue
        if (verdict.of(candidate)) {
          goalStates[i] = number
          goalsLeft--
        }
      }
    }

    const initial = this.begin()
    if (this.#reduced) this.#saturate(initial, -1)
    store.add(initial, this.hash(initial), -1)
    judge(initial, -1)

    let depth = 0
    let levelEnd = 1
    let at = 0
    const stack: number[] = order === 'depth-first' ? [0] : []
    const depths: number[] = order === 'depth-first' ? [0] : []
    let end: SearchEnd['end'] = 'exhausted'
    let explored = 0
    let parent = 0
    let parentHash = 0
    let parentDepth = 0
    let hashes = locals.hashes

    const tryStep = (place: number, local: number, emission: number): void => {
      transitions++
      next.set(state)
      const old = state[place]!
      next[place] = local
      hashes = locals.hashes
      let hash = parentHash ^ hashes[old]! ^ hashes[local]!
      let changed = 1 << place
      if (emission !== 0 && this.#observer !== undefined) {
        const before = state[nodes]!
        const after = this.#fold(before, emission)
        if (after !== before) {
          next[nodes] = after
          hash ^= observedHash(before) ^ observedHash(after)
          changed |= 1 << nodes
        }
      }
      if (this.#reduced) {
        changed = this.#saturate(next, changed)
        hash = hash ^ this.#hashChange
      }
      found(hash >>> 0, changed)
    }
    const found = (hash: number, changed: number): void => {
      if (!store.add(next, hash, parent)) return
      judge(next, changed)
      if (order === 'depth-first') {
        stack.push(store.size - 1)
        depths.push(parentDepth + 1)
      }
    }
    /** A crash or a restart uses up one of those that are left. */
    const tryFault = (place: number, local: number, emission: number, cost: number): void => {
      const left = state[nodes + 1]!
      state[nodes + 1] = left - cost
      const savedHash = parentHash
      parentHash = (parentHash ^ leftHash(left) ^ leftHash(left - cost)) >>> 0
      tryStep(place, local, emission)
      state[nodes + 1] = left
      parentHash = savedHash
    }

    for (;;) {
      if (violation !== null) {
        end = 'violated'
        break
      }
      if (stopAtGoals && goalsLeft === 0 && goalStates.length > 0) {
        end = 'goals'
        break
      }
      if (order === 'depth-first') {
        const top = stack.pop()
        if (top === undefined) break
        at = top
        parentDepth = depths.pop()!
        depth = Math.max(depth, parentDepth)
        if (parentDepth >= depthMax) {
          pruned = true
          continue
        }
      } else {
        if (at >= store.size) break
        if (at >= levelEnd) {
          if (depth + 1 >= depthMax) {
            end = 'depth'
            break
          }
          depth++
          levelEnd = store.size
        }
      }
      if ((explored & 0x3fff) === 0x3fff) {
        const now = performance.now()
        if (store.bytes > bytesMax) {
          end = 'bytes'
          break
        }
        if (now > deadline) {
          end = 'seconds'
          break
        }
        progress?.(this.#progress(depth, at, stack.length, now - started, order))
      }
      if (store.size >= statesMax) {
        end = 'states'
        break
      }
      explored++
      parent = at
      store.read(at, state)
      if (order === 'breadth-first') at++
      if (this.#prunes.length > 0 && this.#prunes.some((prune) => prune.of(state))) continue
      parentHash = this.hash(state)
      const left = state[nodes + 1]!
      for (let receiver = 0; receiver < nodes; receiver++) {
        const local = state[receiver]!
        const inner = locals.inner(local)
        for (let i = 0; i < inner.length; i += 2) tryStep(receiver, inner[i]!, inner[i + 1]!)
        for (let sender = 0; sender < nodes; sender++) {
          const channel = locals.channel(state[sender]!, receiver)
          if (channel === 0 || sender === receiver) continue
          const steps = locals.deliveries(local, channel)
          for (let i = 0; i < steps.length; i += 2) tryStep(receiver, steps[i]!, steps[i + 1]!)
        }
        if (left >= crashCost) {
          const crashed = locals.crashed(local)
          if (crashed >= 0) tryFault(receiver, crashed, 0, crashCost)
        }
        if (left % crashCost > 0) {
          const restarted = locals.restarted(local)
          if (restarted !== null) tryFault(receiver, restarted.local, restarted.emission, 1)
        }
      }
      if (locals.brokenSteps.length > 0) {
        const { name, reason, to } = locals.brokenSteps[0]!
        violation ??= { name, reason, state: parent, to }
      }
    }
    if (end === 'exhausted' && pruned) end = 'depth'
    const seconds = (performance.now() - started) / 1000
    progress?.(this.#progress(depth, at, stack.length, seconds * 1000, order))
    return {
      end,
      states: store.size,
      transitions,
      depth,
      seconds,
      bytes: store.bytes,
      locals: locals.size,
      snapshotSteps: locals.snapshotSteps,
      violation,
      goals: sought.map(({ name }, index) => ({ name, state: goalStates[index]! })),
    }
  }

  /** The state in which everything has started. */
  initial(): Int32Array {
    const state = new Int32Array(this.width)
    for (let node = 0; node < this.#nodes; node++) {
      const { local, emission } = this.locals.start(node)
      state[node] = local
      if (emission !== 0 && this.#observer !== undefined)
        state[this.#nodes] = this.#fold(state[this.#nodes]!, emission)
    }
    state[this.#nodes + 1] = (this.#system.crashes ?? 0) * crashCost + (this.#system.restarts ?? 0)
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
    this.store = new StateStore(this.width)
  }

  /** Lets something happen in `state`, which it changes; the place where it happened, or -1 where it cannot happen. */
  apply(state: Int32Array, happening: Happening): number {
    const nodes = this.#nodes
    const cost = happening.kind === 'crash' ? crashCost : happening.kind === 'restart' ? 1 : 0
    const left = state[nodes + 1]!
    if (cost === crashCost ? left < crashCost : cost === 1 && left % crashCost === 0) return -1
    for (let place = 0; place < nodes; place++) {
      const step = this.locals.after(state, place, happening)
      if (step === null) continue
      state[place] = step.local
      state[nodes + 1] = left - cost
      if (step.emission !== 0 && this.#observer !== undefined)
        state[nodes] = this.#fold(state[nodes]!, step.emission)
      return place
    }
    return -1
  }

  /** The verdict of the invariant of that name. */
  invariant(name: string, state: ArrayLike<number>): true | string {
    return this.#invariants.find((invariant) => invariant.name === name)?.verdict.of(state) ?? true
  }

  /** The verdict of the step invariant of that name on one step. */
  stepInvariant(name: string, before: NodeView, after: NodeView): true | string {
    return this.#system.steps?.find((step) => step.name === name)?.holds(before, after) ?? true
  }

  goal(name: string, state: ArrayLike<number>): boolean {
    return this.#goals.find((goal) => goal.name === name)?.verdict.of(state) ?? false
  }

  /** The first invariant that does not hold in a state, with what is wrong; null where all hold. */
  broken(state: ArrayLike<number>): { readonly name: string; readonly reason: string } | null {
    for (const { name, verdict } of this.#invariants) {
      const holds = verdict.of(state)
      if (holds !== true) return { name, reason: holds }
    }
    return null
  }

  /** Whether nothing is explored behind a state. */
  isPruned(state: ArrayLike<number>): boolean {
    return this.#prunes.some((prune) => prune.of(state))
  }

  /** Puts every state that one step leads to into `next`, one after another, and calls `visit` with its place. */
  eachNext(state: Int32Array, next: Int32Array, visit: (place: number) => void): void {
    const { locals } = this
    const nodes = this.#nodes
    const left = state[nodes + 1]!
    const found = (place: number, local: number, emission: number, cost: number): void => {
      next.set(state)
      next[place] = local
      next[nodes + 1] = left - cost
      if (emission !== 0 && this.#observer !== undefined) next[nodes] = this.#fold(state[nodes]!, emission)
      if (this.#reduced) this.#saturate(next, 1 << place)
      visit(place)
    }
    for (let place = 0; place < nodes; place++) {
      const local = state[place]!
      const inner = locals.inner(local)
      for (let i = 0; i < inner.length; i += 2) found(place, inner[i]!, inner[i + 1]!, 0)
      for (let sender = 0; sender < nodes; sender++) {
        const channel = locals.channel(state[sender]!, place)
        if (channel === 0 || sender === place) continue
        const steps = locals.deliveries(local, channel)
        for (let i = 0; i < steps.length; i += 2) found(place, steps[i]!, steps[i + 1]!, 0)
      }
      const crashed = left >= crashCost ? locals.crashed(local) : -1
      if (crashed >= 0) found(place, crashed, 0, crashCost)
      const restarted = left % crashCost > 0 ? locals.restarted(local) : null
      if (restarted !== null) found(place, restarted.local, restarted.emission, 1)
    }
  }

  /** Takes every step that does nothing but send, where this search takes such steps at once. */
  settle(state: Int32Array): void {
    if (this.#reduced) this.#saturate(state, -1)
  }

  #hashChange = 0

  /** Takes every step that does nothing but send; returns the places that have changed and leaves the hash's change behind. */
  #saturate(state: Int32Array, changed: number): number {
    const { locals } = this
    const nodes = this.#nodes
    let places = changed
    let dirty = changed & ((1 << nodes) - 1)
    this.#hashChange = 0
    while (dirty !== 0) {
      const place = 31 - Math.clz32(dirty & -dirty)
      dirty &= dirty - 1
      for (let other = 0; other < nodes; other++) {
        if (other === place) continue
        const outward = locals.channel(state[place]!, other)
        if (outward !== 0) {
          const grown = locals.saturated(state[other]!, outward)
          if (grown !== state[other]) {
            this.#hashChange ^= locals.hashes[state[other]!]! ^ locals.hashes[grown]!
            state[other] = grown
            places |= 1 << other
            dirty |= 1 << other
          }
        }
        const inward = locals.channel(state[other]!, place)
        if (inward !== 0) {
          const grown = locals.saturated(state[place]!, inward)
          if (grown !== state[place]) {
            this.#hashChange ^= locals.hashes[state[place]!]! ^ locals.hashes[grown]!
            state[place] = grown
            places |= 1 << place
            dirty |= 1 << place
          }
        }
      }
    }
    return places
  }

  /**
   * What led from one state of the search to the next: the step, and before it the steps that did nothing but send.
   * @param from is changed into the state that follows
   */
  advance(from: Int32Array, to: Int32Array): Happening[] {
    const sending = this.#reduced ? this.sendAll(from) : []
    const trial = from.slice()
    for (let place = 0; place < this.#nodes; place++) {
      for (const { happening } of this.locals.happenings(from, place)) {
        trial.set(from)
        if (this.apply(trial, happening) < 0) continue
        const reached = trial.slice()
        if (this.#reduced) this.#saturate(trial, -1)
        if (trial.every((local, index) => local === to[index])) {
          from.set(reached)
          return [...sending, happening]
        }
      }
    }
    throw new Error(
      'expected a step between two states that follow one another; are the machines deterministic?',
    )
  }

  /** What leads from a state to a local state of one node: as `advance`, for a step that the search did not take. */
  advanceTo(from: Int32Array, to: number): Happening[] {
    const sending = this.#reduced ? this.sendAll(from) : []
    for (let place = 0; place < this.#nodes; place++) {
      const found = this.locals.happenings(from, place).find(({ local }) => local === to)
      if (found !== undefined) return [...sending, found.happening]
    }
    throw new Error('expected the broken step to be possible; are the machines deterministic?')
  }

  /** Takes one by one the steps that do nothing but send, until there are none; tells which they were. */
  sendAll(state: Int32Array): Happening[] {
    const taken: Happening[] = []
    for (let progress = true; progress; ) {
      progress = false
      for (let place = 0; place < this.#nodes; place++) {
        for (const { happening, local } of this.locals.happenings(state, place)) {
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
    const { hashes } = this.locals
    let hash = observedHash(state[this.#nodes]!) ^ leftHash(state[this.#nodes + 1]!)
    for (let node = 0; node < this.#nodes; node++) hash ^= hashes[state[node]!]!
    return hash >>> 0
  }

  observed(state: ArrayLike<number>): unknown {
    return this.#observed[state[this.#nodes]!]
  }

  #fold(before: number, emission: number): number {
    const key = before * 0x200000 + emission
    let after = this.#folded.get(key)
    if (after === undefined) {
      after = this.#observedId(
        this.#observer!.observe(this.#observed[before], this.locals.emission(emission)!),
      )
      this.#folded.set(key, after)
    }
    return after
  }

  #observedId(value: unknown): number {
    const key = JSON.stringify(value) ?? 'undefined'
    let id = this.#observedIds.get(key)
    if (id === undefined) {
      id = this.#observed.push(value) - 1
      this.#observedIds.set(key, id)
    }
    return id
  }

  #progress(depth: number, at: number, stacked: number, ms: number, order: string): Progress {
    const states = this.store.size
    return {
      states,
      statesPerSecond: Math.round(states / Math.max(0.001, ms / 1000)),
      depth,
      frontier: order === 'depth-first' ? stacked : states - at,
      bytes: this.store.bytes,
      seconds: ms / 1000,
    }
  }
}

/** Crashes and restarts that are left are one number: crashes times this, plus restarts. */
const crashCost = 64

function observedHash(id: number): number {
  return mix(id + 0x40000000)
}

function leftHash(left: number): number {
  return mix(left + 0x60000000)
}
