/** Properties with memory: a verdict is remembered by just those local states that it was reached from. */
import type { Goal, Invariant, SystemView } from './system.ts'

/** Looks a property up: for each place that it asked for, in the order of asking, a branch for each local state there. */
interface Branch<Verdict> {
  readonly place: number
  readonly next: Map<number, Branch<Verdict> | Leaf<Verdict>>
}

interface Leaf<Verdict> {
  readonly verdict: Verdict
}

/** What a state offers to a property; places are the nodes, and behind them the observer. */
export interface Places {
  readonly ids: readonly string[]
  readonly index: ReadonlyMap<string, number>
  value(place: number, local: number): unknown
}

/** A function of system states that is computed once for all states that agree in what it asks for. */
export class Remembered<Verdict> {
  /** A bit for each place that it has ever asked for. A step elsewhere leaves its verdict as it was. */
  places = 0
  readonly #compute: (system: SystemView) => Verdict
  readonly #places: Places
  #root: Branch<Verdict> | Leaf<Verdict> | undefined

  constructor(compute: (system: SystemView) => Verdict, places: Places) {
    this.#compute = compute
    this.#places = places
  }

  of(state: ArrayLike<number>): Verdict {
    let branch = this.#root
    while (branch !== undefined) {
      if ('verdict' in branch) return branch.verdict
      branch = branch.next.get(state[branch.place]!)
    }
    return this.#learn(state)
  }

  #learn(state: ArrayLike<number>): Verdict {
    const asked: number[] = []
    const ask = (place: number) => {
      if (!asked.includes(place)) asked.push(place)
      return this.#places.value(place, state[place]!)
    }
    const { ids, index } = this.#places
    const verdict = this.#compute({
      ids,
      node(id) {
        const place = index.get(id)
        if (place === undefined) throw new Error(`expected one of the nodes ${ids.join(', ')}, got ${id}`)
        return ask(place) as never
      },
      observed: () => ask(ids.length),
    })
    for (const place of asked) this.places |= 1 << place
    this.#insert(asked, state, { verdict })
    return verdict
  }

  #insert(asked: readonly number[], state: ArrayLike<number>, leaf: Leaf<Verdict>): void {
    let put = (branch: Branch<Verdict> | Leaf<Verdict>) => {
      this.#root ??= branch
    }
    let branch = this.#root
    for (const place of asked) {
      if (branch === undefined) {
        branch = { place, next: new Map() }
        put(branch)
      }
      const { next } = branch as Branch<Verdict>
      const local = state[place]!
      branch = next.get(local)
      put = (below) => void next.set(local, below)
    }
    if (branch === undefined) put(leaf)
  }
}

export interface RememberedProperty<Verdict> {
  readonly name: string
  readonly verdict: Remembered<Verdict>
}

export function rememberInvariants(
  list: readonly Invariant[],
  places: Places,
): RememberedProperty<true | string>[] {
  return list.map(({ name, holds }) => ({ name, verdict: new Remembered(holds, places) }))
}

export function rememberGoals(list: readonly Goal[], places: Places): RememberedProperty<boolean>[] {
  return list.map(({ name, reached }) => ({ name, verdict: new Remembered(reached, places) }))
}
