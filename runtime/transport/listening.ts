/** Refuses to listen outside loopback unless peers must prove who they are. */
import * as v from 'valibot'
import { StandbyError } from '../../actors/errors.ts'
import { isHost, isLoopback } from './address.ts'
import type { Authentication } from './authentication.ts'

/** Where to listen. */
export interface ListenOptions {
  /** Default 127.0.0.1. Another than loopback needs authentication, client certificates, or `insecure`. */
  readonly host?: string
  /** Default 0, which the system chooses: see `address`. */
  readonly port?: number
  /** Permits to listen beyond loopback to peers that prove nothing. */
  readonly insecure?: boolean
}

type Pem = string | Uint8Array | readonly (string | Uint8Array)[]

/** Options of `node:tls`, for listening and for dialing. Those that are of use here; they are passed on as they are. */
export interface TlsOptions {
  readonly listen?: TlsEnd & {
    /** Asks each peer that dials for a certificate that `ca` vouches for (mTLS). */
    readonly requestCert?: boolean
  }
  readonly dial?: TlsEnd & { readonly servername?: string }
}

interface TlsEnd {
  readonly key?: Pem
  readonly cert?: Pem
  readonly ca?: Pem
  readonly passphrase?: string
  readonly pfx?: Pem
  readonly crl?: Pem
  readonly ciphers?: string
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly rejectUnauthorized?: boolean
}

/** Whether every peer needs a certificate. */
export function asksForCertificates(tls: TlsOptions | undefined): boolean {
  return tls?.listen?.requestCert === true && tls.listen.rejectUnauthorized !== false
}

export const defaultHost = '127.0.0.1'

const listenSchema = v.strictObject({
  host: v.optional(v.pipe(v.string(), v.check(isHost))),
  port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))),
  insecure: v.optional(v.boolean()),
  origins: v.optional(v.array(v.string())),
})

/**
 * Refuses what is no place to listen at, such as a port that is a text: Node would take it for the name of a file.
 * And refuses to listen to everyone on a network.
 * @throws StandbyError `invalidOption`
 */
export function refuseUnsafe(
  listen: ListenOptions,
  authentication: Authentication,
  tls: TlsOptions | undefined,
): void {
  const { issues } = v.safeParse(listenSchema, listen)
  if (issues !== undefined) {
    const where = ['listen', v.getDotPath(issues[0])].filter((part) => part !== null).join('.')
    throw new StandbyError(
      'invalidOption',
      `${where}: expected { host, port, insecure } with a host's name or address and a port from 0 to 65535, and for WebSocket origins, got ${issues[0].received}`,
    )
  }
  const { host = defaultHost, insecure = false } = listen
  if (insecure || isLoopback(host) || authentication.accepts !== undefined || asksForCertificates(tls)) return
  throw new StandbyError(
    'invalidOption',
    `listen.host: expected a loopback address or authentication, got ${host} without; give authentication.accepts, or tls with requestCert, or say insecure: true`,
  )
}
