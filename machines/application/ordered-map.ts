/** A persistent ordered map: every change is a new map that shares structure with the old one. A thin wrapper of sorted-btree. */
import sortedBtree from 'sorted-btree'

// Bundlers disagree on what a default import of a CommonJS module is; this is right under each of them.
const BTree = ((sortedBtree as { default?: unknown }).default ?? sortedBtree) as typeof sortedBtree.default
type Tree<Key, Value> = sortedBtree.default<Key, Value>

type Primitive = string | number

const byCodeUnits = (a: Primitive, b: Primitive): number => (a < b ? -1 : a > b ? 1 : 0)

/** Keys are strings in code-unit order or numbers; `set` and `delete` take O(log n) and leave the original as it was. */
export class OrderedMap<Key extends Primitive, Value> {
  readonly #tree: Tree<Key, Value>

  private constructor(tree: Tree<Key, Value>) {
    this.#tree = tree
  }

  /** A map of these entries; none by default. */
  static from<Key extends Primitive, Value>(
    entries: Iterable<readonly [Key, Value]> = [],
  ): OrderedMap<Key, Value> {
    return new OrderedMap(new BTree([...entries] as [Key, Value][], byCodeUnits))
  }

  get size(): number {
    return this.#tree.size
  }

  get(key: Key): Value | undefined {
    return this.#tree.get(key)
  }

  has(key: Key): boolean {
    return this.#tree.has(key)
  }

  set(key: Key, value: Value): OrderedMap<Key, Value> {
    return new OrderedMap(this.#tree.with(key, value, true) as Tree<Key, Value>)
  }

  delete(key: Key): OrderedMap<Key, Value> {
    return this.#tree.has(key) ? new OrderedMap(this.#tree.without(key)) : this
  }

  /** The entry with the lowest key, if any. */
  first(): readonly [Key, Value] | undefined {
    const key = this.#tree.minKey()
    return key === undefined ? undefined : [key, this.#tree.get(key) as Value]
  }

  /** The entry that follows `key`; the first one for null. */
  after(key: Key | null): readonly [Key, Value] | undefined {
    return key === null ? this.first() : this.#tree.nextHigherPair(key)
  }

  /** Entries in key order, those behind `key` only unless it is null. Resuming costs O(log n). */
  *entriesAfter(key: Key | null = null): IterableIterator<readonly [Key, Value]> {
    for (const entry of this.#tree.entries(key ?? undefined)) {
      if (key === null || entry[0] !== key) yield entry
    }
  }

  /** Plain JSON: the entries in key order, so that equal maps have equal text. */
  toJSON(): (readonly [Key, Value])[] {
    return this.#tree.toArray()
  }
}
