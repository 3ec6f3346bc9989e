/** What carries a big state: each transport, opened by a name in any process or thread a node lives in. */
import type { Transport } from '../../../actors/ports.ts'
import { createMemoryTransport } from '../../../runtime/transport/memory.ts'
import { type AnyMessagePort, createMessagePortTransport } from '../../../runtime/transport/message-port.ts'
import { openNatsTransport } from '../../../runtime/transport/nats.ts'
import { openTcpTransport } from '../../../runtime/transport/tcp.ts'
import { openWebSocketTransport } from '../../../runtime/transport/websocket.ts'

/** Transports between processes, each node in one of its own; and those that join nodes of one process. */
export const mediaKinds = ['tcp', 'websocket', 'nats', 'message-port', 'memory'] as const
export type MediumKind = (typeof mediaKinds)[number]

/** Where the nodes are, or the one server that all of them know. */
export type Medium =
  | { readonly kind: 'tcp' | 'websocket'; readonly ports: Readonly<Record<string, number>> }
  | { readonly kind: 'nats'; readonly url: string }
  | { readonly kind: 'message-port' | 'memory' }

export type Opened = Transport

/** The transport of one node; `port` leads to the thread that joins all of them. */
export async function openMedium(medium: Medium, id: string, port?: AnyMessagePort): Promise<Opened> {
  switch (medium.kind) {
    case 'tcp':
    case 'websocket': {
      const { ports, kind } = medium
      const scheme = kind === 'tcp' ? '' : 'ws://'
      const directory = Object.fromEntries(
        Object.entries(ports).map(([name, at]) => [name, `${scheme}127.0.0.1:${at}`]),
      )
      const options = { directory, listen: { port: ports[id.split('#')[0]!]! } }
      return kind === 'tcp' ? openTcpTransport(options) : openWebSocketTransport(options)
    }
    case 'nats':
      return openNatsTransport({ connection: { servers: medium.url } })
    case 'message-port':
      return createMessagePortTransport({ ports: [port!] })
    case 'memory':
      return createMemoryTransport()
  }
}
