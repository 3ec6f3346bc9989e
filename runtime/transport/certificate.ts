/** What a peer has proved by a certificate (mTLS), and the name that a dialed peer's certificate must have. */
import { isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { parseNodeId } from '../../machines/node-id.ts'
import type { Grant } from './handshake.ts'

/**
 * Which nodes the peer's certificate permits: those whose name is its common name or one of its DNS names, to the letter,
 * or begins with one of them that ends in `*`, such as `web-*`. Null without a certificate that our authorities vouch for.
 */
export function certifiedNames(socket: TLSSocket): Grant | null {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined
  if (certificate === undefined) return null
  const options = { subject: 'always', wildcards: false, partialWildcards: false } as const
  const has = (name: string) => certificate.checkHost(name, options) === name
  return (id) => {
    const { name } = parseNodeId(id)
    if (has(name)) return true
    for (let length = 0; length <= name.length; length++) if (has(`${name.slice(0, length)}*`)) return true
    return false
  }
}

/** The name that a server's certificate must have; TLS sends names, and no addresses. */
export function identityOf(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {}
}
