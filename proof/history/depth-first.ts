// The search for an order that follows one guess as far as it goes; for models of which nothing but `step` is known.
import type { Budget } from './budget.ts'
import { readsTrait } from './compiled-history.ts'
import { type Configuration, extend, hashOf, isAlike, isAsGood } from './configuration.ts'
import { emptySet, hasOp, withOp, withoutOp } from './op-set.ts'
import { eventsOf, type SearchEvent, type SearchResult } from './search.ts'
import type { SearchProblem } from './search-problem.ts'

/** Bounds of a depth-first search. */
export interface DepthFirstBounds {
  readonly visitsMax: number
  readonly venturesMax: number
}

/** A configuration before the event at `place`, with the operations that may be placed next and are still to be tried. */
interface Frame extends Configuration {
  readonly place: number
  readonly untried: number[]
  /** Unanswered operations placed since the last event. */
  readonly ventures: number
}

/**
 * Searches depth first: the operation that returns next is tried first, then those that return later, then unanswered
 * ones; no configuration is visited twice, nor one that has used more than another that failed.
 *
 * `venturesMax` bounds the unanswered operations placed before any one return, `visitsMax` the memory; where a bound was
 * met the search gives up instead of saying `broken`.
 *
 * Source: Wing and Gong (1993), with the memory of configurations by Lowe (2017).
 */
export function searchDepthFirst(
  problem: SearchProblem,
  bounds: DepthFirstBounds,
  budget: Budget,
): SearchResult {
  const guesses = new Guesses(problem, bounds.venturesMax, budget)
  const visited = new Map<number, (Configuration & { place: number })[]>()
  let visits = 0
  const isNew = (one: Frame) => {
    const hash = hashOf(one.state, one.done) ^ Math.imul(one.place, 0x9e3779b1)
    const bucket = visited.get(hash) ?? []
    if (bucket.some((seen) => seen.place === one.place && isAlike(seen, one) && isAsGood(seen, one)))
      return false
    if (bucket.push(one) === 1) visited.set(hash, bucket)
    visits++
    return true
  }
  const stack = [guesses.first()]
  let furthest = stack[0]!
  for (let frame = stack[0]; frame !== undefined; frame = stack[stack.length - 1]) {
    if (frame.place > furthest.place) furthest = frame
    if (frame.place === guesses.events.length) return { kind: 'passed', after: [frame] }
    const op = guesses.events[furthest.place]!.op
    if (budget.outOf !== null) return { kind: 'gaveUp', because: budget.outOf, op, before: [furthest] }
    if (visits > bounds.visitsMax) return { kind: 'gaveUp', because: 'memory', op, before: [furthest] }
    const next = frame.untried.pop()
    if (next === undefined) stack.pop()
    else stack.push(...guesses.after(frame, next).filter(isNew))
  }
  const end = { op: guesses.events[furthest.place]!.op, before: [furthest] }
  return guesses.bounded
    ? { ...end, kind: 'gaveUp', because: 'memory' }
    : { ...end, kind: 'broken', suspects: [] }
}

/** Makes frames: what may be guessed at each event, and what becomes of a guess. */
class Guesses {
  readonly events: readonly SearchEvent[]
  readonly #problem: SearchProblem
  readonly #budget: Budget
  readonly #venturesMax: number
  /** Whether some guess was left out for being one too many. */
  bounded = false
  /** By event the operations that have been called before it and have not returned. */
  readonly #openAt: (readonly number[])[] = []

  constructor(problem: SearchProblem, venturesMax: number, budget: Budget) {
    this.#problem = problem
    this.#venturesMax = venturesMax
    this.#budget = budget
    this.events = eventsOf(problem)
    let open: readonly number[] = []
    for (const { op, isReturn } of this.events) {
      this.#openAt.push(open)
      open = isReturn ? open.filter((other) => other !== op) : [...open, op]
    }
  }

  first(): Frame {
    const { initial } = this.#problem.compiled
    return this.#settle(
      { state: initial, done: emptySet, used: emptySet, cover: -1, unseen: false, log: null },
      0,
      0,
    )
  }

  /** The frames that follow when `op` takes effect in `frame`. */
  after(frame: Frame, op: number): Frame[] {
    const isAnswered = this.#isAnswered(op)
    const followers = this.#step(frame.state, op).filter((state) => isAnswered || state !== frame.state)
    return followers.map((state) => {
      const log = extend(frame.log, op, false)
      const placed = isAnswered
        ? { ...frame, state, log, done: withOp(frame.done, op) }
        : { ...frame, state, log, used: withOp(frame.used, op) }
      return this.#settle(placed, frame.place, frame.ventures + (isAnswered ? 0 : 1))
    })
  }

  /** Places the reads that fit, and goes on to the first return of an operation that has no place yet. */
  #settle(from: Configuration, start: number, venturesBefore: number): Frame {
    const { compiled } = this.#problem
    let one = from
    let place = start
    for (const op of this.#openAt[start] ?? []) one = this.#placeRead(one, op)
    for (; place < this.events.length; place++) {
      const { op, isReturn } = this.events[place]!
      if (!isReturn) one = this.#placeRead(one, op)
      else if (hasOp(one.done, op)) one = { ...one, done: withoutOp(one.done, op) }
      else break
    }
    const ventures = place === start ? venturesBefore : 0
    const isOpen = (op: number) =>
      !hasOp(one.done, op) && !hasOp(one.used, op) && !(compiled.traits[op]! & readsTrait)
    const open = (this.#openAt[place] ?? []).filter(isOpen)
    const untried = this.#lastTriedFirst(
      ventures < this.#venturesMax ? open : open.filter((op) => this.#isAnswered(op)),
    )
    if (ventures >= this.#venturesMax && open.some((op) => !this.#isAnswered(op))) this.bounded = true
    return { ...one, place, ventures, untried }
  }

  #placeRead(one: Configuration, op: number): Configuration {
    const isRead = (this.#problem.compiled.traits[op]! & readsTrait) !== 0
    if (!isRead || hasOp(one.done, op) || this.#step(one.state, op).length === 0) return one
    return { ...one, done: withOp(one.done, op), log: extend(one.log, op, false) }
  }

  /** One operation of each kind, the one that returns first at the end. */
  #lastTriedFirst(ops: readonly number[]): number[] {
    const { returns, compiled } = this.#problem
    const byReturn = [...ops].sort((left, right) => returns[left]! - returns[right]! || right - left)
    const kinds = new Set<number>()
    const firsts = byReturn.filter((op) => !kinds.has(compiled.kinds[op]!) && kinds.add(compiled.kinds[op]!))
    return firsts.reverse()
  }

  #isAnswered(op: number): boolean {
    return this.#problem.returns[op] !== Number.POSITIVE_INFINITY
  }

  #step(state: number, op: number): readonly number[] {
    this.#budget.spend()
    return this.#problem.compiled.step(state, op)
  }
}
