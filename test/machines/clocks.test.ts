/** The clocks, one test per rule, and against an oracle that knows nothing of clocks: the graph of a random execution. */

import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  boundClock,
  type Causality,
  type Clock,
  compareClocks,
  compareTotal,
  compareVectors,
  entryOf,
  formatVector,
  happenedBefore,
  mergeVectors,
  receive,
  tick,
  type VectorClock,
  zeroClock,
} from '../../machines/clocks.ts'

describe('Lamport time', () => {
  test('L1 an own event adds one', () => {
    expect(tick(clockOf(4, { a: 2 }), 'a').lamport).toBe(5)
  })

  test.each([
    { own: 3, received: 7, after: 8 },
    { own: 7, received: 3, after: 8 },
    { own: 5, received: 5, after: 6 },
  ])('L1 receiving $received at $own makes $after', ({ own, received, after }) => {
    expect(receive(clockOf(own, { a: 1 }), 'a', clockOf(received, { b: 1 })).lamport).toBe(after)
  })

  test('L1 a duplicate is a receive of its own', () => {
    const stamp = tick(zeroClock, 'b')
    const once = receive(zeroClock, 'a', stamp)
    const twice = receive(once, 'a', stamp)
    expect(twice).toEqual({ lamport: 3, vector: { a: 2, b: 1 } })
  })

  test('L1 a lost message leaves no trace at the receiver', () => {
    const sender = tick(zeroClock, 'b')
    const receiver = receive(zeroClock, 'a', tick(zeroClock, 'c'))
    expect(receiver).toEqual({ lamport: 2, vector: { a: 1, c: 1 } })
    expect(receive(receiver, 'a', tick(sender, 'b')).vector).toEqual({ a: 2, b: 2, c: 1 })
  })

  test('L2 ties go by node id in code units, not by locale', () => {
    expect(compareTotal({ lamport: 1, node: 'Z' }, { lamport: 1, node: 'a' })).toBe(-1)
    expect(compareTotal({ lamport: 1, node: 's10#1' }, { lamport: 1, node: 's2#1' })).toBe(-1)
    expect(compareTotal({ lamport: 2, node: 'a' }, { lamport: 1, node: 'b' })).toBe(1)
    expect(compareTotal({ lamport: 1, node: 'a' }, { lamport: 1, node: 'a' })).toBe(0)
  })

  test('L2 the total order is antisymmetric and transitive', () => {
    const event = fc.record({ lamport: fc.nat({ max: 3 }), node: anyId })
    fc.assert(
      fc.property(event, event, event, (a, b, c) => {
        expect(compareTotal(a, b) + compareTotal(b, a)).toBe(0)
        expect(compareTotal(a, b) === 0).toBe(a.lamport === b.lamport && a.node === b.node)
        if (compareTotal(a, b) < 0 && compareTotal(b, c) < 0) expect(compareTotal(a, c)).toBe(-1)
      }),
    )
  })
})

