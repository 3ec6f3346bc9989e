// What may take effect next: the open operations of a history, and which of them are worth a try.
import type { Budget } from './budget.ts'
import { type Alike, acceptedTrait, overwritesTrait, readsTrait } from './compiled-history.ts'
import { type Configuration, extend, type Log } from './configuration.ts'
import { hasOp, type OpSet, withOp } from './op-set.ts'
import type { Point } from './point-set.ts'
import type { SearchProblem } from './search-problem.ts'

/** Receives an operation that can take effect, and the state that it leaves. */
export type Visit = (op: number, next: number) => void

/** The open answered operations, and the moves that they and the unanswered ones allow at one event. */
export class Moves {
  readonly #problem: SearchProblem
  readonly #budget: Budget
  readonly #reads = new Set<number>()
  readonly #updates = new Set<number>()
  readonly #overwrites = new Set<number>()
  #now = -1
  #sinkIsWorst = false

  constructor(problem: SearchProblem, budget: Budget) {
    this.#problem = problem
    this.#budget = budget
  }

  /** Tells that the answered operation `op` has been called. */
  open(op: number): void {
    this.#kindOf(op).add(op)
  }

  /** Tells that the answered operation `op` has returned. */
  close(op: number): void {
    this.#kindOf(op).delete(op)
  }

  /** Begins the moves of one return event. */
  begin(now: number): void {
    this.#now = now
    this.#sinkIsWorst = this.#problem.compiled.sinkIsWorst(now)
  }

  /** Places every read called before `limit` that fits the state: having been placed never hinders. */
  closeReads(point: Point, limit: number, buried: boolean): Point {
    let done: OpSet = point.done
    let log: Log | null = point.log
    for (const op of this.#reads) {
      if (this.#problem.calls[op]! >= limit || hasOp(done, op)) continue
      if (this.#step(point.state, op).length === 0) continue
      done = withOp(done, op)
      log = extend(log, op, buried)
    }
    return done === point.done ? point : { ...point, done, unseen: false, log }
  }

  /** Operations called before `limit` that do not overwrite and change something (or are the target). */
  eachUpdate(point: Point, target: number, limit: number, visit: Visit): void {
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
    const isLast = !hasOp(point.done, target) && !(compiled.traits[target]! & overwritesTrait)
    if (isLast && isAccepted(target)) return true
    const canSee = (op: number) => !hasOp(point.done, op) && compiled.mayReach(state, op)
    for (const op of this.#reads) if (canSee(op)) return true
    for (const op of this.#updates) if (!isAccepted(op) && canSee(op)) return true
    return false
  }

  /** Overwriting operations called before `limit` that can begin a block with the target in it. */
  eachStart(from: Configuration, target: number, limit: number, visit: Visit): void {
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

  #step(state: number, op: number): readonly number[] {
    this.#budget.spend()
    return this.#problem.compiled.step(state, op)
  }

  #kindOf(op: number): Set<number> {
    const traits = this.#problem.compiled.traits[op]!
    if (traits & readsTrait) return this.#reads
    return traits & overwritesTrait ? this.#overwrites : this.#updates
  }
}
