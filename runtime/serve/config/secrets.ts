/** Secrets, keys and certificates of a process, read from files. What they say is in no error and in no log. */
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { StandbyError } from '../../../actors/errors.ts'
import { type Authentication, checkedAuthentication, sharedSecret } from '../../transport/authentication.ts'
import type { TlsOptions } from '../../transport/listening.ts'

/** The ways to say who is who; at most one of them. */
export interface GivenKeys {
  /** Keys of one's own: see `Authentication`. */
  readonly authentication?: unknown
  /** The same, as JSON in a file. */
  readonly keysFile?: string | undefined
  /** One secret for all. */
  readonly secret?: string | undefined
  readonly secretFile?: string | undefined
}

/** Files in PEM, and whom they are for. */
export interface GivenTls {
  readonly tlsCertFile?: string | undefined
  readonly tlsKeyFile?: string | undefined
  readonly tlsCaFile?: string | undefined
  readonly tlsClientCertificates?: 'required' | 'ignored' | undefined
}

/** Keys of its own, or one secret for all; null if no peer proves anything. @throws StandbyError `invalidOption` */
export function authenticationIn(given: GivenKeys): Authentication | null {
  const { authentication, keysFile, secret, secretFile } = given
  const ways = Object.entries({ authentication, keysFile, secret, secretFile }).filter(
    ([, value]) => value !== undefined,
  )
  if (ways.length > 1) {
    const names = ways.map(([name]) => name).join(' and ')
    throw invalid(`authentication: expected keys or a shared secret, got ${names}; leave all but one out`)
  }
  if (authentication !== undefined) return checkedAuthentication(authentication)
  if (keysFile !== undefined) return checkedAuthentication(keysIn(keysFile))
  const shared = secret ?? secretIn('secretFile', secretFile)
  return shared === null ? null : sharedSecret(shared)
}

/** A secret from a file; null where none is named. @throws StandbyError `invalidOption` */
export function secretIn(option: string, file: string | undefined): string | null {
  if (file === undefined) return null
  const secret = textIn(option, file).trim()
  if (secret.length >= 16) return secret
  throw invalid(`${option}: expected ${file} to hold 16 characters or more; draw them at random`)
}

/**
 * TLS for listening and for dialing; null if no file is named. If there is an authority, a peer that dials in must have
 * a certificate of it, unless they are ignored.
 * @throws StandbyError `invalidOption`
 */
export function tlsIn(given: GivenTls): TlsOptions | null {
  const { tlsCertFile, tlsKeyFile, tlsCaFile, tlsClientCertificates } = given
  if (tlsCertFile === undefined && tlsKeyFile === undefined && tlsCaFile === undefined) {
    if (tlsClientCertificates === undefined) return null
    throw invalid('tlsClientCertificates: expected the files of TLS, got none; give --tls-ca-file')
  }
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined))
    throw invalid('tlsCertFile, tlsKeyFile: expected both, got one of them; a certificate needs its key')
  if (tlsClientCertificates === 'required' && tlsCaFile === undefined)
    throw invalid('tlsClientCertificates: expected an authority that vouches for them; give --tls-ca-file')
  const end = {
    ...(tlsCertFile !== undefined && { cert: textIn('tlsCertFile', tlsCertFile) }),
    ...(tlsKeyFile !== undefined && { key: textIn('tlsKeyFile', tlsKeyFile) }),
    ...(tlsCaFile !== undefined && { ca: textIn('tlsCaFile', tlsCaFile) }),
  }
  try {
    createSecureContext(end)
  } catch (error) {
    throw invalid(`tls: expected a certificate, its key and an authority in PEM, got ${codeOf(error)}`)
  }
  const requestCert = tlsCaFile !== undefined && tlsClientCertificates !== 'ignored'
  return { ...(tlsCertFile !== undefined && { listen: { ...end, requestCert } }), dial: end }
}

/** A file's text. @throws StandbyError `invalidOption` */
export function textIn(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw invalid(`${option}: expected a file that can be read, got ${(error as Error).message}`)
  }
}

function keysIn(file: string): unknown {
  const text = textIn('keysFile', file)
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own words would show a chunk of the file.
    throw invalid(`keysFile: expected ${file} to be JSON, such as {"key": {"id": "s1", "secret": "..."}}`)
  }
}

/** OpenSSL's own name of what is wrong. */
function codeOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string }
  return code ?? message
}

function invalid(message: string): StandbyError {
  return new StandbyError('invalidOption', message)
}
