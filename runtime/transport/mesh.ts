/**
 * Routes between processes that dial each other by address, without a hub: what TCP and WebSocket share. It knows no socket.
 *
 * Order: messages from one node to another arrive in order while one connection lasts; over a new connection they may
 * overtake what the old one still carried. Duplicates: none. Losses: what is under way or queued when a connection breaks,
 * what is sent while a peer cannot be reached, and what finds a full queue.
 */
import * as v from 'valibot'
import { StandbyError } from '../../actors/errors.ts'
import type { Envelope, Observe, Random, TimeClock, Transport } from '../../actors/ports.ts'
import { type NodeId, parseNodeId } from '../../machines/node-id.ts'
import { type Authentication, checkedAuthentication, nonceOf, permits } from './authentication.ts'
import { Connection, type ConnectionHost, type ConnectionLimits, type Wire } from './connection.ts'
import { Endpoint, type EnvelopeCounters, type LossReason, refuseNoOptions } from './endpoint.ts'
import { defaultFrameLimits, encodeControl, type FrameRefusal } from './frame.ts'

/** Where the node of a name (`s1`, every life of it) is dialed; null or absent: it dials us, and is answered where it came from. */
export type Directory = Readonly<Record<string, string>> | ((name: string) => string | null | undefined)

/** Bounds of a transport, each with its default. */
export interface MeshLimits extends ConnectionLimits {
  /** Connections that others may have to this process; default 4,096. */
  readonly connectionsMax: number
  /** Nodes that one connection may speak for; default 10,000. */
  readonly nodesMax: number
  /** How long a connection may take until both sides are known; default 5,000. */
  readonly handshakeMs: number
  /** How often a silent connection says that it lives, and after three times of silence is given up; default 5,000. */
  readonly keepAliveMs: number
  /** After how long a connection without messages is closed, until there is one again; default 300,000. */
  readonly idleMs: number
  /** How long `close` waits for what was sent to leave; default 2,000. */
  readonly drainMs: number
  /** The longest wait before an unreachable peer is dialed again; the first is about 20; default 1,000. */
  readonly backoffMaxMs: number
}

/** The bounds of a transport, where no others are given. */
export const defaultMeshLimits: MeshLimits = {
  ...defaultFrameLimits,
  sendBytesMax: 8 * 1024 * 1024,
  framesPerSecondMax: 100_000,
  connectionsMax: 4096,
  nodesMax: 10_000,
  handshakeMs: 5000,
  keepAliveMs: 5000,
  idleMs: 300_000,
  drainMs: 2000,
  backoffMaxMs: 1000,
}

/** What every transport between processes can be given. */
export interface MeshOptions {
  /** Default: nobody is dialed. */
  readonly directory?: Directory
  /** The system that this process belongs to; peers of another are refused. Default `standby`. */
  readonly system?: string
  /** Default: nobody proves anything, which is for loopback only. */
  readonly authentication?: Authentication
  readonly limits?: Partial<MeshLimits>
  /** Default: real time. */
  readonly clock?: TimeClock
  /** For the jitter of waits; default Math.random. */
  readonly random?: Random
  /** Hears of what is lost, and once a connection and reason of what is refused. */
  readonly observe?: Observe
}

/** What a transport has counted since it began. */
export interface TransportCounters extends EnvelopeCounters {
  /** Connections that are open now, and those that were ever begun from here. */
  readonly connections: number
  readonly dialed: number
  /** Bytes that wait to be sent now, on all connections. */
  readonly buffered: number
  /** Bytes of frames on all connections there ever were, without what TLS adds; over WebSocket characters, of which some are several bytes. */
  readonly sentBytes: number
  readonly receivedBytes: number
}

/** A transport between processes. */
export interface MeshTransport extends Transport {
  /** Where it listens, as others write it into their directory; null where it does not. */
  readonly address: string | null
  counters(): TransportCounters
  /** Sends what was sent, for at most `drainMs`, then closes; delivers nothing any more. */
  close(): Promise<void>
}

/** The connection to one address of the directory, or the memory of how it failed. */
interface Link {
  readonly address: string
  connection: Connection | null
  /** What waits for the connection to open. */
  queue: string[]
  queued: number
  failures: number
  retryAt: number
}

const firstBackoffMs = 20
const silentLooksMax = 3
const positive = v.optional(v.pipe(v.number(), v.minValue(1)))
const limitsSchema = v.strictObject(
  Object.fromEntries(Object.keys(defaultMeshLimits).map((name) => [name, positive])),
)

