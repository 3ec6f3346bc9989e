/** The network of a process: TCP to the peers that its configuration names. */
import type { TimeClock } from '../../actors/ports.ts'
import type { Authentication } from '../transport/authentication.ts'
import { type MeshTransport, openTcpTransport } from '../transport/tcp.ts'
import { type Address, formatAddress } from './config.ts'

/** Whom a process knows, and how it is known. */
export interface NetworkOptions {
  /** null: it only dials. */
  readonly listen: Address | null
  readonly peers: Readonly<Record<string, Address>>
  readonly authentication: Authentication | null
  readonly insecure: boolean
  readonly clock: TimeClock
}

/** Opens it. @throws StandbyError `invalidOption`; the system's error where it cannot listen */
export function openNetwork(options: NetworkOptions): Promise<MeshTransport> {
  const { listen, peers, authentication, insecure, clock } = options
  const directory = new Map(Object.entries(peers).map(([name, peer]) => [name, formatAddress(peer)]))
  return openTcpTransport({
    clock,
    directory: (name) => directory.get(name),
    ...(listen && { listen: { ...listen, insecure } }),
    ...(authentication && { authentication }),
  })
}
