/** How long a server takes for its requests: from the arrival of the first copy to the reply. It listens on the transport and changes nothing. */
import type { Tap } from '../tapped-transport.ts'

/** What is under way of one client, which has one request at a time (C2). */
interface Arrival {
  readonly session: number | null
  readonly seq: number
  readonly at: number
}

/** How latencies are reported to it. */
export interface RequestLatencyOptions {
  /** Milliseconds, as fine as the host has them. */
  readonly now: () => number
  readonly record: (seconds: number) => void
  /** Clients whose request is remembered; of more the oldest are forgotten and not measured. Default 65,536. */
  readonly clientsMax?: number
}

/** A copy that is refused ends its request here: another server may answer it, or this one a later copy. */
export function watchRequests({ now, record, clientsMax = 65_536 }: RequestLatencyOptions): Required<Tap> {
  const arrivals = new Map<string, Arrival>()
  const isOf = (arrival: Arrival | undefined, session: number | null, seq: number): arrival is Arrival =>
    arrival !== undefined && arrival.session === session && arrival.seq === seq

  return {
    receives({ from, message }) {
      if (message?.type !== 'request') return true
      const { session, seq } = message
      if (isOf(arrivals.get(from), session, seq)) return true
      arrivals.delete(from)
      arrivals.set(from, { session, seq, at: now() })
      if (arrivals.size > clientsMax) arrivals.delete(arrivals.keys().next().value as string)
      return true
    },
    sends({ to, message }) {
      if (message.type !== 'reply' && message.type !== 'refusal') return
      const arrival = arrivals.get(to)
      if (!isOf(arrival, message.session, message.seq)) return
      arrivals.delete(to)
      if (message.type === 'reply') record((now() - arrival.at) / 1000)
    },
  }
}
