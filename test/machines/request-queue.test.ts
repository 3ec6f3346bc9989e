/** Rule S7: the requests that wait at a primary, checked against a plain list. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RequestQueue, sessionKey } from '../../machines/application/request-queue.ts'
import type { Request } from '../../machines/messages.ts'
import { alice, bob, carol, entry, openingEntry } from './servers.ts'

const ofAlice = entry({ client: alice, session: 1, bytes: 3 })
const ofBob = entry({ client: bob, session: 2, bytes: 5 })
const ofCarol = openingEntry(carol)
const queue = RequestQueue.from([ofBob, ofAlice, ofCarol])
const unbounded = { requestsMax: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY }

describe('a queue of requests', () => {
  it('keeps the order of arrival', () => {
    expect([...queue]).toEqual([ofBob, ofAlice, ofCarol])
  })

  it('knows its size and its bytes', () => {
    expect([queue.size, queue.bytes]).toEqual([3, 8])
  })

  it('finds the request of a session', () => {
    expect(queue.get(sessionKey(ofAlice))).toBe(ofAlice)
  })

  it('finds nothing of a session that does not wait', () => {
    expect(queue.get(sessionKey({ client: alice, session: null }))).toBeUndefined()
    expect(queue.get(sessionKey({ client: bob, session: 1 }))).toBeUndefined()
  })

  it('has one entry a session: a later request takes the place of the earlier one', () => {
    const later = { ...ofBob, seq: 9, bytes: 7 }

    const changed = queue.with(later)

    expect([...changed]).toEqual([later, ofAlice, ofCarol])
    expect([changed.size, changed.bytes]).toEqual([3, 10])
  })

  it('stays as it was when it is added to or taken from', () => {
    const before = JSON.stringify(queue)

    queue.with({ ...ofBob, seq: 9 })
    queue.with(entry({ client: 'd#1' }))
    queue.take({ requestsMax: 2, bytesMax: 100 })

    expect(JSON.stringify(queue)).toBe(before)
  })

  it('gives what is at the front, up to a number of requests', () => {
    const { taken, left } = queue.take({ requestsMax: 2, bytesMax: 100 })

    expect(taken).toEqual([ofBob, ofAlice])
    expect([...left]).toEqual([ofCarol])
    expect([left.size, left.bytes]).toEqual([1, 0])
  })

  it('gives what is at the front, up to a number of bytes', () => {
    const { taken } = queue.take({ requestsMax: 10, bytesMax: 7 })

    expect(taken).toEqual([ofBob])
  })

  it('gives one request at least, however large', () => {
    expect(queue.take({ requestsMax: 0, bytesMax: 0 }).taken).toEqual([ofBob])
  })

  it('has nothing to give when nothing waits', () => {
    expect(RequestQueue.empty.take(unbounded)).toEqual({ taken: [], left: RequestQueue.empty })
  })

  it('is the empty queue when all is taken', () => {
    expect(queue.take(unbounded).left).toBe(RequestQueue.empty)
  })

  it('is the list of its requests as JSON', () => {
    expect(JSON.parse(JSON.stringify({ queue }))).toEqual({ queue: [ofBob, ofAlice, ofCarol] })
  })

  it.each([
    [
      { client: ' a', session: 1 },
      { client: 'a', session: 1 },
    ],
    [
      { client: 'a', session: null },
      { client: 'null a', session: 1 },
    ],
    [
      { client: '2 a', session: 1 },
      { client: 'a', session: 12 },
    ],
    [
      { client: '__proto__', session: 1 },
      { client: '', session: 1 },
    ],
  ])('tells the sessions of %j and %j apart', (one, other) => {
    expect(sessionKey(one)).not.toBe(sessionKey(other))
  })

  it('behaves like a plain list, no matter what is added and taken; equal situations have equal text (N4)', () => {
    fc.assert(
      fc.property(fc.array(commandOf()), (commands) => {
        let list: readonly Request[] = []
        let persistent = RequestQueue.empty
        for (const command of commands) {
          if (command.kind === 'add') {
            const key = sessionKey(command.request)
            const isKnown = list.some((other) => sessionKey(other) === key)
            list = isKnown
              ? list.map((other) => (sessionKey(other) === key ? command.request : other))
              : [...list, command.request]
            persistent = persistent.with(command.request)
          } else {
            const { taken, left } = persistent.take(command)
            expect(taken).toEqual(list.slice(0, taken.length))
            list = list.slice(taken.length)
            persistent = left
          }
          expect([...persistent]).toEqual(list)
          expect(persistent.size).toBe(list.length)
          expect(persistent.bytes).toBe(list.reduce((sum, { bytes }) => sum + bytes, 0))
          expect(JSON.stringify(persistent)).toBe(JSON.stringify(list))
        }
      }),
    )
  })
})

type Command =
  | { readonly kind: 'add'; readonly request: Request }
  | { readonly kind: 'take'; readonly requestsMax: number; readonly bytesMax: number }

function commandOf(): fc.Arbitrary<Command> {
  return fc.oneof(
    fc
      .record({
        client: fc.constantFrom('a', 'b', 'c', '__proto__', 'a b'),
        session: fc.constantFrom(null, 1, 2),
        seq: fc.nat(5),
        bytes: fc.nat(9),
      })
      .map((fields): Command => ({ kind: 'add', request: entry(fields) })),
    fc
      .record({ requestsMax: fc.nat(4), bytesMax: fc.nat(30) })
      .map((bounds): Command => ({ kind: 'take', ...bounds })),
  )
}
