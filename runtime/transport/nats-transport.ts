/** The transport over a connection to NATS, whichever way it was made: a subject for each pair of nodes. Who may speak is decided by NATS's own accounts and permissions. */
import { StandbyError } from '../../actors/errors.ts'
import type { Envelope, Observe, TimeClock, Transport } from '../../actors/ports.ts'
import { type NodeId, parseNodeId } from '../../machines/node-id.ts'
import { nonceOf } from './authentication.ts'
import { Endpoint, type EnvelopeCounters, refuseNoOptions } from './endpoint.ts'
import { defaultFrameLimits, type FrameLimits } from './frame.ts'
import { Parts, partsOf } from './parts.ts'

export type { EnvelopeCounters } from './endpoint.ts'

/** Bounds of the transport over NATS. */
export interface NatsLimits extends FrameLimits {
  /** Bytes that were published and that the server has not confirmed; what comes when there are as many is lost. Default 8 MiB. */
  readonly sendBytesMax: number
  /** How long `close` waits for what was sent to leave; default 2,000. */
  readonly drainMs: number
}

/** What the transport over NATS can be given. */
export interface NatsTransportOptions {
  /** Options of `connect` in `@nats-io/transport-node`, in a browser of `wsconnect` in `@nats-io/nats-core`: servers, credentials, TLS; all are passed on. */
  readonly connection?: {
    readonly servers?: string | readonly string[]
    readonly user?: string
    readonly pass?: string
    readonly token?: string
    readonly [option: string]: unknown
  }
  /** The first parts of all subjects, `standby.<system>`; default `standby`. */
  readonly system?: string
  readonly limits?: Partial<NatsLimits>
  /** Default: real time. */
  readonly clock?: TimeClock
  readonly observe?: Observe
}

/** A transport over NATS. */
export interface NatsTransport extends Transport {
  /** Resolves when the server knows of the nodes that are attached: from then on they hear what others send. */
  ready(): Promise<void>
  /** Whether there is a connection to a server now. */
  connected(): boolean
  /** Bytes are those of NATS's own protocol, those of others in the same connection included. */
  counters(): EnvelopeCounters & { readonly sentBytes: number; readonly receivedBytes: number }
  /** Sends what was sent, for at most `drainMs`, then closes. */
  close(): Promise<void>
}

/** What is used of a connection to NATS. */
export interface NatsWire {
  readonly info?: { readonly max_payload: number } | undefined
  publish(subject: string, payload: Uint8Array): void
  subscribe(
    subject: string,
    options: {
      readonly callback: (
        error: Error | null,
        message: { readonly subject: string; readonly data: Uint8Array },
      ) => void
    },
  ): { unsubscribe(): void }
  flush(): Promise<void>
  status(): AsyncIterable<{ readonly type: string }>
  isClosed(): boolean
  close(): Promise<void>
  stats(): { readonly inBytes: number; readonly outBytes: number }
}

const subjectOverheadBytes = 4096

/**
 * The transport over what `connect` gives; it is asked once, with the options of the connection.
 * @throws StandbyError `invalidOption` for a system's name that is none; whatever `connect` throws
 */
