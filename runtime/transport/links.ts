/** Connections that this process dialed: one for each address, its queue until it opens, and the wait before the next try. */
import type { Random, TimeClock } from '../../actors/ports.ts'
import type { Connection, Wire } from './connection.ts'
import type { LossReason } from './endpoint.ts'
import { encodeControl } from './frame.ts'
import type { MeshLimits } from './mesh-options.ts'

/** The connection to one address of the directory, or the memory of how it failed. */
interface Link {
  readonly address: string
  connection: Connection | null
  /** What waits for the connection to open, with the node that it is for. */
  queue: { readonly to: string; readonly text: string }[]
  queued: number
  failures: number
  retryAt: number
}

/** What links need of the mesh. */
export interface LinkHost {
  readonly limits: MeshLimits
  readonly clock: TimeClock
  readonly random: Random
  dial(address: string): Wire | null
  connect(wire: Wire, target: string): Connection
  lost(reason: LossReason, number: number): void
}

const firstBackoffMs = 20

/** All connections that were dialed. */
export class Links {
  private readonly host: LinkHost
  private readonly byAddress = new Map<string, Link>()
  private readonly byConnection = new Map<Connection, Link>()
  private begun = 0

  constructor(host: LinkHost) {
    this.host = host
  }

  /** Connections begun so far. */
  get dials(): number {
    return this.begun
  }

  /** Sends a text for a node of the name `target`, dialing if need be; why it was lost, or null. */
  send(address: string, target: string, to: string, text: string): LossReason | null {
    const link = this.linkTo(address)
    const connection = link.connection ?? this.dial(link, target)
    if (connection === null) return 'unreachable'
    connection.carried = true
    if (connection.isOpen) return transmit(connection, to, text)
    if (link.queued >= this.host.limits.sendBytesMax) return 'queueFull'
    link.queue.push({ to, text })
    link.queued += text.length
    return null
  }

  /** Announces the nodes of this process on a connection that has opened, and sends what waited for it. */
  opened(connection: Connection, ids: readonly string[]): void {
    const link = this.byConnection.get(connection)
    if (link === undefined) return
    if (ids.length > 0) connection.send(encodeControl({ frame: 'nodes', attached: [...ids], detached: [] }))
    const { queue } = link
    link.queue = []
    link.queued = 0
    for (const { to, text } of queue) {
      const reason = transmit(connection, to, text)
      if (reason !== null) this.host.lost(reason, 1)
    }
  }

  announce(attached: string[], detached: string[]): void {
    for (const connection of this.byConnection.keys())
      if (connection.isOpen) connection.send(encodeControl({ frame: 'nodes', attached, detached }))
  }

  closed(connection: Connection): void {
    const link = this.byConnection.get(connection)
    if (link === undefined) return
    this.byConnection.delete(connection)
    this.host.lost('unreachable', link.queue.length)
    link.queue = []
    link.queued = 0
    link.connection = null
    link.failures += 1
    const { backoffMaxMs } = this.host.limits
    const longest = Math.min(backoffMaxMs, firstBackoffMs * 2 ** Math.min(link.failures - 1, 20))
    link.retryAt = this.host.clock.now() + longest * (0.5 + 0.5 * this.host.random())
  }

  /** A connection that brings something is a success: the next failure is the first again. */
  forgive(connection: Connection): void {
    const link = this.byConnection.get(connection)
    if (link !== undefined) link.failures = 0
  }

  addressOf(connection: Connection): string | undefined {
    return this.byConnection.get(connection)?.address
  }

  private linkTo(address: string): Link {
    let link = this.byAddress.get(address)
    if (link === undefined) {
      const retryAt = Number.NEGATIVE_INFINITY
      link = { address, connection: null, queue: [], queued: 0, failures: 0, retryAt }
      this.byAddress.set(address, link)
    }
    return link
  }

  private dial(link: Link, target: string): Connection | null {
    if (this.host.clock.now() < link.retryAt) return null
    const wire = this.host.dial(link.address)
    if (wire === null) return null
    this.begun += 1
    const connection = this.host.connect(wire, target)
    link.connection = connection
    this.byConnection.set(connection, link)
    return connection
  }
}

/** A peer receives only what is for names that it has proved. */
function transmit(connection: Connection, to: string, text: string): LossReason | null {
  if (!connection.permits(to)) return 'unreachable'
  return connection.send(text) ? null : 'queueFull'
}
