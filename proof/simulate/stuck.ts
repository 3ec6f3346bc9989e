/** Whether the protocol promises no progress: the server that all wait for, because no other holds the state. */
import type { Cluster } from '../../actors/cluster.ts'
import type { NodeId } from '../../machines/node-id.ts'

/**
 * The server without which nothing can be answered, in words; null if the protocol promises progress: the newest
 * view's primary lives and holds state, or the view is acknowledged and its backup lives.
 */
export function whatIsMissing(cluster: Cluster<unknown>): string | null {
  const { primary, backup, number } = cluster.view()
  const living = (id: NodeId | null) => cluster.servers.find((server) => server.alive && server.id === id)
  if (primary === null) return null
  const first = living(primary)
  if (first !== undefined && first.node.applied() !== null) return null
  if (cluster.viewService.acknowledged() && living(backup) !== undefined) return null
  return `${primary}, primary of view ${number}`
}
