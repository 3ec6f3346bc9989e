/** The transport over a NATS server or cluster, for Node. Browsers have nats-browser.ts. */
import { connect } from '@nats-io/transport-node'
import { type NatsTransport, type NatsTransportOptions, natsTransport } from './nats-transport.ts'

export type { EnvelopeCounters } from './endpoint.ts'
export type { NatsLimits, NatsTransport, NatsTransportOptions } from './nats-transport.ts'

/**
 * Connects to NATS. A node listens on `standby.<system>.<name>.<incarnation>.*.*`; the last two parts are the sender's, so
 * that a permission to publish to `standby.<system>.*.*.s1.*` lets its owner speak for `s1` and for nobody else: an
 * envelope from another than its subject says is refused.
 *
 * In order between two nodes while the connection lasts, no duplicates; lost is what is sent while no server is there, or
 * finds `sendBytesMax` waiting, or has no room in a buffer of NATS's. What is larger than the server's `max_payload` goes
 * in parts. Reconnection is NATS's own, every 200 ms (NATS: 2 s) and without end.
 *
 * In a browser the same door speaks NATS over WebSocket, with `@nats-io/nats-core`: `servers` are `ws://` or `wss://`, where
 * a server of NATS has a listener `websocket`.
 * @throws StandbyError `invalidOption` for a system's name that is none; NATS's error where no server answers.
 */
export function openNatsTransport(options: NatsTransportOptions = {}): Promise<NatsTransport> {
  return natsTransport(options, connect)
}
