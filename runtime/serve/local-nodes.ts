/** Clients in a server's own process that talk to this server only: their messages never leave it. */
import type { Envelope, TimeClock, Transport } from '../../actors/ports.ts'
import { defaultViewServiceId } from '../../actors/view-service.ts'
import type { NodeId } from '../../machines/node-id.ts'
import type { View } from '../../machines/view.ts'

/** The same transport twice. */
export interface LocalNodes {
  /** For the server: that of the process, by which it reaches local clients, too. */
  readonly server: Transport
  /** For clients: it reaches the server, and a view service that knows what the server knows. */
  readonly clients: Transport
}

/** Splits `inner`; `viewOf` is the server's view. */
export function withLocalNodes(
  inner: Transport,
  { clock, viewOf }: { readonly clock: TimeClock; readonly viewOf: () => View },
): LocalNodes {
  type Receive = (envelope: Envelope) => void
  const [servers, clients] = [new Map<NodeId, Receive>(), new Map<NodeId, Receive>()]
  const deliver = (nodes: ReadonlyMap<NodeId, Receive>, envelope: Envelope) =>
    clock.soon(() => nodes.get(envelope.to)?.(envelope))
  const attach = (nodes: Map<NodeId, Receive>, id: NodeId, receive: Receive) => {
    nodes.set(id, receive)
    return () => void nodes.delete(id)
  }
  return {
    server: {
      attach(id, receive) {
        const detach = inner.attach(id, receive)
        const detachHere = attach(servers, id, receive)
        return () => {
          detach()
          detachHere()
        }
      },
      send(envelope) {
        if (clients.has(envelope.to)) deliver(clients, envelope)
        else inner.send(envelope)
      },
      close: () => inner.close(),
    },
    clients: {
      attach: (id, receive) => attach(clients, id, receive),
      send(envelope) {
        const { from, to, message, stamp } = envelope
        if (to !== defaultViewServiceId) return deliver(servers, envelope)
        if (message.type !== 'getView') return
        const answer = { type: 'viewReply', view: viewOf() } as const
        deliver(clients, { from: to, to: from, message: answer, stamp })
      },
      close: () => clients.clear(),
    },
  }
}
