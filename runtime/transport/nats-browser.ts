/** The transport over a NATS server or cluster, for browsers: over its listener for WebSocket. Node has nats.ts. */
import { wsconnect } from '@nats-io/nats-core'
import { StandbyError } from '../../actors/errors.ts'
import { type NatsTransport, type NatsTransportOptions, natsTransport } from './nats-transport.ts'

export type { EnvelopeCounters } from './endpoint.ts'
export type { NatsLimits, NatsTransport, NatsTransportOptions } from './nats-transport.ts'

/**
 * Connects to NATS: as in Node, but `servers` are `ws://` or `wss://`, and the browser itself decides about certificates.
 * @throws StandbyError `invalidOption` if `system` is not a valid name or no WebSocket opens; NATS's error if it refuses the client.
 */
export function openNatsTransport(options: NatsTransportOptions = {}): Promise<NatsTransport> {
  return natsTransport(options, (connection) => wsconnect(connection).catch(explain))
}

/** Browsers say no reason why a WebSocket did not open. */
function explain(cause: Error): never {
  if (cause.message !== '') throw cause
  throw new StandbyError(
    'invalidOption',
    'connection: expected a server of NATS that takes this page, got no answer, and the browser says no reason; look whether it has a listener "websocket" there, and this origin among its allowed_origins',
    { cause },
  )
}
