// What a search is given: one part of a history, and how wide it may search.
import type { CompiledHistory } from './compiled-history.ts'

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
