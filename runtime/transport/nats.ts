/** The transport over a NATS server or cluster, for Node. Browsers have nats-browser.ts. */
import { StandbyError } from '../../actors/errors.ts'
import { type NatsTransport, type NatsTransportOptions, natsTransport } from './nats-transport.ts'

export type { EnvelopeCounters } from './endpoint.ts'
export type { NatsLimits, NatsTransport, NatsTransportOptions } from './nats-transport.ts'

/**
 * Connects to NATS, which needs the package `@nats-io/transport-node` beside this one. A node subscribes to
 * `standby.<system>.<its tokens>.>`; the last tokens of a subject are the sender's, so that a permission to publish to
 * `standby.<system>.*.*.*.server.s1.*` lets its owner speak for the server `s1` and for no other: an envelope from
 * another sender than its subject says is refused. Tokens are role, name and incarnation, the role only with `servers`.
 *
 * In order between two nodes while the connection lasts, no duplicates; lost is what is sent while no server is there, or
 * finds `sendBytesMax` waiting, or has no room in a buffer of NATS's. What is larger than the server's `max_payload` goes
 * in parts. Reconnection is NATS's own, every 200 ms (NATS: 2 s) and without end.
 *
 * In a browser the same entry point speaks NATS over WebSocket, with `@nats-io/nats-core`: `servers` are `ws://` or
 * `wss://`, at a NATS server with a listener `websocket`.
 * @throws StandbyError `invalidOption` for a wrong option, a package that is not installed, or a server with too small a
 * `max_payload`; NATS's error if no server answers.
 */
export async function openNatsTransport(options: NatsTransportOptions = {}): Promise<NatsTransport> {
  const { connect } = await loadPackage()
  return natsTransport(options, connect)
}

type NatsPackage = Pick<typeof import('@nats-io/transport-node'), 'connect'>

/** Loaded on first use: the package is an optional peer. Exported for its test. */
export async function loadPackage(
  load: () => Promise<NatsPackage> = () => import('@nats-io/transport-node'),
): Promise<NatsPackage> {
  try {
    return await load()
  } catch (cause) {
    if ((cause as { code?: string } | null)?.code !== 'ERR_MODULE_NOT_FOUND') throw cause
    const what =
      'transport: expected the package of NATS to be installed, got none; npm install @nats-io/transport-node'
    throw new StandbyError('invalidOption', what, { cause })
  }
}
