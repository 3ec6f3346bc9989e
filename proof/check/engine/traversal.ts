/** The order of a search: breadth first or depth first, from one state on, until nothing is left or a bound is reached. */
import type { Exploration } from './exploration.ts'
import {
  bytesMaxDefault,
  progressOf,
  type SearchEnd,
  type SearchOptions,
  statesMaxDefault,
} from './search-options.ts'

/** States that are expanded before what they lead to is entered. */
export const batchMax = 32
const slowBatchMs = 50
/** Explored states between two reports of progress. */
const reportEvery = 0x4000

/** Explores all that follows from `initial`. */
export function traverse(states: Exploration, initial: Int32Array, options: SearchOptions): SearchEnd {
  const { bounds, goals } = options
  const statesMax = bounds?.states ?? statesMaxDefault
  const traversal = new Traversal(states, options)
  states.begin(initial, { statesMax, ...(goals === undefined ? {} : { goals }) })
  return traversal.run()
}

class Traversal {
  readonly #states: Exploration
  readonly #options: SearchOptions
  readonly #depthMax: number
  readonly #started = performance.now()
  readonly #deadline: number
  /** Depth first: the states that are to be explored, with their depths. */
  readonly #stack: number[] = []
  readonly #depths: number[] = []
  #depth = 0
  #deepest = 0
  /** States that were explored; breadth first, also the next one. */
  #explored = 0
  #reportedAt = 0
  /** A batch of slow steps must not outlast the bound: slow systems are explored state by state. */
  #batch = batchMax

  constructor(states: Exploration, options: SearchOptions) {
    this.#states = states
    this.#options = options
    const { depth, seconds } = options.bounds ?? {}
    this.#depthMax = depth ?? Number.POSITIVE_INFINITY
    this.#deadline = this.#started + (seconds ?? Number.POSITIVE_INFINITY) * 1000
  }

  run(): SearchEnd {
    const explore = () => (this.#isDeep ? this.#depthFirst() : this.#breadthFirst())
    const end = this.#isOver() ?? explore()
    this.#report()
    return this.#endOf(end)
  }

  get #isDeep(): boolean {
    return this.#options.order === 'depth-first'
  }

  #breadthFirst(): SearchEnd['end'] {
    const states = this.#states
    for (let levelEnd = 1; ; ) {
      const { size } = states.store
      if (this.#explored >= size) return 'exhausted'
      if (this.#explored >= levelEnd) {
        if (this.#depth + 1 >= this.#depthMax) return 'depth'
        this.#depth++
        levelEnd = size
      }
      const first = this.#explored
      this.#explored = Math.min(levelEnd, first + this.#batch)
      const began = performance.now()
      states.explore(first, this.#explored)
      this.#adaptBatch(began)
      const over = this.#isOver()
      if (over !== null) return over
    }
  }

  #depthFirst(): SearchEnd['end'] {
    const { store } = this.#states
    this.#push(0, 0)
    for (let isCut = false; ; ) {
      const number = this.#stack.pop()
      if (number === undefined) return isCut ? 'depth' : 'exhausted'
      this.#depth = this.#depths.pop()!
      if (this.#depth >= this.#depthMax) {
        isCut = true
        continue
      }
      this.#explored++
      this.#deepest = Math.max(this.#deepest, this.#depth)
      const known = store.size
      this.#states.explore(number, number + 1)
      for (let found = known; found < store.size; found++) this.#push(found, this.#depth + 1)
      const over = this.#isOver()
      if (over !== null) return over
    }
  }

  #push(state: number, depth: number): void {
    this.#stack.push(state)
    this.#depths.push(depth)
  }

  #adaptBatch(began: number): void {
    if (this.#deadline === Number.POSITIVE_INFINITY) return
    this.#batch = performance.now() - began > slowBatchMs ? 1 : Math.min(batchMax, 2 * this.#batch)
  }

  #isOver(): SearchEnd['end'] | null {
    const states = this.#states
    const { bounds = {}, stopAtGoals = false } = this.#options
    if (states.violation !== null) return 'violated'
    if (stopAtGoals && states.goalsLeft === 0 && states.goalStates.length > 0) return 'goals'
    if (states.store.size >= (bounds.states ?? statesMaxDefault)) return 'states'
    if (performance.now() > this.#deadline) return 'seconds'
    if (this.#explored - this.#reportedAt < reportEvery) return null
    this.#reportedAt = this.#explored
    if (states.bytes > (bounds.bytes ?? bytesMaxDefault)) return 'bytes'
    this.#report()
    return null
  }

  #report(): void {
    const { store, bytes } = this.#states
    const frontier = this.#isDeep ? this.#stack.length : store.size - this.#explored
    const ms = performance.now() - this.#started
    this.#options.progress?.(progressOf(store.size, bytes, this.#depth, frontier, ms))
  }

  #endOf(end: SearchEnd['end']): SearchEnd {
    const states = this.#states
    return {
      end,
      states: states.store.size,
      transitions: states.transitions,
      depth: Math.max(this.#depth, this.#deepest),
      seconds: (performance.now() - this.#started) / 1000,
      bytes: states.bytes,
      locals: states.model.states.size,
      snapshotSteps: states.model.transitions.count,
      violation: states.violation,
      goals: states.goals.map(({ name }, index) => ({ name, state: states.goalStates[index]! })),
    }
  }
}