describe('vector clocks', () => {
  test('L3 an own event raises the own entry by one and no other', () => {
    expect(tick(clockOf(4, { a: 2, b: 3 }), 'a').vector).toEqual({ a: 3, b: 3 })
    expect(tick(zeroClock, 'a')).toEqual({ lamport: 1, vector: { a: 1 } })
  })

  test('L3 a receive takes the pointwise maximum and then counts itself', () => {
    const own = clockOf(9, { a: 2, b: 3, c: 1 })
    expect(receive(own, 'a', clockOf(1, { b: 1, c: 4, d: 1 })).vector).toEqual({ a: 3, b: 3, c: 4, d: 1 })
  })

  test('L3 growing by an entry keeps the others', () => {
    expect(receive(clockOf(1, { a: 1, b: 1 }), 'a', clockOf(1, { c: 1 })).vector).toEqual({
      a: 2,
      b: 1,
      c: 1,
    })
    expect(tick(clockOf(1, { b: 1 }), 'a').vector).toEqual({ a: 1, b: 1 })
  })

  test.each<{ a: VectorClock; b: VectorClock; expected: Causality }>([
    { a: {}, b: {}, expected: 'equal' },
    { a: {}, b: { x: 0 }, expected: 'equal' },
    { a: { x: 1 }, b: { x: 1, y: 0 }, expected: 'equal' },
    { a: { x: 1 }, b: { x: 1, y: 1 }, expected: 'before' },
    { a: { x: 1, y: 1 }, b: { y: 1 }, expected: 'after' },
    { a: { x: 1 }, b: { y: 1 }, expected: 'concurrent' },
    { a: { x: 2, y: 1 }, b: { x: 1, y: 2 }, expected: 'concurrent' },
  ])('L3 $a is $expected to $b', ({ a, b, expected }) => {
    expect(compareVectors(a, b)).toBe(expected)
  })

  test('L3 compare is exactly one of four, agrees with the entries, and mirrors', () => {
    fc.assert(
      fc.property(anyVector, anyVector, (a, b) => {
        const below = idPool.every((id) => entryOf(a, id) <= entryOf(b, id))
        const above = idPool.every((id) => entryOf(a, id) >= entryOf(b, id))
        const expected = below ? (above ? 'equal' : 'before') : above ? 'after' : 'concurrent'
        expect(compareVectors(a, b)).toBe(expected)
        expect(compareVectors(b, a)).toBe(mirrored(expected))
      }),
    )
  })

  test('L3 merge is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(anyVector, anyVector, anyVector, (a, b, c) => {
        expect(entries(mergeVectors(a, b))).toEqual(entries(mergeVectors(b, a)))
        expect(entries(mergeVectors(mergeVectors(a, b), c))).toEqual(
          entries(mergeVectors(a, mergeVectors(b, c))),
        )
        expect(compareVectors(mergeVectors(a, a), a)).toBe('equal')
      }),
    )
  })

  test('L3 merge is the least upper bound', () => {
    fc.assert(
      fc.property(anyVector, anyVector, anyVector, (a, b, other) => {
        const merged = mergeVectors(a, b)
        expect(atMost(a, merged) && atMost(b, merged)).toBe(true)
        if (atMost(a, other) && atMost(b, other)) expect(atMost(merged, other)).toBe(true)
        for (const id of idPool) expect([entryOf(a, id), entryOf(b, id)]).toContain(entryOf(merged, id))
      }),
    )
  })

  test('L3 a missing entry is 0 in compare, merge, text, stamps and bounds alike', () => {
    fc.assert(
      fc.property(anyVector, anyVector, anyId, (a, b, id) => {
        const bare = vectorOf(entries(a))
        const options = { entriesMax: 1, isClient: () => true, keep: id }
        expect(compareVectors(a, bare)).toBe('equal')
        expect(compareVectors(a, b)).toBe(compareVectors(bare, b))
        expect(entries(mergeVectors(a, b))).toEqual(Object.entries(mergeVectors(bare, b)).sort())
        expect(formatVector(a)).toBe(formatVector(bare))
        expect(entries(tick(clockOf(1, a), id).vector)).toEqual(entries(tick(clockOf(1, bare), id).vector))
        const [full, short] = [a, bare].map((vector) => receive(clockOf(1, b), id, clockOf(1, vector)))
        expect(entries(full!.vector)).toEqual(entries(short!.vector))
        const [boundFull, boundBare] = [a, bare].map((vector) => boundClock(clockOf(1, vector), options))
        expect(boundFull!.truncated).toBe(boundBare!.truncated)
        expect(entries(boundFull!.vector)).toEqual(entries(boundBare!.vector))
      }),
    )
  })

  test('L3 text is sorted by id in code units, without zero entries', () => {
    expect(formatVector({})).toBe('{}')
    expect(formatVector({ b: 2, z: 0, a: 1, B: 3, 10: 4, 9: 5 })).toBe('{10:4 9:5 B:3 a:1 b:2}')
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '1', ''])(
    'L3 %j is an ordinary node id',
    (id) => {
      expect(entryOf({}, id)).toBe(0)
      expect(entryOf(zeroClock.vector, id)).toBe(0)
      const once = tick(zeroClock, id)
      const wired = overWire(once)
      expect(entryOf(wired.vector, id)).toBe(1)
      const heard = receive(tick(zeroClock, 'other'), 'other', wired)
      expect(formatVector(heard.vector)).toBe(id < 'other' ? `{${id}:1 other:2}` : `{other:2 ${id}:1}`)
      expect(compareVectors(once.vector, heard.vector)).toBe('before')
      expect(entryOf(mergeVectors(wired.vector, { other: 1 }), id)).toBe(1)
      expect(entryOf(tick(receive(once, id, overWire(heard)), id).vector, id)).toBe(3)
      expect(entryOf(boundClock(heard, { entriesMax: 0, isClient: (x) => x === 'other' }).vector, id)).toBe(1)
      expect(Object.getPrototypeOf({})).toBe(Object.prototype)
    },
  )

  test('L3 nothing changes its arguments', () => {
    const options = fc.constant(deepFreeze({ entriesMax: 1, isClient: () => true, keep: 'a' }))
    fc.assert(
      fc.property(anyVector, anyVector, anyId, options, (a, b, id, bound) => {
        const before = JSON.stringify([a, b])
        const [own, stamp] = [clockOf(2, a), clockOf(3, b)]
        tick(own, id)
        receive(own, id, stamp)
        mergeVectors(a, b)
        compareVectors(a, b)
        compareClocks({ ...own, truncated: true }, stamp)
        happenedBefore({ node: id, vector: a }, { node: id, vector: b })
        formatVector(a)
        boundClock(own, bound)
        expect(JSON.stringify([a, b])).toBe(before)
      }),
    )
  })

  test('L3 the clock before the first event cannot be changed', () => {
    expect(Object.isFrozen(zeroClock) && Object.isFrozen(zeroClock.vector)).toBe(true)
    expect(zeroClock).toEqual({ lamport: 0, vector: {} })
  })
})

