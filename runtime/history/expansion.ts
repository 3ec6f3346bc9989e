// How an operation that returns can have taken effect: the moves of the search, from one configuration.
import type { Budget } from './budget.ts'
import {
  type Alike,
  acceptedTrait,
  type CompiledHistory,
  overwritesTrait,
  readsTrait,
} from './compiled-history.ts'
import { type Configuration, extend, hashOf, isAlike, isAsGood, type Log } from './configuration.ts'
import { hasOp, type OpSet, withOp, withoutOp } from './op-set.ts'

/** One part of a history as the search reads it: times by operation, `returns` infinite when never answered. */
export interface SearchProblem {
  readonly compiled: CompiledHistory
  readonly calls: readonly number[]
  readonly returns: readonly number[]
}

/** How wide a search is. */
export interface SearchWidth {
  /** Configurations kept at an event. */
  readonly configurationsMax: number
  /** Whether of configurations that differ only in which unanswered operations they used just one is kept. */
  readonly greedy: boolean
}

/** Points under way at one event, for each configuration kept. */
const pointsPerConfiguration = 16

/** A configuration under way; `fresh` once an overwriting operation was placed on the way. */
interface Point extends Configuration {
  readonly fresh: boolean
}

/** Receives each configuration in which the target has taken effect. */
export type Offer = (configuration: Configuration) => void

/**
 * Places operations only when one of them returns, and no more of them than that return needs.
 *
 * An order is a row of blocks, each begun by an overwriting operation. To place the target it suffices to go on in the
 * last block, and then perhaps to begin one more; blocks passed over in between wait, for while all their operations
 * are open they can be put, whole, before the last overwriting operation. Reads are placed as soon as they fit, of
 * operations that do the same the one that returns first is taken, and unanswered ones serve only what can be seen.
 */
export class Expansion {
  readonly #problem: SearchProblem
  readonly #budget: Budget
  readonly #width: SearchWidth
  readonly #reads = new Set<number>()
  readonly #updates = new Set<number>()
  readonly #overwrites = new Set<number>()
  #forwardPoints: PointSet
  #now = -1
  #sinkIsWorst = false
  #dropped = false

  constructor(problem: SearchProblem, width: SearchWidth, budget: Budget) {
    this.#problem = problem
    this.#width = width
    this.#budget = budget
    this.#forwardPoints = new PointSet(width.greedy)
  }

  /** Whether some configuration may have been missed for lack of width. */
  get dropped(): boolean {
    return this.#dropped
  }

  /** Tells that the answered operation `op` has been called. */
  open(op: number): void {
    this.#kindOf(op).add(op)
  }

  /** Tells that the answered operation `op` has returned. */
  close(op: number): void {
    this.#kindOf(op).delete(op)
  }

  /** Begins the expansions of one return event. */
  begin(now: number): void {
    this.#now = now
    this.#forwardPoints = new PointSet(this.#width.greedy)
    this.#sinkIsWorst = this.#problem.compiled.sinkIsWorst(now)
  }

