/** The names of a gateway's sessions, as they may be shown. */

/**
 * The text with the names of sessions cut short: a name is what the session's holder has to show, its beginning tells
 * sessions apart and opens none.
 */
export function withoutSessionSecrets(text: string): string {
  return text.replace(/(session-[0-9a-f]{8})[0-9a-f]{24}/g, '$1...')
}
