/** States told by one search to another that numbers differently: numbers, and what each number means the first time it is told. */
import type { LocalContent, Locals, SnapshotOrigin } from './locals.ts'
import type { Observations } from './observations.ts'
import type { Remembered } from './properties.ts'

/** What numbers mean that were never told before; plain data. */
export interface News {
  readonly snapshots: readonly (SnapshotOrigin & { readonly number: number })[]
  readonly locals: readonly (LocalContent & { readonly number: number })[]
  readonly observed: readonly { readonly number: number; readonly value: unknown }[]
  /** The facets that a property has come to read, by its place in the list of all. */
  readonly reads: readonly { readonly property: number; readonly facets: readonly number[] }[]
}

/** What both sides of a conversation have to know of a search. */
export interface Tongue {
  readonly locals: Locals
  readonly observations: Observations
  /** The invariants, then the goals. */
  readonly properties: readonly { readonly verdict: Remembered<unknown> }[]
}

/** Tells one other search. */
export class Teller {
  readonly #locals: Locals
  readonly #observations: Observations
  readonly #properties: Tongue['properties']
  readonly #toldFacets: number[]
  #toldLocals = new Uint8Array(1024)
  readonly #toldSnapshots = new Set<number>()
  readonly #toldObserved = new Set<number>()
  #snapshots: News['snapshots'][number][] = []
  #newLocals: News['locals'][number][] = []
  #observed: News['observed'][number][] = []

  constructor({ locals, observations, properties }: Tongue) {
    this.#locals = locals
    this.#observations = observations
    this.#properties = properties
    this.#toldFacets = properties.map(() => 0)
  }

  /** Notes what is new in a state: an integer for each node, one for the observer. */
  note(state: ArrayLike<number>): void {
    const nodes = this.#locals.nodes.length
    for (let node = 0; node < nodes; node++) {
      if (this.#toldLocals[state[node]!] !== 1) this.noteLocal(state[node]!)
    }
    const observed = state[nodes]!
    if (this.#toldObserved.has(observed)) return
    this.#toldObserved.add(observed)
    this.#observed.push({ number: observed, value: this.#observations.values[observed] })
  }

  noteLocal(number: number): void {
    if (this.#toldLocals[number] === 1) return
    while (number >= this.#toldLocals.length) {
      const larger = new Uint8Array(this.#toldLocals.length * 2)
      larger.set(this.#toldLocals)
      this.#toldLocals = larger
    }
    this.#toldLocals[number] = 1
    const content = this.#locals.contentOf(number)
    this.#noteSnapshot(content.snapshot)
    this.#newLocals.push({ ...content, number })
  }

  #noteSnapshot(snapshot: number): void {
    const chain: News['snapshots'][number][] = []
    for (let number = snapshot; number >= 0 && !this.#toldSnapshots.has(number); ) {
      this.#toldSnapshots.add(number)
      const origin = this.#locals.originOf(number)
      chain.push({ ...origin, number })
      number = origin.from
    }
    this.#snapshots.push(...chain.reverse())
  }

  /** What was noted since the last time. */
  news(): News {
    const reads: News['reads'][number][] = []
    for (let property = 0; property < this.#properties.length; property++) {
      const { facets } = this.#properties[property]!.verdict
      if (this.#toldFacets[property] === facets.length) continue
      this.#toldFacets[property] = facets.length
      reads.push({ property, facets: [...facets] })
    }
    const news: News = {
      snapshots: this.#snapshots,
      locals: this.#newLocals,
      observed: this.#observed,
      reads,
    }
    this.#snapshots = []
    this.#newLocals = []
    this.#observed = []
    return news
  }
}

/** Understands what one other search tells. */
export class Listener {
  readonly #locals: Locals
  readonly #observations: Observations
  readonly #properties: Tongue['properties']
  readonly #snapshotHere = new Map<number, number>()
  readonly #localHere: number[] = []
  readonly #observedHere: number[] = []

  constructor({ locals, observations, properties }: Tongue) {
    this.#locals = locals
    this.#observations = observations
    this.#properties = properties
  }

  learn({ snapshots, locals, observed, reads }: News): void {
    for (const { number, ...origin } of snapshots) {
      const from = origin.from < 0 ? -1 : this.#snapshotHere.get(origin.from)!
      this.#snapshotHere.set(number, this.#locals.adoptSnapshot({ ...origin, from }))
    }
    for (const { number, ...content } of locals) {
      const snapshot = this.#snapshotHere.get(content.snapshot)!
      this.#localHere[number] = this.#locals.adopt({ ...content, snapshot })
    }
    for (const { property, facets } of reads) this.#properties[property]!.verdict.reads(facets)
    for (const { number, value } of observed) this.#observedHere[number] = this.#observations.idOf(value)
  }

  local(number: number): number {
    return this.#localHere[number]!
  }

  /** Turns a state that was told into one of this search. */
  understand(state: Int32Array): void {
    const nodes = this.#locals.nodes.length
    for (let node = 0; node < nodes; node++) state[node] = this.#localHere[state[node]!]!
    state[nodes] = this.#observedHere[state[nodes]!]!
  }
}
