// How an operation that returns can have taken effect: what one configuration can become by then.
import type { Budget } from './budget.ts'
import { acceptedTrait, type CompiledHistory, overwritesTrait } from './compiled-history.ts'
import { type Configuration, extend } from './configuration.ts'
import { Moves } from './moves.ts'
import { hasOp, withOp, withoutOp } from './op-set.ts'
import { type Point, PointSet } from './point-set.ts'
import type { SearchProblem, SearchWidth } from './search-problem.ts'

/** Points under way at one event, for each configuration kept. */
const pointsPerConfiguration = 16
/** Points after which a greedy search that has placed the target looks no further. */
const pointsAfterFound = 64

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
  readonly #moves: Moves
  #forwardPoints: PointSet
  #now = -1
  #dropped = false

  constructor(problem: SearchProblem, width: SearchWidth, budget: Budget) {
    this.#problem = problem
    this.#width = width
    this.#budget = budget
    this.#moves = new Moves(problem, budget)
    this.#forwardPoints = new PointSet(width.greedy)
  }

  /** Whether some configuration may have been missed for lack of width. */
  get dropped(): boolean {
    return this.#dropped
  }

  /** Tells that the answered operation `op` has been called. */
  open(op: number): void {
    this.#moves.open(op)
  }

  /** Tells that the answered operation `op` has returned. */
  close(op: number): void {
    this.#moves.close(op)
  }

  /** Begins the expansions of one return event. */
  begin(now: number): void {
    this.#now = now
    this.#forwardPoints = new PointSet(this.#width.greedy)
    this.#moves.begin(now)
  }

  /** Offers what `from` can become when `target` takes effect before it returns. */
  expand(from: Configuration, target: number, offer: Offer): void {
    if (this.#problem.calls[target]! < from.cover) this.#bury(from, target, offer)
    this.#forward(from, target, offer)
  }

  /** Places `target` before the last overwriting operation, with the block that it needs there. */
  #bury(from: Configuration, target: number, offer: Offer): void {
    const { compiled } = this.#problem
    const traits = compiled.traits[target]!
    if (traits & acceptedTrait && !(traits & overwritesTrait)) {
      offer({ ...from, done: withOp(from.done, target), log: extend(from.log, target, true) })
    }
    const seen = new PointSet(this.#width.greedy)
    const queue: Point[] = []
    const push = (point: Point) => {
      const closed = this.#moves.closeReads(point, from.cover, true)
      if (this.#admit(seen, closed)) queue.push(closed)
    }
    const start = { ...from, unseen: false }
    this.#moves.eachStart(from, target, from.cover, (op, next) => push(this.#place(start, op, next, true)))
    for (const point of queue) {
      if (this.#budget.outOf !== null) return
      if (hasOp(point.done, target)) {
        const placed = { ...point, state: from.state, unseen: from.unseen }
        if (!point.unseen && !this.#abandons(point.state, placed)) offer(placed)
      } else if (!compiled.mayReach(point.state, target)) continue
      this.#moves.eachUpdate(point, target, from.cover, (op, next) =>
        push(this.#place(point, op, next, true)),
      )
    }
  }

  /** Places `target` at the end of the order. */
  #forward(from: Configuration, target: number, offer: Offer): void {
    const { compiled } = this.#problem
    const everything = Number.POSITIVE_INFINITY
    const queue: Point[] = []
    const push = (point: Point) => {
      const closed = this.#moves.closeReads(point, everything, false)
      if (this.#admit(this.#forwardPoints, closed)) queue.push(closed)
    }
    push({ ...from, fresh: false })
    let found = false
    for (const [index, point] of queue.entries()) {
      if (this.#budget.outOf !== null) return
      if (hasOp(point.done, target)) {
        offer(point)
        found = true
        continue
      }
      if (this.#width.greedy && found && index > pointsAfterFound) {
        this.#dropped = true
        continue
      }
      if (point.fresh && !compiled.mayReach(point.state, target)) continue
      this.#moves.eachUpdate(point, target, everything, (op, next) => {
        const placed = this.#place(point, op, next, false)
        if (next === point.state || !this.#abandons(point.state, placed)) push(placed)
      })
      if (point.fresh || point.unseen) continue
      this.#moves.eachStart(point, target, everything, (op, next) => {
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

  #abandons(from: number, placed: Configuration): boolean {
    const hasTakenEffect = (op: number) => hasOp(placed.done, op) || hasOp(placed.used, op)
    return this.#problem.compiled.abandons(from, placed.state, this.#now, hasTakenEffect)
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
}

/** What stays of a configuration once `op` has returned; `forgets` what can no longer matter at the event `next`. */
export function afterReturn(
  compiled: CompiledHistory,
  from: Configuration,
  op: number,
  next: number,
  forgets: boolean,
): Configuration {
  let used = from.used
  for (const spent of forgets ? from.used.ops : []) {
    if (compiled.isSpent(spent, next)) used = withoutOp(used, spent)
  }
  return { ...from, state: compiled.settle(from.state, next), done: withoutOp(from.done, op), used }
}
