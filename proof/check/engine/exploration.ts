/**
 * How one state is explored: the states that a search has found, and what was found out about them.
 *
 * 1. `explore` reads the next states from the store (`StateStore`), in batches, so that memory is fetched at once.
 * 2. A pruned state ends there. Else its successors are generated (`Expansion`, or `NetworkExpansion` on a network that
 *    keeps messages): for each node the list of its steps, memoized by its node state and its inbox (`StepLists`), and
 *    each machine is asked once for a snapshot and an event (`Transitions`).
 * 3. With the reduction of sends, what a step newly sends is passed on until nothing more is sent (the closure).
 * 4. Each successor is looked up in the store by hash and compared whole; those that are known are discarded.
 * 5. Each new state is judged by the invariants whose read set a step has changed (`Judge`, memoized by what they read),
 *    and by the goals that have not been reached.
 * 6. Step invariants are asked while steps are listed, once for each pair of node states.
 *
 * In which order and how far is for `Search` to say; `check` turns what is found into runs and confirms them.
 */

import { Facets } from '../properties/facets.ts'
import { type Broken, Judge } from '../properties/judge.ts'
import { Observations } from '../properties/observations.ts'
import {
  named,
  Remembered,
  type RememberedProperty,
  rememberGoals,
  rememberInvariants,
} from '../properties/properties.ts'
import type { CheckedSystem, Goal, SystemView } from '../system.ts'
import { Arrivals } from './arrivals.ts'
import { Expansion } from './expansion.ts'
import type { Model } from './model.ts'
import { NetworkExpansion } from './network-expansion.ts'
import { type StateSet, StateStore } from './state-store.ts'

/** A property that does not hold: in a state, or (`isStep`) for a step from it or while it is settled. */
export interface Violation extends Broken {
  readonly state: number
  readonly isStep?: boolean
}

/** How exploring begins. */
export interface Beginning {
  /** No more are entered; default: no bound. */
  readonly statesMax?: number
  /** To look for instead of the system's. */
  readonly goals?: readonly Goal[]
  /** Where the states are kept; default: in this thread. */
  readonly store?: StateSet
}

export class Exploration {
  readonly model: Model
  readonly observations: Observations
  readonly invariants: readonly RememberedProperty<true | string>[]
  /** The system's, but where a search began with goals of its own. */
  goals: readonly RememberedProperty<boolean>[]
  /** The first state that reached each goal; null if none did. */
  goalStates: (number | null)[] = []
  goalsLeft = 0
  violation: Violation | null = null
  store: StateSet
  readonly #width: number
  readonly #settles: boolean
  readonly #systemGoals: readonly RememberedProperty<boolean>[]
  readonly #beginnings: readonly RememberedProperty<boolean>[]
  readonly #facets: Facets
  readonly #judge: Judge
  readonly #prunes: readonly Remembered<boolean>[]
  readonly #expansion: Expansion | NetworkExpansion
  /** On a network that keeps messages; else null. */
  readonly network: NetworkExpansion | null
  readonly #arrivals: Arrivals
  readonly #state: Int32Array

