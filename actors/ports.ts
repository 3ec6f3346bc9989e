/** The ports through which actors meet the world. Small interfaces; the worlds that implement them are in runtime/. */
import type { Clock as LogicalClock } from '../machines/clocks.ts'
import type { Message } from '../machines/messages.ts'
import type { NodeId } from '../machines/node-id.ts'
import type { Observation } from './observation.ts'

/** A message on its way: who sent it to whom, and the sender's clock at that moment. */
export interface Envelope {
  readonly from: NodeId
  readonly to: NodeId
  readonly message: Message
  /** The sender's clocks when it was sent; they are no part of the message (L5). */
  readonly stamp: LogicalClock
}

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
  /** What the transport cannot carry is lost, as anything may be. */
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
