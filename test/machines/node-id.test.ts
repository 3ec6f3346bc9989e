/** Node ids: one id, one life of a node (N2). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareNodeIds, nodeId, parseNodeId } from '../../machines/node-id.ts'

describe('the two parts of an id', () => {
  test('N2 the id of a life is its name and its incarnation', () => {
    expect(nodeId('s1', 1)).toBe('s1#1')
  })

  const lives = [
    { id: 's1#1', name: 's1', incarnation: 1 },
    { id: 's1#10', name: 's1', incarnation: 10 },
    { id: '__proto__#1', name: '__proto__', incarnation: 1 },
    { id: 'a#2#3', name: 'a#2', incarnation: 3 },
    { id: '#1', name: '', incarnation: 1 },
    { id: 's1#999999999999999', name: 's1', incarnation: 999_999_999_999_999 },
  ]
  for (const { id, name, incarnation } of lives) {
    test(`N2 ${id} is life ${incarnation} of ${JSON.stringify(name)}`, () => {
      expect(parseNodeId(id)).toEqual({ name, incarnation })
    })
  }

  const names = [
    { id: '', because: 'empty' },
    { id: '1', because: 'a bare number' },
    { id: '__proto__', because: 'an inherited property' },
    { id: 'view-service', because: 'a node without incarnations' },
    { id: 's#', because: 'no digits' },
    { id: '#', because: 'no name and no digits' },
    { id: 's#0', because: 'incarnations start at 1' },
    { id: 's#01', because: 'a leading zero' },
    { id: 's#1 ', because: 'a blank' },
    { id: 's#1\n', because: 'a line break' },
    { id: 's#-1', because: 'a sign' },
    { id: 's#1.5', because: 'a fraction' },
    { id: 's#1e3', because: 'an exponent' },
    { id: 's#١', because: 'digits of another script' },
    { id: 's1#9999999999999999', because: 'more than 15 digits' },
    { id: 's1#999999999999999999', because: 'more than a number can tell apart' },
  ]
  for (const { id, because } of names) {
    test(`N2 ${JSON.stringify(id)} is a name in its incarnation 0: ${because}`, () => {
      expect(parseNodeId(id)).toEqual({ name: id, incarnation: 0 })
    })
  }

  test('N2 what nodeId writes, parseNodeId reads', () => {
    fc.assert(
      fc.property(anyName, incarnation, (name, life) => {
        expect(parseNodeId(nodeId(name, life))).toEqual({ name, incarnation: life })
      }),
    )
  })

  test('N2 two ids never have the same parts', () => {
    fc.assert(
      fc.property(anyId, (id) => {
        const { name, incarnation: life } = parseNodeId(id)
        expect(life === 0 ? name : nodeId(name, life)).toBe(id)
      }),
    )
  })
})

describe('the order of ids', () => {
  const pairs = [
    { lower: 's1#1', higher: 's2#1', because: 'by name' },
    { lower: 's1#9', higher: 's2#1', because: 'by name before incarnation' },
    { lower: 's1#2', higher: 's1#10', because: 'by incarnation as a number' },
    { lower: 's10#1', higher: 's2#1', because: 'names in code units, not as numbers' },
    { lower: 'Z#1', higher: 'a#1', because: 'names in code units, not by locale' },
    { lower: 's#1', higher: 's#01', because: 'a leading zero makes another name' },
    { lower: '', higher: '1', because: 'the empty name first' },
    { lower: '1', higher: '__proto__#1', because: 'odd names like any other' },
  ]
  for (const { lower, higher, because } of pairs) {
    test(`V9 ${JSON.stringify(lower)} comes before ${higher}: ${because}`, () => {
      expect(Math.sign(compareNodeIds(lower, higher))).toBe(-1)
      expect(Math.sign(compareNodeIds(higher, lower))).toBe(1)
    })
  }

  test('V9 only one id is as high as itself', () => {
    fc.assert(
      fc.property(anyId, anyId, (a, b) => {
        expect(compareNodeIds(a, b) === 0).toBe(a === b)
      }),
    )
  })

  test('V9 the order is transitive and the same from both sides', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyId, { minLength: 3, maxLength: 3 }), (ids) => {
        const [a, b, c] = ids.sort(compareNodeIds) as [string, string, string]
        expect([compareNodeIds(a, b) < 0, compareNodeIds(b, c) < 0, compareNodeIds(a, c) < 0]).toEqual([
          true,
          true,
          true,
        ])
        expect(compareNodeIds(c, a)).toBeGreaterThan(0)
      }),
    )
  })
})

const incarnation = fc.integer({ min: 1, max: 999_999_999_999_999 })
const anyName = fc.oneof(fc.string(), fc.constantFrom('', '#', 's', 's#1', '1', '__proto__', 'constructor'))
/** Mostly near the border between an incarnation and a part of the name. */
const anyId = fc.oneof(
  fc.string(),
  fc
    .tuple(fc.constantFrom('s', '', '__proto__', 's#1'), fc.stringMatching(/^[01 a]{0,3}$/))
    .map(([name, end]) => `${name}#${end}`),
  fc.tuple(anyName, incarnation).map(([name, life]) => nodeId(name, life)),
)
