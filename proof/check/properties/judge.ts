/** Judges every new state by the invariants that a step may have changed, and knows at once what it has judged before. */

import { TupleTable } from '../engine/tuple-table.ts'
import type { Facets } from './facets.ts'
import type { RememberedProperty } from './properties.ts'

type Property = RememberedProperty<true | string>

/** Invariants that read the same facets: what these are is judged once. */
interface Group {
  /** A bit for each place where the facets lie. */
  readonly places: number
  readonly facets: Int32Array
  readonly properties: readonly Property[]
  /** The facets of states in which all properties held. */
  readonly good: TupleTable
  readonly tuple: Int32Array
  /** A bit for each group whose facets are among these: what is good here is good there. */
  readonly covers: number
}

/** An invariant that does not hold, and why. */
export interface Broken {
  readonly name: string
  readonly reason: string
}

export class Judge {
  readonly #properties: readonly Property[]
  readonly #facets: Facets
  #groups: Group[] = []
  #read: number[]

  constructor(properties: readonly Property[], facets: Facets) {
    this.#properties = properties
    this.#facets = facets
    this.#read = properties.map(() => -1)
  }

  get bytes(): number {
    return this.#groups.reduce((sum, { good }) => sum + good.bytes, 0)
  }

  /** @param changed a bit for each place where `state` differs from one that was judged to be good; -1 for all */
  verdict(state: ArrayLike<number>, changed: number): Broken | null {
    const groups = this.#groups
    let covered = 0
    let isNew = groups.length === 0
    for (let index = 0; index < groups.length; index++) {
      const group = groups[index]!
      if ((group.places & changed) === 0 || (covered & (1 << index)) !== 0) continue
      const { facets, tuple, good } = group
      this.#facets.readAll(state, facets, tuple)
      const { size } = good
      if (good.intern(tuple) !== size) {
        covered |= group.covers
        continue
      }
      isNew = true
      const broken = firstBroken(group.properties, state)
      if (broken !== null) return broken
    }
    if (!isNew || !this.#isOutgrown()) return null
    const broken = firstBroken(this.#properties, state)
    this.#regroup()
    return broken
  }

  /** To be called when properties read more than was seen here. */
  refresh(): void {
    if (this.#groups.length > 0 && this.#isOutgrown()) this.#regroup()
  }

  /** A property may read what it has never read before. */
  #isOutgrown(): boolean {
    for (let i = 0; i < this.#read.length; i++) {
      if (this.#read[i] !== this.#properties[i]!.verdict.facets.length) return true
    }
    return false
  }

  #regroup(): void {
    this.#read = this.#properties.map(({ verdict }) => verdict.facets.length)
    const reading = this.#properties.filter(({ verdict }) => verdict.facets.length > 0)
    const byFacets = new Map<string, Property[]>()
    for (const property of reading) {
      const key = inOrder(property.verdict.facets).join()
      byFacets.set(key, [...(byFacets.get(key) ?? []), property])
    }
    const groups = [...byFacets.values()].sort((a, b) => width(b) - width(a))
    // One bit for each group: what finds no room goes together.
    if (groups.length > groupsMax) groups.unshift(groups.splice(groupsMax - 1).flat())
    const facets = groups.map((properties) =>
      inOrder([...new Set(properties.flatMap(({ verdict }) => verdict.facets))]),
    )
    this.#groups = groups.map((properties, index) => ({
      places: properties.reduce((union, { verdict }) => union | verdict.places, 0),
      facets: Int32Array.from(facets[index]!),
      properties,
      good: new TupleTable(facets[index]!.length),
      tuple: new Int32Array(facets[index]!.length),
      covers: facets.reduce(
        (sum, other, i) => (other.every((facet) => facets[index]!.includes(facet)) ? sum | (1 << i) : sum),
        0,
      ),
    }))
  }
}

const groupsMax = 31

/** The first of these that does not hold; null if all hold. */
export function firstBroken(properties: readonly Property[], state: ArrayLike<number>): Broken | null {
  for (const { name, verdict } of properties) {
    const holds = verdict.of(state)
    if (holds !== true) return { name, reason: holds }
  }
  return null
}

function inOrder(facets: readonly number[]): number[] {
  return [...facets].sort((a, b) => a - b)
}

function width(properties: readonly Property[]): number {
  return properties[0]!.verdict.facets.length
}
