/** Tables of integers in typed arrays: from pairs to a number, and the set of all visited states. */
/** From two non-negative integers to one; open addressing with linear probing, at most 60 % full. */
export class PairTable {
  #slots = new Int32Array(3 * 1024).fill(-1)
  #mask = 1023
  #size = 0

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

  /** The number, made by `create` where there is none yet. */
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

const chunkBits = 18
const chunkSize = 1 << chunkBits

/**
 * All visited states, in the order in which they were found: this is the queue of a breadth-first search, too.
 *
 * A state is `width` integers, kept whole and compared whole: two states are never mistaken for one, whatever their hash.
 * Beside them stands its parent, and in the index eight bytes at a load of at most 3/4.
 */
export class StateStore {
  readonly width: number
  readonly #chunks: Int32Array[] = []
  #index = new Uint32Array(2 * 4096)
  #mask = 4095
  size = 0

  constructor(width: number) {
    this.width = width
  }

  /** Bytes in use for states and index. */
  get bytes(): number {
    return this.#chunks.length * chunkSize * (this.width + 1) * 4 + this.#index.byteLength
  }

  /** Copies a state into `target`. */
  read(state: number, target: Int32Array): void {
    const chunk = this.#chunks[state >>> chunkBits]!
    const at = (state & (chunkSize - 1)) * (this.width + 1)
    for (let i = 0; i < this.width; i++) target[i] = chunk[at + i]!
  }

  /** The state from which this one was found first; -1 for the initial one. */
  parent(state: number): number {
    return this.#chunks[state >>> chunkBits]![(state & (chunkSize - 1)) * (this.width + 1) + this.width]!
  }

  /** Adds a state, and tells whether it was new; then it is number `size - 1`. */
  add(state: Int32Array, hash: number, parent: number): boolean {
    const index = this.#index
    const mask = this.#mask
    let slot = hash & mask
    for (;;) {
      const found = index[slot * 2]!
      if (found === 0) break
      if (index[slot * 2 + 1] === hash && this.#equals(found - 1, state)) return false
      slot = (slot + 1) & mask
    }
    const number = this.size++
    index[slot * 2] = number + 1
    index[slot * 2 + 1] = hash
    const offset = number & (chunkSize - 1)
    if (offset === 0) this.#chunks.push(new Int32Array(chunkSize * (this.width + 1)))
    const chunk = this.#chunks[number >>> chunkBits]!
    const at = offset * (this.width + 1)
    for (let i = 0; i < this.width; i++) chunk[at + i] = state[i]!
    chunk[at + this.width] = parent
    if (this.size * 4 > (mask + 1) * 3) this.#grow()
    return true
  }

  #equals(number: number, state: Int32Array): boolean {
    const chunk = this.#chunks[number >>> chunkBits]!
    const at = (number & (chunkSize - 1)) * (this.width + 1)
    for (let i = 0; i < this.width; i++) if (chunk[at + i] !== state[i]) return false
    return true
  }

  #grow(): void {
    const old = this.#index
    const mask = (this.#mask + 1) * 2 - 1
    const index = new Uint32Array(2 * (mask + 1))
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] === 0) continue
      let slot = old[at + 1]! & mask
      while (index[slot * 2] !== 0) slot = (slot + 1) & mask
      index[slot * 2] = old[at]!
      index[slot * 2 + 1] = old[at + 1]!
    }
    this.#index = index
    this.#mask = mask
  }
}

/** Murmur3's finalizer (Appleby): a number whose bits look random. */
export function mix(n: number): number {
  let h = Math.imul(n ^ 0x9e3779b9, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  h ^= h >>> 16
  h = Math.imul(h ^ 0x27d4eb2f, 0x165667b1)
  return (h ^ (h >>> 15)) >>> 0
}
