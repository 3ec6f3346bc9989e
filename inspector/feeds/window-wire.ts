/** What the page and an app's window say to each other before they share a port. */

export const wireVersion = 1
/** From the page: it is there and listens. */
export const readyType = 'standby.ready'
/** From the app, with a port; through it come arrays of lines of a trace. */
export const connectType = 'standby.connect'

const hasType = (data: unknown, type: string): boolean =>
  typeof data === 'object' && data !== null && (data as { type?: unknown }).type === type

export const isReadyMessage = (data: unknown): boolean => hasType(data, readyType)
export const isConnectMessage = (data: unknown): boolean => hasType(data, connectType)
