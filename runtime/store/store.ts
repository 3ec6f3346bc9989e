/** The port of durable storage; the implementation chooses the medium. */

/** Keeps one value, whole or not at all. Both calls are synchronous: nothing may be sent before it is kept (V11). */
export interface Store<Value> {
  /** The value that was saved last; null if none ever was. @throws StandbyError `invalidStore` if what is there cannot be trusted. */
  load(): Value | null
  /** Returns when the value is durable. Failing, it leaves the value before or this one, never a mixture. */
  save(value: Value): void
}
