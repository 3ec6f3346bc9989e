/** The envelope that transports carry: its schema, and its type. Messages have their own schemas. */
import * as v from 'valibot'
import type { Clock } from '../machines/clocks.ts'
import { type Message, type MessageType, messageRoles, type NodeRole } from '../machines/messages.ts'
import { isNodeId, type NodeId, parseNodeId } from '../machines/node-id.ts'

const idText = 'expected the id of a node: 1 to 216 printable characters'
const id = v.pipe(v.string(idText), v.check(isNodeId, idText))

/** The shape of every envelope, with any message; the receiver validates the message (`invalidMessage`). */
export const envelopeSchema = v.object({
  from: id,
  to: id,
  message: v.custom<Message>(hasType, 'expected a message with a type'),
  /** The sender's clocks when it was sent; they are no part of the message (L5). */
  stamp: v.custom<Clock>((stamp) => invalidStamp(stamp) === null, 'expected a stamp of counts'),
})

/** A message on its way: who sent it to whom, and the sender's clock at that moment. */
export type Envelope = Readonly<v.InferOutput<typeof envelopeSchema>>

/** What is wrong with the sender of an envelope, or null. */
export function invalidSender(from: unknown): string | null {
  if (typeof from !== 'string' || from === '') return 'expected the id of a sender, got none'
  return isNodeId(from) ? null : `sender: ${idText}`
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

/** What a node knows of the roles in its system (N6). */
export interface SystemRoles {
  /** What this node is. */
  readonly own: NodeRole
  readonly viewService: NodeId
  /** The names of the servers. Default: every name but the view service's may be one. */
  readonly servers?: readonly string[] | undefined
}

/**
 * Whether a message fits the roles of its sender and of this node; what is wrong, or null.
 *
 * Authentication does not make a name a server: servers are the names that are declared (N6).
 */
export function createRoleCheck({ own, viewService, servers }: SystemRoles) {
  const declared = servers && new Set(servers)
  const { name: viewServiceName } = parseNodeId(viewService)
  const mayBe = (from: NodeId, role: NodeRole): boolean => {
    const { name } = parseNodeId(from)
    if (name === viewServiceName) return role === 'viewService' && from === viewService
    if (role === 'viewService') return false
    return declared === undefined || declared.has(name) === (role === 'server')
  }
  return (from: NodeId, type: MessageType): string | null => {
    const roles = messageRoles[type]
    if (!roles.to.includes(own))
      return `expected a message for a ${roleNames[own]}, got ${type}, which is for a ${roles.to.map((role) => roleNames[role]).join(' or a ')}`
    if (mayBe(from, roles.from)) return null
    const advice =
      roles.from === 'server' ? '; declare its name among the servers of this system if it is one' : ''
    return `expected ${type} from a ${roleNames[roles.from]}, got it from another node${advice}`
  }
}

const roleNames: Readonly<Record<NodeRole, string>> = {
  viewService: 'view service',
  server: 'server',
  client: 'client',
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
