/** What the transport of a process has counted, as metrics that are asked for when somebody scrapes. */

import type { Network } from '../network.ts'
import type { Families } from './metric-families.ts'

/** Adds them; once for each registry. What is about connections is absent where the transport has none of its own, as over NATS. */
export function addNetworkMetrics(
  { countedFrom, totalFrom, gaugeFrom }: Families,
  counters: Network['counters'],
): void {
  totalFrom(
    'standby_transport_sent_total',
    'Envelopes that have left, or were delivered within this process.',
    () => counters().sent,
  )
  totalFrom('standby_transport_received_total', 'Envelopes that have come.', () => counters().received)
  countedFrom(
    'standby_transport_lost_total',
    'Envelopes that were lost before they left, or had nobody to arrive at, by reason.',
    'reason',
    () => Object.entries(counters().lost),
  )
  countedFrom(
    'standby_transport_refused_total',
    'Frames and peers that were refused, by reason.',
    'reason',
    () => Object.entries(counters().refused),
  )
  if (counters().sentBytes !== undefined) {
    totalFrom(
      'standby_transport_sent_bytes_total',
      'Bytes of frames that were sent, without what TLS adds; over WebSocket characters, over NATS those of its protocol.',
      () => counters().sentBytes!,
    )
    totalFrom(
      'standby_transport_received_bytes_total',
      'Bytes of frames that have come, without what TLS adds; over WebSocket characters, over NATS those of its protocol.',
      () => counters().receivedBytes!,
    )
  }
  if (counters().connections === undefined) return
  gaugeFrom('standby_transport_connections', 'Connections that are open.', () => counters().connections!)
  totalFrom(
    'standby_transport_dials_total',
    'Connections that were begun from here: the first to each peer, and each reconnection.',
    () => counters().dialed!,
  )
  gaugeFrom(
    'standby_transport_send_queue_bytes',
    'Bytes that wait to be sent, on all connections.',
    () => counters().buffered!,
  )
}
