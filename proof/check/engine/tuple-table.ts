/** Tuples of integers, all of one length, numbered in the order in which they were first met; kept whole and compared whole. */
export class TupleTable {
  readonly #width: number
  #tuples: Int32Array
  #index = new Int32Array(1024).fill(-1)
  #mask = 1023
  size = 0

  constructor(width: number) {
    this.#width = width
    this.#tuples = new Int32Array(512 * width)
  }

  get bytes(): number {
    return this.#tuples.byteLength + this.#index.byteLength
  }

  /** The number of `tuple`, which is a new one if it was `size`. */
  intern(tuple: ArrayLike<number>): number {
    let slot = this.#hash(tuple, 0) & this.#mask
    for (;;) {
      const number = this.#index[slot]!
      if (number < 0) break
      if (this.#equals(number, tuple)) return number
      slot = (slot + 1) & this.#mask
    }
    const number = this.size++
    const at = number * this.#width
    if (at + this.#width > this.#tuples.length) this.#tuples = doubled(this.#tuples)
    for (let i = 0; i < this.#width; i++) this.#tuples[at + i] = tuple[i]!
    this.#index[slot] = number
    if (this.size * 5 > (this.#mask + 1) * 3) this.#grow()
    return number
  }

  #equals(number: number, tuple: ArrayLike<number>): boolean {
    const at = number * this.#width
    for (let i = 0; i < this.#width; i++) if (this.#tuples[at + i] !== tuple[i]) return false
    return true
  }

  #hash(tuple: ArrayLike<number>, at: number): number {
    let h = 0x2545f491
    for (let i = 0; i < this.#width; i++) {
      h = Math.imul(h ^ tuple[at + i]!, 0x9e3779b1)
      h ^= h >>> 15
    }
    return Math.imul(h, 0x85ebca6b) >>> 1
  }

  #grow(): void {
    this.#mask = (this.#mask + 1) * 2 - 1
    this.#index = new Int32Array(this.#mask + 1).fill(-1)
    for (let number = 0; number < this.size; number++) {
      let slot = this.#hash(this.#tuples, number * this.#width) & this.#mask
      while (this.#index[slot]! >= 0) slot = (slot + 1) & this.#mask
      this.#index[slot] = number
    }
  }
}

function doubled(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}
