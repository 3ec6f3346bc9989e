/** The transport over TCP, plain or with TLS: frames of JSON, each behind its length in four bytes. For Node; routes are the mesh's. */
import { isUtf8 } from 'node:buffer'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import {
  type ConnectionOptions,
  createServer as createTlsServer,
  type TlsOptions as NodeTlsOptions,
  TLSSocket,
  connect as tlsConnect,
} from 'node:tls'
import { StandbyError } from '../../actors/errors.ts'
import { type Address, addressText, formatAddress, parseAddress } from './address.ts'
import { keyOf } from './admission.ts'
import { refuseUnusableKeys } from './authentication.ts'
import { certifiedNames, identityOf } from './certificate.ts'
import type { Wire, WireHandlers } from './connection.ts'
import { refused } from './frame.ts'
import type { Grant } from './handshake.ts'
import { defaultHost, type ListenOptions, refuseUnsafe, type TlsOptions } from './listening.ts'
import { Mesh } from './mesh.ts'
import { type MeshOptions, type MeshTransport, refuseOddOptions } from './mesh-options.ts'

export * from './sockets.ts'

/** What the transport over TCP can be given. A process that listens and one that only dials are made alike. */
export interface TcpTransportOptions extends MeshOptions {
  /** Default: it does not listen, and only dials. */
  readonly listen?: ListenOptions
  readonly tls?: TlsOptions
}

const headerBytes = 4
/** For how many milliseconds what comes on a connection is handled, before timers and other connections have their turn. */
const turnMs = 5

/**
 * Opens a transport over TCP; addresses in its directory are `host:port`. It has dialed no peer when it resolves: it dials
 * a peer when there is something to send, shares that connection among all its nodes, and dials again after a wait that
 * grows and varies.
 *
 * In order between two nodes while a connection lasts, no duplicates; lost is what is under way when a connection breaks,
 * what is sent to whom cannot be reached, and what finds `sendBytesMax` waiting. A reader that is slow slows its sender's
 * calls: requests then wait at the client, whose full queue refuses with `overloaded`.
 *
 * With client certificates, a peer may speak for the names in its certificate's common name and DNS names.
 * @throws StandbyError `invalidOption`; the system's error if it cannot listen.
 * @example
 * const transport = await openTcpTransport({ listen: { port: 7001 }, directory: { 'view-service': '127.0.0.1:7000' } })
 */
export async function openTcpTransport(options: TcpTransportOptions = {}): Promise<MeshTransport> {
  refuseOddOptions(options)
  const { listen, tls, directory } = options
  if (typeof directory === 'object') for (const address of Object.values(directory)) checkedAddress(address)
  const mesh = new Mesh(options, (address) => dialed(address, tls?.dial))
  await refuseUnusableKeys(mesh.authentication)
  if (listen === undefined) return mesh.transport(null)
  refuseUnsafe(listen, mesh.authentication, tls)
  const server = createListener(mesh, tls)
  server.listen(listen.port ?? 0, listen.host ?? defaultHost)
  await once(server, 'listening')
  const { address, port } = server.address() as AddressInfo
  return mesh.transport(
    formatAddress({ host: address, port }),
    () => new Promise((resolve) => server.close(resolve)),
  )
}

function createListener(mesh: Mesh, tls: TlsOptions | undefined): Server {
  const { handshakeMs: handshakeTimeout, connectionsMax, strangersMax } = mesh.limits
  const take = (socket: Socket) => mesh.accept(new TcpWire(socket), keyOf(socket))
  const server =
    tls?.listen === undefined
      ? createServer(take)
      : createTlsServer({ ...(tls.listen as NodeTlsOptions), handshakeTimeout }, take)
  server.maxConnections = connectionsMax + strangersMax + 16
  server.on('connection', (socket: Socket) => mesh.enter(socket))
  server.on('tlsClientError', (error: Error, socket: Socket) =>
    mesh.refuseSocket('unauthenticated', `${socket.remoteAddress ?? 'a peer'}: TLS: ${error.message}`),
  )
  return server
}

/** @throws StandbyError `invalidOption` */
function checkedAddress(text: string): Address {
  const address = parseAddress(text)
  if (address !== null) return address
  throw new StandbyError(
    'invalidOption',
    `directory: expected an address ${addressText}, got ${JSON.stringify(text)}`,
  )
}

function dialed(text: string, tls: TlsOptions['dial']): Wire {
  const { host, port } = checkedAddress(text)
  if (tls === undefined)
    return new TcpWire(connect({ host, port, noDelay: true }), { opens: 'connect', text })
  const socket = tlsConnect({ ...identityOf(host), ...(tls as ConnectionOptions), host, port })
  return new TcpWire(socket, { opens: 'secureConnect', text })
}

/** A socket that is being dialed: which event opens it, and the address as it was given. */
interface Dialed {
  readonly opens: 'connect' | 'secureConnect'
  readonly text: string
}

/** Texts on a socket. What is sent within one turn leaves in one write. */
class TcpWire implements Wire {
  readonly peer: string
  readonly closed: Promise<void>
  frameBytesMax = 0
  sentBytes = 0
  receivedBytes = 0
  handlers!: WireHandlers
  private readonly socket: Socket
  private unsent: string[] = []
  private unsentBytes = 0
  /** What came while it was paused. */
  private unread: Buffer | null = null
  /** The frame that is not whole yet, and how much of it is there and needed, header included. */
  private partial: Buffer = Buffer.alloc(0)
  private have = 0
  private need = headerBytes
  private isPaused = false
  private isYielding = false
  /** How it ended, while something of it is unread. */
  private endDetail: string | null = null
  private isOver = false