describe('happened before', () => {
  test('L4 one entry decides, also between vectors of different length', () => {
    const sent = { node: 'a', vector: { a: 1 } }
    const received = { node: 'b', vector: { a: 1, b: 4, c: 2 } }
    expect(happenedBefore(sent, received)).toBe(true)
    expect(happenedBefore(received, sent)).toBe(false)
  })

  test('L4 no event happened before itself', () => {
    const event = { node: 'a', vector: { a: 1 } }
    expect(happenedBefore(event, event)).toBe(false)
    expect(happenedBefore(event, structuredClone(event))).toBe(false)
  })

  test('L4 a clock without an own entry is no event and happened before nothing', () => {
    expect(happenedBefore({ node: 'a', vector: {} }, { node: 'b', vector: {} })).toBe(false)
    expect(happenedBefore({ node: 'a', vector: {} }, { node: 'b', vector: { b: 1 } })).toBe(false)
  })

  test('L2 L3 L4 clocks agree with the graph of any execution, under loss, duplicates and reordering', () => {
    fc.assert(
      fc.property(anyScript(idPool), (script) => {
        expect(disagreements(script, {})).toEqual([])
      }),
      { numRuns: 400 },
    )
  })

  test('random executions contain receives, duplicates, overtaking and every relation', () => {
    const runs = fc.sample(anyScript(idPool), { numRuns: 300, seed: 1 }).map((script) => execute(script, {}))
    const heard = runs.map((events) => events.flatMap((event) => event.heard ?? []))
    const relations = runs.flatMap((events) => pairs(events).map(([e, f]) => truth(e, f)))
    expect(heard.some((sends) => new Set(sends).size < sends.length)).toBe(true)
    expect(heard.some((sends) => sends.some((send, i) => i > 0 && send < sends[i - 1]!))).toBe(true)
    expect(new Set(relations)).toEqual(new Set(['equal', 'before', 'after', 'concurrent']))
  })

  test.each<[string, Partial<Rules>]>([
    ['a send that does not tick', { tick: (clock) => clock }],
    [
      'a merge that forgets to tick',
      {
        receive: (clock, id, stamp) => {
          const { lamport } = receive(clock, id, stamp)
          return { lamport, vector: mergeVectors(clock.vector, stamp.vector) }
        },
      },
    ],
    [
      'a Lamport time that stands still on receiving',
      {
        receive: (clock, id, stamp) => {
          const { vector } = receive(clock, id, stamp)
          return { lamport: Math.max(clock.lamport, stamp.lamport), vector }
        },
      },
    ],
    [
      'a receive that ignores an older stamp',
      {
        receive: (clock, id, stamp) => {
          return stamp.lamport < clock.lamport ? tick(clock, id) : receive(clock, id, stamp)
        },
      },
    ],
    [
      'a vector that drops its entries when it grows',
      {
        receive: (clock, id, stamp) => {
          const after = receive(clock, id, stamp)
          const grows = Object.keys(stamp.vector).some((other) => entryOf(clock.vector, other) === 0)
          const own = vectorOf([[id, entryOf(after.vector, id)]])
          return grows ? { ...after, vector: mergeVectors(stamp.vector, own) } : after
        },
      },
    ],
    [
      'a vector that does not grow',
      {
        receive: (clock, id, stamp) => {
          const after = receive(clock, id, stamp)
          const known = entries(after.vector).filter(
            ([other]) => other === id || Object.hasOwn(clock.vector, other),
          )
          return { ...after, vector: vectorOf(known) }
        },
      },
    ],
    [
      'a comparison that is false for vectors of different length',
      {
        happenedBefore: (e, f) => {
          return entries(e.vector).length === entries(f.vector).length && happenedBefore(e, f)
        },
      },
    ],
    [
      'a comparison that lets an event happen before itself',
      { happenedBefore: (e, f) => entryOf(f.vector, e.node) >= entryOf(e.vector, e.node) },
    ],
  ])('the graph exposes %s', (_mistake, rules) => {
    const property = fc.property(anyScript(idPool), (script) => disagreements(script, rules).length === 0)
    expect(fc.check(property, { seed: 1, numRuns: 500 }).failed).toBe(true)
  })
})

