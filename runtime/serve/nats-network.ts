/** The network of a process over NATS; loaded only where the configuration asks for it, as its package is optional. */
import { isIP } from 'node:net'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import { credsAuthenticator, nkeyAuthenticator } from '@nats-io/transport-node'
import { StandbyError } from '../../actors/errors.ts'
import type { Observe, TimeClock } from '../../actors/ports.ts'
import { type NatsTransport, openNatsTransport } from '../transport/nats.ts'
import { hostOf, type NetworkConfig } from './config/network-config.ts'
import { natsRefusal } from './nats-refusal.ts'

/** Connects. @throws StandbyError `invalidOption` if no server answers or admits this process; its cause is NATS's error */
export async function openNatsNetwork(
  network: NetworkConfig,
  clock: TimeClock,
  observe?: Observe,
): Promise<NatsTransport> {
  const { system, servers: names, tls } = network
  const { servers, user, password, token, seed, credentials } = network.nats!
  const bytes = (text: string) => new TextEncoder().encode(text)
  try {
    return await openNatsTransport({
      system,
      ...(names && { servers: names }),
      clock,
      ...(observe && { observe }),
      connection: {
        servers,
        ...(user !== null && password !== null && { user, pass: password }),
        ...(token !== null && { token }),
        ...(seed !== null && { authenticator: nkeyAuthenticator(bytes(seed)) }),
        ...(credentials !== null && { authenticator: credsAuthenticator(bytes(credentials)) }),
        ...(tls?.dial && { tls: { ...tls.dial, checkServerIdentity: identityCheck(servers) } }),
      },
    })
  } catch (error) {
    if (error instanceof StandbyError) throw error
    throw natsRefusal(error, network)
  }
}

/**
 * Node's own check of a certificate's names, for addresses too: NATS names no host where an address is dialed, and Node then
 * takes it for localhost.
 */
function identityCheck(servers: readonly string[]) {
  const addresses = servers.map((server) => hostOf(server)!).filter((host) => isIP(host) !== 0)
  return (host: string, certificate: PeerCertificate): Error | undefined => {
    const isUnnamed = host === 'localhost' && addresses.length > 0
    if (isUnnamed && addresses.some((address) => checkServerIdentity(address, certificate) === undefined))
      return undefined
    return checkServerIdentity(isUnnamed ? addresses[0]! : host, certificate)
  }
}
