/** The transport over WebSocket for Node, plain or with TLS, on the package ws. Browsers get websocket-browser.ts; routes are the mesh's. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createSecureServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws'
import { formatAddress } from './address.ts'
import { keyOf } from './admission.ts'
import { refuseUnusableKeys } from './authentication.ts'
import { certifiedNames } from './certificate.ts'
import type { Wire } from './connection.ts'
import { handshakeBytesMax } from './frame.ts'
import { defaultHost, type ListenOptions, refuseUnsafe, type TlsOptions } from './listening.ts'
import { Mesh } from './mesh.ts'
import { type MeshOptions, type MeshTransport, refuseOddOptions } from './mesh-options.ts'
import { checkedUrl, checkedUrls } from './websocket-url.ts'
import { type AnyWebSocket, messageBytesMax, WebSocketWire } from './websocket-wire.ts'

export * from './sockets.ts'

/** What the transport over WebSocket can be given. */
export interface WebSocketTransportOptions extends MeshOptions {
  /** Default: it does not listen, and only dials. */
  readonly listen?: ListenOptions & {
    /** Pages that may dial in, such as `https://app.example`; default: none. Programs other than browsers send no origin, and may dial. */
    readonly origins?: readonly string[]
  }
  readonly tls?: TlsOptions
}

/**
 * Opens a transport over WebSocket; addresses in its directory are `ws://` or `wss://`. Order, duplicates, losses, keys and
 * certificates are those of TCP. A page of another origin than `listen.origins` is refused before its handshake.
 * @throws StandbyError `invalidOption`; the system's error if it cannot listen.
 * @example
 * const transport = await openWebSocketTransport({ listen: { port: 7001, origins: ['https://app.example'] } })
 */
export async function openWebSocketTransport(
  options: WebSocketTransportOptions = {},
): Promise<MeshTransport> {
  refuseOddOptions(options)
  const { listen, tls } = options
  checkedUrls(options.directory)
  const mesh: Mesh = new Mesh(options, (url) => dialed(checkedUrl(url), mesh.limits.frameBytesMax, tls?.dial))
  await refuseUnusableKeys(mesh.authentication)
  if (listen === undefined) return mesh.transport(null)
  const server = createListener(mesh, listen, tls)
  server.listen(listen.port ?? 0, listen.host ?? defaultHost)
  await once(server, 'listening')
  const { address, port } = server.address() as AddressInfo
  const scheme = tls?.listen === undefined ? 'ws' : 'wss'
  return mesh.transport(`${scheme}://${formatAddress({ host: address, port })}`, () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeIdleConnections()
    return closed
  })
}

/** A request line and headers take no longer, and are no larger, than a handshake. */
const headerBytesMax = 8 * 1024

function createListener(
  mesh: Mesh,
  listen: NonNullable<WebSocketTransportOptions['listen']>,
  tls: TlsOptions | undefined,
): Server {
  refuseUnsafe(listen, mesh.authentication, tls)
  const { handshakeMs, connectionsMax, strangersMax } = mesh.limits
  const bounds = { headersTimeout: handshakeMs, requestTimeout: handshakeMs, maxHeaderSize: headerBytesMax }
  const server =
    tls?.listen === undefined
      ? createServer(bounds)
      : createSecureServer({ ...(tls.listen as ServerOptions), ...bounds, handshakeTimeout: handshakeMs })
  server.maxConnections = connectionsMax + strangersMax + 16
  server.on('connection', (socket: Socket) => mesh.enter(socket))
  server.on('request', (_, response) =>
    response.writeHead(426, { upgrade: 'websocket', connection: 'close' }).end(),
  )
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: messageBytesMax(mesh.limits.frameBytesMax),
    perMessageDeflate: false,
    clientTracking: false,
  })
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const { origin } = request.headers
    if (origin !== undefined && !listen.origins?.includes(origin)) {
      const what = `expected a page of listen.origins, got one of ${origin.slice(0, 200)}`
      mesh.refuseSocket('origin', `${socket.remoteAddress ?? 'a page'}: ${what}`)
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      mesh.accept(accepted(webSocket, socket, head.length), keyOf(socket)),
    )
  })
  return server
}

/** Until the peer is known, what comes is counted as bytes: ws would take a message of full size, in fragments too. */
function accepted(webSocket: WebSocket, socket: Socket, bytesSoFar: number): Wire {
  const certified = socket instanceof TLSSocket ? certifiedNames(socket) : null
  const { remoteAddress: host = 'unknown', remotePort: port = 0 } = socket
  const wire = new WebSocketWire(
    webSocket as unknown as AnyWebSocket,
    formatAddress({ host, port }),
    certified,
  )
  let bytes = bytesSoFar
  const count = (chunk: Buffer) => {
    if (wire.frameBytesMax > handshakeBytesMax) {
      socket.off('data', count)
      return
    }
    bytes += chunk.length
    if (bytes > wire.frameBytesMax) wire.tooLarge()
  }
  socket.on('data', count)
  return wire
}

function dialed(url: string, frameBytesMax: number, tls: TlsOptions['dial']): Wire {
  const options: ClientOptions = {
    ...(tls as ClientOptions),
    maxPayload: messageBytesMax(frameBytesMax),
    perMessageDeflate: false,
    followRedirects: false,
  }
  return new WebSocketWire(new WebSocket(url, options) as unknown as AnyWebSocket, url)
}
