/** The envelope, the unit that transports carry: its schema is the definition, its type is read off it. Messages have schemas of their own. */
import * as v from 'valibot'
import type { Clock } from '../machines/clocks.ts'
import type { Message } from '../machines/messages.ts'

const id = v.string('expected the id of a node')

/** What must hold of every envelope, whatever its message is; who takes the message checks that one (`invalidMessage`). */
export const envelopeSchema = v.object({
  from: v.pipe(id, v.minLength(1, 'expected the id of a sender, got none')),
  to: id,
  message: v.custom<Message>(hasType, 'expected a message with a type'),
  /** The sender's clocks when it was sent; they are no part of the message (L5). */
  stamp: v.custom<Clock>((stamp) => invalidStamp(stamp) === null, 'expected a stamp of counts'),
})

/** A message on its way: who sent it to whom, and the sender's clock at that moment. */
export type Envelope = Readonly<v.InferOutput<typeof envelopeSchema>>

/** What is wrong with the sender of an envelope, or null. */
export function invalidSender(from: unknown): string | null {
  return typeof from === 'string' && from !== '' ? null : 'expected the id of a sender, got none'
}

/** What is wrong with the stamp of an envelope, or null. */
export function invalidStamp(stamp: unknown): string | null {
  const { lamport, vector, truncated } = (stamp ?? {}) as Partial<Clock>
  const isVector = typeof vector === 'object' && vector !== null && !Array.isArray(vector)
  const isValid =
    isCount(lamport) && isVector && hasCounts(vector) && (truncated === undefined || truncated === true)
  return isValid
    ? null
    : 'expected a stamp with a Lamport time and a vector of counts; the sender is not one of ours'
}

/** Without a list of its own: it is asked twice for every message. */
function hasCounts(vector: Readonly<Record<string, unknown>>): boolean {
  for (const id in vector) if (!isCount(vector[id])) return false
  return true
}

function hasType(message: unknown): boolean {
  return typeof (message as { type?: unknown } | null | undefined)?.type === 'string'
}

function isCount(n: unknown): boolean {
  return Number.isSafeInteger(n) && (n as number) >= 0
}
