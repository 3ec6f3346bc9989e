/** How a node stands, as gauges that are asked for when somebody scrapes. */

import type { NodeStatus } from '../node-status.ts'
import { verdictKind } from '../verdict.ts'
import type { Families } from './metric-families.ts'

/** Adds the gauges; once for each registry. */
export function addNodeMetrics({ gaugeFrom, stateFrom }: Families, status: () => NodeStatus): void {
  gaugeFrom(
    'standby_view_number',
    'Number of the newest view that this node knows.',
    () => status().view.number,
  )
  gaugeFrom('standby_ready', 'Whether the node can do its part.', () => Number(status().ready))
  gaugeFrom('standby_draining', 'Whether the node is about to leave.', () => Number(status().draining))
  gaugeFrom(
    'standby_queue_length',
    'What waits: requests at a primary, calls at a gateway.',
    () => status().queue,
  )
  gaugeFrom(
    'standby_commands_applied',
    'Commands that the replica of this server has executed; 0 where it holds no state.',
    () => status().applied ?? 0,
  )
  gaugeFrom('standby_lamport_time', 'Lamport time of the node.', () => status().lamport)
  gaugeFrom(
    'standby_transfer_pieces',
    'Pieces of the state transfer under way that are confirmed; 0 where there is none.',
    () => status().transfer?.pieces ?? 0,
  )
  gaugeFrom('standby_view_has_backup', 'Whether the newest view that this node knows has a backup.', () =>
    Number(status().view.backup !== null),
  )
  stateFrom(
    'standby_verdict',
    'Verdict of the view service on the system: 1 for redundant, alone, waiting or lost.',
    'verdict',
    () => {
      const { verdict } = status()
      return verdict === null ? null : verdictKind(verdict)
    },
  )
  stateFrom('standby_role', 'What the node is: 1 for its role.', 'role', () => status().role)
  stateFrom(
    'standby_node_info',
    'The id of the node, which names one life of it (N2).',
    'node',
    () => status().node,
  )
}
