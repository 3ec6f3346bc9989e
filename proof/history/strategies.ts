// Which searches are tried on a part of a history, and in which order: the cheap guesses first, the exhaustive last.
import type { Budget } from './budget.ts'
import { searchDepthFirst } from './depth-first.ts'
import { type SearchResult, search } from './search.ts'
import type { SearchProblem } from './search-problem.ts'

/** One way to search; within its bounds it finds an order, proves that no order exists, or gives up. */
export type Strategy = (problem: SearchProblem, budget: Budget) => SearchResult

/** Visits that a depth-first search remembers for each configuration that a broad one may keep. */
const visitsPerConfiguration = 8

/**
 * The strategies for a part, in order.
 *
 * The broad search needs a model that says what its states can become; without that, guesses in depth find most orders
 * sooner. Few orders need more than one unanswered operation before any one return.
 */
export function strategiesFor(isCompiled: boolean, configurationsMax: number): Strategy[] {
  const visitsMax = visitsPerConfiguration * configurationsMax
  const broad = (most: number, greedy: boolean): Strategy => {
    const width = { configurationsMax: Math.min(most, configurationsMax), greedy }
    return (problem, budget) => search(problem, width, budget)
  }
  const deep = (venturesMax: number): Strategy => {
    return (problem, budget) => searchDepthFirst(problem, { visitsMax, venturesMax }, budget)
  }
  const guesses = isCompiled ? [broad(64, true), broad(2048, false)] : [deep(1), deep(2), broad(64, true)]
  const rest = isCompiled ? [deep(1)] : [deep(Number.POSITIVE_INFINITY)]
  return [...guesses, ...rest, broad(configurationsMax, false)]
}
