/** A transport with a tap that sees every message and may drop it, but changes none. */
import type { Envelope, Transport } from '../../actors/ports.ts'

/** Who listens. */
export interface Tap {
  /** Before a message is delivered here; false: it is lost, as any message may be (N1). */
  receives?(envelope: Envelope): boolean
  sends?(envelope: Envelope): void
}

/** `inner`, with listeners; the first that says no decides. */
export function tapped(inner: Transport, ...taps: readonly Tap[]): Transport {
  return {
    attach: (id, receive) =>
      inner.attach(id, (envelope) => {
        for (const tap of taps) if (tap.receives?.(envelope) === false) return
        receive(envelope)
      }),
    send(envelope) {
      for (const tap of taps) tap.sends?.(envelope)
      inner.send(envelope)
    },
    close: () => inner.close(),
  }
}