  /** @param settles steps that do nothing but send are taken at once */
  constructor(system: CheckedSystem, model: Model, settles: boolean) {
    this.model = model
    this.#settles = settles
    this.observations = new Observations(system.observer, (id) => model.states.emission(id))
    this.#facets = new Facets(model.states, this.observations.values)
    this.invariants = rememberInvariants(system.invariants ?? [], this.#facets)
    this.#judge = new Judge(this.invariants, this.#facets)
    this.#systemGoals = rememberGoals(system.goals ?? [], this.#facets)
    this.#beginnings = rememberGoals(system.begin ?? [], this.#facets)
    this.goals = this.#systemGoals
    this.#prunes = (system.prunes ?? []).map(
      (prune, index) => new Remembered(named(`prunes[${index}]`, prune), this.#facets),
    )
    this.network =
      (system.network ?? 'set') === 'set' ? null : new NetworkExpansion(system, model, this.observations)
    this.#expansion = this.network ?? new Expansion(model, this.observations, settles)
    this.#width = system.nodes.length + (this.network === null ? 2 : 4)
    this.#arrivals = new Arrivals(this.#width)
    this.#state = new Int32Array(this.#width)
    this.store = new StateStore(this.#width)
  }

  /** Bytes in use for all that grows with the number of states. */
  get bytes(): number {
    return this.store.bytes + this.#judge.bytes + this.#expansion.lists.bytes
  }

  get transitions(): number {
    return this.#expansion.transitions
  }

  /** Integers of a state. */
  get width(): number {
    return this.#width
  }

  /** Forgets all states; the goals are the system's again. */
  forget(): void {
    this.store = new StateStore(this.#width)
    this.goals = this.#systemGoals
  }

  /** Forgets all states and begins with this one; with none where that is already in the store. */
  begin(initial: Int32Array | null, { statesMax, goals, store }: Beginning = {}): void {
    this.store = store ?? new StateStore(this.#width, statesMax)
    this.goals = goals === undefined ? this.#systemGoals : rememberGoals(goals, this.#facets)
    this.goalStates = this.goals.map(() => null)
    this.goalsLeft = this.goals.length
    this.violation = null
    this.#expansion.transitions = 0
    if (initial === null) return
    if (this.#settles) this.#expansion.settle(initial)
    this.#arrivals.add(initial, this.#expansion.hash(initial), -1, -1, -1)
    this.#enterAll()
    this.#noteBrokenStep(0)
  }

  /** Takes all that can happen next in the states from `first` up to `end`. */
  explore(first: number, end: number): void {
    for (let number = first; number < end; number++) this.#expand(number)
    this.#enterAll()
  }

  /** A state as properties see it. */
  view(state: ArrayLike<number>): SystemView {
    const read: number[] = []
    return {
      ids: this.#facets.ids,
      node: (id) => this.#facets.view(id, state, read),
      observed: () => this.#facets.observed(state, read),
    }
  }

  /** A goal of this search, of the system, or of those behind which it begins. */
  goalNamed(name: string): RememberedProperty<boolean> | undefined {
    return [...this.goals, ...this.#systemGoals, ...this.#beginnings].find((goal) => goal.name === name)
  }

  hash(state: ArrayLike<number>): number {
    return this.#expansion.hash(state)
  }

  settle(state: Int32Array): void {
    this.#expansion.settle(state)
  }

  /** Whether nothing is explored behind a state. */
  isPruned(state: ArrayLike<number>): boolean {
    for (let i = 0; i < this.#prunes.length; i++) if (this.#prunes[i]!.of(state)) return true
    return false
  }

  /** All that can happen next in a state that need not be one of the search; to be cleared by the caller. */
  nextOf(state: Int32Array): Arrivals {
    this.#expansion.expand(state, -1, this.#arrivals)
    return this.#arrivals
  }

  #expand(number: number): void {
    this.store.read(number, this.#state)
    if (this.isPruned(this.#state)) return
    this.#expansion.expand(this.#state, number, this.#arrivals)
    this.#noteBrokenStep(number)
  }

  #noteBrokenStep(state: number): void {
    const [broken] = this.model.successors.judge.broken
    if (broken !== undefined) this.violation ??= { ...broken, state, isStep: true }
  }

  /** A bit for each node whose sent messages a property has read that does not promise to be monotone. */
  get sentReads(): number {
    return this.#facets.sentReads | this.model.successors.judge.sentReads
  }

  /** For each invariant and then each goal the facets that it has ever read. */
  get reads(): number[][] {
    return [...this.invariants, ...this.goals].map(({ verdict }) => [...verdict.facets])
  }

  /** Notes what properties read in another search that shares the states. */
  learnReads(reads: readonly (readonly number[])[]): void {
    for (const [index, { verdict }] of [...this.invariants, ...this.goals].entries())
      verdict.reads(reads[index]!)
    this.#judge.refresh()
  }

  #enterAll(): void {
    const { store } = this
    const arrivals = this.#arrivals
    store.prepare(arrivals)
    for (let index = 0; index < arrivals.count; index++) {
      const number = store.add(arrivals, index)
      if (number < 0) continue
      arrivals.read(index, this.#state)
      this.#look(this.#state, number, arrivals.changed(index))
    }
    arrivals.clear()
  }

  /** Invariants and goals of the newest state; `changed` has a bit for each place that a step has changed. */
  #look(state: ArrayLike<number>, number: number, changed: number): void {
    const broken = this.#judge.verdict(state, changed)
    if (broken !== null) this.violation ??= { ...broken, state: number }
    for (let i = 0; i < this.goalStates.length; i++) {
      if (this.goalStates[i] !== null) continue
      const { verdict } = this.goals[i]!
      if ((verdict.places & changed) === 0 && verdict.places !== 0) continue
      if (verdict.of(state)) {
        this.goalStates[i] = number
        this.goalsLeft--
      }
    }
  }
}
