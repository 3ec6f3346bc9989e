// The configurations at one event, without those that another one makes superfluous.
import { type Configuration, hashOf, isAlike, isAsGood } from './configuration.ts'
import { dominates } from './dominance.ts'
import type { SearchProblem } from './search-problem.ts'

/** Configurations in one state that a new one is compared with, beside those that have placed the same. */
const comparedMax = 48

/** Configurations at one event, without those that another one makes superfluous. */
export class Frontier {
  readonly #problem: SearchProblem
  readonly #greedy: boolean
  readonly #byState = new Map<number, Configuration[]>()
  readonly #byHash = new Map<number, Configuration[]>()
  #size = 0
  #dropped = false

  /** With `greedy`, of configurations that differ only in which unanswered operations they used, one is kept. */
  constructor(problem: SearchProblem, greedy: boolean) {
    this.#problem = problem
    this.#greedy = greedy
  }

  get size(): number {
    return this.#size
  }

  /** Whether a configuration that might have mattered was dropped. */
  get dropped(): boolean {
    return this.#dropped
  }

  add(added: Configuration): void {
    const hash = hashOf(added.state, added.done)
    const bucket = this.#byHash.get(hash) ?? []
    this.#byHash.set(hash, bucket)
    for (const kept of bucket) {
      if (!isAlike(kept, added)) continue
      if (isAsGood(kept, added)) return
      if (!this.#greedy) continue
      this.#dropped = true
      if (kept.used.ops.length <= added.used.ops.length) return
      this.#remove(kept)
      break
    }
    const sameState = this.#byState.get(added.state) ?? []
    this.#byState.set(added.state, sameState)
    const inSink = this.#problem.compiled.isSink(added.state)
    for (const kept of sameState.slice(0, comparedMax)) {
      if (dominates(this.#problem, kept, added, inSink)) return
      if (dominates(this.#problem, added, kept, inSink)) this.#remove(kept)
    }
    sameState.push(added)
    bucket.push(added)
    this.#size++
  }

  /** The configurations to go on with, the laziest first if there are many; `sinkIsWorst` as in `CompiledHistory`. */
  all(sinkIsWorst: boolean): Configuration[] {
    const all = [...this.#byState.values()].flat()
    const best = sinkIsWorst && all.length > 1 ? this.#withoutWorseSinks(all) : all
    return best.length <= comparedMax
      ? best
      : best.sort((left, right) => this.#effort(left) - this.#effort(right))
  }

  #remove(gone: Configuration): void {
    this.#size--
    remove(this.#byState.get(gone.state)!, gone)
    remove(this.#byHash.get(hashOf(gone.state, gone.done))!, gone)
  }

  #withoutWorseSinks(all: Configuration[]): Configuration[] {
    const others = all.filter((one) => !this.#problem.compiled.isSink(one.state)).slice(0, 4 * comparedMax)
    if (others.length === 0 || others.length === all.length) return all
    return all.filter(
      (one) =>
        !this.#problem.compiled.isSink(one.state) ||
        !others.some((other) => dominates(this.#problem, other, one, true)),
    )
  }

  #effort(one: Configuration): number {
    return (
      one.done.ops.length +
      8 * one.used.ops.length +
      (this.#problem.compiled.isSink(one.state) ? 1_000_000_000 : 0)
    )
  }
}

function remove<Item>(items: Item[], gone: Item): void {
  items.splice(items.indexOf(gone), 1)
}
