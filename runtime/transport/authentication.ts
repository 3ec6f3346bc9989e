/** Which peer may speak for which names: keys, the names they stand for, and proofs over what both sides said. */
import * as v from 'valibot'
import { StandbyError } from '../../actors/errors.ts'
import { type NodeId, parseNodeId } from '../../machines/node-id.ts'
import { isPrintable } from '../../machines/printable.ts'

/** A key of a process: a secret, which its peers know too, or the private half of a pair, which no other process knows. */
export type OwnKey = { readonly id: string } & (
  | {
      /** At least 16 characters, drawn at random. Every peer that accepts it can also use it. */
      readonly secret: string
    }
  | {
      /** ECDSA on P-256, PKCS #8, as PEM or as its base64. Peers that accept the public half cannot use the key. */
      readonly privateKey: string
    }
)

/** A key that others may prove, and what it permits. */
export type AcceptedKey = {
  /** The names its owner may speak for: `s1` (every life of it), `web-*` (every name that begins so), `*` (any). */
  readonly names: readonly string[]
} & (
  | { readonly secret: string }
  | {
      /** The public half of a pair, SPKI, as PEM or as its base64. */
      readonly publicKey: string
    }
)

/**
 * Keys of a process. It proves its own key to everyone it dials and to everyone who dials it, and accepts those of
 * others. A peer that is dialed has to prove a key that permits the name that was dialed, if some accepted key does;
 * otherwise it has to know the dialer's secret. Secrets never travel: a proof is an HMAC-SHA-256, or a signature, over
 * the first frames of both sides, which hold fresh nonces, both keys' ids and the name that was dialed.
 *
 * It proves identity, not privacy or integrity on the way: for that, use TLS (docs/security.md).
 */
export interface Authentication {
  readonly key?: OwnKey
  /** By id. Two ids may stand for the same names, the old key and the new one, while keys are replaced. */
  readonly accepts?: Readonly<Record<string, AcceptedKey>>
}

/** One secret for all: each process that has it may speak for any name. Better a key for each server, and others for clients. */
export function sharedSecret(secret: string): Authentication {
  return { key: { id: 'shared', secret }, accepts: { shared: { secret, names: ['*'] } } }
}

/** A new pair of keys, as base64 of PKCS #8 and SPKI. */
export async function generateKeyPair(): Promise<{
  readonly privateKey: string
  readonly publicKey: string
}> {
  const pair = await crypto.subtle.generateKey(curve, true, ['sign', 'verify'])
  const text = async (format: 'pkcs8' | 'spki', key: CryptoKey) =>
    btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.exportKey(format, key))))
  return { privateKey: await text('pkcs8', pair.privateKey), publicKey: await text('spki', pair.publicKey) }
}

const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const

const keyId = v.pipe(v.string(), v.minLength(1), v.maxLength(200), v.check(isPrintable))
const names = v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.check(isPrintable))), v.minLength(1))
const secret = v.pipe(v.string(), v.minLength(16))
const encoded = v.pipe(
  v.string(),
  v.check((text) => bytesOf(text) !== null),
)
const schema = v.strictObject({
  key: v.optional(
    v.union([v.strictObject({ id: keyId, secret }), v.strictObject({ id: keyId, privateKey: encoded })]),
  ),
  accepts: v.optional(
    v.record(
      keyId,
      v.union([v.strictObject({ secret, names }), v.strictObject({ publicKey: encoded, names })]),
    ),
  ),
})

/**
 * The keys, if they have the right form.
 * @throws StandbyError `invalidOption`, without a word of a secret.
 */
export function checkedAuthentication(given: unknown): Authentication {
  const { success, output, issues } = v.safeParse(schema, given)
  if (success) return output
  const at = v.getDotPath(issues[0]) ?? ''
  const expected =
    'expected { key: { id, secret } or { id, privateKey }, accepts: { [id]: { secret, names } or { publicKey, names } } } with secrets of 16 characters or more'
  throw new StandbyError('invalidOption', `authentication${at === '' ? '' : `.${at}`}: ${expected}`)
}

/**
 * Refuses keys that cannot be used, such as a private key on another curve.
 * @throws StandbyError `invalidOption`
 */
export async function refuseUnusableKeys({ key, accepts = {} }: Authentication): Promise<void> {
  const pairs: (readonly [string, () => Promise<CryptoKey>])[] = []
  if (key !== undefined && 'privateKey' in key)
    pairs.push(['key.privateKey', () => signingKey(key.privateKey)])
  for (const [id, accepted] of Object.entries(accepts))
    if ('publicKey' in accepted)
      pairs.push([`accepts.${id}.publicKey`, () => verifyingKey(accepted.publicKey)])
  for (const [where, load] of pairs) {
    await load().catch((cause: unknown) => {
      const what = `authentication.${where}: expected a key on the curve P-256, PKCS #8 if private and SPKI if public; make a pair with generateKeyPair or openssl genpkey`
      throw new StandbyError('invalidOption', what, { cause })
    })
  }
}

/** Whether names such as `s1`, `web-*` or `*` include the name of a node. */
export function permits(names: readonly string[], id: NodeId): boolean {
  const { name } = parseNodeId(id)
  return names.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : one === name))
}

/** What is proved: which side proves which key, in which connection. */
export interface Statement {
  /** Proofs of the two sides differ, so that none can be sent back to its sender. */
  readonly side: 'dialer' | 'listener'
  /** The id of the key that is proved. */
  readonly key: string
  /** The first frames of both sides, to the letter: nonces, processes, ids of keys, and the name that was dialed. */
  readonly dialed: string
  readonly listened: string
}

/** The proof that its sender has the key, as hexadecimal digits. */
export async function prove(
  key: OwnKey | { readonly secret: string },
  statement: Statement,
): Promise<string> {
  const bytes = bytesOfStatement(statement)
  const signature =
    'secret' in key
      ? await crypto.subtle.sign('HMAC', await macKey(key.secret), bytes)
      : await crypto.subtle.sign(signing, await signingKey(key.privateKey), bytes)
  return hexOf(new Uint8Array(signature))
}

/** Whether a proof is valid; takes equally long if it is not. */
export async function isProof(
  proof: string,
  key: { readonly secret: string } | { readonly publicKey: string },
  statement: Statement,
): Promise<boolean> {
  const given = Uint8Array.from(proof.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
  const bytes = bytesOfStatement(statement)
  return 'secret' in key
    ? crypto.subtle.verify('HMAC', await macKey(key.secret), given, bytes)
    : crypto.subtle.verify(signing, await verifyingKey(key.publicKey), given, bytes)
}

/** Random bytes, as hexadecimal digits. */
export function nonceOf(bytes: number): string {
  return hexOf(crypto.getRandomValues(new Uint8Array(bytes)))
}

function macKey(secret: string): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, [
    'sign',
    'verify',
  ])
}

async function signingKey(privateKey: string): Promise<CryptoKey> {
  return crypto.subtle.importKey('pkcs8', bytesOf(privateKey)!, curve, false, ['sign'])
}

async function verifyingKey(publicKey: string): Promise<CryptoKey> {
  return crypto.subtle.importKey('spki', bytesOf(publicKey)!, curve, false, ['verify'])
}

/** The bytes of PEM, or of its base64 alone; null if it is neither. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> | null {
  const base64 = text.replace(/-----[A-Z ]+-----/g, '').replace(/\s/g, '')
  if (base64 === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return null
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

function bytesOfStatement({ side, key, dialed, listened }: Statement): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(['standby 2', side, key, dialed, listened]))
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
