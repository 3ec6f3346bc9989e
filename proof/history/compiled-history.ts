// One part of a history with its states numbered, as the search reads it.

/** Trait bits of an operation, see `Effect`. */
export const readsTrait = 1
export const acceptedTrait = 2
export const overwritesTrait = 4

/** Unanswered operations that do the same, by ascending call. */
export type Alike = readonly number[]

/** Whether an operation has taken effect in the order under construction. */
export type HasTakenEffect = (op: number) => boolean

/**
 * What the search knows of one part of a history: operations are numbers (positions by ascending call), states are
 * numbers given out by the compiled history, and times are event numbers.
 *
 * All members but `step` only help to prune; each must be sound in the sense given with it.
 */
export interface CompiledHistory {
  readonly initial: number
  /** Trait bits by operation. */
  readonly traits: Uint8Array
  /** By operation a number that is the same only for operations that do the same in every state. */
  readonly kinds: readonly number[]
  /** The states that may follow; empty when the operation is refused. */
  step(state: number, op: number): readonly number[]
  /** A state that no operation returning at `now` or later can tell from `state`. */
  settle(state: number, now: number): number
  /** A state that only an overwriting operation leaves, and where accepted operations change nothing. */
  isSink(state: number): boolean
  /** Whether every state allows, from `now` on, all that a sink allows. */
  sinkIsWorst(now: number): boolean
  /** False only if no operations but overwriting ones lead from `state` to one where `op` is accepted. */
  mayReach(state: number, op: number): boolean
  /** True only if, once `from` has become `to`, some answered operation that has not taken effect never can. */
  abandons(from: number, to: number, now: number, hasTakenEffect: HasTakenEffect): boolean
  /** The operations because of which `abandons` has been true since this was last asked. */
  takeSuspects(): readonly number[]
  /** Tells that `op` has been called. */
  open(op: number): void
  /** Tells that `op` has returned. */
  close(op: number): void
  /** Open unanswered operations that do not overwrite, and may matter in `state`. */
  openUpdates(state: number, now: number): Iterable<Alike>
  /** Open unanswered operations that overwrite, and may matter from `now` on. */
  openOverwrites(now: number): Iterable<Alike>
  /** True only if the unanswered operation `op` never matters. */
  isIdle(op: number): boolean
  /** True only if an unanswered operation can no longer matter. */
  isSpent(op: number, now: number): boolean
  /** Only these states will be asked for again. */
  retain(states: ReadonlySet<number>): void
}

/** Numbers texts, equal ones alike. */
export function numberAlike(texts: readonly string[]): number[] {
  const numbers = new Map<string, number>()
  return texts.map((text) => {
    const number = numbers.get(text) ?? numbers.size
    numbers.set(text, number)
    return number
  })
}
