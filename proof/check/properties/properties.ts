/** Properties with memory: a verdict is remembered by just those facets of a state that it was reached from. */

import type { Goal, Invariant, SystemView } from '../system.ts'
import type { Facets } from './facets.ts'
import { judged, reasonOf } from './judged.ts'

/** Looks a property up: for each facet that it read, in the order of reading, a branch for each value. */
interface Branch<Verdict> {
  readonly facet: number
  readonly next: Map<number, Branch<Verdict> | Leaf<Verdict>>
}

interface Leaf<Verdict> {
  readonly verdict: Verdict
}

/** A function of system states that is computed once for all states that agree in what it reads. */
export class Remembered<Verdict> {
  /** The facets that it has ever read. */
  readonly facets: number[] = []
  /** A bit for each place where they lie. A step elsewhere leaves its verdict as it was. */
  places = 0
  readonly #compute: (system: SystemView) => Verdict
  readonly #facets: Facets
  readonly #monotone: boolean
  #root: Branch<Verdict> | Leaf<Verdict> | undefined

  constructor(compute: (system: SystemView) => Verdict, facets: Facets, monotone = false) {
    this.#compute = compute
    this.#facets = facets
    this.#monotone = monotone
  }

  of(state: ArrayLike<number>): Verdict {
    let branch = this.#root
    while (branch !== undefined) {
      if ('verdict' in branch) return branch.verdict
      branch = branch.next.get(this.#facets.of(state, branch.facet))
    }
    return this.#learn(state)
  }

  /** Notes that it may read these. */
  reads(facets: readonly number[]): void {
    for (const facet of facets) {
      if (this.facets.includes(facet)) continue
      this.facets.push(facet)
      const place = 1 << this.#facets.placeOf(facet)
      this.places |= place
      if (!this.#monotone && this.#facets.isSent(facet)) this.#facets.sentReads |= place
    }
  }

  #learn(state: ArrayLike<number>): Verdict {
    const facets = this.#facets
    const read: number[] = []
    const verdict = this.#compute({
      ids: facets.ids,
      node: (id) => facets.view(id, state, read),
      observed: () => facets.observed(state, read),
    })
    this.reads(read)
    this.#insert(read, state, { verdict })
    return verdict
  }

  #insert(read: readonly number[], state: ArrayLike<number>, leaf: Leaf<Verdict>): void {
    if (read.length === 0) {
      this.#root = leaf
      return
    }
    let branch = this.#root as Branch<Verdict> | undefined
    if (branch === undefined) {
      branch = { facet: read[0]!, next: new Map() }
      this.#root = branch
    }
    for (let i = 1; i < read.length; i++) {
      const value = this.#facets.of(state, branch.facet)
      let below = branch.next.get(value) as Branch<Verdict> | undefined
      if (below === undefined) {
        below = { facet: read[i]!, next: new Map() }
        branch.next.set(value, below)
      }
      branch = below
    }
    branch.next.set(this.#facets.of(state, branch.facet), leaf)
  }
}

export interface RememberedProperty<Verdict> {
  readonly name: string
  readonly verdict: Remembered<Verdict>
}

export function rememberInvariants(
  list: readonly Invariant[],
  facets: Facets,
): RememberedProperty<true | string>[] {
  return list.map(({ name, holds, monotone }) => ({
    name,
    verdict: new Remembered((system) => judged(() => holds(system)), facets, monotone),
  }))
}

export function rememberGoals(list: readonly Goal[], facets: Facets): RememberedProperty<boolean>[] {
  return list.map(({ name, reached, monotone }) => ({
    name,
    verdict: new Remembered(named(`the goal "${name}"`, reached), facets, monotone),
  }))
}

/** A function of states that throws is reported by its kind. */
export function named<Verdict>(what: string, compute: (system: SystemView) => Verdict) {
  return (system: SystemView): Verdict => {
    try {
      return compute(system)
    } catch (error) {
      throw new Error(`${what} threw: ${reasonOf(error)}`, { cause: error })
    }
  }
}
