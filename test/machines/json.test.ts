/** What is JSON and what is not: copies, sealed copies and sizes. */
import { isDeepStrictEqual } from 'node:util'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../machines/application/application.ts'
import { copyJson, jsonCost, jsonSize, sealJson } from '../../machines/application/json.ts'

/** JSON values in which `__proto__` and other odd keys are as likely as others. */
const jsonValue = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    ),
    fc.oneof(fc.string(), fc.string({ unit: 'binary' })),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(
        fc.tuple(
          fc.oneof(fc.constantFrom('__proto__', 'constructor', '', '1', 'a b'), fc.string()),
          tie('value'),
        ),
        { maxLength: 4 },
      )
      .map((entries) => Object.fromEntries(entries) as Json),
  ),
})).value

const crossed = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

function objectsIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return []
  return [value, ...Object.values(value).flatMap(objectsIn)]
}

/** `levels` objects, one in the other. */
function nested(levels: number): unknown {
  let value: unknown = 'bottom'
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? { a: value } : [value]
  return value
}

class Account {
  balance = 1
}

const cycle: { name: string; children: unknown[] } = { name: 'top', children: [] }
cycle.children.push({ parent: cycle })

describe.each([
  ['copyJson', copyJson],
  ['sealJson', sealJson],
])('%s', (_, copyOf) => {
  it('makes what would come out of a socket', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(isDeepStrictEqual(copyOf(value), crossed(value))).toBe(true)
      }),
    )
  })

  it('keeps the order of the keys, and so the text', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(JSON.stringify(copyOf(value))).toBe(JSON.stringify(value))
      }),
    )
  })

  it('shares no object with the original', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        const originals = new Set(objectsIn(value))
        expect(objectsIn(copyOf(value)).filter((object) => originals.has(object))).toEqual([])
      }),
    )
  })

  it('keeps `__proto__` as an ordinary key', () => {
    const value = JSON.parse('{"__proto__":{"admin":true}}')

    const copy = copyOf(value) as object

    expect([Object.keys(copy), 'admin' in copy]).toEqual([['__proto__'], false])
  })

  it('makes 0 of -0, which JSON cannot tell apart', () => {
    const copy = copyOf([-0]) as number[]

    expect(Object.is(copy[0], 0)).toBe(true)
  })

  it('leaves out properties that are undefined', () => {
    const copy = copyOf({ a: 1, b: undefined }) as object

    expect(Object.keys(copy)).toEqual(['a'])
  })

  it('takes objects and arrays of another realm', () => {
    const foreign = runInNewContext('({ list: [1, { deep: true }] })')

    const copy = copyOf(foreign)

    expect(copy).toStrictEqual({ list: [1, { deep: true }] })
  })

  it('takes objects without a prototype', () => {
    const copy = copyOf(Object.assign(Object.create(null), { a: 1 }))

    expect(copy).toStrictEqual({ a: 1 })
  })

  it('takes an object that occurs twice, which is no cycle', () => {
    const shared = { a: 1 }

    const copy = copyOf([shared, { again: shared }])

    expect(copy).toEqual([{ a: 1 }, { again: { a: 1 } }])
  })

  it('takes 200 levels', () => {
    const copy = copyOf(nested(200))

    expect(copy).toEqual(nested(200))
  })

  it.each([
    [
      'undefined',
      undefined,
      'expected a JSON value, got undefined; pass plain objects, arrays, strings, finite numbers, booleans and null',
    ],
    ['a function', { onDone: () => {} }, 'at onDone, got function'],
    ['a symbol', [Symbol('s')], 'at [0], got symbol'],
    ['a bigint', { amount: 1n }, 'at amount, got bigint'],
    ['NaN', { a: { b: { c: { d: { e: Number.NaN } } } } }, 'at a.b.c.d.e, got NaN'],
    ['Infinity', [[1, Number.POSITIVE_INFINITY]], 'at [0][1], got Infinity'],
    ['-Infinity', -Infinity, 'expected a JSON value, got -Infinity'],
    ['undefined in an array', { list: [1, undefined] }, 'at list[1], got undefined'],
    ['a hole in an array', { list: Object.assign(new Array(3), { 0: 1 }) }, 'at list[1], got undefined'],
    ['a Date', { orders: [{ at: new Date(0) }] }, 'at orders[0].at, got an instance of Date'],
    ['a Date of another realm', { at: runInNewContext('new Date(0)') }, 'at at, got an instance of Date'],
    ['a Map', { cart: new Map() }, 'at cart, got an instance of Map'],
    ['a Set', { ids: new Set() }, 'at ids, got an instance of Set'],
    ['a typed array', { bytes: new Uint8Array(1) }, 'at bytes, got an instance of Uint8Array'],
    ['a promise', Promise.resolve(), 'expected a JSON value, got an instance of Promise'],
    ['a boxed string', { s: new String('s') }, 'at s, got an instance of String'],
    ['an instance of a class', { account: new Account() }, 'at account, got an instance of Account'],
    ['an instance of a class without a name', new (class {})(), 'got an instance of a class'],
    ['NaN under keys that are no names', { 'a b': { '': [Number.NaN] } }, 'at ["a b"][""][0], got NaN'],
    [
      'something under __proto__',
      JSON.parse('{"__proto__":[null]}', (_, v) => (v === null ? 1n : v)),
      'at __proto__[0], got bigint',
    ],
    ['a cycle', cycle, 'at children[0].parent, got a cycle'],
    ['201 levels', nested(201), 'a[0].a[0].a…'],
    ['201 levels, named', nested(201), 'got a value nested deeper than 200 levels'],
    ['a bigint behind a property that is undefined', { a: undefined, b: 1n }, 'at b, got bigint'],
    ['the second of two, when the first is fine', { good: { x: 1 }, bad: { x: 1n } }, 'at bad.x, got bigint'],
  ])('refuses %s and says where it is', (_what, value, message) => {
    expect(() => copyOf(value)).toThrow(message)
  })

  it('refuses with a TypeError', () => {
    expect(() => copyOf(undefined)).toThrow(TypeError)
  })

  it('refuses a value that is bad only while it is copied', () => {
    let reads = 0
    const shifty = {
      get a() {
        return reads++ === 0 ? 1n : 1
      },
    }

    expect(() => copyOf(shifty)).toThrow('got a value that changes while it is read')
  })
})

