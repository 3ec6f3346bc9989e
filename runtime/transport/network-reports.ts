/** Observations of a network: of one message on its way, or of the network as a whole. They carry no node's clock. */
import { messageIdOf, type ObservationKind } from '../../actors/observation.ts'
import type { Envelope, Observe, TimeClock } from '../../actors/ports.ts'

/** Reports to an observer, if there is one; `detail` says what happened. */
export interface NetworkReports {
  /** `copy`: 0 for the original. */
  ofMessage(kind: ObservationKind, envelope: Envelope, copy: number, detail: string): void
  ofNetwork(kind: ObservationKind, detail: string): void
}

export function createNetworkReports(
  clock: Pick<TimeClock, 'now'>,
  observe: Observe | undefined,
): NetworkReports {
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
