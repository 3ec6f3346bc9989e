/** When the protocol promises progress, and on whom it waits where it does not. */
import type { ServerContext } from '../../machines/server/context.ts'
import type { View } from '../../machines/view.ts'
import type { ViewServiceContext } from '../../machines/view-service.ts'
import type { NodeView, SystemView } from '../check/system.ts'
import type { Cast } from './invariants.ts'

/**
 * The server without which no client can be answered; null if progress is promised: the newest view's primary lives and
 * holds state, or the view is acknowledged and its backup lives. Links are taken to be whole.
 *
 * No other server may take their place: an empty server would invent answers (V6, N5), and a primary that was lost before it
 * acknowledged its view is a stated limit (V4).
 */
export function stuckOn(system: SystemView, { viewService, servers }: Cast): string | null {
  const { snapshot } = system.node(viewService)
  const { view } = snapshot.context as ViewServiceContext
  const nodes = servers.map((id) => system.node(id))
  const living = (id: string | null): NodeView | undefined =>
    nodes.find((node) => node.alive && node.id === id)
  if (view.primary === null) return nodes.some(({ alive }) => alive) ? null : 'any server'
  const primary = living(view.primary)
  if (primary !== undefined && holdsState(primary, view)) return null
  if (snapshot.hasTag('acknowledged') && living(view.backup) !== undefined) return null
  return view.primary
}

/** The primary of view 1 starts from the empty state as soon as it learns of the view (N5). */
function holdsState({ snapshot }: NodeView, { number }: View): boolean {
  return number === 1 || (snapshot.context as ServerContext).replica !== null
}
