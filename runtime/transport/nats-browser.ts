/** The transport over a NATS server or cluster, for browsers: over its listener for WebSocket. Node has nats.ts. */
import { wsconnect } from '@nats-io/nats-core'
import { type NatsTransport, type NatsTransportOptions, natsTransport } from './nats-transport.ts'

export type { EnvelopeCounters } from './endpoint.ts'
export type { NatsLimits, NatsTransport, NatsTransportOptions } from './nats-transport.ts'

/**
 * Connects to NATS: as in Node, but `servers` are `ws://` or `wss://`, and the browser itself decides about certificates.
 * @throws StandbyError `invalidOption` for a system's name that is none; NATS's error where no server answers.
 */
export function openNatsTransport(options: NatsTransportOptions = {}): Promise<NatsTransport> {
  return natsTransport(options, wsconnect)
}
