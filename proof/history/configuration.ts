// What may have happened so far: a state, and the open operations that have taken effect.
import { isSubset, mix, type OpSet, sameSet } from './op-set.ts'

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
 * `cover` is the event at which the last overwriting operation was placed (-1 if none was): every operation open then
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

/** Mixes the state of a configuration and what it has placed. */
export function hashOf(state: number, done: OpSet): number {
  return mix(state) ^ done.hash
}

/**
 * Whether `seen` makes `added`, which is in the same state and has placed the same, superfluous: it has used no more.
 */
export function isAsGood(seen: Configuration, added: Configuration): boolean {
  return seen.cover >= added.cover && (added.unseen || !seen.unseen) && isSubset(seen.used, added.used)
}

/** Whether two configurations differ at most in which unanswered operations they used, and when. */
export function isAlike(left: Configuration, right: Configuration): boolean {
  return left.state === right.state && sameSet(left.done, right.done)
}
