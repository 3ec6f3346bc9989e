/** What a server keeps for watchers, beside its replica (W1 to W3). */
import type { Change } from '../application/application.ts'
import { OrderedMap } from '../application/ordered-map.ts'
import type { Received } from '../messages.ts'
import type { NodeId } from '../node-id.ts'

/** The newest changes, kept by primary and backup alike. No part of the replicated state. */
export interface History {
  /** The position up to which it is known. */
  readonly upTo: number
  /** It is complete for watchers that know this position or a later one. */
  readonly from: number
  readonly entries: OrderedMap<number, readonly Change[]>
  readonly bytes: number
}

/** What a server keeps for watchers. They belong to a view: in the next one they ask again (W2). */
export interface Watching {
  readonly history: History
  readonly viewNumber: number
  readonly watches: OrderedMap<NodeId, readonly Watch[]>
  /** Clients that have not confirmed what they were sent, up to which position, and whether there is more for them. */
  readonly pending: OrderedMap<NodeId, { readonly sent: number; readonly more: boolean }>
}

/** One watch of a client. */
export type Watch = Received<'watch'>['watches'] extends infer List
  ? NonNullable<List> extends readonly (infer Item)[]
    ? Item
    : never
  : never

/** The watchers of a server that has none yet. */
export const noWatching: Watching = {
  history: { upTo: 0, from: 0, entries: OrderedMap.from(), bytes: 0 },
  viewNumber: 0,
  watches: OrderedMap.from(),
  pending: OrderedMap.from(),
}

/**
 * The same, as it stands in a context. It is no part of a node's state as traces and searches see it: what it sends
 * follows from what is decided, and its history would be written down with every step.
 */
export class WatchingBox {
  readonly #watching: Watching

  constructor(watching: Watching = noWatching) {
    this.#watching = watching
  }

  static readonly empty: WatchingBox = new WatchingBox()

  get open(): Watching {
    return this.#watching
  }

  toJSON(): null {
    return null
  }
}
