/** The transport over MessagePorts: workers, frames and threads of one page or process. Who holds the port is trusted; there are no keys. */
/// <reference lib="esnext.disposable" preserve="true" />
import { StandbyError } from '../../actors/errors.ts'
import { knownOptions } from '../../actors/known-options.ts'
import type { Envelope, Observe, TimeClock, Transport } from '../../actors/ports.ts'
import type { NodeId } from '../../machines/node-id.ts'
import { Endpoint, type EnvelopeCounters, refuseNoOptions } from './endpoint.ts'
import { defaultFrameLimits, encodeControl, type FrameLimits } from './frame.ts'
import { type AnyMessagePort, PortLink } from './port-link.ts'

export type { EnvelopeCounters } from './endpoint.ts'
export type { AnyMessagePort } from './port-link.ts'

/** What the transport over MessagePorts can be given. */
export interface MessagePortTransportOptions {
  /** Ports that are there from the beginning; `connect` adds others. */
  readonly ports?: readonly AnyMessagePort[]
  readonly limits?: Partial<FrameLimits>
  /** Default: real time; for observations only. */
  readonly clock?: TimeClock
  readonly observe?: Observe
}

/** A transport over ports, to which ports may be added. */
export interface MessagePortTransport extends Transport {
  /**
   * Adds a port; returns how to take it away, which also closes it if it can be closed.
   * @throws StandbyError `stopped`
   */
  connect(port: AnyMessagePort): () => void
  counters(): EnvelopeCounters
  close(): void
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Delivers to nodes here and behind its ports, and passes on from one port to another: a page with a port to each worker
 * joins them all. Ports must form a tree; an envelope goes to the port from which its node last sent, and before that to all ports.
 *
 * In order between two nodes, no duplicates; lost is what exceeds the room of a port that is not read (8 Mi characters), and
 * what is under way when it is closed. A node that has sent on one port is accepted on no other.
 * @example
 * const { port1, port2 } = new MessageChannel()
 * worker.postMessage({ port: port2 }, [port2])
 * const transport = createMessagePortTransport({ ports: [port1] })
 */
export function createMessagePortTransport(options: MessagePortTransportOptions = {}): MessagePortTransport {
  refuseNoOptions(options)
  knownOptions('createMessagePortTransport', options, {
    ports: true,
    limits: true,
    clock: true,
    observe: true,
  })
  const limits = { ...defaultFrameLimits, ...options.limits }
  const endpoint = new Endpoint({ ...options, limits })
  const links = new Set<PortLink>()
  /** The port on which each node has sent. */
  const routes = new Map<NodeId, PortLink>()

  const post = (envelope: Envelope, text: string, except: PortLink | null) => {
    const known = routes.get(envelope.to)
    const targets = known === undefined ? [...links].filter((link) => link !== except) : [known]
    let reason: 'noRoute' | 'queueFull' | null = 'noRoute'
    for (const target of targets) {
      if (target === except) continue
      const hasRoom = target.send(text)
      if (hasRoom || reason !== null) reason = hasRoom ? null : 'queueFull'
    }
    endpoint.count(reason, envelope)
  }

  const forget = (id: NodeId, link: PortLink) => {
    if (routes.get(id) === link) routes.delete(id)
  }

  const gone = (ids: NodeId[], except: PortLink | null) => {
    const text = encodeControl({ frame: 'nodes', attached: [], detached: ids })
    for (const link of links) if (link !== except) link.send(text)
  }

  const take = (link: PortLink, text: string) => {
    if (text.length > limits.frameBytesMax) {
      endpoint.refuse(
        'tooLarge',
        `expected a frame of at most ${limits.frameBytesMax} bytes, got ${text.length}`,
      )
      return
    }
    const frame = endpoint.read(text)
    if (frame?.frame === 'envelope') {
      const { envelope } = frame
      const known = endpoint.has(envelope.from) ? null : (routes.get(envelope.from) ?? link)
      if (known !== link) {
        endpoint.refuse('foreignSender', `expected a node of this port, got ${envelope.from.slice(0, 100)}`)
        return
      }
      routes.set(envelope.from, link)
      if (endpoint.has(envelope.to)) endpoint.deliver(envelope)
      else if (links.size > 1) post(envelope, text, link)
      else endpoint.deliver(envelope)
    } else if (frame?.frame === 'nodes') {
      for (const id of frame.detached) forget(id, link)
      gone(frame.detached, link)
    } else if (frame !== null)
      endpoint.refuse('malformed', `expected an envelope, got a frame ${frame.frame}`)
  }

  const connect = (port: AnyMessagePort) => {
    if (endpoint.isClosed) {
      throw new StandbyError('stopped', 'expected an open transport to connect a port to; create a new one')
    }
    const foreign = () => endpoint.refuse('malformed', 'expected a text on the port, got something else')
    const link: PortLink = new PortLink(port, (text) => take(link, text), foreign)
    links.add(link)
    return () => {
      if (!links.delete(link)) return
      link.close()
      for (const [id, at] of [...routes]) if (at === link) routes.delete(id)
    }
  }

  const close = () => {
    endpoint.close()
    for (const link of links) link.close()
    links.clear()
    routes.clear()
  }

  for (const port of options.ports ?? []) connect(port)
  return {
    connect,
    attach: (id, receive) => endpoint.attach(id, receive, () => gone([id], null)),
    send(envelope) {
      const text = endpoint.isClosed ? null : endpoint.textOf(envelope)
      if (text === null) return
      if (endpoint.has(envelope.to)) endpoint.deliverHere(text)
      else post(envelope, text, null)
    },
    counters: () => endpoint.counters(),
    close,
    [Symbol.asyncDispose]: async () => close(),
  }
}
