/** One verdict on the system: can it decide commands, can it survive a crash, and if not, which server does it wait for? */

import { type NodeId, parseNodeId } from '../../machines/node-id.ts'
import type { ViewServiceContext } from '../../machines/view-service.ts'

/**
 * `redundant`: any one server may crash. `alone`: one server holds the state. `waiting for s1#1`: nothing is decided until
 * that server is back, or has acknowledged its view. `lost`: no server that could go on is left (V4, V6), the state is gone.
 */
export type Verdict = 'redundant' | 'alone' | 'lost' | `waiting for ${string}`

/** What the verdict is made of; the view service knows all of it. */
export interface Situation extends Pick<ViewServiceContext, 'view' | 'servers' | 'incarnations'> {
  readonly acknowledged: boolean
}

/** The verdict, from pings alone. */
export function verdictOf(situation: Situation): Verdict {
  const { view, acknowledged, servers } = situation
  const { primary, backup } = view
  if (primary === null) return 'waiting for a first server'
  const isAlive = (id: NodeId | null) => servers.some((server) => server.id === id)
  if (!acknowledged) {
    // Only its primary can go on from a view that was not acknowledged (V4).
    return isGone(situation, primary) ? 'lost' : `waiting for ${primary}`
  }
  if (isAlive(primary)) return isAlive(backup) ? 'redundant' : 'alone'
  if (isAlive(backup)) return 'alone'
  const left = [primary, backup].filter((id) => id !== null && !isGone(situation, id))
  return left.length === 0 ? 'lost' : `waiting for ${left.join(' or ')}`
}

/** Whether nothing can be decided until a server comes back that is not there, if ever. */
export function isStuck(situation: Situation): boolean {
  const { view, acknowledged, servers } = situation
  const able = acknowledged ? [view.primary, view.backup] : [view.primary]
  return view.primary !== null && !servers.some(({ id }) => able.includes(id))
}

/** A newer incarnation of its name has pinged: this one never comes back (N2, V7). */
function isGone({ incarnations }: Situation, id: NodeId): boolean {
  const own = parseNodeId(id)
  return incarnations.some(({ name, incarnation }) => name === own.name && incarnation > own.incarnation)
}

/** The verdict without the names of servers, for a label: `redundant`, `alone`, `waiting` or `lost`. */
export function verdictKind(verdict: Verdict): 'redundant' | 'alone' | 'waiting' | 'lost' {
  return verdict === 'redundant' || verdict === 'alone' || verdict === 'lost' ? verdict : 'waiting'
}