describe('decisions', () => {
  test('L5 no chart compares clocks, so none can decide by them', () => {
    const folder = new URL('../../machines/', import.meta.url)
    const files = readdirSync(folder).filter(
      (file) => file.endsWith('.ts') && !/^(clocks|index)\.ts$/.test(file),
    )
    const comparing = files.filter((file) => importsComparison(readFileSync(new URL(file, folder), 'utf8')))
    expect(comparing).toEqual([])
    expect(importsComparison("import {\n  type Clock,\n  compareClocks,\n} from './clocks.ts'")).toBe(true)
    expect(importsComparison("import { receive, tick } from './clocks.ts'")).toBe(false)
  })
})

describe('bounded clocks', () => {
  test('L6 a clock within bounds stays the same object', () => {
    const clock = clockOf(9, { 's1#1': 3, 's2#2': 1, 'c1#1': 2, 'c2#1': 1, vs: 4 })
    expect(boundClock(clock, { entriesMax: 2, isClient })).toBe(clock)
    const almost = clockOf(9, { 's1#1': 3, 's1#x': 2, 's1#': 1, 's1#2': 0, 'c1#1': 0 })
    expect(boundClock(almost, { entriesMax: 0, isClient })).toBe(almost)
  })

  test('L6 the clients with the greatest counters stay, ties by id', () => {
    const clock = clockOf(9, { 'c4#1': 2, 'c3#1': 2, 'c2#1': 9, 'c1#1': 1, 's1#1': 1 })
    const bounded = boundClock(clock, { entriesMax: 2, isClient })
    expect(bounded).toEqual({ lamport: 9, vector: { 'c2#1': 9, 'c3#1': 2, 's1#1': 1 }, truncated: true })
  })

  test('L6 the entry to keep stays within the cap, and also beyond a cap of 0', () => {
    const clock = clockOf(9, { 'c1#1': 1, 'c2#1': 9, 'c3#1': 5 })
    const keep = 'c1#1'
    expect(boundClock(clock, { entriesMax: 2, isClient, keep }).vector).toEqual({ 'c1#1': 1, 'c2#1': 9 })
    expect(boundClock(clock, { entriesMax: 0, isClient, keep }).vector).toEqual({ 'c1#1': 1 })
    expect(boundClock(clock, { entriesMax: 0, isClient, keep: 's1#1' }).vector).toEqual({})
  })

  test('L6 an older incarnation of a name goes when a newer one is present, by number', () => {
    const clock = clockOf(9, {
      's1#9': 7,
      's1#10': 1,
      's2#1': 1,
      'c1#1': 5,
      'c1#2': 1,
      'a#b#1': 1,
      'a#b#2': 1,
    })
    expect(boundClock(clock, { entriesMax: 1, isClient })).toEqual({
      lamport: 9,
      vector: { 's1#10': 1, 's2#1': 1, 'c1#2': 1, 'a#b#2': 1 },
      truncated: true,
    })
    expect(boundClock(clock, { entriesMax: 9, isClient })).toEqual(
      boundClock(clock, { entriesMax: 1, isClient }),
    )
  })

  test('L6 a dead node keeps its own entry', () => {
    const clock = clockOf(9, { 's1#1': 7, 's1#2': 1 })
    expect(boundClock(clock, { entriesMax: 0, isClient, keep: 's1#1' })).toBe(clock)
  })

  test('L6 a stamp says that it dropped entries, and so does every clock that heard it', () => {
    const bounded = boundClock(clockOf(2, { 's1#1': 1, 'c1#1': 1 }), {
      entriesMax: 0,
      isClient,
      keep: 's1#1',
    })
    const heard = receive(zeroClock, 's2#1', overWire(bounded))
    expect(bounded.truncated).toBe(true)
    expect(heard.truncated).toBe(true)
    expect(tick(heard, 's2#1').truncated).toBe(true)
    expect(receive(heard, 's2#1', zeroClock).truncated).toBe(true)
    expect(boundClock(heard, { entriesMax: 9, isClient })).toBe(heard)
    expect('truncated' in receive(tick(zeroClock, 'a'), 'a', zeroClock)).toBe(false)
  })

  test('L6 two complete clocks compare exactly', () => {
    fc.assert(
      fc.property(anyVector, anyVector, (a, b) => {
        expect(compareClocks(clockOf(1, a), clockOf(1, b))).toBe(compareVectors(a, b))
      }),
    )
  })

  test('L6 a comparison that would need a dropped entry answers unknown', () => {
    const sent = clockOf(1, { 'c1#1': 1 })
    const truncated: Clock = { ...clockOf(5, { 's1#1': 3 }), truncated: true }
    expect(compareClocks(sent, truncated)).toBe('unknown')
    expect(compareClocks(truncated, sent)).toBe('unknown')
    expect(compareClocks({ ...sent, node: 'c1#1' }, { ...truncated, node: 's1#1' }, isClient)).toBe('unknown')
  })

  test('L6 a client entry that is present but came back too small proves nothing', () => {
    const request = tick(tick(zeroClock, 'c1#1'), 'c1#1')
    const relayed = boundClock(receive(zeroClock, 's1#1', request), { entriesMax: 0, isClient, keep: 's1#1' })
    const older = receive(zeroClock, 's2#1', tick(zeroClock, 'c1#1'))
    const heard = receive(older, 's2#1', relayed)
    expect(formatVector(heard.vector)).toBe('{c1#1:1 s1#1:1 s2#1:2}')
    expect(compareVectors(request.vector, heard.vector)).toBe('concurrent')
    expect(compareClocks(request, heard, isClient)).toBe('unknown')
  })

  test('L6 entries that are present decide what they prove', () => {
    const a: Clock = { ...clockOf(4, { 's1#1': 3, 's2#1': 1 }), truncated: true }
    const later: Clock = { ...clockOf(6, { 's1#1': 3, 's2#1': 2, 'c1#1': 1 }), truncated: true }
    const apart: Clock = { ...clockOf(6, { 's1#1': 2, 's2#1': 4 }), truncated: true }
    expect(compareClocks(a, later)).toBe('before')
    expect(compareClocks(later, a)).toBe('after')
    expect(compareClocks(a, apart, isClient)).toBe('concurrent')
    expect(compareClocks(a, apart)).toBe('unknown')
    expect(compareClocks(a, { ...apart, lamport: 4 })).toBe('concurrent')
  })

  test('L6 what a complete clock does not know, it proves', () => {
    const truncated: Clock = { ...clockOf(4, { 's1#1': 3 }), truncated: true }
    expect(compareClocks(truncated, clockOf(6, { 's2#1': 5 }))).toBe('concurrent')
    expect(compareClocks(clockOf(6, { 's2#1': 5 }), truncated)).toBe('concurrent')
  })

  test('L6 an entry of a dead incarnation proves as little as a client', () => {
    const dead = clockOf(9, { 's1#1': 9 })
    const heard: Clock = { ...clockOf(12, { 's1#1': 4, 's1#2': 1, 's2#1': 3 }), truncated: true }
    expect(compareClocks(dead, heard, isClient)).toBe('unknown')
    expect(compareClocks(dead, { ...heard, vector: { 's1#1': 4, 's2#1': 3 } }, isClient)).toBe('concurrent')
  })

  test('L6 the bounded and the complete stamp of one event are equal', () => {
    const complete = receive(clockOf(3, { 's1#1': 3 }), 's1#1', clockOf(1, { 'c1#1': 1 }))
    const bounded = boundClock(complete, { entriesMax: 0, isClient, keep: 's1#1' })
    expect(compareClocks(complete, bounded)).toBe('equal')
    expect(compareClocks(bounded, complete)).toBe('equal')
  })

  test('L6 a comparison of bounded stamps is never wrong, no matter what was dropped', () => {
    fc.assert(
      fc.property(anyScript(boundedPool), anyBound, (script, bound) => {
        const events = execute(script, bounding(bound))
        for (const know of Object.values(knowledge)) expect(mistakes(events, know)).toEqual([])
      }),
      { numRuns: 400 },
    )
  })

  test('L6 a comparison of bounded stamps mirrors', () => {
    fc.assert(
      fc.property(anyScript(boundedPool), anyBound, (script, bound) => {
        for (const [e, f] of pairs(execute(script, bounding(bound)))) {
          expect(knowledge.nodes(e, f)).toBe(mirrored(knowledge.nodes(f, e)))
          expect(knowledge.nothing(e, f)).toBe(mirrored(knowledge.nothing(f, e)))
        }
      }),
    )
  })

  test('L6 happened-before of a bounded stamp is true only when it is', () => {
    fc.assert(
      fc.property(anyScript(boundedPool), anyBound, (script, bound) => {
        for (const [e, f] of pairs(execute(script, bounding(bound)))) {
          const [from, to] = [e, f].map(({ node, stamp }) => ({ node, vector: stamp.vector }))
          if (happenedBefore(from!, to!)) expect(truth(e, f)).toBe('before')
        }
      }),
    )
  })

  test('L6 a comparison of bounded stamps usually decides, the more so the more is known', () => {
    const nothing = decidedShare(knowledge.nothing)
    const clients = decidedShare(knowledge.clients)
    expect(nothing).toBeGreaterThan(0.25)
    expect(clients).toBeGreaterThan(Math.max(0.5, nothing))
    expect(decidedShare(knowledge.nodes)).toBeGreaterThan(clients)
  })

  test('L6 a comparison of events on known nodes that are neither clients nor dead always decides', () => {
    fc.assert(
      fc.property(anyScript(boundedPool), anyBound, (script, bound) => {
        const events = execute(script, bounding(bound)).filter(({ node }) =>
          ['s1#2', 's2#1', 'vs'].includes(node),
        )
        for (const [e, f] of pairs(events)) expect(knowledge.nodes(e, f)).toBe(truth(e, f))
      }),
    )
  })

  test('the graph exposes a comparison that takes truncated stamps for complete', () => {
    const naive: Knowledge = (e, f) => compareVectors(e.stamp.vector, f.stamp.vector)
    const property = fc.property(anyScript(boundedPool), anyBound, (script, bound) => {
      return mistakes(execute(script, bounding(bound)), naive).length === 0
    })
    expect(fc.check(property, { seed: 1, numRuns: 500 }).failed).toBe(true)
  })

  test('the graph exposes a bound that drops the entry of its own node', () => {
    const property = fc.property(anyScript(boundedPool), (script) => {
      const careless = { wire: (clock: Clock) => boundClock(clock, { entriesMax: 0, isClient }) }
      return mistakes(execute(script, careless), knowledge.clients).length === 0
    })
    expect(fc.check(property, { seed: 1, numRuns: 500 }).failed).toBe(true)
  })
})

