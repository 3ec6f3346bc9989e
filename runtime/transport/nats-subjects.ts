/** Subjects of NATS: who a message is from and for, in tokens that permissions can name. */
import { type NodeId, parseNodeId } from '../../machines/node-id.ts'
import type { PartSender } from './parts.ts'

/** What the tokens of subjects stand for. */
export interface SubjectOptions {
  readonly system: string
  /** The names of the servers. If they are declared, a role stands before each name. */
  readonly servers: readonly string[] | undefined
  readonly viewService: string
}

/** Who sent a message, as its subject says. */
export interface SubjectSender extends PartSender {
  readonly subject: string
}

/**
 * `standby.<system>.<addressee>.<sender>`, each of the two `<role>.<name>.<incarnation>` with the role `view-service`,
 * `server` or `gateway`, which is every client; without declared servers `<name>.<incarnation>`. NATS matches whole
 * tokens, so that a role is what a permission can name: `standby.demo.*.*.*.gateway.>`.
 */
export class Subjects {
  private readonly prefix: string
  private readonly servers: ReadonlySet<string> | null
  private readonly viewService: string

  constructor({ system, servers, viewService }: SubjectOptions) {
    this.prefix = `standby.${system}`
    this.servers = servers === undefined ? null : new Set(servers)
    this.viewService = viewService
  }

  /** The subject of messages from one node to another. */
  of({ from, to }: { readonly from: NodeId; readonly to: NodeId }): string {
    return `${this.prefix}.${this.tokensOf(to)}.${this.tokensOf(from)}`
  }

  /** What a node subscribes to. */
  to(id: NodeId): string {
    return `${this.prefix}.${this.tokensOf(id)}.>`
  }

  /** The sender that a subject names. Gateways are one pool: a permission lets one user have any number of their names. */
  senderIn(subject: string): SubjectSender {
    const tokens = subject.split('.').slice(this.servers === null ? -2 : -3)
    const [role, name] = this.servers === null ? ['', tokens[0]!] : [tokens[0]!, tokens[1]!]
    return { subject, route: subject, pool: role === 'gateway' ? role : `${role}.${name}` }
  }

  private tokensOf(id: NodeId): string {
    const { name, incarnation } = parseNodeId(id)
    const own = `${encoded(name)}.${incarnation}`
    return this.servers === null ? own : `${this.roleOf(name)}.${own}`
  }

  private roleOf(name: string): string {
    if (name === this.viewService) return 'view-service'
    return this.servers!.has(name) ? 'server' : 'gateway'
  }
}

/** One token: no dots, wildcards or spaces. */
function encoded(name: string): string {
  const text = encodeURIComponent(name).replace(/[.!~*'()]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)
  return text === '' ? '%' : text
}