  /** Offers what `from` can become when `target` takes effect before it returns. */
  expand(from: Configuration, target: number, offer: Offer): void {
    if (this.#problem.calls[target]! < from.cover) this.#bury(from, target, offer)
    this.#forward(from, target, offer)
  }

  /** Places `target` before the last overwriting operation, with whatever block it needs there. */
  #bury(from: Configuration, target: number, offer: Offer): void {
    const { compiled } = this.#problem
    const traits = compiled.traits[target]!
    if (traits & acceptedTrait && !(traits & overwritesTrait)) {
      offer({ ...from, done: withOp(from.done, target), log: extend(from.log, target, true) })
    }
    const seen = new PointSet(this.#width.greedy)
    const queue: Point[] = []
    const push = (point: Point) => {
      const closed = this.#closeReads(point, from.cover, true)
      if (this.#admit(seen, closed)) queue.push(closed)
    }
    const start = { ...from, unseen: false }
    this.#eachStart(from, target, from.cover, (op, next) => push(this.#place(start, op, next, true)))
    for (const point of queue) {
      if (this.#budget.outOf !== null) return
      if (hasOp(point.done, target)) {
        const placed = { ...point, state: from.state, unseen: from.unseen }
        if (!point.unseen && !this.#abandons(point.state, placed)) offer(placed)
      } else if (!compiled.mayReach(point.state, target)) continue
      this.#eachUpdate(point, target, from.cover, (op, next) => push(this.#place(point, op, next, true)))
    }
  }

  /** Places `target` at the end of the order. */
  #forward(from: Configuration, target: number, offer: Offer): void {
    const { compiled } = this.#problem
    const everything = Number.POSITIVE_INFINITY
    const queue: Point[] = []
    const push = (point: Point) => {
      const closed = this.#closeReads(point, everything, false)
      if (this.#admit(this.#forwardPoints, closed)) queue.push(closed)
    }
    push({ ...from, fresh: false })
    for (const point of queue) {
      if (this.#budget.outOf !== null) return
      if (hasOp(point.done, target)) {
        offer(point)
        continue
      }
      if (point.fresh && !compiled.mayReach(point.state, target)) continue
      this.#eachUpdate(point, target, everything, (op, next) => {
        const placed = this.#place(point, op, next, false)
        if (next === point.state || !this.#abandons(point.state, placed)) push(placed)
      })
      if (point.fresh || point.unseen) continue
      this.#eachStart(point, target, everything, (op, next) => {
        const placed = { ...this.#place(point, op, next, false), cover: this.#now, fresh: true }
        if (next === point.state || !this.#abandons(point.state, placed)) push(placed)
      })
    }
  }

  #place(from: Configuration | Point, op: number, next: number, buried: boolean): Point {
    const answered = this.#isAnswered(op)
    return {
      state: next,
      done: answered ? withOp(from.done, op) : from.done,
      used: answered ? from.used : withOp(from.used, op),
      cover: from.cover,
      unseen: !answered || (from.unseen && (this.#problem.compiled.traits[op]! & acceptedTrait) !== 0),
      log: extend(from.log, op, buried),
      fresh: 'fresh' in from && from.fresh,
    }
  }

  /** Places every read that fits the state: having been placed never hinders. */
  #closeReads(point: Point, limit: number, buried: boolean): Point {
    let done: OpSet = point.done
    let log: Log | null = point.log
    for (const op of this.#reads) {
      if (this.#problem.calls[op]! >= limit || hasOp(done, op) || this.#step(point.state, op).length === 0)
        continue
      done = withOp(done, op)
      log = extend(log, op, buried)
    }
    return done === point.done ? point : { ...point, done, unseen: false, log }
  }

  /** Operations called before `limit` that do not overwrite and change something (or are the target). */
  #eachUpdate(point: Point, target: number, limit: number, visit: (op: number, next: number) => void): void {
    const { compiled, calls } = this.#problem
    const { state } = point
    const inSink = compiled.isSink(state)
    const candidates = this.#firstOfEachKind(point, limit)
    for (const op of candidates.values()) {
      const accepted = (compiled.traits[op]! & acceptedTrait) !== 0
      const wasteful = accepted && (op !== target || point.unseen)
      if (accepted && inSink && op !== target) continue
      for (const next of this.#step(state, op)) {
        if (!(wasteful && this.#sinkIsWorst && compiled.isSink(next))) visit(op, next)
      }
    }
    for (const alike of compiled.openUpdates(state, this.#now)) {
      const op = this.#lastUnused(alike, point.used, limit)
      if (op === undefined) continue
      const kind = compiled.kinds[op]!
      if (candidates.has(2 * kind + 1) || (candidates.has(2 * kind) && calls[op]! < point.cover)) continue
      for (const next of this.#step(state, op)) {
        if (next === state || (this.#sinkIsWorst && compiled.isSink(next))) continue
        if (this.#mayBeSeen(next, point, target)) visit(op, next)
      }
    }
  }

  /**
   * Of operations that do the same the one that returns first: the others can stand in for it until then. Those that
   * were called after the last overwriting operation (odd keys) are of less use later and count apart.
   */
  #firstOfEachKind(point: Point, limit: number): Map<number, number> {
    const { compiled, calls, returns } = this.#problem
    const first = new Map<number, number>()
    for (const op of this.#updates) {
      if (calls[op]! >= limit || hasOp(point.done, op)) continue
      const key = 2 * compiled.kinds[op]! + (calls[op]! < point.cover ? 0 : 1)
      const other = first.get(key)
      if (other === undefined || returns[op]! < returns[other]!) first.set(key, op)
    }
    return first
  }

  /** Whether what unanswered operations do can be seen by an open operation, or by one after the target. */
  #mayBeSeen(state: number, point: Point, target: number): boolean {
    const { compiled } = this.#problem
    const isAccepted = (op: number) => (compiled.traits[op]! & acceptedTrait) !== 0
    if (hasOp(point.done, target) || compiled.traits[target]! & overwritesTrait || !isAccepted(target)) {
      for (const op of this.#reads) if (!hasOp(point.done, op) && compiled.mayReach(state, op)) return true
      for (const op of this.#updates) {
        if (!isAccepted(op) && !hasOp(point.done, op) && compiled.mayReach(state, op)) return true
      }
      return false
    }
    return true
  }

  /** Overwriting operations called before `limit` that can begin a block with the target in it. */
  #eachStart(
    from: Configuration,
    target: number,
    limit: number,
    visit: (op: number, next: number) => void,
  ): void {
    const { compiled, calls, returns } = this.#problem
    if (compiled.traits[target]! & overwritesTrait) {
      for (const next of this.#step(compiled.initial, target)) visit(target, next)
      return
    }
    const firstToReturn = new Map<number, number>()
    const reach = (op: number, next: number) => {
      if (compiled.mayReach(next, target)) visit(op, next)
    }
    for (const op of this.#overwrites) {
      if (calls[op]! >= limit || hasOp(from.done, op)) continue
      const results = this.#step(compiled.initial, op)
      if (results.length !== 1) {
        for (const next of results) reach(op, next)
        continue
      }
      const result = compiled.settle(results[0]!, this.#now)
      const other = firstToReturn.get(result)
      if (other === undefined || returns[op]! < returns[other]!) firstToReturn.set(result, op)
    }
    for (const alike of compiled.openOverwrites(this.#now)) {
      const op = this.#lastUnused(alike, from.used, limit)
      if (op === undefined) continue
      const results = this.#step(compiled.initial, op)
      if (results.length === 1 && firstToReturn.has(compiled.settle(results[0]!, this.#now))) continue
      for (const next of results) reach(op, next)
    }
    for (const [result, op] of firstToReturn) reach(op, result)
  }

  /** Of unanswered operations that do the same, the last called: those called earlier are of more use later. */
  #lastUnused(alike: Alike, used: OpSet, limit: number): number | undefined {
    for (let at = alike.length - 1; at >= 0; at--) {
      const op = alike[at]!
      if (this.#problem.calls[op]! < limit && !hasOp(used, op)) return op
    }
    return undefined
  }

  #abandons(from: number, placed: Configuration): boolean {
    const hasTakenEffect = (op: number) => hasOp(placed.done, op) || hasOp(placed.used, op)
    return this.#problem.compiled.abandons(from, placed.state, this.#now, hasTakenEffect)
  }

  #step(state: number, op: number): readonly number[] {
    this.#budget.spend()
    return this.#problem.compiled.step(state, op)
  }

  #admit(points: PointSet, point: Point): boolean {
    if (points.size > pointsPerConfiguration * (this.#width.configurationsMax + 16)) {
      this.#dropped = true
      return false
    }
    const isNew = points.add(point)
    this.#dropped ||= points.dropped
    return isNew
  }

  #isAnswered(op: number): boolean {
    return this.#problem.returns[op] !== Number.POSITIVE_INFINITY
  }

  #kindOf(op: number): Set<number> {
    const traits = this.#problem.compiled.traits[op]!
    if (traits & readsTrait) return this.#reads
    return traits & overwritesTrait ? this.#overwrites : this.#updates
  }
}

/** The target takes its leave: what stays of a configuration once `op` has returned. */
export function afterReturn(
  compiled: CompiledHistory,
  from: Configuration,
  op: number,
  next: number,
  forgets: boolean,
): Configuration {
  let used = from.used
  for (const spent of forgets ? from.used.ops : [])
    if (compiled.isSpent(spent, next)) used = withoutOp(used, spent)
  return { ...from, state: compiled.settle(from.state, next), done: withoutOp(from.done, op), used }
}

/** Points already visited, or as good as: a point that used more is not worth a visit. */
class PointSet {
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
