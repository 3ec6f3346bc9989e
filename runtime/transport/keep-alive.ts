/** Silent connections say that they live, are given up when they do not, and are closed when nothing needs them. */
import type { TimeClock } from '../../actors/ports.ts'
import type { Connection } from './connection.ts'
import { encodeControl } from './frame.ts'
import type { MeshLimits } from './mesh-options.ts'

const silentLooksMax = 3

/** One timer for all connections, however many there are; it runs while there are some. */
export class KeepAlive {
  private readonly limits: Pick<MeshLimits, 'keepAliveMs' | 'idleMs'>
  private readonly clock: TimeClock
  private readonly connections: ReadonlySet<Connection>
  private readonly heard: (connection: Connection) => void
  private timer: unknown = null

  constructor(
    limits: KeepAlive['limits'],
    clock: TimeClock,
    connections: ReadonlySet<Connection>,
    heard: (connection: Connection) => void,
  ) {
    this.limits = limits
    this.clock = clock
    this.connections = connections
    this.heard = heard
  }

  start(): void {
    if (this.timer !== null) return
    this.timer = this.clock.setTimeout(() => {
      this.timer = null
      for (const connection of [...this.connections]) if (connection.isOpen) this.look(connection)
      if (this.connections.size > 0) this.start()
    }, this.limits.keepAliveMs)
  }

  stop(): void {
    if (this.timer !== null) this.clock.clearTimeout(this.timer)
    this.timer = null
  }

  private look(connection: Connection): void {
    const { keepAliveMs, idleMs } = this.limits
    connection.silentLooks = connection.heard ? 0 : connection.silentLooks + 1
    connection.idleLooks = connection.carried ? 0 : connection.idleLooks + 1
    if (connection.heard) this.heard(connection)
    if (connection.silentLooks >= silentLooksMax) connection.destroy('silent')
    else if (connection.idleLooks * keepAliveMs >= idleMs) connection.end('idle')
    else if (!connection.spoke) connection.send(encodeControl({ frame: 'keepAlive' }))
    connection.heard = false
    connection.spoke = false
    connection.carried = false
  }
}
