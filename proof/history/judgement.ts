// What a judgement says: the verdict, and what it rests on.

/** `ok`: an order was found. `illegal`: there is none. `unknown`: a limit was met first, which is not ok. */
export type Verdict = 'ok' | 'illegal' | 'unknown'

/** The judgement of operations that share state. */
export interface PartJudgement<Op> {
  /** The name that the model's `partition` gave, for a key-value store the key; empty when there is one part only. */
  readonly name: string
  readonly verdict: Verdict
  /** All operations of the part, by ascending call. */
  readonly operations: readonly Op[]
  /** An order for the longest prefix of the part (of its events, in time) that has one; for `ok` the whole part. */
  readonly longestPrefix: readonly Op[]
  /** The event of the return that no order allows; null unless illegal. */
  readonly brokenAt: number | null
  /**
   * The answers that contradict each other, by ascending call, that of the operation which returned at `brokenAt` among
   * them; only this one if no others were looked for, or a limit was met first.
   */
  readonly breaking: readonly Op[]
  /** The verdict in a sentence. */
  readonly reason: string
  readonly steps: number
}

/** The judgement of a history. */
export interface Judgement<Op> {
  readonly verdict: Verdict
  readonly partitions: readonly PartJudgement<Op>[]
  /** For `ok` an order of the whole history; else that of the part which decided the verdict. */
  readonly longestPrefix: readonly Op[]
  /** That of the illegal part which breaks first; empty unless illegal. */
  readonly breaking: readonly Op[]
  readonly reason: string
  readonly steps: number
}
