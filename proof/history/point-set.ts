// The points that the search of one event has visited.
import { type Configuration, hashOf, isAlike, isAsGood } from './configuration.ts'

/** A configuration under way; `fresh` once an overwriting operation was placed on the way. */
export interface Point extends Configuration {
  readonly fresh: boolean
}

/** Points already visited, or as good as: a point that used more is not worth a visit. */
export class PointSet {
  readonly #greedy: boolean
  readonly #byHash = new Map<number, Point[]>()
  size = 0
  dropped = false

  /** With `greedy`, of points that differ only in which unanswered operations they used, the first is visited. */
  constructor(greedy: boolean) {
    this.#greedy = greedy
  }

  add(added: Point): boolean {
    const hash = hashOf(added.state, added.done)
    const bucket = this.#byHash.get(hash) ?? []
    for (const seen of bucket) {
      if (!isAlike(seen, added) || (seen.fresh && !added.fresh)) continue
      if (isAsGood(seen, added)) return false
      if (!this.#greedy) continue
      this.dropped = true
      return false
    }
    if (bucket.push(added) === 1) this.#byHash.set(hash, bucket)
    this.size++
    return true
  }
}
