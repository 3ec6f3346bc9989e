/** The values that the observer makes of what nodes emit, as small integers. */
import { textHash } from '../engine/hash.ts'
import type { Emission, Observer } from '../system.ts'

export class Observations {
  /** By number. */
  readonly values: unknown[] = []
  readonly hashes: number[] = []
  readonly #observer: Observer | undefined
  readonly #ids = new Map<string, number>()
  readonly #folded = new Map<number, number>()
  readonly #emission: (id: number) => Emission | null

  /** @param emission by its number */
  constructor(observer: Observer | undefined, emission: (id: number) => Emission | null) {
    this.#observer = observer
    this.#emission = emission
    this.idOf(observer?.initial ?? null)
  }

  /** The value after this emission; 0 is no emission. */
  after(value: number, emission: number): number {
    if (this.#observer === undefined || emission === 0) return value
    const key = value * 0x200000 + emission
    let after = this.#folded.get(key)
    if (after === undefined) {
      after = this.idOf(this.#observer.observe(this.values[value], this.#emission(emission)!))
      this.#folded.set(key, after)
    }
    return after
  }

  /** The number of a value, which is a new one where it was never met. */
  idOf(value: unknown): number {
    const key = JSON.stringify(value) ?? 'undefined'
    let id = this.#ids.get(key)
    if (id === undefined) {
      id = this.values.push(value) - 1
      this.hashes.push(textHash(key))
      this.#ids.set(key, id)
    }
    return id
  }
}
