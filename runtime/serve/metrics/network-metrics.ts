/** The counters of a process's transport as metrics, read at each scrape. */

import type { Network } from '../network.ts'
import type { Families } from './metric-families.ts'

/** Adds them; once for each registry. What is about connections is absent where the transport has none of its own, as over NATS. */
export function addNetworkMetrics(
  { countedFrom, totalFrom, gaugeFrom }: Families,
  counters: Network['counters'],
): void {
  totalFrom(
    'standby_transport_sent_total',
    'Envelopes sent, those within this process included.',
    () => counters().sent,
  )
  totalFrom('standby_transport_received_total', 'Envelopes received.', () => counters().received)
  countedFrom('standby_transport_lost_total', 'Envelopes lost in this process, by reason.', 'reason', () =>
    Object.entries(counters().lost),
  )
  countedFrom('standby_transport_refused_total', 'Frames and peers refused, by reason.', 'reason', () =>
    Object.entries(counters().refused),
  )
  if (counters().sentBytes !== undefined) {
    totalFrom(
      'standby_transport_sent_bytes_total',
      'Bytes sent, without TLS overhead; characters over WebSocket, bytes of its protocol over NATS.',
      () => counters().sentBytes!,
    )
    totalFrom(
      'standby_transport_received_bytes_total',
      'Bytes received, without TLS overhead; characters over WebSocket, bytes of its protocol over NATS.',
      () => counters().receivedBytes!,
    )
  }
  if (counters().connections === undefined) return
  gaugeFrom('standby_transport_connections', 'Open connections.', () => counters().connections!)
  totalFrom(
    'standby_transport_dials_total',
    'Connections dialed by this process, reconnections included.',
    () => counters().dialed!,
  )
  gaugeFrom(
    'standby_transport_send_queue_bytes',
    'Bytes waiting to be sent on all connections.',
    () => counters().buffered!,
  )
}
