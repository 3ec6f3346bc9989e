// What a sequential model is: the one-copy behaviour that a history is compared with. No search here.
import type { CompiledHistory } from './compiled-history.ts'

/**
 * Stands for the output of a call that was never answered: any output may have been meant. One for all copies of this
 * module in a process: a model that came with another copy (CommonJS beside ES modules, say) means the same.
 */
export const unknownOutput: unique symbol = Symbol.for('standby.unknownOutput')

/** The type of `unknownOutput`. */
export type UnknownOutput = typeof unknownOutput

/**
 * When a call was made and what was answered.
 *
 * `call` and `return` are numbers of one global event counter, all distinct; they order events and measure
 * nothing. `return` is null for a call that was never answered, and its `output` is then not looked at.
 */
export interface Recorded<Output> {
  readonly client: string | number
  readonly output: Output
  readonly call: number
  readonly return: number | null
}

/** One recorded operation: the fields of its input beside those of `Recorded`. */
export type RecordedCall<Input extends object, Output> = Input & Recorded<Output>

/**
 * What an operation does in every state; the search prunes by it, so a wrong promise gives a wrong verdict.
 *
 * - `reads`: never changes the state (it may be refused in some states).
 * - `overwrites`: accepted in every state, and leaves the same state after every state.
 * - `accepted`: accepted in every state.
 * - `guarded`: nothing is promised.
 */
export type Effect = 'reads' | 'overwrites' | 'accepted' | 'guarded'

/**
 * A sequential object: the states it has and what one operation at a time does to them.
 *
 * `initial`, `step` and `key` suffice; the rest makes the search faster or its report easier to read. `step` must
 * accept with `unknownOutput` all that it accepts with some output.
 *
 * Source: Herlihy and Wing, Linearizability: a correctness condition for concurrent objects (1990).
 *
 * @example
 * const counter: SequentialModel<number, { op: 'increment' }, number> = {
 *   name: 'counter',
 *   initial: 0,
 *   step: (count, _input, output) => (output === unknownOutput || output === count + 1 ? [count + 1] : null),
 *   key: String,
 * }
 */
export interface SequentialModel<State, Input extends object, Output> {
  readonly name: string
  readonly initial: State
  /** The states that may follow when `input` gave `output` in `state`; null (or none) when it could not have. */
  step(state: State, input: Input, output: Output | UnknownOutput): readonly State[] | null
  /** A text equal for equal states and different for different ones. */
  key(state: State): string
  /** Splits a history into parts that share no state, by name (linearizability is local). Default: one part. */
  partition?<Op extends RecordedCall<Input, Output>>(operations: readonly Op[]): ReadonlyMap<string, Op[]>
  /** What the operation does in every state. Default: `guarded`. */
  effect?(input: Input, output: Output | UnknownOutput): Effect
  /** One operation with its output for a reader, such as `put "x" "1"`. Default: its fields as JSON. */
  describe?(input: Input, output: Output | UnknownOutput): string
  /** A state for a reader. Default: its key. */
  describeState?(state: State): string
  /** A faster equivalent of `step` over numbered states for one part of a history. Default: made from `step`. */
  compile?(operations: readonly RecordedCall<Input, Output>[]): CompiledHistory
}
