/** All states that a search has found. */
import type { Arrivals } from './arrivals.ts'

/** Distinct states, numbered as they were found. */
export interface StateSet {
  readonly size: number
  /** Bytes in use for states and index. */
  readonly bytes: number
  /** Copies a state into `target`. */
  read(state: number, target: Int32Array): void
  /** The state from which this one was found first; -1 for the initial one. */
  parent(state: number): number
  /** To be called with each batch before any of it is added. @returns a number of no meaning; see `Arrivals.fetchFrom` */
  prepare(arrivals: Arrivals): number
  /** Adds an arrived state; its number, or -1 where it was known or there may be no more states. */
  add(arrivals: Arrivals, arrival: number): number
}

/**
 * All visited states, in the order in which they were found: this is the queue of a breadth-first search, too.
 *
 * A state is `width` integers, kept whole and compared whole: two states are never mistaken for one, even if their hashes are equal.
 * Beside them stands its parent, and in the index eight bytes at a load of at most 3/4.
 */
export class StateStore implements StateSet {
  readonly width: number
  readonly #row: number
  readonly #statesMax: number
  readonly #chunks: Int32Array[] = []
  #index = new Uint32Array(2 * 4096)
  #mask = 4095
  size = 0

  /** @param width integers of a state @param statesMax no more are added; default: no bound */
  constructor(width: number, statesMax = Number.POSITIVE_INFINITY) {
    this.width = width
    this.#row = width + 1
    this.#statesMax = statesMax
  }

  get bytes(): number {
    return this.#chunks.length * chunkSize * this.#row * 4 + this.#index.byteLength
  }

  read(state: number, target: Int32Array): void {
    const chunk = this.#chunks[state >>> chunkBits]!
    const at = (state & chunkMask) * this.#row
    for (let i = 0; i < this.width; i++) target[i] = chunk[at + i]!
  }

  parent(state: number): number {
    return this.#chunks[state >>> chunkBits]![(state & chunkMask) * this.#row + this.width]!
  }

  prepare(arrivals: Arrivals): number {
    return arrivals.fetchFrom(this.#index, this.#chunks, chunkBits)
  }

  add(arrivals: Arrivals, arrival: number): number {
    const index = this.#index
    const mask = this.#mask
    const hash = arrivals.hash(arrival)
    const { rows } = arrivals
    const from = arrival * arrivals.row
    let slot = hash & mask
    for (;;) {
      const found = index[slot * 2]!
      if (found === 0) break
      if (index[slot * 2 + 1] === hash && this.#equals(found - 1, rows, from)) return -1
      slot = (slot + 1) & mask
    }
    if (this.size >= this.#statesMax) return -1
    const number = this.size++
    index[slot * 2] = number + 1
    index[slot * 2 + 1] = hash
    const offset = number & chunkMask
    if (offset === 0) this.#chunks.push(new Int32Array(chunkSize * this.#row))
    const chunk = this.#chunks[number >>> chunkBits]!
    const at = offset * this.#row
    for (let i = 0; i < this.width; i++) chunk[at + i] = rows[from + i]!
    chunk[at + this.width] = arrivals.parent(arrival)
    if (this.size * 4 > (mask + 1) * 3) this.#grow()
    return number
  }

  #equals(number: number, rows: Int32Array, from: number): boolean {
    const chunk = this.#chunks[number >>> chunkBits]!
    const at = (number & chunkMask) * this.#row
    for (let i = 0; i < this.width; i++) if (chunk[at + i] !== rows[from + i]) return false
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

const chunkBits = 16
const chunkSize = 1 << chunkBits
const chunkMask = chunkSize - 1
