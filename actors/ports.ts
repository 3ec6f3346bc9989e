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

/** Hears everything that happens, in order. It must not throw. */
export type Observe = (observation: Observation) => void
