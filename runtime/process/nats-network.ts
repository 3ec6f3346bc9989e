/** The network of a process over NATS; loaded only where the configuration asks for it, as its package is optional. */
import { credsAuthenticator } from '@nats-io/transport-node'
import type { TimeClock } from '../../actors/ports.ts'
import { type NatsTransport, openNatsTransport } from '../transport/nats.ts'
import type { NetworkConfig } from './network-config.ts'

/** Connects. @throws NATS's error where no server answers */
export function openNatsNetwork(network: NetworkConfig, clock: TimeClock): Promise<NatsTransport> {
  const { system, tls } = network
  const { servers, user, password, token, credentials } = network.nats!
  return openNatsTransport({
    system,
    clock,
    connection: {
      servers,
      ...(user !== null && password !== null && { user, pass: password }),
      ...(token !== null && { token }),
      ...(credentials !== null && {
        authenticator: credsAuthenticator(new TextEncoder().encode(credentials)),
      }),
      ...(tls?.dial && { tls: tls.dial }),
    },
  })
}
