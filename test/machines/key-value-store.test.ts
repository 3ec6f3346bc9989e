/** The key-value store: each command, every kind of key and value, and its way to a backup in pieces of any size. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../machines/application/application.ts'
import {
  type KeyValueCommand,
  type KeyValueState,
  keyValueStore,
} from '../../machines/application/key-value-store.ts'
import { OrderedMap } from '../../machines/application/ordered-map.ts'

const holding = (entries: Record<string, Json>): KeyValueState => OrderedMap.from(Object.entries(entries))

const execute = (state: KeyValueState, command: unknown) => {
  const [next, result] = keyValueStore.execute(state, command as KeyValueCommand)
  return { next: Object.fromEntries(next.toJSON()), result }
}

/** All pieces of a state, each as it arrives: as text. */
function pieces(state: KeyValueState, bytesMax: number): string[] {
  const texts: string[] = []
  let cursor: Json = null
  do {
    const { data, next } = keyValueStore.snapshot(state, cursor, bytesMax)
    texts.push(JSON.stringify(data))
    cursor = next
  } while (cursor !== null)
  return texts
}

function restored(texts: readonly string[]): KeyValueState {
  let partial: unknown = null
  for (const [index, text] of texts.entries()) {
    partial = keyValueStore.restore(partial, JSON.parse(text), index === texts.length - 1)
  }
  return partial as KeyValueState
}

const oddKeys = ['', '__proto__', 'constructor', 'a b', '\u0000', '\ud83d', '\u{1f600}', '1']
const value = fc.jsonValue({ maxDepth: 2 }).map((json) => JSON.parse(JSON.stringify(json)) as Json)
const key = fc.oneof(fc.constantFrom(...oddKeys), fc.string())
const state = fc
  .array(fc.tuple(key, value), { size: 'max', maxLength: 40 })
  .map((entries) => OrderedMap.from(entries))

describe('get', () => {
  it('answers the value', () => {
    const { result } = execute(holding({ a: { deep: [1] } }), { op: 'get', key: 'a' })

    expect(result).toEqual({ deep: [1] })
  })

  it('answers null for an absent key', () => {
    const { result } = execute(holding({}), { op: 'get', key: 'a' })

    expect(result).toBe(null)
  })

  it('leaves the state as it is', () => {
    const before = holding({ a: 1 })

    expect(keyValueStore.execute(before, { op: 'get', key: 'a' })[0]).toBe(before)
  })
})

describe('put', () => {
  it('sets a key and answers null', () => {
    const done = execute(holding({ a: 1 }), { op: 'put', key: 'b', value: 2 })

    expect(done).toEqual({ next: { a: 1, b: 2 }, result: null })
  })

  it('replaces a value', () => {
    const { next } = execute(holding({ a: 1 }), { op: 'put', key: 'a', value: [2] })

    expect(next).toEqual({ a: [2] })
  })

  it('leaves the given state as it was', () => {
    const before = holding({ a: 1 })

    execute(before, { op: 'put', key: 'a', value: 2 })

    expect(before.toJSON()).toEqual([['a', 1]])
  })

  it.each(oddKeys)('takes the key %j as any other', (odd) => {
    const [next] = keyValueStore.execute(holding({ a: 1 }), { op: 'put', key: odd, value: 'odd' })

    expect(keyValueStore.execute(next, { op: 'get', key: odd })[1]).toBe('odd')
  })

  it('finds no key that no one put, not even constructor', () => {
    const results = oddKeys.map((odd) => execute(holding({}), { op: 'get', key: odd }).result)

    expect(new Set(results)).toEqual(new Set([null]))
  })

  it('takes keys and values of a megabyte', () => {
    const large = 'x'.repeat(1024 * 1024)

    const [next] = keyValueStore.execute(holding({}), { op: 'put', key: large, value: large })

    expect(keyValueStore.execute(next, { op: 'get', key: large })[1]).toBe(large)
  })
})

describe('append', () => {
  it('appends to a string and answers the length of the value it made', () => {
    const done = execute(holding({ a: 'ab' }), { op: 'append', key: 'a', value: 'cde' })

    expect(done).toEqual({ next: { a: 'abcde' }, result: 5 })
  })

  it.each([
    ['an absent key', {}],
    ['null', { a: null }],
  ])('makes a string of %s', (_, before) => {
    const { next } = execute(holding(before), { op: 'append', key: 'a', value: 'x' })

    expect(next).toEqual({ a: 'x' })
  })

  it.each([
    [1, 'number'],
    [{}, 'object'],
    [[], 'an array'],
    [true, 'boolean'],
  ] as [Json, string][])('fails on %j, which is no string', (before, name) => {
    expect(() => execute(holding({ a: before }), { op: 'append', key: 'a', value: 'x' })).toThrow(
      `append: expected a string under "a", got ${name}; put a string first`,
    )
  })
})

