/** Why a server of NATS could not be used, in words that say what to do; no secret is in them. */
import { StandbyError } from '../../actors/errors.ts'
import type { NetworkConfig } from './config/network-config.ts'

type Given = Pick<NetworkConfig, 'nats' | 'tls'>

/** What Node says of a server's certificate, and what is meant. */
const ofServersCertificate: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: 'that of an unknown authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'one that vouches for itself',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'that of an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'that of an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'that of an unknown authority',
  CERT_SIGNATURE_FAILURE: 'that of another authority',
}

/** The error to be shown in the place of NATS's own, which is its cause. */
export function natsRefusal(error: unknown, given: Given): StandbyError {
  const { code = '', message } = reasonOf(error)
  const servers = given.nats?.servers.join(', ')
  const because = (text: string) => new StandbyError('invalidOption', text, { cause: error })
  const unknown = ofServersCertificate[code]
  if (unknown !== undefined)
    return because(
      `natsServers: expected a certificate of a known authority from ${servers}, got ${unknown} (${code}); give the authority's with --tls-ca-file`,
    )
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'CERT_HAS_EXPIRED')
    return because(
      `natsServers: expected a certificate that is good for ${servers}, got ${code}; dial the name that it is for, or renew it`,
    )
  if (/CERTIFICATE|HANDSHAKE_FAILURE|UNKNOWN_CA/.test(code))
    return because(
      `tlsCertFile: expected ${servers} to accept the certificate of this process, got ${code}; give one of its authority with --tls-cert-file and --tls-key-file`,
    )
  if (/does not support 'tls'/.test(message))
    return because(
      `tls: expected ${servers} to speak TLS, got a server without it; configure it there, or leave the files of TLS out`,
    )
  if (message === 'timeout')
    return because(
      `natsServers: expected ${servers} to answer, got nothing; look at its log: it may have refused ${given.tls?.dial?.cert ? 'the certificate of this process, ' : ''}the limits of an account, or be another kind of server`,
    )
  if (/authorization|authentication/i.test(message)) {
    const way = wayOf(given)
    return because(`${way.field}: expected ${servers} to accept ${way.what}, got "${message}"; ${way.advice}`)
  }
  return because(
    `natsServers: expected a server of NATS at ${servers}, got ${code === '' ? message : `${message} (${code})`}; start it first, or mend the address`,
  )
}

/** What went wrong in the end; NATS wraps some of it. */
function reasonOf(error: unknown): { readonly code?: string; readonly message: string } {
  const {
    code,
    message = String(error),
    cause,
  } = error as { code?: string; message?: string; cause?: object }
  if (code !== undefined) return { code, message }
  const { code: inner } = (cause ?? {}) as { code?: string }
  return inner === undefined ? { message } : { code: inner, message }
}

function wayOf({ nats }: Given): { readonly field: string; readonly what: string; readonly advice: string } {
  const advice = 'compare it with what the server knows'
  if (nats?.credentials) return { field: 'natsCredentialsFile', what: 'these credentials', advice }
  if (nats?.seed) return { field: 'natsNkeyFile', what: 'this key', advice }
  if (nats?.token) return { field: 'natsTokenFile', what: 'this token', advice }
  if (nats?.user) return { field: 'natsUser', what: `user ${nats.user} and its password`, advice }
  const ways = '--nats-user, --nats-token-file, --nats-nkey-file or --nats-credentials-file'
  return { field: 'natsServers', what: 'a process without credentials', advice: `give ${ways}` }
}
