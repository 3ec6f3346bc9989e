/** The transport over a connection to NATS: a subject for each pair of nodes. NATS's accounts and permissions say who may speak. */
/// <reference lib="esnext.disposable" preserve="true" />
import { StandbyError } from '../../actors/errors.ts'
import { knownOptions } from '../../actors/known-options.ts'
import type { Observe, TimeClock, Transport } from '../../actors/ports.ts'
import { isName, nameLengthMax } from '../../machines/node-id.ts'
import { nonceOf } from './authentication.ts'
import { Endpoint, type EnvelopeCounters, refuseNoOptions } from './endpoint.ts'
import { defaultFrameLimits, type FrameLimits } from './frame.ts'
import { NatsHealth, payloadProblem } from './nats-health.ts'
import { NatsOutbox } from './nats-outbox.ts'
import { Subjects } from './nats-subjects.ts'
import type { NatsWire } from './nats-wire.ts'
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
  /**
   * The names of the servers. If they are declared, subjects name the role of both ends, so that permissions can: the same in
   * all processes. Default: subjects without roles.
   */
  readonly servers?: readonly string[]
  /** Default `view-service`. */
  readonly viewService?: string
  readonly limits?: Partial<NatsLimits>
  /** Default: real time. */
  readonly clock?: TimeClock
  readonly observe?: Observe
}

/** A transport over NATS. */
export interface NatsTransport extends Transport {
  /** Resolves when the server knows of the nodes that are attached: from then on they receive what others send. */
  ready(): Promise<void>
  /** Whether there is a connection to a server now. */
  connected(): boolean
  /** Why messages do not pass, such as no connection or no permission; null if they do, as far as is known. */
  problem(): string | null
  /** Bytes are those of NATS's own protocol, those of others in the same connection included. */
  counters(): EnvelopeCounters & { readonly sentBytes: number; readonly receivedBytes: number }
  /** Sends what was sent, for at most `drainMs`, then closes. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** How often a subscription that was refused is tried again: the server says nothing when it permits it. */
const resubscribeMs = 5000

/**
 * The transport over what `connect` gives; it is asked once, with the options of the connection.
 * @throws StandbyError `invalidOption` for a wrong option, or a server with too small a `max_payload`; what `connect` throws
 */
export async function natsTransport(
  options: NatsTransportOptions,
  connect: (options: object) => Promise<NatsWire>,
): Promise<NatsTransport> {
  refuseNoOptions(options)
  knownOptions('openNatsTransport', options, {
    connection: true,
    system: true,
    servers: true,
    viewService: true,
    limits: true,
    clock: true,
    observe: true,
  })
  const { system, servers, viewService } = checkedNames(options)
  const limits = { ...defaultFrameLimits, sendBytesMax: 8 * 1024 * 1024, drainMs: 2000, ...options.limits }
  const endpoint = new Endpoint({ ...options, limits })
  const { clock } = endpoint
  // A server that comes back before its users are known there must not end the connection for ever.
  const endless = { maxReconnectAttempts: -1, reconnectTimeWait: 200, ignoreAuthErrorAbort: true }
  const nats = await connect({ ...endless, ...options.connection })
  const unusable = payloadProblem(nats)
  if (unusable !== null) {
    await nats.close()
    throw new StandbyError('invalidOption', unusable)
  }
  const outbox = new NatsOutbox(nats, limits.sendBytesMax)
  const health = new NatsHealth(
    nats,
    clock,
    (detail) => endpoint.report(detail),
    () => outbox.reset(),
  )
  const parts = new Parts(limits.frameBytesMax)
  const process = nonceOf(8)
  const subjects = new Subjects({ system, servers, viewService })

  const take = (subject: string, data: Uint8Array) => {
    const text = parts.add(subjects.senderIn(subject), data)
    if (text === null) return
    if (typeof text !== 'string') {
      endpoint.refuse(text.code, text.message)
      return
    }
    const frame = endpoint.read(text)
    if (frame === null) return
    if (frame.frame !== 'envelope') {
      endpoint.refuse('malformed', `expected an envelope, got a frame ${frame.frame}`)
    } else if (subjects.of(frame.envelope) !== subject) {
      const what = `expected the sender and the addressee of the subject ${subject}, got ${frame.envelope.from.slice(0, 100)}; are the servers declared alike in all processes?`
      endpoint.refuse('foreignSender', what)
    } else endpoint.deliver(frame.envelope)
  }

  /** Subscribes until the returned function is called, and again for as long as the server does not permit it. */
  const subscribe = (subject: string): (() => void) => {
    let isOver = false
    let retry: unknown
    let subscription: { unsubscribe(): void } | null = null
    const begin = () => {
      if (isOver || nats.isClosed()) return
      subscription = nats.subscribe(subject, {
        callback(error, message) {
          if (error === null) return take(message.subject, message.data)
          health.subscription(subject, error)
          subscription = null
          clock.clearTimeout(retry)
          retry = clock.setTimeout(begin, resubscribeMs)
        },
      })
      const begun = subscription
      // The answer to a flush comes after a refusal: without one, the subscription stands.
      nats.flush().then(
        () => subscription === begun && health.subscription(subject, null),
        () => {},
      )
    }
    begin()
    return () => {
      isOver = true
      clock.clearTimeout(retry)
      health.subscription(subject, null)
      if (!nats.isClosed()) subscription?.unsubscribe()
    }
  }

  const close = async () => {
    endpoint.close()
    if (nats.isClosed()) return
    let alarm: unknown
    const tooLate = new Promise<void>((resolve) => {
      alarm = clock.setTimeout(resolve, limits.drainMs)
    })
    await Promise.race([nats.flush().catch(() => {}), tooLate])
    clock.clearTimeout(alarm)
    await nats.close()
  }

  return {
    attach(id, receive) {
      let unsubscribe = () => {}
      const detach = endpoint.attach(id, receive, () => unsubscribe())
      unsubscribe = subscribe(subjects.to(id))
      return detach
    },
    send(envelope) {
      const text = endpoint.isClosed ? null : endpoint.textOf(envelope)
      if (text === null) return
      if (endpoint.has(envelope.to)) return endpoint.deliverHere(text)
      if (!health.isConnected || nats.isClosed()) return endpoint.lose('unreachable', envelope)
      const payloadMax = nats.info?.max_payload ?? 1024 * 1024
      if (payloadProblem(nats) !== null) return endpoint.lose('tooLarge', envelope)
      endpoint.count(outbox.publish(subjects.of(envelope), partsOf(text, payloadMax, process)), envelope)
    },
    ready: () => nats.flush(),
    connected: () => health.isConnected,
    problem: () => health.problem(),
    counters() {
      const { inBytes, outBytes } = nats.stats()
      return { ...endpoint.counters(), sentBytes: outBytes, receivedBytes: inBytes }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** @throws StandbyError `invalidOption` */
function checkedNames({ system = 'standby', servers, viewService = 'view-service' }: NatsTransportOptions) {
  if (!/^[\w-]{1,100}$/.test(system)) {
    const what = `system: expected letters, digits, - and _, as it is part of subjects, got ${JSON.stringify(system)}`
    throw new StandbyError('invalidOption', what)
  }
  const odd = [...(servers ?? []), viewService].find((name) => typeof name !== 'string' || !isName(name))
  if (odd === undefined) return { system, servers, viewService }
  throw new StandbyError(
    'invalidOption',
    `servers, viewService: expected names of 1 to ${nameLengthMax} printable characters without #, got ${JSON.stringify(odd)}`,
  )
}
