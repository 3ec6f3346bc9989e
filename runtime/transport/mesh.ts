/**
 * Routes between processes that dial each other by address, without a hub: what TCP and WebSocket share.
 *
 * Order: messages from one node to another arrive in order while one connection lasts; over a new connection they may
 * overtake what the old one still carried. Duplicates: none. Losses: what is under way or queued when a connection breaks,
 * what is sent while a peer cannot be reached, and what finds a full queue.
 */
import type { Envelope, Random, TimeClock } from '../../actors/ports.ts'
import { type NodeId, parseNodeId } from '../../machines/node-id.ts'
import { Admission, type AdmittedSocket } from './admission.ts'
import { type Authentication, checkedAuthentication, nonceOf, refuseUnusableKeys } from './authentication.ts'
import { Connection, type ConnectionHost, type Wire } from './connection.ts'
import { Endpoint, type LossReason } from './endpoint.ts'
import { encodeControl, type FrameRefusal } from './frame.ts'
import { KeepAlive } from './keep-alive.ts'
import { Links } from './links.ts'
import {
  checkedMeshLimits,
  keysIn,
  type MeshLimits,
  type MeshOptions,
  type MeshTransport,
  type TransportCounters,
} from './mesh-options.ts'
import { ReportOnce } from './report-once.ts'
import { Returns } from './returns.ts'

/** Routes envelopes over connections that it dials (`dial`) and that it is given (`accept`). */
export class Mesh implements ConnectionHost {
  readonly process = nonceOf(16)
  readonly system: string
  readonly limits: MeshLimits
  readonly clock: TimeClock
  readonly random: Random
  readonly admission: Admission
  private keys: Authentication
  private readonly addressOf: (name: string) => string | null
  private readonly endpoint: Endpoint
  private readonly connections = new Set<Connection>()
  private readonly alarms = new Map<Connection, unknown>()
  private readonly sockets = new Map<Connection, string>()
  private readonly links: Links
  private readonly returns: Returns
  private readonly keepAlive: KeepAlive
  private readonly reports: ReportOnce
  /** Of connections that are closed. */
  private readonly past = { sentBytes: 0, receivedBytes: 0 }

  /** @throws StandbyError `invalidOption` */
  constructor(options: MeshOptions, dial: (address: string) => Wire) {
    const { directory = {}, system = 'standby', random = Math.random } = options
    this.system = system
    this.random = random
    this.keys = keysIn(options)
    this.limits = checkedMeshLimits(options.limits)
    this.endpoint = new Endpoint({ ...options, limits: this.limits })
    this.clock = this.endpoint.clock
    this.addressOf =
      typeof directory === 'function'
        ? (name) => directory(name) ?? null
        : (name) => (Object.hasOwn(directory, name) ? directory[name]! : null)
    this.reports = new ReportOnce((detail) => this.endpoint.report(detail))
    this.admission = new Admission(this.limits, this.clock, (code, message) =>
      this.refuseSocket(code, message),
    )
    this.returns = new Returns(this.limits.nodesMax)
    this.links = new Links({
      limits: this.limits,
      clock: this.clock,
      random,
      dial: (address) => this.dialed(address, dial),
      connect: (wire, target) => this.connect('dialer', wire, target),
      lost: (reason, number) => this.endpoint.loseMany(reason, number),
    })
    this.keepAlive = new KeepAlive(this.limits, this.clock, this.connections, (connection) => {
      this.links.forgive(connection)
      this.reports.forget(this.peerOf(connection))
    })
  }

  get authentication(): Authentication {
    return this.keys
  }

  /** The transport; `close` is awaited first, to stop listening. */
  transport(address: string | null, stopListening: () => Promise<unknown> = async () => {}): MeshTransport {
    const close = async () => {
      const stopped = stopListening()
      await this.close()
      await stopped
    }
    return {
      address,
      attach: (id, receive) => this.attach(id, receive),
      send: (envelope) => this.send(envelope),
      counters: () => this.counters(),
      replaceKeys: (authentication) => this.replaceKeys(authentication),
      close,
      [Symbol.asyncDispose]: close,
    }
  }

