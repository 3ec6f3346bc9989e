/** Stands in for sorted-btree in the page, as far as `OrderedMap` asks: sorted arrays, copied on each change. Maps are small there, and a B-tree is not. */

type Entry<Key, Value> = [Key, Value]

export default class SortedArray<Key, Value> {
  #keys: readonly Key[] = []
  #values: readonly Value[] = []
  readonly #compare: (left: Key, right: Key) => number

  /** Entries in any order; of equal keys the last one counts. */
  constructor(entries: readonly Entry<Key, Value>[], compare: (left: Key, right: Key) => number) {
    this.#compare = compare
    const sorted = [...entries].sort(([left], [right]) => compare(left, right))
    const kept = sorted.filter(([key], place) => {
      return place === sorted.length - 1 || compare(key, sorted[place + 1]![0]) !== 0
    })
    this.#keys = kept.map(([key]) => key)
    this.#values = kept.map(([, value]) => value)
  }

  get size(): number {
    return this.#keys.length
  }

  get(key: Key): Value | undefined {
    return this.has(key) ? this.#values[this.#placeOf(key)] : undefined
  }

  has(key: Key): boolean {
    const place = this.#placeOf(key)
    return place < this.size && this.#compare(this.#keys[place]!, key) === 0
  }

  with(key: Key, value: Value): SortedArray<Key, Value> {
    const [place, removed] = [this.#placeOf(key), this.has(key) ? 1 : 0]
    return this.#changed(
      this.#keys.toSpliced(place, removed, key),
      this.#values.toSpliced(place, removed, value),
    )
  }

  without(key: Key): SortedArray<Key, Value> {
    const [place, removed] = [this.#placeOf(key), this.has(key) ? 1 : 0]
    return this.#changed(this.#keys.toSpliced(place, removed), this.#values.toSpliced(place, removed))
  }

  minKey(): Key | undefined {
    return this.#keys[0]
  }

  nextHigherPair(key: Key): Entry<Key, Value> | undefined {
    const place = this.#placeOf(key) + (this.has(key) ? 1 : 0)
    return place < this.size ? [this.#keys[place]!, this.#values[place]!] : undefined
  }

  /** From the lowest key that is not below `key`; all by default. */
  *entries(key?: Key): IterableIterator<Entry<Key, Value>> {
    for (let place = key === undefined ? 0 : this.#placeOf(key); place < this.size; place++)
      yield [this.#keys[place]!, this.#values[place]!]
  }

  toArray(): Entry<Key, Value>[] {
    return [...this.entries()]
  }

  #changed(keys: readonly Key[], values: readonly Value[]): SortedArray<Key, Value> {
    const map = new SortedArray<Key, Value>([], this.#compare)
    map.#keys = keys
    map.#values = values
    return map
  }

  /** The place of the first key that is not below `key`. */
  #placeOf(key: Key): number {
    let [low, high] = [0, this.#keys.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#compare(this.#keys[middle]!, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
