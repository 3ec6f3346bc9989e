/** What changes from one view to a newer one, as metrics name it. */
import type { View } from '../../machines/view.ts'

/** `first`: the node knew none before. `primary`: a failover. `backup`: it was appointed, replaced or dropped. */
export type ViewChange = 'first' | 'primary' | 'backup'

/** What has changed; of views that were missed in between nothing is known. */
export function viewChangeOf(before: View, after: View): ViewChange {
  if (before.number === 0) return 'first'
  return before.primary === after.primary ? 'backup' : 'primary'
}