/** The functions under test, each replaceable by a mutant; `wire` and `store` bound what is sent and kept. */
interface Rules {
  tick: typeof tick
  receive: typeof receive
  happenedBefore: typeof happenedBefore
  wire: (clock: Clock, id: string) => Clock
  store: (clock: Clock, id: string) => Clock
}

type Step =
  | { kind: 'local'; node: string }
  | { kind: 'send'; node: string }
  | { kind: 'receive'; node: string; pick: number; again: boolean }
  | { kind: 'lose'; pick: number }

/**
 * One event of an execution. `clock` is what its node keeps, `stamp` what it sends (the same unless it sends);
 * `past` are the numbers of the events that happened before it, by the graph alone.
 */
interface Recorded {
  number: number
  node: string
  lamport: number
  vector: VectorClock
  clock: Clock
  stamp: Clock
  heard?: number
  past: ReadonlySet<number>
}

type Knowledge = (e: Recorded, f: Recorded) => Causality | 'unknown'

const idPool = ['a', 'b', '__proto__', 'constructor', '1', '10']
const boundedPool = ['s1#1', 's1#2', 's2#1', 'vs', 'c1#1', 'c1#2', 'c2#1', 'c3#1', 'c4#1']
const anyId = fc.constantFrom(...idPool)

/** Vectors with zero entries, as literals, without a prototype, and as `JSON.parse` leaves them. */
const anyVector = fc
  .tuple(
    fc.array(fc.tuple(anyId, fc.nat({ max: 3 })), { maxLength: 8 }),
    fc.constantFrom<(vector: VectorClock) => VectorClock>(
      (vector) => vector,
      (vector) => JSON.parse(JSON.stringify(vector)),
      (vector) => Object.setPrototypeOf(vector, null),
    ),
  )
  .map(([list, form]) => deepFreeze(form(vectorOf(list))))

