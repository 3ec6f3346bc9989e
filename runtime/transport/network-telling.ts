/** How a network tells what it does: to one message on its way, or to itself as a whole. No node's clock is concerned. */
import { messageIdOf, type ObservationKind } from '../../actors/observation.ts'
import type { Envelope, Observe, TimeClock } from '../../actors/ports.ts'

/** Tells an observer, if there is one; `detail` says what it was. */
export interface NetworkTelling {
  /** `copy`: 0 for the original. */
  ofMessage(kind: ObservationKind, envelope: Envelope, copy: number, detail: string): void
  ofNetwork(kind: ObservationKind, detail: string): void
}

export function createNetworkTelling(
  clock: Pick<TimeClock, 'now'>,
  observe: Observe | undefined,
): NetworkTelling {
  return {
    ofMessage(kind, envelope, copy, detail) {
      observe?.({
        kind,
        node: envelope.from,
        t: clock.now(),
        clock: null,
        envelope,
        messageId: messageIdOf(envelope),
        copy,
        detail,
      })
    },
    ofNetwork(kind, detail) {
      observe?.({ kind, node: null, t: clock.now(), clock: null, detail })
    },
  }
}
