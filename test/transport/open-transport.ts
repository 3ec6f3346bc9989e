/** A network with two ends, as the tests of transports open one. */
import type { Transport } from '../../actors/ports.ts'

/** A network with two ends; in one process they may be the same object. */
export interface OpenTransport {
  readonly here: Transport
  readonly there: Transport
  /** Resolves when the network knows of who is attached, where that takes a while. */
  ready?(): Promise<void>
  /** Lets everything that is under way arrive. */
  settle(): Promise<void>
  /** Closes what the ends do not close themselves. */
  dispose?(): Promise<void>
}