  constructor(socket: Socket, dialed: Dialed | null = null) {
    this.socket = socket
    const { remoteAddress: host = 'unknown', remotePort: port = 0 } = socket
    this.peer = dialed?.text ?? formatAddress({ host, port })
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.setNoDelay(true)
    if (dialed !== null) socket.once(dialed.opens, () => this.handlers.opened())
    socket.on('data', (chunk) => {
      this.receivedBytes += chunk.length
      this.take(chunk)
    })
    socket.on('error', (error) => this.over(error.message))
    socket.on('close', () => this.ended('closed by the peer'))
    socket.on('end', () => this.ended('ended by the peer'))
  }

  get certified(): Grant | null {
    return this.socket instanceof TLSSocket ? certifiedNames(this.socket) : null
  }

  send(text: string): void {
    if (this.unsent.length === 0) queueMicrotask(() => this.flush())
    this.unsent.push(text)
    // A guess is enough for a bound, and the write counts exactly.
    this.unsentBytes += text.length + headerBytes
  }

  buffered(): number {
    return this.unsentBytes + this.socket.writableLength
  }

  pause(): void {
    this.isPaused = true
    this.socket.pause()
  }

  resume(): void {
    this.isPaused = false
    if (!this.isYielding) this.readOn()
  }

  end(): void {
    this.flush()
    this.isOver = true
    this.socket.end()
    // A peer that never closes its side would keep ours open.
    this.socket.resume()
    this.socket.setTimeout(1000, () => this.socket.destroy())
  }

  destroy(): void {
    this.isOver = true
    this.socket.destroy()
  }

  /** The peer has said all: the end comes when all of it is handled. */
  private ended(detail: string): void {
    if (this.unread === null) this.over(detail)
    else this.endDetail ??= detail
  }

  private over(detail: string): void {
    if (this.isOver) return
    this.isOver = true
    this.socket.destroy()
    this.handlers.closed(detail)
  }

  private flush(): void {
    const texts = this.unsent
    this.unsent = []
    this.unsentBytes = 0
    if (texts.length === 0 || this.socket.destroyed || this.socket.writableEnded) return
    let bytes = 0
    for (const text of texts) bytes += headerBytes + Buffer.byteLength(text)
    const buffer = Buffer.allocUnsafe(bytes)
    let at = 0
    for (const text of texts) {
      const length = buffer.write(text, at + headerBytes)
      buffer.writeUInt32BE(length, at)
      at += headerBytes + length
    }
    this.sentBytes += bytes
    this.socket.write(buffer)
  }

  private readOn(): void {
    const { unread } = this
    this.unread = null
    if (unread !== null) this.take(unread)
    if (this.unread === null && this.endDetail !== null) this.over(this.endDetail)
    if (!this.isPaused && !this.isYielding) this.socket.resume()
  }

  /** Node reads for as long as there is something to read: a flood on one connection must not make pings late. */
  private yieldTurn(): void {
    this.isYielding = true
    this.socket.pause()
    setImmediate(() => {
      this.isYielding = false
      if (!this.isPaused) this.readOn()
    })
  }

  private take(chunk: Buffer): void {
    const begun = performance.now()
    let at = 0
    while (at < chunk.length && !this.isOver) {
      if (this.isPaused || this.isYielding) {
        this.unread = chunk.subarray(at)
        return
      }
      // Most frames are whole in one chunk, and are read where they lie.
      const isWhole = this.have === 0 && chunk.length - at >= headerBytes
      const length = isWhole ? this.lengthIn(chunk, at) : null
      if (length !== null && chunk.length - at >= headerBytes + length) {
        at += headerBytes + length
        this.frame(chunk.subarray(at - length, at))
      } else if (!this.isOver) at += this.gather(chunk, at)
      if (!this.isPaused && !this.isOver && performance.now() - begun >= turnMs) this.yieldTurn()
    }
  }

  /** Adds to a frame that comes in several chunks; returns how many bytes it took. */
  private gather(chunk: Buffer, at: number): number {
    const size = Math.min(this.need - this.have, chunk.length - at)
    if (this.have + size > this.partial.length) {
      // Room grows with what has come, not with what the header promises.
      const grown = Buffer.allocUnsafe(Math.min(this.need, Math.max(256, 2 * (this.have + size))))
      this.partial.copy(grown, 0, 0, this.have)
      this.partial = grown
    }
    chunk.copy(this.partial, this.have, at, at + size)
    this.have += size
    if (this.have === headerBytes && this.need === headerBytes)
      this.need += this.lengthIn(this.partial, 0) ?? 0
    else if (this.have < this.need) return size
    if (this.have < this.need || this.isOver) return size
    const frame = this.partial.subarray(headerBytes, this.need)
    this.partial = Buffer.alloc(0)
    this.have = 0
    this.need = headerBytes
    this.frame(frame)
    return size
  }

  /** The length that a header says; null for one that is refused. */
  private lengthIn(bytes: Buffer, at: number): number | null {
    const length = bytes.readUInt32BE(at)
    if (length <= this.frameBytesMax) return length
    const what = `expected a frame of at most ${this.frameBytesMax} bytes, got ${length}; is the peer one of ours?`
    this.handlers.refused(refused('tooLarge', what))
    return null
  }

  private frame(bytes: Buffer): void {
    if (isUtf8(bytes)) this.handlers.text(bytes.toString('utf8'))
    else this.handlers.refused(refused('malformed', 'expected a frame in UTF-8, got other bytes'))
  }
}
