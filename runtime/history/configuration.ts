// What may have happened so far: configurations, and the frontier that keeps only those which matter.
import { dominates } from './dominance.ts'
import type { SearchProblem } from './expansion.ts'
import { mix, type OpSet, sameSet } from './op-set.ts'

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

/** Mixes what a configuration is told apart by, `cover` and `log` excepted. */
export function hashOf(state: number, done: OpSet, used: OpSet): number {
  return mix(state) ^ done.hash ^ mix(used.hash + 1)
}

/** Pairs compared per state before the frontier falls back to exact duplicates. */
const comparedMax = 48

/** Configurations at one event, without those that another one makes superfluous. */
export class Frontier {
  readonly #problem: SearchProblem
  readonly #byState = new Map<number, Configuration[]>()
  readonly #byHash = new Map<number, Configuration[]>()
  #size = 0

  constructor(problem: SearchProblem) {
    this.#problem = problem
  }

  get size(): number {
    return this.#size
  }

  add(added: Configuration): void {
    const alike = this.#byState.get(added.state) ?? []
    this.#byState.set(added.state, alike)
    if (alike.length >= comparedMax && this.#replaceSame(added)) return
    for (let at = Math.min(alike.length, comparedMax) - 1; at >= 0; at--) {
      const kept = alike[at]!
      if (dominates(this.#problem, kept, added, this.#problem.compiled.isSink(added.state))) return
      if (dominates(this.#problem, added, kept, this.#problem.compiled.isSink(added.state))) {
        alike[at] = alike[alike.length - 1]!
        alike.pop()
        this.#forget(kept)
      }
    }
    alike.push(added)
    this.#size++
    const hash = hashOf(added.state, added.done, added.used)
    const bucket = this.#byHash.get(hash)
    if (bucket === undefined) this.#byHash.set(hash, [added])
    else bucket.push(added)
  }

  /** The configurations to go on with, the laziest first if there are many; `sinkIsWorst` as in `CompiledHistory`. */
  all(sinkIsWorst: boolean): Configuration[] {
    const all = [...this.#byState.values()].flat()
    const best = sinkIsWorst && all.length > 1 ? this.#withoutWorseSinks(all) : all
    return best.length <= comparedMax
      ? best
      : best.sort((left, right) => this.#effort(left) - this.#effort(right))
  }

  #replaceSame(added: Configuration): boolean {
    const bucket = this.#byHash.get(hashOf(added.state, added.done, added.used)) ?? []
    for (const kept of bucket) {
      if (kept.state !== added.state || !sameSet(kept.done, added.done) || !sameSet(kept.used, added.used))
        continue
      if (kept.cover >= added.cover && (added.unseen || !kept.unseen)) return true
    }
    return false
  }

  #forget(gone: Configuration): void {
    this.#size--
    const bucket = this.#byHash.get(hashOf(gone.state, gone.done, gone.used))!
    bucket.splice(bucket.indexOf(gone), 1)
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