/** What the one who compares may know beyond the two stamps. */
const knowledge = {
  nothing: (e: Recorded, f: Recorded) => compareClocks(e.stamp, f.stamp),
  clients: (e: Recorded, f: Recorded) => compareClocks(e.stamp, f.stamp, isClient),
  nodes: (e: Recorded, f: Recorded) =>
    compareClocks({ ...e.stamp, node: e.node }, { ...f.stamp, node: f.node }, isClient),
  keptAndSent: (e: Recorded, f: Recorded) => compareClocks(e.clock, f.stamp, isClient),
  sentAndKept: (e: Recorded, f: Recorded) => compareClocks({ ...e.stamp, node: e.node }, f.clock, isClient),
}

const anyBound = fc.record({ entriesMax: fc.nat({ max: 3 }), storesBounded: fc.boolean() })

function anyScript(nodes: readonly string[]): fc.Arbitrary<Step[]> {
  const node = fc.constantFrom(...nodes)
  const pick = fc.nat({ max: 20 })
  const step = fc.oneof(
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('local' as const), node }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('send' as const), node }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('receive' as const), node, pick, again: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), pick }) },
  )
  return fc.array(step, { maxLength: 40, size: 'max' })
}

/** Runs a script; receives pick any message in flight, so they reorder, and leave it there to be duplicated. */
function execute(script: readonly Step[], mutant: Partial<Rules>): Recorded[] {
  const rules: Rules = {
    tick,
    receive,
    happenedBefore,
    wire: (clock) => clock,
    store: (clock) => clock,
    ...mutant,
  }
  const clocks = new Map<string, { clock: Clock; last: Recorded }>()
  const inFlight: { sender: Recorded; stamp: Clock }[] = []
  const events: Recorded[] = []
  for (const step of script) {
    const at = step.kind === 'receive' || step.kind === 'lose' ? step.pick % inFlight.length : 0
    if (step.kind === 'lose') {
      inFlight.splice(at, 1)
      continue
    }
    const { node } = step
    const message = step.kind === 'receive' ? inFlight[at] : undefined
    if (step.kind === 'receive' && !message) continue
    const own = clocks.get(node)
    const before = own?.clock ?? zeroClock
    const after = message ? rules.receive(before, node, message.stamp) : rules.tick(before, node)
    const clock = deepFreeze(rules.store(deepFreeze(after), node))
    const stamp = step.kind === 'send' ? deepFreeze(overWire(rules.wire(clock, node))) : clock
    const causes = [own?.last, message?.sender].filter((cause) => cause !== undefined)
    const past = new Set(causes.flatMap((cause) => [cause.number, ...cause.past]))
    const event: Recorded = {
      number: events.length,
      node,
      lamport: clock.lamport,
      vector: clock.vector,
      clock,
      stamp,
      past,
    }
    if (message) event.heard = message.sender.number
    events.push(event)
    clocks.set(node, { clock, last: event })
    if (step.kind === 'send') inFlight.push({ sender: event, stamp })
    if (step.kind === 'receive' && !step.again) inFlight.splice(at, 1)
  }
  return events
}

