/** How to search, how far a search has come, and how it ended. */
import type { Goal } from '../system.ts'
import type { Violation } from './exploration.ts'

/** Where a search stops although there is more to see; the verdict is then `bounded`. */
export interface SearchBounds {
  /** Steps from the start; default: no bound. */
  readonly depth?: number
  /** Distinct states; default 50,000,000. */
  readonly states?: number
  readonly seconds?: number
  /** Bytes for states and index; default 6 GiB. */
  readonly bytes?: number
}

/** How far a search has come; reported every 16,384 explored states, and at the end. */
export interface Progress {
  readonly states: number
  readonly statesPerSecond: number
  readonly depth: number
  /** States that were found and not yet explored. */
  readonly frontier: number
  readonly bytes: number
  readonly seconds: number
}

/** How a search ended, in numbers; `check` says what it means. */
export interface SearchEnd {
  readonly end: 'exhausted' | 'violated' | 'depth' | 'states' | 'seconds' | 'bytes' | 'goals'
  readonly states: number
  readonly transitions: number
  /** Steps from the start to the deepest state that was explored. */
  readonly depth: number
  readonly seconds: number
  readonly bytes: number
  readonly locals: number
  readonly snapshotSteps: number
  readonly violation: Violation | null
  /** The first state that reached each goal; null where none did. */
  readonly goals: readonly { readonly name: string; readonly state: number | null }[]
}

/** How to search: in which order, within which bounds, for which goals. */
export interface SearchOptions {
  readonly bounds?: SearchBounds
  readonly order?: 'breadth-first' | 'depth-first'
  /** Stop as soon as every goal has been reached. */
  readonly stopAtGoals?: boolean
  /** Goals to look for instead of the system's. */
  readonly goals?: readonly Goal[]
  readonly progress?: (progress: Progress) => void
}

export const statesMaxDefault = 50_000_000
export const bytesMaxDefault = 6 * 2 ** 30

export function progressOf(
  states: number,
  bytes: number,
  depth: number,
  frontier: number,
  ms: number,
): Progress {
  const seconds = ms / 1000
  return {
    states,
    statesPerSecond: Math.round(states / Math.max(0.001, seconds)),
    depth,
    frontier,
    bytes,
    seconds,
  }
}
