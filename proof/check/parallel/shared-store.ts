/** All states that the threads of a search have found, in memory that they share. */
import type { Arrivals } from '../engine/arrivals.ts'
import type { StateSet } from '../engine/state-store.ts'
import { counters, type SharedMemory, segmentBits, stops } from './shared-memory.ts'
import type { SharedNumbers } from './shared-numbers.ts'

/** Slots of an index in the beginning: a quarter of them is more than all batches under way can fill. */
const slotsMin = 2 ** 20
/** In a slot while its state is being written. */
const claimed = -1

/** An index with nothing in it. */
export function emptyIndex(slots = slotsMin): SharedArrayBuffer {
  return new SharedArrayBuffer(8 * slots)
}

/**
 * As `StateStore`, for several threads at once, without a lock: a thread claims an empty slot of the index by compare and
 * exchange, writes the state, and then its number into the slot; a thread that finds a claimed slot waits for the number.
 * A state has shared numbers in here and the thread's own outside.
 */
export class SharedStateStore implements StateSet {
  readonly width: number
  readonly #row: number
  readonly #statesMax: number
  readonly #counters: Int32Array
  readonly #segments: readonly Int32Array[]
  readonly #numbers: SharedNumbers
  #index: Int32Array
  #mask: number
  /** The prepared batch in shared numbers. */
  #rows = new Int32Array(1024)

  constructor(
    width: number,
    statesMax: number,
    memory: SharedMemory,
    index: SharedArrayBuffer,
    numbers: SharedNumbers,
  ) {
    this.width = width
    this.#row = width + 1
    this.#statesMax = statesMax
    this.#counters = new Int32Array(memory.counters)
    this.#segments = memory.segments.map((segment) => new Int32Array(segment))
    this.#numbers = numbers
    this.#index = new Int32Array(index)
    this.#mask = this.#index.length / 2 - 1
  }

  get size(): number {
    return Math.min(this.#statesMax, Atomics.load(this.#counters, counters.states))
  }

  get bytes(): number {
    return this.size * this.#row * 4 + this.#index.byteLength
  }

  read(state: number, target: Int32Array): void {
    const segment = this.#segments[state >>> segmentBits]!
    const at = (state & segmentMask) * this.#row
    const nodes = this.width - 2
    for (let i = 0; i < nodes; i++) target[i] = this.#numbers.ownLocal(segment[at + i]!)
    target[nodes] = this.#numbers.ownObserved(segment[at + nodes]!)
    target[nodes + 1] = segment[at + nodes + 1]!
  }

  parent(state: number): number {
    return this.#segments[state >>> segmentBits]![(state & segmentMask) * this.#row + this.width]!
  }

  /** Translates a batch, and has its memory on its way before any of it is needed. */
  prepare(arrivals: Arrivals): number {
    this.#translate(arrivals)
    return arrivals.fetchFrom(this.#index, this.#segments, segmentBits)
  }

  #translate(arrivals: Arrivals): void {
    const { width } = this
    const nodes = width - 2
    const numbers = this.#numbers
    if (this.#rows.length < arrivals.count * width) this.#rows = new Int32Array(2 * arrivals.count * width)
    const rows = this.#rows
    const from = arrivals.rows
    let to = 0
    let isComplete = true
    for (let i = 0; i < arrivals.count; i++) {
      let at = i * arrivals.row
      for (const end = at + nodes; at < end; at++) {
        const shared = numbers.sharedLocal(from[at]!)
        if (shared < 0) isComplete = false
        rows[to++] = shared
      }
      const shared = numbers.sharedObserved(from[at]!)
      if (shared < 0) isComplete = false
      rows[to++] = shared
      rows[to++] = from[at + 1]!
    }
    if (isComplete) return
    this.#publishAll(arrivals)
    this.#translate(arrivals)
  }

  #publishAll(arrivals: Arrivals): void {
    const nodes = this.width - 2
    const numbers = this.#numbers
    const [locals, values] = [new Set<number>(), new Set<number>()]
    for (let i = 0; i < arrivals.count; i++) {
      const at = i * arrivals.row
      for (let node = 0; node < nodes; node++) {
        const own = arrivals.rows[at + node]!
        if (numbers.sharedLocal(own) < 0) locals.add(own)
      }
      const own = arrivals.rows[at + nodes]!
      if (numbers.sharedObserved(own) < 0) values.add(own)
    }
    numbers.publish(locals, values)
  }

  /** The batch must be the one that was prepared. */
  add(arrivals: Arrivals, arrival: number): number {
    const index = this.#index
    const mask = this.#mask
    const hash = arrivals.hash(arrival) | 0
    const from = arrival * this.width
    let slot = hash & mask
    for (;;) {
      const found = Atomics.load(index, slot * 2)
      if (found === 0) {
        if (Atomics.compareExchange(index, slot * 2, 0, claimed) === 0) break
      } else if (found !== claimed) {
        if (index[slot * 2 + 1] === hash && this.#equals(found - 1, from)) return -1
        slot = (slot + 1) & mask
      }
    }
    const number = Atomics.add(this.#counters, counters.states, 1)
    if (number >= this.#statesMax) {
      Atomics.sub(this.#counters, counters.states, 1)
      Atomics.store(index, slot * 2, 0)
      return -1
    }
    const segment = this.#segments[number >>> segmentBits]!
    const at = (number & segmentMask) * this.#row
    for (let i = 0; i < this.width; i++) segment[at + i] = this.#rows[from + i]!
    segment[at + this.width] = arrivals.parent(arrival)
    index[slot * 2 + 1] = hash
    Atomics.store(index, slot * 2, number + 1)
    if ((number + 1) * 4 > (mask + 1) * 3)
      Atomics.compareExchange(this.#counters, counters.stop, 0, stops.index)
    return number
  }

  #equals(number: number, from: number): boolean {
    const segment = this.#segments[number >>> segmentBits]!
    const at = (number & segmentMask) * this.#row
    for (let i = 0; i < this.width; i++) if (segment[at + i] !== this.#rows[from + i]) return false
    return true
  }

  /** Takes this index in the place of the one before, which has the same states. */
  use(index: SharedArrayBuffer): void {
    this.#index = new Int32Array(index)
    this.#mask = this.#index.length / 2 - 1
  }

  /** An index twice as large, with all states, for all threads to use. To be called while none adds any. */
  grown(): SharedArrayBuffer {
    const old = this.#index
    const buffer = emptyIndex(old.length)
    const index = new Int32Array(buffer)
    const mask = index.length / 2 - 1
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] === 0) continue
      let slot = old[at + 1]! & mask
      while (index[slot * 2] !== 0) slot = (slot + 1) & mask
      index[slot * 2] = old[at]!
      index[slot * 2 + 1] = old[at + 1]!
    }
    return buffer
  }
}

const segmentMask = (1 << segmentBits) - 1