describe('delete', () => {
  it('removes a key and answers true', () => {
    const done = execute(holding({ a: 1, b: 2 }), { op: 'delete', key: 'a' })

    expect(done).toEqual({ next: { b: 2 }, result: true })
  })

  it('answers false for an absent key and leaves the state as it is', () => {
    const before = holding({ a: 1 })

    expect(keyValueStore.execute(before, { op: 'delete', key: 'b' })).toEqual([before, false])
  })

  it('answers true for a key that holds null', () => {
    const { result } = execute(holding({ a: null }), { op: 'delete', key: 'a' })

    expect(result).toBe(true)
  })

  it('makes no key of an inherited name disappear', () => {
    const { result } = execute(holding({}), { op: 'delete', key: '__proto__' })

    expect(result).toBe(false)
  })
})

describe('compareAndSet', () => {
  it('sets the value and answers true if the present one is expected', () => {
    const done = execute(holding({ a: 1 }), { op: 'compareAndSet', key: 'a', expected: 1, value: 2 })

    expect(done).toEqual({ next: { a: 2 }, result: true })
  })

  it('sets nothing and answers false if it is not', () => {
    const done = execute(holding({ a: 1 }), { op: 'compareAndSet', key: 'a', expected: 3, value: 2 })

    expect(done).toEqual({ next: { a: 1 }, result: false })
  })

  it('takes null for an absent key', () => {
    const done = execute(holding({}), { op: 'compareAndSet', key: 'a', expected: null, value: 2 })

    expect(done).toEqual({ next: { a: 2 }, result: true })
  })

  it('does not mind the order of keys', () => {
    const { result } = execute(holding({ a: { x: 1, y: { z: 2, w: [] } } }), {
      op: 'compareAndSet',
      key: 'a',
      expected: { y: { w: [], z: 2 }, x: 1 },
      value: 2,
    })

    expect(result).toBe(true)
  })

  it.each([
    [{}, []],
    [[['a', 1]], { a: 1 }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1, b: 2 }, { a: 1 }],
    [{ a: 1 }, { b: 1 }],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [1, 2]],
    [[1, 2], [1]],
    ['1', 1],
    [0, false],
    [0, null],
    [{}, null],
    [[], null],
    [[], ''],
    [{ a: null }, {}],
    [JSON.parse('{"__proto__":{}}'), {}],
    [{}, JSON.parse('{"__proto__":{}}')],
    [JSON.parse('{"__proto__":{}}'), { b: {} }],
  ] as [Json, Json][])('tells %j from %j', (present, expected) => {
    const { result } = execute(holding({ a: present }), {
      op: 'compareAndSet',
      key: 'a',
      expected,
      value: 'set',
    })

    expect(result).toBe(false)
  })

  it('expects any value as itself after a round trip', () => {
    fc.assert(
      fc.property(value, (json) => {
        const command = {
          op: 'compareAndSet',
          key: 'a',
          expected: JSON.parse(JSON.stringify(json)),
          value: 'set',
        }
        expect(execute(OrderedMap.from([['a', json]]), command).result).toBe(true)
      }),
    )
  })
})

describe('a command that makes no sense', () => {
  it.each([
    [undefined, 'expected a command such as {"op":"get","key":"a"}, got undefined'],
    [null, 'expected a command such as {"op":"get","key":"a"}, got null'],
    ['get a', 'expected a command such as {"op":"get","key":"a"}, got string'],
    [[], 'expected op to be one of get, put, append, delete, compareAndSet, list, transact, got undefined'],
    [
      { op: 'toString', key: 'a' },
      'expected op to be one of get, put, append, delete, compareAndSet, list, transact, got "toString"',
    ],
    [
      { op: 1n, key: 'a' },
      'expected op to be one of get, put, append, delete, compareAndSet, list, transact, got bigint',
    ],
    [{ op: 'get' }, 'get: expected the key to be a string, got undefined'],
    [{ op: 'get', key: 1 }, 'get: expected the key to be a string, got number'],
    [{ op: 'delete', key: null }, 'delete: expected the key to be a string, got null'],
    [{ op: 'put', key: ['a'], value: 1 }, 'put: expected the key to be a string, got an array'],
    [{ op: 'put', key: 'a' }, 'put: expected a JSON value, got undefined; to remove a key use delete'],
    [{ op: 'append', key: 'a', value: 1 }, 'append: expected the value to be a string, got number'],
    [
      { op: 'compareAndSet', key: 'a', expected: 1 },
      'compareAndSet: expected a JSON value, got undefined; to remove a key use delete',
    ],
    [
      { op: 'compareAndSet', key: 'a', value: 1 },
      'compareAndSet: expected the value it is compared with, got undefined; use null for an absent key',
    ],
  ])('%o is reported before it is sent: %s', (command, message) => {
    expect(keyValueStore.validate!(command)).toBe(message)
  })

  it('fails when it is executed all the same, with the same words', () => {
    expect(() => execute(holding({}), { op: 'get' })).toThrow(
      'get: expected the key to be a string, got undefined',
    )
  })

  it.each([
    { op: 'get', key: '' },
    { op: 'put', key: 'a', value: null },
    { op: 'append', key: 'a', value: '' },
    { op: 'delete', key: 'a' },
    { op: 'compareAndSet', key: 'a', expected: null, value: null },
  ])('%j makes sense', (command) => {
    expect(keyValueStore.validate!(command)).toBe(null)
  })
})

