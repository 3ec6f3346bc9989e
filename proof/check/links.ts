/** Where ids live, and between which nodes nothing arrives. */
import type { CheckedNode, CheckedSystem } from './system.ts'

/** By nodes, not by lives: what is cut off for a node is cut off for all its lives. */
export class Links {
  readonly #nodes: readonly CheckedNode[]
  readonly #index: ReadonlyMap<string, number>
  readonly #livesMax: number
  readonly #cuts: ReadonlySet<string>

  constructor({ nodes, restarts = 0, cuts = [] }: CheckedSystem) {
    this.#nodes = nodes
    this.#index = new Map(nodes.map(({ id }, index) => [id, index]))
    this.#livesMax = 1 + restarts
    this.#cuts = new Set(cuts.map(({ from, to }) => JSON.stringify([from, to])))
  }

  /** The node that has this id in any of its lives, -1 if none does; later lives are found by asking how they are named. */
  placeOf(id: string): number {
    const direct = this.#index.get(id)
    if (direct !== undefined) return direct
    return this.#nodes.findIndex(({ restart }) => {
      if (restart === undefined) return false
      for (let life = 2; life <= this.#livesMax; life++) if (restart(life).id === id) return true
      return false
    })
  }

  get isEmpty(): boolean {
    return this.#cuts.size === 0
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(JSON.stringify([this.#firstId(from), this.#firstId(to)]))
  }

  #firstId(id: string): string {
    return this.#nodes[this.placeOf(id)]?.id ?? id
  }
}
