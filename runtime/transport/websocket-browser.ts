/** The transport over WebSocket for browsers, on their own WebSocket: it dials, and nobody can dial it. */
import { StandbyError } from '../../actors/errors.ts'
import { Mesh, type MeshTransport, refuseOddOptions } from './mesh.ts'
import type { WebSocketTransportOptions } from './websocket.ts'
import { checkedUrls } from './websocket-url.ts'
import { type AnyWebSocket, WebSocketWire } from './websocket-wire.ts'

export { sharedSecret } from './authentication.ts'
export { defaultMeshLimits } from './mesh.ts'

/**
 * Opens a transport over the browser's WebSocket, as `openWebSocketTransport` of Node without `listen` and `tls`.
 * @throws StandbyError `invalidOption`
 */
export async function openWebSocketTransport(
  options: WebSocketTransportOptions = {},
): Promise<MeshTransport> {
  refuseOddOptions(options)
  if (options.listen !== undefined || options.tls !== undefined) {
    const what = 'expected neither listen nor tls in a browser; it dials, and its own TLS comes with wss://'
    throw new StandbyError('invalidOption', what)
  }
  checkedUrls(options.directory)
  const mesh = new Mesh(options, (url) => {
    return new WebSocketWire(new WebSocket(url) as unknown as AnyWebSocket, url)
  })
  return {
    address: null,
    attach: (id, receive) => mesh.attach(id, receive),
    send: (envelope) => mesh.send(envelope),
    counters: () => mesh.counters(),
    close: () => mesh.close(),
  }
}
