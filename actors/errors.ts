/** Errors that reach a user of the library: each has a code to branch on and says what to do. */

/** What went wrong, to branch on; docs/operating.md says of each what to do. */
export type StandbyErrorCode =
  | 'timedOut'
  | 'aborted'
  | 'stopped'
  | 'overloaded'
  | 'sessionExpired'
  | 'sequenceReused'
  | 'replicaDiverged'
  | 'applicationError'
  | 'invalidCommand'
  | 'tooLarge'
  | 'invalidOption'
  | 'duplicateNode'
  | 'unknownNode'
  | 'invalidStore'

/** The only error class of the library. */
export class StandbyError extends Error {
  override readonly name = 'StandbyError'
  readonly code: StandbyErrorCode
  /**
   * Whether the command may have been executed, or may still be (C2). False means never: it was never transmitted.
   * For an `applicationError` it is true: it was executed, and its outcome is this error.
   */
  readonly mayHaveExecuted: boolean

  constructor(
    code: StandbyErrorCode,
    message: string,
    options: { mayHaveExecuted?: boolean; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.mayHaveExecuted = options.mayHaveExecuted ?? false
  }
}