/** Where clocks and graph differ, as text; empty when L2, L3 and L4 hold for every pair of events. */
function disagreements(script: readonly Step[], mutant: Partial<Rules>): string[] {
  const precedes = mutant.happenedBefore ?? happenedBefore
  return pairs(execute(script, mutant)).flatMap(([e, f]) => {
    const expected = truth(e, f)
    const found: string[] = []
    if (compareVectors(e.vector, f.vector) !== expected)
      found.push(`L3 ${compareVectors(e.vector, f.vector)}`)
    if (precedes(e, f) !== (expected === 'before')) found.push('L4')
    if (expected === 'before' && compareTotal(e, f) !== -1) found.push('L2 does not extend happened-before')
    if (e !== f && compareTotal(e, f) === 0) found.push('L2 is not strict')
    return found.map((rule) => `${rule}: ${describeEvent(e)} is ${expected} to ${describeEvent(f)}`)
  })
}

function bounding(options: { entriesMax: number; storesBounded: boolean }): Partial<Rules> {
  const { entriesMax, storesBounded } = options
  const bound = (clock: Clock, keep: string) => boundClock(clock, { entriesMax, isClient, keep })
  return storesBounded ? { wire: bound, store: bound } : { wire: bound }
}

function mistakes(events: readonly Recorded[], know: Knowledge): string[] {
  return pairs(events)
    .filter(([e, f]) => ![truth(e, f), 'unknown'].includes(know(e, f)))
    .map(([e, f]) => `${know(e, f)} instead of ${truth(e, f)}: ${describeEvent(e)} and ${describeEvent(f)}`)
}

