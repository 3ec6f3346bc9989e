/** From two non-negative integers to one, in typed arrays: open addressing with linear probing, at most 60 % full. */
export class PairTable {
  #slots = new Int32Array(3 * 1024).fill(-1)
  #mask = 1023
  #size = 0

  get bytes(): number {
    return this.#slots.byteLength
  }

  /** The number, or -1. */
  get(a: number, b: number): number {
    const slots = this.#slots
    let slot = pairHash(a, b) & this.#mask
    for (;;) {
      const at = slot * 3
      const key = slots[at]!
      if (key === a && slots[at + 1] === b) return slots[at + 2]!
      if (key < 0) return -1
      slot = (slot + 1) & this.#mask
    }
  }

  set(a: number, b: number, value: number): void {
    if (this.#size * 5 > (this.#mask + 1) * 3) this.#grow()
    this.#put(a, b, value)
    this.#size++
  }

  /** The number, made by `create` if there is none yet. */
  getOrSet(a: number, b: number, create: () => number): number {
    const known = this.get(a, b)
    if (known >= 0) return known
    const value = create()
    this.set(a, b, value)
    return value
  }

  #put(a: number, b: number, value: number): void {
    let slot = pairHash(a, b) & this.#mask
    while (this.#slots[slot * 3]! >= 0) slot = (slot + 1) & this.#mask
    this.#slots[slot * 3] = a
    this.#slots[slot * 3 + 1] = b
    this.#slots[slot * 3 + 2] = value
  }

  #grow(): void {
    const old = this.#slots
    this.#mask = (this.#mask + 1) * 2 - 1
    this.#slots = new Int32Array(3 * (this.#mask + 1)).fill(-1)
    for (let at = 0; at < old.length; at += 3) {
      if (old[at]! >= 0) this.#put(old[at]!, old[at + 1]!, old[at + 2]!)
    }
  }
}

function pairHash(a: number, b: number): number {
  const h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 0x7f4a7c15, 0x85ebca6b)
  return h ^ (h >>> 15)
}
