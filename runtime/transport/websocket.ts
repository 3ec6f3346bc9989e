/** The transport over WebSocket for Node, plain or with TLS, on the package ws. Browsers get websocket-browser.ts; routes are the mesh's. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createSecureServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws'
import { certificateNames } from './certificate.ts'
import type { Wire } from './connection.ts'
import { defaultHost, formatAddress, type ListenOptions, refuseUnsafe, type TlsOptions } from './listening.ts'
import { Mesh, type MeshOptions, type MeshTransport, refuseOddOptions } from './mesh.ts'
import { checkedUrls } from './websocket-url.ts'
import { type AnyWebSocket, messageBytesMax, WebSocketWire } from './websocket-wire.ts'

export * from './sockets.ts'

/** What the transport over WebSocket can be given. */
export interface WebSocketTransportOptions extends MeshOptions {
  /** Default: it does not listen, and only dials. */
  readonly listen?: ListenOptions & {
    /** Pages that may dial in, such as `https://app.example`; default: none. Whoever is no browser says no origin, and may. */
    readonly origins?: readonly string[]
  }
  readonly tls?: TlsOptions
}

/**
 * Opens a transport over WebSocket; addresses in its directory are `ws://` or `wss://`. Order, duplicates, losses, keys and
 * certificates are those of TCP. A page of another origin than `listen.origins` is turned away before it can say a word.
 * @throws StandbyError `invalidOption`; the system's error where it cannot listen.
 * @example
 * const transport = await openWebSocketTransport({ listen: { port: 7001, origins: ['https://app.example'] } })
 */
export async function openWebSocketTransport(
  options: WebSocketTransportOptions = {},
): Promise<MeshTransport> {
  refuseOddOptions(options)
  const { listen, tls } = options
  checkedUrls(options.directory)
  const mesh: Mesh = new Mesh(options, (address) => dialed(address, mesh.limits.frameBytesMax, tls?.dial))
  const server = listen === undefined ? null : createListener(mesh, listen, tls)
  server?.listen(listen?.port ?? 0, listen?.host ?? defaultHost)
  if (server !== null) await once(server, 'listening')
  const bound = (server?.address() ?? null) as AddressInfo | null
  const scheme = tls?.listen === undefined ? 'ws' : 'wss'
  return {
    address: bound === null ? null : `${scheme}://${formatAddress(bound.address, bound.port)}`,
    attach: (id, receive) => mesh.attach(id, receive),
    send: (envelope) => mesh.send(envelope),
    counters: () => mesh.counters(),
    async close() {
      const stopped = server?.listening ? new Promise((resolve) => server.close(resolve)) : null
      await mesh.close()
      server?.closeAllConnections()
      await stopped
    },
  }
}

function createListener(
  mesh: Mesh,
  listen: NonNullable<WebSocketTransportOptions['listen']>,
  tls: TlsOptions | undefined,
): Server {
  refuseUnsafe(listen, mesh.authentication, tls)
  const server = tls?.listen === undefined ? createServer() : createSecureServer(tls.listen as ServerOptions)
  server.maxConnections = mesh.limits.connectionsMax + 16
  server.on('request', (_, response) => void response.writeHead(426, { upgrade: 'websocket' }).end())
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
      mesh.turnedAway('origin', what)
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => mesh.accept(accepted(webSocket, socket)))
  })
  return server
}

/** Until it is known who it is, what comes is counted as bytes: ws would take a message of full size. */
function accepted(webSocket: WebSocket, socket: Socket): Wire {
  const names = socket instanceof TLSSocket ? certificateNames(socket) : null
  const peer = formatAddress(socket.remoteAddress ?? 'unknown', socket.remotePort ?? 0)
  const wire = new WebSocketWire(webSocket as unknown as AnyWebSocket, peer, names)
  let bytes = 0
  const handshakeBytesMax = 16 * 1024
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
