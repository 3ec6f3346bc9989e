/** The states that a search has found, and what was found out about them. In which order and how far is the search's to say. */
import { Arrivals } from './arrivals.ts'
import { Expansion } from './expansion.ts'
import { Facets } from './facets.ts'
import { mix } from './hash.ts'
import { type Broken, Judge } from './judge.ts'
import type { Locals } from './locals.ts'
import { Observations } from './observations.ts'
import { Remembered, type RememberedProperty, rememberGoals, rememberInvariants } from './properties.ts'
import { StateStore } from './state-store.ts'
import type { CheckedSystem, Goal } from './system.ts'
import type { Tongue } from './translation.ts'

/** A property that does not hold, and in which state; `to`: the local state that a step leads to which is itself broken. */
export interface Violation extends Broken {
  readonly state: number
  readonly to?: number
}

/** Where several searches share the states, each has its own part of them, by their hash. */
export interface Partition {
  readonly index: number
  readonly count: number
  /** Takes a state that belongs to another search. `parent` is `number * count + index`, as all parents are. */
  readonly give: (owner: number, arrivals: Arrivals, arrival: number) => void
}

export class Exploration {
  readonly locals: Locals
  readonly observations: Observations
  readonly invariants: readonly RememberedProperty<true | string>[]
  /** The system's, but where a search began with goals of its own. */
  goals: readonly RememberedProperty<boolean>[]
  /** The first state that reached each goal; null where none has. */
  goalStates: (number | null)[] = []
  goalsLeft = 0
  violation: Violation | null = null
  store: StateStore
  readonly #settles: boolean
  readonly #systemGoals: readonly RememberedProperty<boolean>[]
  readonly #facets: Facets
  readonly #judge: Judge
  readonly #prunes: readonly Remembered<boolean>[]
  readonly #expansion: Expansion
  readonly #arrivals: Arrivals
  readonly #state: Int32Array
  /** Null where all states are here. */
  partition: Partition | null = null
  #statesMax = 0

  /** @param settles steps that do nothing but send are taken at once */
  constructor(system: CheckedSystem, locals: Locals, settles: boolean) {
    this.locals = locals
    this.#settles = settles
    this.observations = new Observations(system.observer, (id) => locals.emission(id))
    this.#facets = new Facets(locals, this.observations.values)
    this.invariants = rememberInvariants(system.invariants ?? [], this.#facets)
    this.#judge = new Judge(this.invariants, this.#facets)
    this.#systemGoals = rememberGoals(system.goals ?? [], this.#facets)
    this.goals = this.#systemGoals
    this.#prunes = (system.prunes ?? []).map((prune) => new Remembered(prune, this.#facets))
    this.#expansion = new Expansion(locals, this.observations, settles)
    const width = system.nodes.length + 2
    this.#arrivals = new Arrivals(width)
    this.#state = new Int32Array(width)
    this.store = new StateStore(width)
  }

  /** Bytes in use for all that grows with the number of states. */
  get bytes(): number {
    return this.store.bytes + this.#judge.bytes + this.#expansion.lists.bytes
  }

  get transitions(): number {
    return this.#expansion.transitions
  }

  /** Forgets all states; the goals are the system's again. */
  forget(): void {
    this.store = new StateStore(this.store.width)
    this.goals = this.#systemGoals
  }

  /**
   * Forgets all states and begins with this one.
   * @param statesMax no state is entered beyond so many
   * @param goals to look for instead of the system's
   */
  begin(initial: Int32Array, statesMax: number, goals?: readonly Goal[]): void {
    this.forget()
    if (goals !== undefined) this.goals = rememberGoals(goals, this.#facets)
    this.goalStates = this.goals.map(() => null)
    this.goalsLeft = this.goals.length
    this.violation = null
    this.#expansion.transitions = 0
    this.#statesMax = statesMax
    if (this.#settles) this.#expansion.settle(initial)
    this.#arrivals.add(initial, this.#expansion.hash(initial), -1, -1, -1)
    this.#enterAll()
  }

  /** Takes all that can happen next in the states from `first` up to `end`. */
  explore(first: number, end: number): void {
    for (let number = first; number < end; number++) this.#expand(number)
    this.#enterAll()
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

  /** All that can happen next in a state that need not be one of the search; to be cleared by whoever asked. */
  nextOf(state: Int32Array): Arrivals {
    this.#expansion.expand(state, -1, this.#arrivals)
    return this.#arrivals
  }

  #expand(number: number): void {
    this.store.read(number, this.#state)
    if (this.isPruned(this.#state)) return
    const { partition } = this
    const parent = partition === null ? number : number * partition.count + partition.index
    this.#expansion.expand(this.#state, parent, this.#arrivals)
    const broken = this.locals.brokenSteps[0]
    if (broken === undefined) return
    const { name, reason, to } = broken
    this.violation ??= { name, reason, state: number, to }
  }

  get tongue(): Tongue {
    return {
      locals: this.locals,
      observations: this.observations,
      properties: [...this.invariants, ...this.goals],
    }
  }

  /** Enters states that another search has found and told in full, and forgets them there. */
  enterTold(arrivals: Arrivals): void {
    this.#judge.refresh()
    this.#enter(arrivals)
  }

  #enter(arrivals: Arrivals): void {
    const { store } = this
    store.fetch(arrivals)
    for (let index = 0; index < arrivals.count && store.size < this.#statesMax; index++) {
      const { size } = store
      if (store.intern(arrivals, index) !== size) continue
      arrivals.read(index, this.#state)
      this.#look(this.#state, size, arrivals.changed(index))
    }
    arrivals.clear()
  }

  #enterAll(): void {
    if (this.partition !== null) this.#giveAway(this.partition)
    this.#enter(this.#arrivals)
  }

  /** Keeps only the states that belong here. */
  #giveAway(partition: Partition): void {
    const arrivals = this.#arrivals
    let kept = 0
    for (let index = 0; index < arrivals.count; index++) {
      const owner = ownerOf(arrivals.hash(index), partition.count)
      if (owner === partition.index) arrivals.move(index, kept++)
      else partition.give(owner, arrivals, index)
    }
    arrivals.count = kept
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

/** Whose a state is. The hash is mixed once more: its own bits find the slot in the owner's table. */
function ownerOf(hash: number, count: number): number {
  return mix(hash) % count
}