describe('copyJson', () => {
  it('makes a copy that may be changed', () => {
    const copy = copyJson({ list: [1] }) as { list: number[] }

    copy.list.push(2)

    expect(copy).toEqual({ list: [1, 2] })
  })
})

describe('copyJson of a sealed value', () => {
  it('shares nothing with it either', () => {
    const sealed = sealJson({ list: [1] })

    expect(objectsIn(copyJson(sealed)).some((object) => Object.isFrozen(object))).toBe(false)
  })
})

describe('sealJson', () => {
  it('freezes every object in the copy', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(objectsIn(sealJson(value)).every((object) => Object.isFrozen(object))).toBe(true)
      }),
    )
  })

  it('leaves the original as it was: not frozen', () => {
    const original = { list: [1] }

    sealJson(original)

    expect([original, original.list].some((object) => Object.isFrozen(object))).toBe(false)
  })

  it('takes what is sealed already as it is', () => {
    const sealed = sealJson({ a: { b: [1] } })

    expect(sealJson(sealed)).toBe(sealed)
  })

  it('takes sealed parts of a new value as they are', () => {
    const before = sealJson({ big: { list: [1, 2, 3] }, count: 1 }) as { big: object }

    const after = sealJson({ ...before, count: 2 }) as { big: object; count: number }

    expect([after.big === before.big, after.count]).toEqual([true, 2])
  })

  it('does not trust what others have frozen', () => {
    expect(() => sealJson(Object.freeze({ at: Object.freeze(new Date(0)) }))).toThrow(
      'at at, got an instance of Date',
    )
  })

  it('counts the levels of sealed parts, so that a value cannot grow deeper bit by bit', () => {
    let list = sealJson(null)
    for (let level = 0; level < 200; level++) list = sealJson({ next: list })

    expect(() => sealJson({ next: list })).toThrow('got a value nested deeper than 200 levels')
  })

  it('counts the levels of the deepest part, at any place', () => {
    const deep = sealJson(nested(199))
    const wide = sealJson([1, deep, [], 'a'])

    expect(() => sealJson([wide])).toThrow('got a value nested deeper than 200 levels')
  })

  it('takes a sealed part that ends at the last level', () => {
    const deep = sealJson(nested(199))

    expect(sealJson([deep, 1])).toEqual([deep, 1])
  })
})

describe('jsonCost', () => {
  it.each([
    ['x'.repeat(100), 102],
    [[[], [], []], 4 * 32],
    [{ a: 1, b: 'x'.repeat(200) }, 214],
  ] as [Json, number][])('of %j is %i', (value, cost) => {
    expect(jsonCost(value)).toBe(cost)
  })
})

describe('jsonSize', () => {
  it('is the length of the text, with each escape as one character', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        const text = JSON.stringify(value).replace(/\\(u[0-9a-f]{4}|.)/g, 'x')
        expect(jsonSize(copyJson(value))).toBe(text.length)
      }),
    )
  })

  it.each([
    [null, 4],
    [true, 4],
    [false, 5],
    [0, 1],
    [-12.5, 5],
    [1e21, 5],
    ['', 2],
    ['"\n', 4],
    [[], 2],
    [{}, 2],
    [[1, [2]], 7],
    [{ a: 1, b: {} }, 14],
  ] as [Json, number][])('of %j is %i', (value, size) => {
    expect(jsonSize(value)).toBe(size)
  })
})