function decidedShare(know: Knowledge): number {
  const samples = fc.sample(fc.tuple(anyScript(boundedPool), anyBound), { seed: 1, numRuns: 300 })
  const verdicts = samples.flatMap(([script, bound]) =>
    pairs(execute(script, bounding(bound)))
      .filter(([e, f]) => e !== f && (e.stamp.truncated || f.stamp.truncated))
      .map(([e, f]) => know(e, f)),
  )
  return verdicts.filter((verdict) => verdict !== 'unknown').length / verdicts.length
}

function truth(e: Recorded, f: Recorded): Causality {
  if (e === f) return 'equal'
  return f.past.has(e.number) ? 'before' : e.past.has(f.number) ? 'after' : 'concurrent'
}

function pairs(events: readonly Recorded[]): [Recorded, Recorded][] {
  return events.flatMap((e) => events.map((f): [Recorded, Recorded] => [e, f]))
}

function describeEvent({ number, node, stamp }: Recorded): string {
  return `${number} of ${node} at ${stamp.lamport}${formatVector(stamp.vector)}${stamp.truncated ? '...' : ''}`
}

function isClient(id: string): boolean {
  return id.startsWith('c')
}

function importsComparison(source: string): boolean {
  const imports = [...source.matchAll(/import\s*\{([^}]*)\}\s*from\s*'\.\/clocks\.ts'/g)].map(
    ([, names]) => names!,
  )
  return imports.some((names) => /\b(compare\w+|happenedBefore|entryOf|mergeVectors)\b/.test(names))
}

function mirrored<T extends string>(causality: T): T | Causality {
  return causality === 'before' ? 'after' : causality === 'after' ? 'before' : causality
}

function atMost(a: VectorClock, b: VectorClock): boolean {
  return idPool.every((id) => entryOf(a, id) <= entryOf(b, id))
}

function clockOf(lamport: number, vector: VectorClock): Clock {
  return deepFreeze({ lamport, vector })
}

/** A plain object with exactly these entries with any names. */
function vectorOf(list: readonly (readonly [string, number])[]): VectorClock {
  return Object.fromEntries(list)
}

/** The entries as text order gives them, without zeros. */
function entries(vector: VectorClock): [string, number][] {
  return Object.entries(vector)
    .filter(([, count]) => count > 0)
    .sort()
}

function overWire<T>(value: T): T {
  return JSON.parse(JSON.stringify(value))
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    for (const key of Object.keys(value)) deepFreeze(value[key as keyof T])
  return Object.freeze(value)
}
