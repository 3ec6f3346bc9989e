/** The names of the clients that speak for HTTP sessions: `session-` and 32 unguessable digits. */
const prefix = 'session-'

/** The name of the client of a session. */
export function sessionName(token: string): string {
  return `${prefix}${token}`
}

/** Whether a client's name is that of a session. */
export function isSessionName(name: string): boolean {
  return name.startsWith(prefix) && name.length === prefix.length + 32
}
