/** The persistent ordered map against a Map whose entries are sorted: every version ever made, after all changes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OrderedMap } from '../../machines/application/ordered-map.ts'

type Key = string | number
type Change = { readonly set: Key; readonly value: number } | { readonly delete: Key }

const stringKey = fc.oneof(
  fc.constantFrom('', '__proto__', 'constructor', '1', '10', '9', 'é', '\u{1f600}', '\ud83d', '\uffff'),
  fc.string({ maxLength: 2 }),
)
/** So many that the tree has inner nodes, which hold 32 entries each. */
const numberKey = fc.integer({ min: -100, max: 400 })

const changesOf = (key: fc.Arbitrary<Key>): fc.Arbitrary<Change[]> =>
  fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ set: key, value: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ delete: key }) },
    ),
    { size: 'max', maxLength: 300 },
  )

interface Version {
  readonly map: OrderedMap<Key, number>
  readonly model: ReadonlyMap<Key, number>
}

/** All versions, each made from the one before or, now and then, from an older one. */
function versionsOf(changes: readonly Change[]): Version[] {
  const versions: Version[] = [{ map: OrderedMap.from(), model: new Map() }]
  for (const [index, change] of changes.entries()) {
    const { map, model } = versions[index % 7 === 6 ? index >> 1 : index]!
    const next = new Map(model)
    if ('set' in change) {
      next.set(change.set, change.value)
      versions.push({ map: map.set(change.set, change.value), model: next })
    } else {
      next.delete(change.delete)
      versions.push({ map: map.delete(change.delete), model: next })
    }
  }
  return versions
}

const byKey = ([a]: readonly [Key, unknown], [b]: readonly [Key, unknown]) => (a < b ? -1 : a > b ? 1 : 0)
const sorted = (model: ReadonlyMap<Key, number>) => [...model].sort(byKey)

function forAllVersions(check: (version: Version) => void): void {
  fc.assert(
    fc.property(fc.oneof(changesOf(stringKey), changesOf(numberKey)), (changes) => {
      versionsOf(changes).forEach(check)
    }),
    { numRuns: 40 },
  )
}

/** Keys around those of the map: present and absent ones. */
const probes = ({ model }: Version): Key[] => {
  const keys = [...model.keys()]
  return typeof keys[0] === 'number' ? [-1000, ...keys, 17.5, 1000] : ['', ...keys, '5', '\uffff\uffff']
}

describe('OrderedMap', () => {
  it('holds the entries in key order, in every version, no matter what was made from it later', () => {
    forAllVersions(({ map, model }) => expect([...map.entriesAfter()]).toEqual(sorted(model)))
  })

  it('knows how many they are', () => {
    forAllVersions(({ map, model }) => expect(map.size).toBe(model.size))
  })

  it('finds the value under each key and nothing under others', () => {
    forAllVersions((version) => {
      const keys = probes(version)
      expect(keys.map((key) => version.map.get(key))).toEqual(keys.map((key) => version.model.get(key)))
    })
  })

  it('tells which keys are there', () => {
    forAllVersions((version) => {
      const keys = probes(version)
      expect(keys.map((key) => version.map.has(key))).toEqual(keys.map((key) => version.model.has(key)))
    })
  })

  it('tells the first entry', () => {
    forAllVersions(({ map, model }) => expect(map.first()).toEqual(sorted(model)[0]))
  })

  it('tells the entry behind any key, be it there or not', () => {
    forAllVersions((version) => {
      const entries = sorted(version.model)
      const keys = probes(version).slice(0, 20)
      expect(keys.map((key) => version.map.after(key))).toEqual(
        keys.map((key) => entries.find(([other]) => other > key)),
      )
    })
  })

  it('tells the first entry as the one behind null', () => {
    forAllVersions(({ map }) => expect(map.after(null)).toEqual(map.first()))
  })

  it('lists the entries behind any key, be it there or not', () => {
    forAllVersions((version) => {
      const entries = sorted(version.model)
      const keys = probes(version).slice(0, 5)
      expect(keys.map((key) => [...version.map.entriesAfter(key)])).toEqual(
        keys.map((key) => entries.filter(([other]) => other > key)),
      )
    })
  })

  it('takes 0 for a key like any other', () => {
    const map = OrderedMap.from([-1, 0, 1].map((key) => [key, 'value'] as const))

    expect([...map.entriesAfter(0)]).toEqual([[1, 'value']])
  })

  it('has one text for equal maps, however they were made', () => {
    fc.assert(
      fc.property(changesOf(numberKey), (changes) => {
        const { map, model } = versionsOf(changes).at(-1)!
        expect(JSON.stringify(map)).toBe(JSON.stringify(OrderedMap.from(model)))
      }),
    )
  })

  it('has its entries in key order as its text', () => {
    const map = OrderedMap.from([
      ['b', 2],
      ['a', 1],
    ])

    expect(JSON.stringify(map)).toBe('[["a",1],["b",2]]')
  })

  it('takes the last of several entries with one key', () => {
    const map = OrderedMap.from([
      ['a', 1],
      ['a', 2],
    ])

    expect(map.toJSON()).toEqual([['a', 2]])
  })

  it('is the same map when a key is deleted that it does not have', () => {
    const map = OrderedMap.from<string, number>([['a', 1]])

    expect(map.delete('b')).toBe(map)
  })

  it('orders strings by code units, not by locale', () => {
    const map = OrderedMap.from(
      ['b', 'a', 'B', 'é', 'z', '\uffff', '\u{10000}'].map((key) => [key, 0] as const),
    )

    expect([...map.entriesAfter()].map(([key]) => key)).toEqual([
      'B',
      'a',
      'b',
      'z',
      'é',
      '\u{10000}',
      '\uffff',
    ])
  })

  it('does not change when what it lists is changed', () => {
    const map = OrderedMap.from([['a', 1]])

    for (const entries of [map.toJSON(), [...map.entriesAfter()], [map.first()!], [map.after(null)!]]) {
      ;(entries[0] as unknown as unknown[])[1] = 2
    }

    expect(map.get('a')).toBe(1)
  })

  it('does not change when the entries it was made from are', () => {
    const entries: [string, number][] = [['a', 1]]
    const map = OrderedMap.from(entries)

    entries[0]![1] = 2
    entries.push(['b', 3])

    expect(map.toJSON()).toEqual([['a', 1]])
  })
})
