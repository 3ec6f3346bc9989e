/** Connections that peers dialed, and which of them leads to which node. */
import type { NodeId } from '../../machines/node-id.ts'
import type { Connection } from './connection.ts'

/** Routes back over accepted connections. */
export class Returns {
  private readonly byNode = new Map<NodeId, Connection>()
  private readonly nodesOf = new Map<Connection, Set<NodeId>>()
  private readonly nodesMax: number

  constructor(nodesMax: number) {
    this.nodesMax = nodesMax
  }

  accepted(connection: Connection): void {
    this.nodesOf.set(connection, new Set())
  }

  has(connection: Connection): boolean {
    return this.nodesOf.has(connection)
  }

  to(id: NodeId): Connection | undefined {
    return this.byNode.get(id)
  }

  nodes(connection: Connection): ReadonlySet<NodeId> {
    return this.nodesOf.get(connection) ?? new Set()
  }

  /** From now on the connection speaks for the node; why not, or null. */
  attach(connection: Connection, id: NodeId, isHere: boolean): string | null {
    const own = this.nodesOf.get(connection)!
    const wrong = this.notPermitted(connection, own, id, isHere)
    if (wrong !== null) return wrong
    const before = this.byNode.get(id)
    if (before !== undefined) this.nodesOf.get(before)?.delete(id)
    own.add(id)
    this.byNode.set(id, connection)
    return null
  }

  detach(connection: Connection, id: NodeId): void {
    if (this.nodesOf.get(connection)?.delete(id)) this.byNode.delete(id)
  }

  closed(connection: Connection): void {
    for (const id of this.nodes(connection)) if (this.byNode.get(id) === connection) this.byNode.delete(id)
    this.nodesOf.delete(connection)
  }

  private notPermitted(
    connection: Connection,
    own: ReadonlySet<NodeId>,
    id: NodeId,
    isHere: boolean,
  ): string | null {
    const { peerKey, peerProcess } = connection.handshake
    if (!connection.permits(id)) {
      const key = peerKey === null ? 'this peer' : `the key ${peerKey}`
      return `expected a node that ${key} may speak for, got ${id}; use another name, or permit this one`
    }
    const before = this.byNode.get(id)
    const isTaken = before !== undefined && before.handshake.peerProcess !== peerProcess
    if (isTaken || isHere) {
      return `expected a node that no other process speaks for, got ${id}; a new life takes a new incarnation`
    }
    if (own.size < this.nodesMax) return null
    return `expected at most ${this.nodesMax} nodes on a connection, got one more; raise limits.nodesMax`
  }
}
