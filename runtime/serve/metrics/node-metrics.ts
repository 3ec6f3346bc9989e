/** The status of a node as gauges, read at each scrape. */

import type { NodeStatus } from '../node-status.ts'
import { verdictKind } from '../verdict.ts'
import type { Families } from './metric-families.ts'

/** Adds the gauges; once for each registry. */
export function addNodeMetrics({ gaugeFrom, stateFrom }: Families, status: () => NodeStatus): void {
  gaugeFrom(
    'standby_view_number',
    'Number of the newest view known to this node.',
    () => status().view.number,
  )
  gaugeFrom('standby_ready', '1 if the node can do its part; of a gateway, if commands are decided.', () =>
    Number(status().ready),
  )
  gaugeFrom('standby_draining', '1 while the node shuts down.', () => Number(status().draining))
  gaugeFrom(
    'standby_queue_length',
    'Queued work: requests at a primary, operations at a gateway.',
    () => status().queue,
  )
  gaugeFrom(
    'standby_commands_applied',
    'Commands executed by the replica of this server; 0 without a replica.',
    () => status().applied ?? 0,
  )
  gaugeFrom('standby_lamport_time', 'Lamport time of the node.', () => status().lamport)
  gaugeFrom(
    'standby_transfer_pieces',
    'Confirmed pieces of the state transfer in progress; 0 without one.',
    () => status().transfer?.pieces ?? 0,
  )
  gaugeFrom(
    'standby_view_has_backup',
    '1 if the newest view known to this node names a backup, dead or alive.',
    () => Number(status().view.backup !== null),
  )
  stateFrom(
    'standby_verdict',
    'Verdict of the view service on the system: 1 for one of redundant, alone, waiting, lost.',
    'verdict',
    () => {
      const { verdict } = status()
      return verdict === null ? null : verdictKind(verdict)
    },
  )
  stateFrom('standby_role', '1 for the role of the node.', 'role', () => status().role)
  stateFrom(
    'standby_node_info',
    '1 for the id of the node, which names one life of it.',
    'node',
    () => status().node,
  )
}
