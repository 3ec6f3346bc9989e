/** States that steps have led to and that have not been entered yet: a batch, so that their places in memory are fetched at once. */
export class Arrivals {
  readonly width: number
  readonly row: number
  rows: Int32Array
  count = 0

  /** @param width integers of a state; behind them stand its hash, its parent, which places have changed, and where the step was */
  constructor(width: number) {
    this.width = width
    this.row = width + 4
    this.rows = new Int32Array(256 * this.row)
  }

  clear(): void {
    this.count = 0
  }

  add(state: Int32Array, hash: number, parent: number, changed: number, place: number): void {
    this.#reserve()
    let at = this.count++ * this.row
    const { rows, width } = this
    for (let i = 0; i < width; i++) rows[at++] = state[i]!
    rows[at] = hash
    rows[at + 1] = parent
    rows[at + 2] = changed
    rows[at + 3] = place
  }

  #reserve(): void {
    if ((this.count + 1) * this.row <= this.rows.length) return
    const larger = new Int32Array(this.rows.length * 2)
    larger.set(this.rows)
    this.rows = larger
  }

  /** Copies the state of a row into `target`. */
  read(index: number, target: Int32Array): void {
    const at = index * this.row
    for (let i = 0; i < this.width; i++) target[i] = this.rows[at + i]!
  }

  /**
   * Has the memory of a whole batch on its way before any of it is needed: fetched one by one, each place would be waited for.
   * @param index of a store: for each slot the number of a state plus 1, or at most 0, and the state's hash
   * @param blocks the store's rows, 2 ** `bits` in each
   * @returns a number of no meaning: without a result, what is fetched would be optimised away
   */
  fetchFrom(index: Int32Array | Uint32Array, blocks: readonly Int32Array[], bits: number): number {
    const mask = index.length / 2 - 1
    const rowOfStore = this.width + 1
    const inBlock = (1 << bits) - 1
    let sum = 0
    for (let i = 0; i < this.count; i++) sum += index[(this.hash(i) & mask) * 2]!
    for (let i = 0; i < this.count; i++) {
      const found = index[(this.hash(i) & mask) * 2]! - 1
      if (found >= 0) sum += blocks[found >>> bits]![(found & inBlock) * rowOfStore]!
    }
    return sum
  }

  hash(index: number): number {
    return this.rows[index * this.row + this.width]! >>> 0
  }

  parent(index: number): number {
    return this.rows[index * this.row + this.width + 1]!
  }

  changed(index: number): number {
    return this.rows[index * this.row + this.width + 2]!
  }

  place(index: number): number {
    return this.rows[index * this.row + this.width + 3]!
  }
}
