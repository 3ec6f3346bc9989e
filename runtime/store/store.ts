/** The port behind which something durable lies; what it lies on is up to whoever implements it. */

/** Keeps one value, whole or not at all. Both calls are synchronous: nothing may be told before it is kept (V11). */
export interface Store<Value> {
  /** The value that was saved last; null if none ever was. @throws StandbyError `invalidStore` if what is there cannot be trusted. */
  load(): Value | null
  /** Returns when the value is durable. Failing, it leaves the value before or this one, never a mixture. */
  save(value: Value): void
}
