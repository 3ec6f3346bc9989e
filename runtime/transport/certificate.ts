/** The names that a peer has proved by a certificate (mTLS). Which names may do what is decided elsewhere. */
import { isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** The common name and the DNS names of the peer's certificate; null where there is none that our authorities vouch for. */
export function certificateNames(socket: TLSSocket): readonly string[] | null {
  if (!socket.authorized) return null
  const { subject, subjectaltname = '' } = socket.getPeerCertificate()
  if (subject === undefined) return null
  const alternatives = subjectaltname.split(', ').filter((name) => name.startsWith('DNS:'))
  const common = ([] as (string | undefined)[]).concat(subject.CN).filter((name) => name !== undefined)
  return [...common, ...alternatives.map((name) => name.slice(4))]
}

/** The name that a server's certificate must have, where TLS sends names and not addresses. */
export function identityOf(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {}
}