  /** Takes a connection that a peer has dialed; `socketKey` is its key in `admission`. */
  accept(wire: Wire, socketKey: string) {
    if (this.endpoint.isClosed) return wire.destroy()
    const connection = this.connect('listener', wire, null)
    this.returns.accepted(connection)
    this.sockets.set(connection, socketKey)
    wire.handlers.opened()
  }

  /** Takes in a socket from its first byte on. */
  enter(socket: AdmittedSocket): void {
    if (this.endpoint.isClosed) socket.destroy()
    else this.admission.enter(socket)
  }

  /** Counts and reports a socket that was refused before it was a connection. */
  refuseSocket(code: FrameRefusal, message: string): void {
    this.endpoint.refuse(code, null)
    this.reports.of(message.split(': ')[0]!, code, message)
  }

  isElsewhere(name: string): boolean {
    const ids = this.endpoint.ids()
    return ids.length > 0 && !ids.some((id) => parseNodeId(id).name === name)
  }

  opened(connection: Connection) {
    this.clearAlarm(connection)
    const socket = this.sockets.get(connection)
    if (socket !== undefined) this.admission.leave(socket)
    if (this.isFull()) {
      const message = `expected at most ${this.limits.connectionsMax} connections, got one more; raise limits.connectionsMax`
      return connection.refuse({ frame: null, code: 'connectionsMax', message })
    }
    this.links.opened(connection, this.endpoint.ids())
  }

  received(connection: Connection, envelope: Envelope): void {
    const { from } = envelope
    const isItsOwn =
      connection.side === 'listener'
        ? this.returns.to(from) === connection
        : this.addressOf(parseNodeId(from).name) === this.links.addressOf(connection) &&
          connection.permits(from)
    if (isItsOwn) this.endpoint.deliver(envelope)
    else {
      const what = `expected a sender that this connection speaks for, got ${from.slice(0, 100)}`
      this.refused(connection, 'foreignSender', what)
    }
  }

  nodes(connection: Connection, attached: readonly NodeId[], detached: readonly NodeId[]) {
    if (!this.returns.has(connection)) {
      const message = 'expected nodes from the side that dialed, got some from the side that was dialed'
      return connection.refuse({ frame: null, code: 'malformed', message })
    }
    for (const id of detached) this.returns.detach(connection, id)
    for (const id of attached) {
      const wrong = this.returns.attach(connection, id, this.endpoint.has(id))
      if (wrong === null) continue
      this.refused(connection, 'notPermitted', wrong)
      connection.send(encodeControl({ frame: 'refuse', code: 'notPermitted', message: wrong }))
    }
    // Peers have a pace of their own: a flood of clients must not make their pings late.
    const ids = [...this.returns.nodes(connection)]
    connection.isPaced = !ids.every((id) => this.addressOf(parseNodeId(id).name) !== null)
  }

  refused(connection: Connection, code: FrameRefusal, message: string): void {
    this.endpoint.refuse(code, null)
    const { wire, handshake } = connection
    const key = handshake.peerKey === null ? '' : ` (key ${handshake.peerKey})`
    this.reports.of(this.peerOf(connection), code, `refuses ${wire.peer}${key}: ${message}`)
  }

  wasRefused(connection: Connection, code: string, message: string): void {
    const detail = `refused by ${connection.wire.peer}: ${code}: ${message}`
    this.reports.of(this.peerOf(connection), `by the peer: ${code}`, detail)
  }

  closed(connection: Connection): void {
    this.clearAlarm(connection)
    if (this.connections.delete(connection)) {
      this.past.sentBytes += connection.wire.sentBytes
      this.past.receivedBytes += connection.wire.receivedBytes
    }
    this.links.closed(connection)
    this.returns.closed(connection)
    this.sockets.delete(connection)
  }

  private attach(id: NodeId, receive: (envelope: Envelope) => void): () => void {
    const detach = this.endpoint.attach(id, receive, () => this.links.announce([], [id]))
    this.links.announce([id], [])
    return detach
  }