/** Of every transport between processes; `listen` and `tls` are looked at where they are of use. */
const optionNames = [
  'directory',
  'system',
  'authentication',
  'limits',
  'clock',
  'random',
  'observe',
  'listen',
  'tls',
]

/**
 * Asked by every door before it looks at an option. A name that was misspelt would be an option that is not set: a server
 * that listens nowhere.
 * @throws StandbyError `invalidOption`
 */
export function refuseOddOptions(options: MeshOptions & { readonly tls?: unknown }): void {
  refuseNoOptions(options)
  const unknown = Object.keys(options).find((name) => !optionNames.includes(name))
  if (unknown !== undefined) {
    throw new StandbyError(
      'invalidOption',
      `options: expected some of ${optionNames.join(', ')}, got ${unknown}; leave it out`,
    )
  }
  const { directory = {}, tls = {} } = options
  if (directory === null || !['object', 'function'].includes(typeof directory)) {
    throw new StandbyError(
      'invalidOption',
      `directory: expected addresses by name, or a function from names to addresses, got ${directory}`,
    )
  }
  if (tls === null || typeof tls !== 'object')
    throw new StandbyError('invalidOption', `tls: expected { listen, dial }, got ${tls}`)
}

/** Routes envelopes over connections that it dials (`dial`) and that it is given (`accept`). */
export class Mesh implements ConnectionHost {
  readonly process = nonceOf(16)
  readonly system: string
  readonly authentication: Authentication
  readonly limits: MeshLimits
  readonly clock: TimeClock
  private readonly random: Random
  private readonly addressOf: (name: string) => string | null
  private readonly dial: (address: string) => Wire
  private readonly endpoint: Endpoint
  private readonly links = new Map<string, Link>()
  private readonly connections = new Set<Connection>()
  private readonly alarms = new Map<Connection, unknown>()
  /** Which connection nodes without an address have come by. */
  private readonly returns = new Map<NodeId, Connection>()
  private readonly nodesOf = new Map<Connection, Set<NodeId>>()
  private readonly told = new WeakMap<Connection, Set<string>>()
  private accepted = 0
  private looking: unknown = null
  private dials = 0
  /** Of connections that are closed. */
  private readonly past = { sentBytes: 0, receivedBytes: 0 }

  /** @throws StandbyError `invalidOption` */
  constructor(options: MeshOptions, dial: (address: string) => Wire) {
    const { directory = {}, system = 'standby', authentication, limits = {} } = options
    const { success, issues } = v.safeParse(limitsSchema, limits)
    if (!success) {
      const what = `limits.${v.getDotPath(issues[0]) ?? ''}: expected one of ${Object.keys(defaultMeshLimits).join(', ')}, a number from 1 on`
      throw new StandbyError('invalidOption', what)
    }
    this.dial = dial
    this.system = system
    this.authentication = authentication === undefined ? {} : checkedAuthentication(authentication)
    const given = Object.entries(limits).filter(([, value]) => value !== undefined)
    this.limits = { ...defaultMeshLimits, ...Object.fromEntries(given) }
    this.endpoint = new Endpoint({ ...options, limits: this.limits })
    this.clock = this.endpoint.clock
    this.random = options.random ?? Math.random
    this.addressOf =
      typeof directory === 'function'
        ? (name) => directory(name) ?? null
        : (name) => (Object.hasOwn(directory, name) ? directory[name]! : null)
  }

  attach(id: NodeId, receive: (envelope: Envelope) => void): () => void {
    const detach = this.endpoint.attach(id, receive, () => this.announce([], [id]))
    this.announce([id], [])
    return detach
  }

  send(envelope: Envelope) {
    if (this.endpoint.isClosed) return
    const text = this.endpoint.textOf(envelope)
    if (text === null) return
    if (this.endpoint.has(envelope.to)) return this.endpoint.deliverHere(text)
    const address = this.addressOf(parseNodeId(envelope.to).name)
    const reason = address === null ? this.sendBack(envelope.to, text) : this.sendTo(address, text)
    this.endpoint.count(reason, envelope)
  }

  /** Takes a connection that someone else has dialed. */
  accept(wire: Wire) {
    if (this.endpoint.isClosed) return wire.destroy()
    const connection = this.connect('listener', wire)
    this.accepted += 1
    wire.handlers.opened()
    if (this.accepted <= this.limits.connectionsMax) return
    const message = `expected at most ${this.limits.connectionsMax} connections, got one more; raise limits.connectionsMax`
    connection.refuse({ frame: null, code: 'connectionsMax', message })
  }

