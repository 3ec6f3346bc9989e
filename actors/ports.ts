/** The ports through which actors meet the world. Small interfaces; the worlds that implement them are in runtime/. */
import type { NodeId } from '../machines/node-id.ts'
import type { Envelope } from './envelope.ts'
import type { Observation } from './observation.ts'

export type { Envelope } from './envelope.ts'

/**
 * Carries envelopes, and knows no message type. It may lose, delay, duplicate and reorder (N1); `send` never throws and
 * never delivers before it returns.
 */
export interface Transport {
  /**
   * Delivers what is addressed to `id` from now on; returns how to stop that.
   * @throws StandbyError `duplicateNode` when the id is taken, `stopped` when the transport is closed.
   */
  attach(id: NodeId, receive: (envelope: Envelope) => void): () => void
  /** The sender is attached here. What the transport cannot carry is lost, as anything may be. */
  send(envelope: Envelope): void
  /** Delivers nothing any more. Closing twice is harmless. */
  close(): void | Promise<void>
}

/** Physical time, for timers and for people; no protocol decision depends on it. XState takes it as its clock. */
export interface TimeClock {
  /** Milliseconds since some fixed moment. */
  now(): number
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(handle: unknown): void
  /** Runs when the current step is over, before any timer. */
  soon(run: () => void): void
}

/** Chance: the next number in [0, 1). A seeded one repeats. */
export type Random = () => number

/** Receives every observation, in order. It must not throw. */
export type Observe = (observation: Observation) => void

/** Is called once, with null or with what went wrong. */
export type Done = (error: Error | null) => void

/** What a store holds that is durable. */
export interface StoredLife {
  /** The beginning of the newest snapshot; null if there is none. */
  readonly head: string | null
  /** The pieces of that snapshot, in order; to be read before the next call of the store. */
  readonly pieces: Iterable<string>
  /** The records that the snapshot does not cover, in order; to be read before the next call of the store. */
  readonly records: Iterable<string>
  /** The number of the last record; 0 if there has been none. */
  readonly last: number
}

/**
 * Where a server keeps what it must not forget (D1): a log of records, numbered from 1 on, and one snapshot, which covers
 * the records before it. It knows nothing of what they mean. A record that is torn by a crash was never there (D4).
 */
export interface ServerStore {
  /** Characters of records after which a snapshot is due, if the last one was not larger (D5). */
  readonly snapshotAfter: number
  /**
   * What is durable. Begins a new life: what an earlier one wrote and did not make durable is dropped, and none of its
   * calls is answered any more.
   * @throws StandbyError `invalidStore` if what is there cannot be trusted, also while it is read.
   */
  load(): StoredLife
  /** Appends records with the next numbers, all or none, and makes them durable. Waits for the call before. */
  append(records: readonly string[], done: Done): void
  /** Adds a piece to the next snapshot, which takes no effect before it is finished. Waits for the call before. */
  savePiece(piece: string, done: Done): void
  /**
   * The pieces saved so far become the snapshot, durably; only then the old one and the records up to `covers` go, which
   * are durable already.
   */
  finishSnapshot(head: string, covers: number, done: Done): void
}
