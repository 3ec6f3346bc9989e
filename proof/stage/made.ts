/** A choice that was made in a world. */
import type { Choice } from './choice.ts'

/** The same object in every branch that shares it. */
export interface Made {
  /** What it was, `next` resolved. */
  readonly choice: Exclude<Choice, { kind: 'next' }>
  /** No one chose it: it was what happens by itself. */
  readonly isNext: boolean
}