  /** Counts what was turned away before it was a connection. */
  turnedAway(code: FrameRefusal, message: string): void {
    this.endpoint.refuse(code, message)
  }

  counters(): TransportCounters {
    let connections = 0
    let buffered = 0
    let { sentBytes, receivedBytes } = this.past
    for (const { isOpen, wire } of this.connections) {
      if (isOpen) connections += 1
      buffered += wire.buffered()
      sentBytes += wire.sentBytes
      receivedBytes += wire.receivedBytes
    }
    return {
      ...this.endpoint.counters(),
      connections,
      dialed: this.dials,
      buffered,
      sentBytes,
      receivedBytes,
    }
  }

  async close(): Promise<void> {
    this.endpoint.close()
    if (this.looking !== null) this.clock.clearTimeout(this.looking)
    this.looking = null
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
  }

  opened(connection: Connection): void {
    this.clearAlarm(connection)
    if (connection.side === 'listener') return
    const ids = this.endpoint.ids()
    if (ids.length > 0) connection.send(encodeControl({ frame: 'nodes', attached: [...ids], detached: [] }))
    const link = this.linkOf(connection)
    if (link === undefined) return
    for (const text of link.queue) connection.send(text)
    link.queue = []
    link.queued = 0
  }

  received(connection: Connection, envelope: Envelope) {
    const { from } = envelope
    const isItsOwn =
      connection.side === 'listener'
        ? this.returns.get(from) === connection
        : this.addressOf(parseNodeId(from).name) === this.linkOf(connection)?.address
    if (!isItsOwn) {
      const what = `expected a sender that this connection speaks for, got ${from.slice(0, 100)}`
      return this.refused(connection, 'foreignSender', what)
    }
    this.endpoint.deliver(envelope)
  }

  nodes(connection: Connection, attached: readonly NodeId[], detached: readonly NodeId[]) {
    const own = this.nodesOf.get(connection)
    if (own === undefined) {
      const message = 'expected nodes of whoever dialed, got some of whoever was dialed'
      return connection.refuse({ frame: null, code: 'malformed', message })
    }
    for (const id of detached) if (own.delete(id)) this.returns.delete(id)
    for (const id of attached) {
      const wrong = this.notPermitted(connection, own, id)
      if (wrong === null) {
        const before = this.returns.get(id)
        if (before !== undefined) this.nodesOf.get(before)?.delete(id)
        own.add(id)
        this.returns.set(id, connection)
        continue
      }
      this.refused(connection, 'notPermitted', wrong)
      connection.send(encodeControl({ frame: 'refuse', code: 'notPermitted', message: wrong }))
    }
    // Peers have a pace of their own: a flood of clients must not make their pings late.
    connection.isPaced = ![...own].every((id) => this.addressOf(parseNodeId(id).name) !== null)
  }

  refused(connection: Connection, code: FrameRefusal, message: string): void {
    this.endpoint.refuse(code, null)
    this.tellOnce(connection, code, `${connection.wire.peer}: ${message}`)
  }

  wasRefused(connection: Connection, code: string, message: string): void {
    this.tellOnce(connection, `by the peer: ${code}`, `refused by ${connection.wire.peer}: ${message}`)
  }

  closed(connection: Connection): void {
    this.clearAlarm(connection)
    if (this.connections.delete(connection)) {
      this.past.sentBytes += connection.wire.sentBytes
      this.past.receivedBytes += connection.wire.receivedBytes
    }
    const link = this.linkOf(connection)
    if (link !== undefined) {
      this.endpoint.loseMany('unreachable', link.queue.length)
      link.queue = []
      link.queued = 0
      link.connection = null
      link.failures += 1
      const longest = Math.min(
        this.limits.backoffMaxMs,
        firstBackoffMs * 2 ** Math.min(link.failures - 1, 20),
      )
      link.retryAt = this.clock.now() + longest * (0.5 + 0.5 * this.random())
    }
    const own = this.nodesOf.get(connection)
    if (own === undefined) return
    this.accepted -= 1
    this.nodesOf.delete(connection)
    for (const id of own) if (this.returns.get(id) === connection) this.returns.delete(id)
  }

  private sendBack(to: NodeId, text: string): LossReason | null {
    const connection = this.returns.get(to)
    if (connection === undefined) return 'noRoute'
    connection.carried = true
    return connection.send(text) ? null : 'queueFull'
  }

