/** What goes out and comes back for the request that a session's client has under way: copies, and the servers' word that it is stale. */
import type { NodeId } from '../../../machines/node-id.ts'
import type { Tap } from '../tapped-transport.ts'
import { HttpError } from './problem.ts'

/** One request under way. */
export interface Transmission {
  /** How often it has gone out. */
  copies(): number
  /** Rejects with `staleSequence` when a server says so; never resolves. */
  readonly stale: Promise<never>
  end(): void
}

/** Watches the requests of clients; each has one at a time (C2). */
export function createTransmissions(): {
  readonly tap: Required<Tap>
  watch(client: NodeId, sequence: number): Transmission
} {
  const watched = new Map<NodeId, { sequence: number; copies: number; onStale: () => void }>()
  return {
    tap: {
      sends({ from, message }) {
        const own = message.type === 'request' ? watched.get(from) : undefined
        if (own !== undefined) own.copies += 1
      },
      receives({ to, message }) {
        if (message?.type !== 'refusal' || message.reason !== 'staleSequence') return true
        const own = watched.get(to)
        if (own?.sequence === message.seq) own.onStale()
        return false
      },
    },
    watch(client, sequence) {
      let onStale = () => {}
      const stale = new Promise<never>((_, reject) => {
        onStale = () =>
          reject(
            new HttpError(
              'staleSequence',
              `the session has executed an operation after number ${sequence}; number ${sequence} has no answer any more`,
              { mayHaveExecuted: true },
            ),
          )
      })
      stale.catch(() => {})
      const own = { sequence, copies: 0, onStale }
      watched.set(client, own)
      return { copies: () => own.copies, stale, end: () => void watched.delete(client) }
    },
  }
}
