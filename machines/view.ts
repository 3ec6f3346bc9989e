/** A view says who is primary and who is backup; only `nextView` decides which view follows another. */
import { compareNodeIds, type NodeId } from './node-id.ts'

/** One numbered assignment of roles. Two views with the same number are the same view (V2). */
export interface View {
  /** Grows by exactly 1; 0 before any server has pinged. */
  readonly number: number
  readonly primary: NodeId | null
  readonly backup: NodeId | null
}

/** The view before any ping: number 0, no primary, no backup (V1). */
export const noView: View = Object.freeze({ number: 0, primary: null, backup: null })

/** What the view service knows when it decides. */
export interface Standing {
  readonly view: View
  /** Whether the primary has pinged with this view's number (V4). */
  readonly acknowledged: boolean
  /** The servers that count as alive (V7), members of the view included, in any order. */
  readonly alive: readonly NodeId[]
}

/**
 * The view that must follow now, or null if nothing changes (V3 to V6).
 *
 * The idle server that is appointed is the first by name, then by incarnation (V9). Promotion and appointment are one
 * change (V5). An empty server never becomes primary after view 1. Before the acknowledgement a live primary may lose
 * or exchange a dead backup, but not gain a missing one; with a dead primary an unacknowledged view stays (V4).
 */
export function nextView({ view, acknowledged, alive }: Standing): View | null {
  const { primary, backup } = view
  const idle = alive.filter((id) => id !== primary && id !== backup).sort(compareNodeIds)[0] ?? null
  if (primary === null) return idle === null ? null : { number: 1, primary: idle, backup: null }

  const backupAlive = backup !== null && alive.includes(backup)
  const next = (newPrimary: NodeId, newBackup: NodeId | null): View => ({
    number: view.number + 1,
    primary: newPrimary,
    backup: newBackup,
  })
  if (backup === null) return acknowledged && idle !== null ? next(primary, idle) : null
  if (alive.includes(primary)) return backupAlive ? null : next(primary, idle)
  return acknowledged && backupAlive ? next(backup, idle) : null
}
