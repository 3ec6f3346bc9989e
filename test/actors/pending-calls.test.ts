/** The calls of a client that no one has settled yet, against a Map. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type PendingCall, PendingCalls } from '../../actors/pending-calls.ts'

const call = (deadline: number): PendingCall => ({ command: null, deadline, done: () => {} })

describe('pending calls', () => {
  test('C2: a call is taken once, and a mark never given is no one', () => {
    const calls = new PendingCalls()
    const first = call(10)
    calls.add(1, first)

    expect(calls.take(2)).toBe(null)
    expect(calls.take(1)).toBe(first)
    expect(calls.take(1)).toBe(null)
    expect(calls.size).toBe(0)
  })

  test('after calls are added and taken in any order, a Map would hold the same', () => {
    const step = fc.oneof(
      fc.record({ add: fc.oneof(fc.nat(50), fc.constant(Number.POSITIVE_INFINITY)) }),
      fc.record({ take: fc.nat(40) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat(50), (steps, time) => {
        const calls = new PendingCalls()
        const model = new Map<number, PendingCall>()
        let marks = 0
        for (const next of steps) {
          if ('add' in next) {
            const added = call(next.add)
            calls.add(++marks, added)
            model.set(marks, added)
          } else {
            expect(calls.has(next.take)).toBe(model.has(next.take))
            expect(calls.take(next.take)).toBe(model.get(next.take) ?? null)
            model.delete(next.take)
          }
        }
        const entries = [...model]
        expect(calls.size).toBe(model.size)
        expect(calls.marks()).toEqual(entries.map(([mark]) => mark))
        expect(calls.marks(time)).toEqual(entries.filter(([, c]) => c.deadline <= time).map(([mark]) => mark))
        expect(calls.nextDeadline()).toBe(
          Math.min(Number.POSITIVE_INFINITY, ...entries.map(([, c]) => c.deadline)),
        )
      }),
    )
  })
})