  private sendTo(address: string, text: string): LossReason | null {
    let link = this.links.get(address)
    if (link === undefined) {
      link = {
        address,
        connection: null,
        queue: [],
        queued: 0,
        failures: 0,
        retryAt: Number.NEGATIVE_INFINITY,
      }
      this.links.set(address, link)
    }
    if (link.connection === null) {
      if (this.clock.now() < link.retryAt) return 'unreachable'
      const wire = this.dialed(address)
      if (wire === null) return 'unreachable'
      link.connection = this.connect('dialer', wire)
      this.dials += 1
    }
    link.connection.carried = true
    if (link.connection.isOpen) return link.connection.send(text) ? null : 'queueFull'
    if (link.queued >= this.limits.sendBytesMax) return 'queueFull'
    link.queue.push(text)
    link.queued += text.length
    return null
  }

  /** An address that is none is somebody nobody can reach: sending does not throw. */
  private dialed(address: string): Wire | null {
    try {
      return this.dial(address)
    } catch (error) {
      this.endpoint.tell((error as Error).message)
      return null
    }
  }

  private connect(side: 'dialer' | 'listener', wire: Wire): Connection {
    const connection = new Connection(this, side, wire)
    this.connections.add(connection)
    if (side === 'listener') this.nodesOf.set(connection, new Set())
    const tooLate = () => {
      const message = `expected the handshake within ${this.limits.handshakeMs} ms, got no end of it`
      this.refused(connection, 'handshakeTimeout', message)
      connection.destroy('no handshake')
    }
    this.alarms.set(connection, this.clock.setTimeout(tooLate, this.limits.handshakeMs))
    if (this.looking === null) this.look()
    return connection
  }

  /** Every `keepAliveMs`, for all connections: one timer, however many there are. */
  private look(): void {
    const { keepAliveMs, idleMs } = this.limits
    this.looking = this.clock.setTimeout(() => {
      this.looking = null
      for (const connection of [...this.connections]) {
        if (!connection.isOpen) continue
        connection.silentLooks = connection.heard ? 0 : connection.silentLooks + 1
        connection.idleLooks = connection.carried ? 0 : connection.idleLooks + 1
        if (connection.heard) this.forgiven(connection)
        if (connection.silentLooks >= silentLooksMax) connection.destroy('silent')
        else if (connection.idleLooks * keepAliveMs >= idleMs) connection.end('idle')
        else if (!connection.spoke) connection.send(encodeControl({ frame: 'keepAlive' }))
        connection.heard = false
        connection.spoke = false
        connection.carried = false
      }
      if (this.connections.size > 0) this.look()
    }, keepAliveMs)
  }

  private forgiven(connection: Connection): void {
    const link = this.linkOf(connection)
    if (link !== undefined) link.failures = 0
  }

  private notPermitted(connection: Connection, own: ReadonlySet<NodeId>, id: NodeId): string | null {
    if (!connection.grants.every((names) => permits(names, id))) {
      const key = connection.peerKey === null ? 'this peer' : `the key ${connection.peerKey}`
      return `expected a node that ${key} may speak for, got ${id}; use another name, or permit this one`
    }
    const before = this.returns.get(id)
    const isTaken = before !== undefined && before.peerProcess !== connection.peerProcess
    if (isTaken || this.endpoint.has(id)) {
      return `expected a node that nobody else speaks for, got ${id}; a new life takes a new incarnation`
    }
    if (own.size < this.limits.nodesMax) return null
    return `expected at most ${this.limits.nodesMax} nodes on a connection, got one more; raise limits.nodesMax`
  }

  private announce(attached: NodeId[], detached: NodeId[]): void {
    for (const { connection } of this.links.values()) {
      if (connection?.isOpen) connection.send(encodeControl({ frame: 'nodes', attached, detached }))
    }
  }

  private linkOf(connection: Connection): Link | undefined {
    for (const link of this.links.values()) if (link.connection === connection) return link
    return undefined
  }

  private clearAlarm(connection: Connection): void {
    this.clock.clearTimeout(this.alarms.get(connection))
    this.alarms.delete(connection)
  }

  private tellOnce(connection: Connection, what: string, detail: string): void {
    let told = this.told.get(connection)
    if (told === undefined) {
      told = new Set()
      this.told.set(connection, told)
    }
    if (told.has(what)) return
    told.add(what)
    this.endpoint.tell(detail)
  }
}
