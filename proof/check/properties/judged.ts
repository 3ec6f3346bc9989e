/** What properties and machines say when they are asked, errors included. */

/**
 * What an invariant says: true, or what is wrong. One that throws does not hold, because the run that made it throw is
 * worth seeing; nor does one that says something else, such as false, which JavaScript allows.
 */
export function judged(ask: () => unknown): true | string {
  try {
    const verdict = ask()
    return verdict === true || typeof verdict === 'string' ? verdict : `expected true, got ${String(verdict)}`
  } catch (error) {
    return `the invariant threw: ${reasonOf(error)}`
  }
}

/** What was thrown, for a person. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