describe('the way to a backup', () => {
  it('T1: the state that arrives is the one that was sent, no matter what the size of its pieces', () => {
    fc.assert(
      fc.property(state, fc.nat(200), (sent, bytesMax) => {
        expect(restored(pieces(sent, bytesMax)).toJSON()).toEqual(sent.toJSON())
      }),
    )
  })

  it('T5: no piece of several entries is larger than it may be', () => {
    fc.assert(
      fc.property(state, fc.integer({ min: 1, max: 200 }), (sent, bytesMax) => {
        const tooLarge = pieces(sent, bytesMax).filter(
          (text) => text.length > bytesMax + 2 && JSON.parse(text).length > 1,
        )
        expect(tooLarge).toEqual([])
      }),
    )
  })

  it('T5: no piece is smaller than it must be: the next entry would not have fitted', () => {
    fc.assert(
      fc.property(state, fc.integer({ min: 1, max: 200 }), (sent, bytesMax) => {
        const texts = pieces(sent, bytesMax)
        const wasted = texts.slice(0, -1).filter((text, index) => {
          const [next] = JSON.parse(texts[index + 1]!)
          return text.length - 1 + JSON.stringify(next).length + 1 <= bytesMax
        })
        expect(wasted).toEqual([])
      }),
    )
  })

  it('T5: a value larger than a piece goes alone', () => {
    const large = 'x'.repeat(1000)

    const texts = pieces(holding({ a: 1, b: large, c: 3 }), 100)

    expect(texts.map((text) => JSON.parse(text))).toEqual([[['a', 1]], [['b', large]], [['c', 3]]])
  })

  it('T5: a piece has a bound on values too: short ones are slow', () => {
    const list = Array.from({ length: 1000 }, () => [])

    const texts = pieces(
      holding(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}`, list]))),
      1e6,
    )

    expect(texts.map((text) => JSON.parse(text).length)).toEqual([8, 8, 4])
  })

  it('T3: a piece repeats exactly', () => {
    fc.assert(
      fc.property(state, key, fc.nat(200), (sent, cursor, bytesMax) => {
        const [one, again] = [1, 2].map(() => keyValueStore.snapshot(sent, cursor, bytesMax))
        expect(one).toEqual(again)
      }),
    )
  })

  it('an empty state is one empty piece', () => {
    expect(pieces(keyValueStore.initialState, 100)).toEqual(['[]'])
  })

  it('a piece that ends with the key "" is followed by the rest', () => {
    const sent = holding({ '': 1, a: 2 })

    expect(restored(pieces(sent, 1)).toJSON()).toEqual(sent.toJSON())
  })

  it('T1: what arrives replaces: it is not mixed with anything from before', () => {
    restored(pieces(holding({ old: 1 }), 1))

    expect(restored(pieces(holding({ new: 2 }), 1)).toJSON()).toEqual([['new', 2]])
  })

  it('S6: commands do the same to the state that arrived as to the one that was sent', () => {
    const command = fc.oneof(
      fc.record({ op: fc.constantFrom('get', 'delete'), key }),
      fc.record({ op: fc.constant('put'), key, value }),
      fc.record({ op: fc.constant('append'), key, value: fc.string() }),
      fc.record({ op: fc.constant('compareAndSet'), key, expected: value, value }),
    )
    const run = (from: KeyValueState, commands: readonly unknown[]) => {
      let current = from
      return commands.map((one) => {
        try {
          const [next, result] = keyValueStore.execute(current, one as KeyValueCommand)
          current = next
          return JSON.stringify([current, result])
        } catch (error) {
          return String(error)
        }
      })
    }
    fc.assert(
      fc.property(state, fc.array(command), fc.nat(100), (sent, commands, bytesMax) => {
        expect(run(restored(pieces(sent, bytesMax)), commands)).toEqual(run(sent, commands))
      }),
    )
  })
})

it.each([null, 5, 'put', [], {}, { op: 'transact', compare: 5 }, { op: 'transact' }])(
  'M1 needs no time for what is no command of the store: %j',
  (command) => {
    const { initialState: initial } = keyValueStore
    const timed = keyValueStore.timed!

    expect(timed(initial, [command as never])).toBe(false)
    expect(timed(initial, [{ op: 'put', key: 'a', value: 1, ttlMs: 5 }])).toBe(true)
  },
)
