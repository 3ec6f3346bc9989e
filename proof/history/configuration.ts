// What may have happened so far: configurations, and the frontier that keeps only those which matter.
import { dominates } from './dominance.ts'
import { isSubset, mix, type OpSet, sameSet } from './op-set.ts'
import type { SearchProblem } from './search-problem.ts'

/** One step of an order under construction, linked to the step before. */
export interface Log {
  readonly op: number
  /** True when the operation was put right before the last overwriting one, false when at the end. */
  readonly buried: boolean
  readonly previous: Log | null
  readonly length: number
}

export function extend(previous: Log | null, op: number, buried: boolean): Log {
  return { op, buried, previous, length: (previous?.length ?? 0) + 1 }
}

/**
 * A state that the object may be in, with the open operations that have taken effect.
 *
 * `cover` is the event at which the last overwriting operation was placed (-1 when none was): whatever was open then
 * and is accepted in every state may have happened right before it, unseen, and is therefore not placed until it must be.
 */
export interface Configuration {
  readonly state: number
  /** Open answered operations that have taken effect. */
  readonly done: OpSet
  /** Unanswered operations that have taken effect. */
  readonly used: OpSet
  readonly cover: number
  /** Whether the state is the work of unanswered operations that nothing answered has seen yet. */
  readonly unseen: boolean
  readonly log: Log | null
}

/** Mixes the state of a configuration and what it has placed. */
export function hashOf(state: number, done: OpSet): number {
  return mix(state) ^ done.hash
}

/** Configurations in one state that a new one is compared with, beside those that have placed the same. */
const comparedMax = 48

/**
 * Whether `seen` makes `added`, which is in the same state and has placed the same, superfluous: it has used no more.
 */
export function isAsGood(seen: Configuration, added: Configuration): boolean {
  return seen.cover >= added.cover && (added.unseen || !seen.unseen) && isSubset(seen.used, added.used)
}

/** Whether two configurations differ at most in which unanswered operations they used, and when. */
export function isAlike(left: Configuration, right: Configuration): boolean {
  return left.state === right.state && sameSet(left.done, right.done)
}

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
