/** The transport over WebSocket for browsers: it dials, and cannot be dialed. */
import { StandbyError } from '../../actors/errors.ts'
import { refuseUnusableKeys } from './authentication.ts'
import { Mesh } from './mesh.ts'
import { type MeshTransport, refuseOddOptions } from './mesh-options.ts'
import type { WebSocketTransportOptions } from './websocket.ts'
import { checkedUrl, checkedUrls } from './websocket-url.ts'
import { type AnyWebSocket, WebSocketWire } from './websocket-wire.ts'

export { generateKeyPair, sharedSecret } from './authentication.ts'
export { defaultMeshLimits } from './mesh-options.ts'

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
  const mesh = new Mesh(
    options,
    (url) => new WebSocketWire(new WebSocket(checkedUrl(url)) as unknown as AnyWebSocket, url),
  )
  await refuseUnusableKeys(mesh.authentication)
  return mesh.transport(null)
}
