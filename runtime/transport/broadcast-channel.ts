/** The transport over a BroadcastChannel: the tabs and workers of one origin, or the threads of one process. Everyone there is trusted; there are no keys. */
/// <reference lib="esnext.disposable" preserve="true" />
import { knownOptions } from '../../actors/known-options.ts'
import type { Observe, TimeClock, Transport } from '../../actors/ports.ts'
import { Endpoint, type EnvelopeCounters, refuseNoOptions } from './endpoint.ts'
import { defaultFrameLimits, type FrameLimits } from './frame.ts'

export type { EnvelopeCounters } from './endpoint.ts'

/** What the transport over a BroadcastChannel can be given. */
export interface BroadcastChannelTransportOptions {
  /** The channel's name: who has the same one is in the same system. Default `standby`. */
  readonly name?: string
  readonly limits?: Partial<FrameLimits>
  /** Default: real time; for observations only. */
  readonly clock?: TimeClock
  readonly observe?: Observe
}

/** A transport on which everyone receives everything, and takes what is addressed to its own nodes. */
export interface BroadcastChannelTransport extends Transport {
  counters(): EnvelopeCounters
  close(): void
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Joins all who open a channel of this name. In order between two nodes, no duplicates, no losses while both are there;
 * an envelope without a receiver is lost, and not counted. The channel says nothing of who reads it: for a tab that the
 * browser has frozen its messages wait in the browser, without a bound of ours.
 */
export function createBroadcastChannelTransport(
  options: BroadcastChannelTransportOptions = {},
): BroadcastChannelTransport {
  refuseNoOptions(options)
  knownOptions('createBroadcastChannelTransport', options, {
    name: true,
    limits: true,
    clock: true,
    observe: true,
  })
  const limits = { ...defaultFrameLimits, ...options.limits }
  const endpoint = new Endpoint({ ...options, limits })
  const channel = new BroadcastChannel(options.name ?? 'standby')
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    const { to, text } = (data ?? {}) as { readonly to?: unknown; readonly text?: unknown }
    if (typeof to !== 'string' || typeof text !== 'string') {
      endpoint.refuse('malformed', 'expected { to, text } on the channel, got something else')
      return
    }
    // Most of what is heard is for others, and is not worth a look.
    if (!endpoint.has(to)) return
    if (text.length > limits.frameBytesMax) {
      endpoint.refuse(
        'tooLarge',
        `expected a frame of at most ${limits.frameBytesMax} bytes, got ${text.length}`,
      )
      return
    }
    const frame = endpoint.read(text)
    if (frame === null) return
    if (frame.frame !== 'envelope' || frame.envelope.to !== to) {
      endpoint.refuse('malformed', `expected an envelope to ${to.slice(0, 100)}, got something else`)
    } else if (endpoint.has(frame.envelope.from)) {
      endpoint.refuse(
        'foreignSender',
        `expected a node of elsewhere, got ${frame.envelope.from.slice(0, 100)}`,
      )
    } else endpoint.deliver(frame.envelope)
  }

  const close = () => {
    endpoint.close()
    channel.close()
  }

  return {
    attach: (id, receive) => endpoint.attach(id, receive),
    send(envelope) {
      const text = endpoint.isClosed ? null : endpoint.textOf(envelope)
      if (text === null) return
      if (endpoint.has(envelope.to)) {
        endpoint.deliverHere(text)
        return
      }
      channel.postMessage({ to: envelope.to, text })
      endpoint.count(null, envelope)
    },
    counters: () => endpoint.counters(),
    close,
    [Symbol.asyncDispose]: async () => close(),
  }
}
