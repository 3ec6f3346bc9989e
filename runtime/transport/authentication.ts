/** Who may speak for whom: keys, the names they stand for, and proofs over nonces of both sides. It sends nothing. */
import * as v from 'valibot'
import { StandbyError } from '../../actors/errors.ts'
import { type NodeId, parseNodeId } from '../../machines/node-id.ts'

/** A key that others may prove when they dial in, and what it permits. */
export interface AcceptedKey {
  /** At least 16 characters, drawn at random; the same text at its owner. */
  readonly secret: string
  /** The names its owner may speak for: `s1` (every life of it), `web-*` (whatever begins so), `*` (any). */
  readonly names: readonly string[]
}

/**
 * Keys of a process. A process proves its own key when it dials, and asks for one of the accepted keys when others dial
 * in; whoever is dialed proves in turn that it knows the key. Secrets never travel: what does is an HMAC-SHA-256 over what
 * both said first, fresh nonces included, so that a recorded proof is worth nothing (replay, reflection, downgrade).
 *
 * It says who is there, not that nobody listens or interferes on the way: for that, TLS.
 */
export interface Authentication {
  readonly key?: { readonly id: string; readonly secret: string }
  readonly accepts?: Readonly<Record<string, AcceptedKey>>
}

/** One secret for everyone: whoever has it may speak for any name. Better a key for each server, and others for clients. */
export function sharedSecret(secret: string): Authentication {
  return { key: { id: 'shared', secret }, accepts: { shared: { secret, names: ['*'] } } }
}

const secretText = v.pipe(v.string(), v.minLength(16))
const schema = v.strictObject({
  key: v.optional(
    v.strictObject({ id: v.pipe(v.string(), v.minLength(1), v.maxLength(200)), secret: secretText }),
  ),
  accepts: v.optional(
    v.record(
      v.string(),
      v.strictObject({ secret: secretText, names: v.pipe(v.array(v.string()), v.minLength(1)) }),
    ),
  ),
})

/**
 * The keys, if they are usable.
 * @throws StandbyError `invalidOption`, without a word of a secret.
 */
export function checkedAuthentication(given: unknown): Authentication {
  const { success, output, issues } = v.safeParse(schema, given)
  if (success) return output
  const at = v.getDotPath(issues[0]) ?? ''
  const expected =
    'expected { key: { id, secret }, accepts: { [id]: { secret, names } } } with secrets of 16 characters or more'
  throw new StandbyError('invalidOption', `authentication${at === '' ? '' : `.${at}`}: ${expected}`)
}

/** Whether names such as `s1`, `web-*` or `*` include the name of a node. */
export function permits(names: readonly string[], id: NodeId): boolean {
  const { name } = parseNodeId(id)
  return names.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : one === name))
}

/** Which side of a connection proves: their proofs differ, so that none can be sent back to its sender. */
export type Side = 'dialer' | 'listener'

/** The proof that one side knows the secret, over the first words of both, as hexadecimal digits. */
export async function prove(secret: string, side: Side, dialed: string, listened: string): Promise<string> {
  const signature = await crypto.subtle.sign('HMAC', await keyOf(secret), transcript(side, dialed, listened))
  return hexOf(new Uint8Array(signature))
}

/** Whether a proof is one; takes as long whether it is or not. */
export async function isProof(
  proof: string,
  secret: string,
  side: Side,
  dialed: string,
  listened: string,
): Promise<boolean> {
  const bytes = Uint8Array.from(proof.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
  return crypto.subtle.verify('HMAC', await keyOf(secret), bytes, transcript(side, dialed, listened))
}

/** Bytes that nobody can guess, as hexadecimal digits. */
export function nonceOf(bytes: number): string {
  return hexOf(crypto.getRandomValues(new Uint8Array(bytes)))
}

function keyOf(secret: string): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, [
    'sign',
    'verify',
  ])
}

function transcript(side: Side, dialed: string, listened: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(['standby', side, dialed, listened]))
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