  private send(envelope: Envelope) {
    if (this.endpoint.isClosed) return
    const text = this.endpoint.textOf(envelope)
    if (text === null) return
    const { to } = envelope
    if (this.endpoint.has(to)) return this.endpoint.deliverHere(text)
    const { name } = parseNodeId(to)
    const address = this.addressOf(name)
    const reason = address === null ? this.sendBack(to, text) : this.links.send(address, name, to, text)
    this.endpoint.count(reason, envelope)
  }

  private sendBack(to: NodeId, text: string): LossReason | null {
    const connection = this.returns.to(to)
    if (connection === undefined) return 'noRoute'
    connection.carried = true
    return connection.send(text) ? null : 'queueFull'
  }

  private async replaceKeys(given: Authentication): Promise<void> {
    const authentication = checkedAuthentication(given)
    await refuseUnusableKeys(authentication)
    this.keys = authentication
    const { accepts = {} } = authentication
    for (const connection of [...this.connections]) {
      const { proved, peerKey } = connection.handshake
      const isListener = connection.side === 'listener' && authentication.accepts !== undefined
      if (proved === null && !isListener) continue
      const now = peerKey !== null && Object.hasOwn(accepts, peerKey) ? accepts[peerKey] : undefined
      if (JSON.stringify(now) !== JSON.stringify(proved)) connection.end('its key is no longer accepted')
    }
  }

  private counters(): TransportCounters {
    let connections = 0
    let buffered = 0
    let { sentBytes, receivedBytes } = this.past
    for (const { isOpen, wire } of this.connections) {
      if (isOpen) connections += 1
      buffered += wire.buffered()
      sentBytes += wire.sentBytes
      receivedBytes += wire.receivedBytes
    }
    const dialed = this.links.dials
    return { ...this.endpoint.counters(), connections, dialed, buffered, sentBytes, receivedBytes }
  }

  private async close(): Promise<void> {
    this.endpoint.close()
    this.keepAlive.stop()
    const open = [...this.connections]
    for (const connection of open) connection.end('closed here')
    const { clock, limits } = this
    let alarm: unknown
    const tooLate = new Promise<void>((resolve) => {
      alarm = clock.setTimeout(resolve, limits.drainMs)
    })
    await Promise.race([Promise.all(open.map(({ wire }) => wire.closed)), tooLate])
    clock.clearTimeout(alarm)
    for (const { wire } of open) wire.destroy()
    this.admission.close()
  }

  /** A wrong address is one that nothing can reach: sending does not throw. */
  private dialed(address: string, dial: (address: string) => Wire): Wire | null {
    try {
      return dial(address)
    } catch (error) {
      this.reports.of(address, 'address', (error as Error).message)
      return null
    }
  }

  private connect(side: 'dialer' | 'listener', wire: Wire, target: string | null): Connection {
    const connection = new Connection(this, side, wire, target)
    this.connections.add(connection)
    const tooLate = () => {
      const message = `expected the handshake within ${this.limits.handshakeMs} ms, got no end of it`
      this.refused(connection, 'handshakeTimeout', message)
      connection.destroy('no handshake')
    }
    this.alarms.set(connection, this.clock.setTimeout(tooLate, this.limits.handshakeMs))
    this.keepAlive.start()
    return connection
  }

  private isFull(): boolean {
    let accepted = 0
    for (const { side, isOpen } of this.connections) if (side === 'listener' && isOpen) accepted += 1
    return accepted > this.limits.connectionsMax
  }

  /** For reports: what stays the same when a peer comes back. */
  private peerOf(connection: Connection): string {
    const { wire, handshake, side } = connection
    if (side === 'dialer') return this.links.addressOf(connection) ?? wire.peer
    return `${wire.peer.replace(/:\d+$/, '')} ${handshake.peerKey} ${handshake.peerProcess}`
  }

  private clearAlarm(connection: Connection): void {
    this.clock.clearTimeout(this.alarms.get(connection))
    this.alarms.delete(connection)
  }
}