export async function natsTransport(
  options: NatsTransportOptions,
  connect: (options: object) => Promise<NatsWire>,
): Promise<NatsTransport> {
  refuseNoOptions(options)
  const { system = 'standby' } = options
  if (!/^[\w-]{1,100}$/.test(system)) {
    throw new StandbyError(
      'invalidOption',
      'system: expected letters, digits, - and _; it is part of subjects',
    )
  }
  const limits = { ...defaultFrameLimits, sendBytesMax: 8 * 1024 * 1024, drainMs: 2000, ...options.limits }
  const endpoint = new Endpoint({ ...options, limits })
  // A server that comes back before its users are known there must not end the connection for ever.
  const endless = { maxReconnectAttempts: -1, reconnectTimeWait: 200, ignoreAuthErrorAbort: true }
  const nats = await connect({ ...endless, ...options.connection })
  const outbox = new Outbox(nats, limits.sendBytesMax)
  const parts = new Parts(limits.frameBytesMax)
  const process = nonceOf(8)
  const prefix = `standby.${system}`

  const take = (subject: string, data: Uint8Array) => {
    const text = parts.add(data)
    if (text === null) return
    if (typeof text !== 'string') {
      endpoint.refuse(text.code, text.message)
      return
    }
    const frame = endpoint.read(text)
    if (frame === null) return
    if (frame.frame !== 'envelope') {
      endpoint.refuse('malformed', `expected an envelope, got a frame ${frame.frame}`)
    } else if (subjectOf(prefix, frame.envelope) !== subject) {
      const what = `expected the sender and the addressee of the subject, got ${frame.envelope.from.slice(0, 100)}`
      endpoint.refuse('foreignSender', what)
    } else endpoint.deliver(frame.envelope)
  }

  const send = (envelope: Envelope) => {
    const text = endpoint.isClosed ? null : endpoint.textOf(envelope)
    if (text === null) return
    if (endpoint.has(envelope.to)) return endpoint.deliverHere(text)
    const subject = subjectOf(prefix, envelope)
    if (subject === null) return endpoint.lose('noRoute', envelope)
    const payloadMax = (nats.info?.max_payload ?? 1024 * 1024) - subjectOverheadBytes
    endpoint.count(outbox.publish(subject, partsOf(text, payloadMax, process)), envelope)
  }

  return {
    attach(id, receive) {
      let subscription: { unsubscribe(): void } | null = null
      const detach = endpoint.attach(id, receive, () => {
        if (!nats.isClosed()) subscription?.unsubscribe()
      })
      const own = addressOf(id)
      if (own !== null && !nats.isClosed()) {
        subscription = nats.subscribe(`${prefix}.${own}.*.*`, {
          callback(error, { subject, data }) {
            if (error === null) take(subject, data)
            else endpoint.tell(`NATS: ${error.message}`)
          },
        })
      }
      return detach
    },
    send,
    ready: () => nats.flush(),
    connected: () => outbox.isConnected,
    counters() {
      const { inBytes, outBytes } = nats.stats()
      return { ...endpoint.counters(), sentBytes: outBytes, receivedBytes: inBytes }
    },
    async close() {
      endpoint.close()
      if (nats.isClosed()) return
      const { clock } = endpoint
      let alarm: unknown
      const tooLate = new Promise<void>((resolve) => {
        alarm = clock.setTimeout(resolve, limits.drainMs)
      })
      await Promise.race([nats.flush().catch(() => {}), tooLate])
      clock.clearTimeout(alarm)
      await nats.close()
    },
  }
}

/** What leaves for the server, bounded by what it has confirmed. */
class Outbox {
  isConnected = true
  private readonly nats: NatsWire
  private readonly bytesMax: number
  private unconfirmed = 0
  private isFlushing = false

  constructor(nats: NatsWire, bytesMax: number) {
    this.nats = nats
    this.bytesMax = bytesMax
    void this.watch()
  }

  publish(subject: string, payloads: readonly Uint8Array[]): 'unreachable' | 'queueFull' | null {
    if (!this.isConnected || this.nats.isClosed()) return 'unreachable'
    if (this.unconfirmed >= this.bytesMax) return 'queueFull'
    try {
      for (const payload of payloads) {
        this.nats.publish(subject, payload)
        this.unconfirmed += payload.length
      }
    } catch {
      return 'unreachable'
    }
    if (!this.isFlushing) this.confirm()
    return null
  }

  /** One question at a time: what was published before it was asked is with the server when it is answered. */
  private confirm(): void {
    const asked = this.unconfirmed
    this.isFlushing = true
    const done = () => {
      this.isFlushing = false
      this.unconfirmed = Math.max(0, this.unconfirmed - asked)
      if (this.unconfirmed > 0 && this.isConnected) this.confirm()
    }
    this.nats.flush().then(done, () => {
      this.isFlushing = false
      this.unconfirmed = 0
    })
  }

  private async watch(): Promise<void> {
    for await (const { type } of this.nats.status()) {
      if (type === 'disconnect' || type === 'close') this.isConnected = false
      else if (type === 'reconnect') {
        this.isConnected = true
        this.unconfirmed = 0
      }
    }
    this.isConnected = false
  }
}

/** A node's place in a subject, `name.incarnation`; null for an id that no text can stand for. */
function addressOf(id: NodeId): string | null {
  const { name, incarnation } = parseNodeId(id)
  try {
    const text = encodeURIComponent(name).replace(/[.!~*'()]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)
    return `${text === '' ? '%' : text}.${incarnation}`
  } catch {
    return null
  }
}

function subjectOf(prefix: string, { from, to }: Envelope): string | null {
  const [sender, addressee] = [addressOf(from), addressOf(to)]
  return sender === null || addressee === null ? null : `${prefix}.${addressee}.${sender}`
}
