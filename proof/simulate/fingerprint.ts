/** One number for a whole run: every observation is mixed into it, in order. Equal runs have equal ones; it proves nothing else. */
import type { Observation } from '../../actors/observation.ts'

/** A hash of 32 bits over what happened, where, when and at which Lamport time. */
export class Fingerprint {
  #hash = 0x811c9dc5
  readonly #words = new Map<string, number>()
  readonly #time = new Float64Array(1)
  readonly #halves = new Uint32Array(this.#time.buffer)

  add({ kind, node, t, clock, envelope }: Observation): void {
    this.#time[0] = t
    this.#mix(this.#word(kind))
    this.#mix(node === null ? 0 : this.#word(node))
    this.#mix(this.#halves[0]!)
    this.#mix(this.#halves[1]!)
    if (clock !== null) this.#mix(clock.lamport)
    if (envelope === undefined) return
    this.#mix(this.#word(envelope.to))
    this.#mix(this.#word(envelope.message.type))
  }

  /** Eight hexadecimal digits. */
  toString(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }

  #mix(value: number): void {
    const mixed = Math.imul(this.#hash ^ value, 0x9e3779b1)
    this.#hash = mixed ^ (mixed >>> 15)
  }

  /** FNV-1a, once for each word. */
  #word(text: string): number {
    let word = this.#words.get(text)
    if (word === undefined) {
      word = 0x811c9dc5
      for (let index = 0; index < text.length; index++)
        word = Math.imul(word ^ text.charCodeAt(index), 0x01000193)
      this.#words.set(text, word)
    }
    return word
  }
}
