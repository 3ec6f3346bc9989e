/** The status of a process, as `/status`, `standby status` and the metrics show it. */
import type { NodeId } from '../../machines/node-id.ts'
import type { View } from '../../machines/view.ts'
import type { Verdict } from './verdict.ts'

/** How far a state transfer under way is. */
export interface TransferProgress {
  /** Pieces that are confirmed. */
  readonly pieces: number
  /** About how many bytes of JSON text these are: each chunk is nearly `transferBytesMax`. */
  readonly bytes: number
}

/** The status of one process. */
export interface NodeStatus {
  readonly node: NodeId
  /** `view service`, `gateway`, or what the server is in its view: `primary`, `backup`, `idle`. */
  readonly role: string
  /** The state of its chart. */
  readonly state: string
  readonly view: View
  /** The verdict on the whole system; null at a process that cannot know it: only the view service does. */
  readonly verdict: Verdict | null
  /** How many commands its replica has executed; null if it has none. */
  readonly applied: number | null
  /** What waits: requests at a primary, calls at a gateway. */
  readonly queue: number
  /** The state transfer under way; null if there is none. */
  readonly transfer: TransferProgress | null
  readonly lamport: number
  readonly uptimeMs: number
  /** Whether it can do its part; of a gateway, whether commands are decided. */
  readonly ready: boolean
  readonly draining: boolean
}

/** Something with a status. */
export interface MonitoredNode {
  status(): NodeStatus
}
