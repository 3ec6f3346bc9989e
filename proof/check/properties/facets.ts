/** What a property can read of a state, in parts: of each node its life and snapshot, and what it has sent; then the observer's value. */
import type { NodeStates } from '../engine/node-states.ts'
import type { NodeView } from '../system.ts'

/** The parts of a state that verdicts depend on, each as a small integer. A facet of node `p` is `2p` or `2p + 1`. */
export class Facets {
  readonly ids: readonly string[]
  /** The facet that is the observer's value. */
  readonly observer: number
  /** A bit for each node whose sent messages a property has read that does not promise to be monotone. */
  sentReads = 0
  readonly #index: ReadonlyMap<string, number>
  readonly #states: NodeStates
  readonly #observed: readonly unknown[]

  /** @param observed the observer's values, by number */
  constructor(states: NodeStates, observed: readonly unknown[]) {
    this.ids = states.nodes.map(({ id }) => id)
    this.observer = 2 * this.ids.length
    this.#index = new Map(this.ids.map((id, index) => [id, index]))
    this.#states = states
    this.#observed = observed
  }

  /** Where in a state a facet lies. */
  placeOf(facet: number): number {
    return facet >> 1
  }

  /** Whether a facet is what a node has sent. */
  isSent(facet: number): boolean {
    return facet < this.observer && (facet & 1) === 1
  }

  of(state: ArrayLike<number>, facet: number): number {
    const part = state[facet >> 1]!
    if (facet === this.observer) return part
    return (facet & 1) === 0 ? this.#states.selves[part]! : this.#states.outboxes[part]!
  }

  /** Several at once, into `values`. */
  readAll(state: ArrayLike<number>, facets: Int32Array, values: Int32Array): void {
    const { selves, outboxes } = this.#states
    const observer = this.observer
    for (let i = 0; i < facets.length; i++) {
      const facet = facets[i]!
      const part = state[facet >> 1]!
      values[i] = facet === observer ? part : (facet & 1) === 0 ? selves[part]! : outboxes[part]!
    }
  }

  /** A node as a property sees it; what it looks at is noted in `read`. */
  view(id: string, state: ArrayLike<number>, read: number[]): NodeView {
    const place = this.#index.get(id)
    if (place === undefined)
      throw new Error(
        `expected one of the nodes ${this.ids.join(', ')}, got ${id}; properties ask by the id of the first life`,
      )
    return new ReadView(this.#states.view(state[place]!), 2 * place, read)
  }

  observed(state: ArrayLike<number>, read: number[]): unknown {
    note(read, this.observer)
    return this.#observed[state[this.ids.length]!]
  }
}

class ReadView implements NodeView {
  readonly #view: NodeView
  readonly #facet: number
  readonly #read: number[]

  constructor(view: NodeView, facet: number, read: number[]) {
    this.#view = view
    this.#facet = facet
    this.#read = read
  }

  get id() {
    note(this.#read, this.#facet)
    return this.#view.id
  }

  get alive() {
    note(this.#read, this.#facet)
    return this.#view.alive
  }

  get snapshot() {
    note(this.#read, this.#facet)
    return this.#view.snapshot
  }

  get sent() {
    note(this.#read, this.#facet + 1)
    return this.#view.sent
  }
}

function note(read: number[], facet: number): void {
  if (!read.includes(facet)) read.push(facet)
}
