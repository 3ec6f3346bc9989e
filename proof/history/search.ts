// The search for an order: events in time order, with the set of configurations that may hold after each.
import type { Budget, OutOf } from './budget.ts'
import { type CompiledHistory, readsTrait } from './compiled-history.ts'
import { type Configuration, extend } from './configuration.ts'
import { afterReturn, Expansion } from './expansion.ts'
import { Frontier } from './frontier.ts'
import { emptySet, hasOp, withOp } from './op-set.ts'
import type { SearchProblem, SearchWidth } from './search-problem.ts'

/** Returns between two looks for what can be forgotten. */
const forgetEvery = 32

/** How a search ended: an order for all, an operation whose return no order allows, or neither. */
export type SearchResult =
  | { readonly kind: 'passed'; readonly after: readonly Configuration[] }
  | {
      readonly kind: 'broken'
      readonly op: number
      readonly before: readonly Configuration[]
      /** Answered operations, perhaps called later, that could not have taken effect any more. */
      readonly suspects: readonly number[]
    }
  | {
      readonly kind: 'gaveUp'
      readonly because: OutOf | 'memory'
      readonly op: number
      readonly before: readonly Configuration[]
    }

/**
 * Searches for an order of a history's operations that its model allows and that respects real time.
 *
 * `width` bounds the configurations kept at an event, and so the memory: a narrow search may find an order, but never
 * says `broken` after it has dropped something; it then says `gaveUp` because of `memory`.
 *
 * Source: Wing and Gong, Testing and verifying concurrent objects (1993); Lowe, Testing for linearizability (2017),
 * just-in-time linearization. The pruning beside is this project's, see `Expansion` and `Frontier`.
 */
export function search(problem: SearchProblem, width: SearchWidth, budget: Budget): SearchResult {
  const { compiled, returns } = problem
  const expansion = new Expansion(problem, width, budget)
  let frontier: Configuration[] = [
    { state: compiled.initial, done: emptySet, used: emptySet, cover: -1, unseen: false, log: null },
  ]
  let dropped = false
  let returnsSeen = 0
  for (const { op, now, isReturn } of eventsOf(problem)) {
    const isRead = (compiled.traits[op]! & readsTrait) !== 0
    if (!isReturn) {
      compiled.open(op)
      if (returns[op] === Number.POSITIVE_INFINITY) continue
      expansion.open(op)
      if (isRead) frontier = frontier.map((one) => placeRead(problem, one, op, budget))
      continue
    }
    const next = new Frontier(problem, width.greedy)
    const offer = (one: Configuration) => {
      const settled = afterReturn(compiled, one, op, now + 1, returnsSeen % forgetEvery === 0)
      if (!isInVain(compiled, settled, now + 1)) next.add(settled)
    }
    expansion.begin(now)
    compiled.takeSuspects()
    for (const one of frontier) {
      if (hasOp(one.done, op)) offer(one)
      else expansion.expand(one, op, offer)
      if (budget.outOf !== null) return { kind: 'gaveUp', because: budget.outOf, op, before: frontier }
    }
    expansion.close(op)
    compiled.close(op)
    dropped ||= expansion.dropped || next.dropped
    if (next.size === 0) {
      if (dropped) return { kind: 'gaveUp', because: 'memory', op, before: frontier }
      return { kind: 'broken', op, before: frontier, suspects: compiled.takeSuspects() }
    }
    const all = next.all(compiled.sinkIsWorst(now + 1))
    dropped ||= all.length > width.configurationsMax
    frontier = all.slice(0, width.configurationsMax)
    if (++returnsSeen % forgetEvery === 0) compiled.retain(new Set(frontier.map((one) => one.state)))
  }
  return { kind: 'passed', after: frontier }
}

function placeRead(problem: SearchProblem, one: Configuration, op: number, budget: Budget): Configuration {
  budget.spend()
  if (problem.compiled.step(one.state, op).length === 0) return one
  return { ...one, done: withOp(one.done, op), unseen: false, log: extend(one.log, op, false) }
}

/** Whether unanswered operations were used for a state that no operation will read. */
function isInVain(compiled: CompiledHistory, one: Configuration, next: number): boolean {
  return one.unseen && compiled.isSink(one.state) && compiled.sinkIsWorst(next)
}

/** A call or a return. */
export interface SearchEvent {
  readonly op: number
  readonly now: number
  readonly isReturn: boolean
}

/** The events of a problem by time, without those of operations that never matter. */
export function eventsOf({ calls, returns, compiled }: SearchProblem): SearchEvent[] {
  const events: SearchEvent[] = []
  for (const [op, call] of calls.entries()) {
    const returned = returns[op]!
    const isAnswered = returned !== Number.POSITIVE_INFINITY
    if (isAnswered || !compiled.isIdle(op)) events.push({ op, now: call, isReturn: false })
    if (isAnswered) events.push({ op, now: returned, isReturn: true })
  }
  return events.sort((left, right) => left.now - right.now)
}
