/** Rules S9, S10 and T1: a session's sequence number is executed at most once, and all that is replicated travels. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Application, defineApplication, type Json } from '../../machines/application/application.ts'
import {
  emptyReplica,
  executeAll,
  executeRequest,
  type Outcome,
  ownRequest,
  type PartialReplica,
  type Replica,
  recall,
  restoreReplica,
  snapshotReplica,
} from '../../machines/application/at-most-once.ts'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import type { Request } from '../../machines/messages.ts'
import { alice, bob, carol, entry, journal, openingEntry, type RequestFields } from './servers.ts'

const application = journal as Application
const execute = (replica: Replica, request: Request, sessionsMax = 10) =>
  executeRequest(application, replica, request, sessionsMax)
const replicaOf = (requests: readonly Request[], sessionsMax = 10) =>
  executeAll(application, emptyReplica(application), requests, sessionsMax).replica
const outcomesOf = (requests: readonly Request[], sessionsMax = 10) =>
  executeAll(application, emptyReplica(application), requests, sessionsMax).outcomes
const jsonOf = (value: unknown) => JSON.stringify(value)
const values = (...list: readonly unknown[]): Outcome => ({
  kind: 'results',
  results: list.map((value) => ({ value: value as Json })),
})
const expired: Outcome = { kind: 'sessionExpired' }
/** Bob's session is 2 when he opens right after Alice. */
const ofBob = (fields: RequestFields = {}) => entry({ client: bob, session: 2, ...fields })

describe('sequence numbers', () => {
  const opened = replicaOf([openingEntry(alice)])
  const [served] = execute(opened, entry({ seq: 3, commands: ['a', 'b'] }))

  it('S9 a new number is executed, command by command', () => {
    const [replica, outcome] = execute(opened, entry({ seq: 1, commands: ['a', 'b'] }))

    expect(replica.state).toEqual(['a', 'b'])
    expect(outcome).toEqual(values(1, 2))
  })

  it('S9 numbers may be left out: an abandoned request never comes', () => {
    expect(execute(served, entry({ seq: 9, commands: ['c'] }))[1]).toEqual(values(3))
  })

  it('S9 a repeat gets the stored results and changes nothing', () => {
    const [replica, outcome] = execute(served, entry({ seq: 3, commands: ['a', 'b'] }))

    expect(outcome).toEqual(values(1, 2))
    expect(replica).toBe(served)
  })

  it('S9 an older number is staleSequence and changes nothing', () => {
    const [replica, outcome] = execute(served, entry({ seq: 2, commands: ['x'] }))

    expect(outcome).toEqual({ kind: 'staleSequence' })
    expect(replica).toBe(served)
  })

  it('S9 the same number with other commands is sequenceReused and changes nothing', () => {
    const [replica, outcome] = execute(served, entry({ seq: 3, commands: ['a', 'c'] }))

    expect(outcome).toEqual({ kind: 'sequenceReused' })
    expect(replica).toBe(served)
  })

  it('S9 number 0 is used up by the opening', () => {
    expect(execute(opened, entry({ seq: 0, commands: [] }))[1]).toEqual({ kind: 'sequenceReused' })
  })

  it('S9 numbers belong to their session: two sessions may use the same', () => {
    const outcomes = outcomesOf([openingEntry(alice), openingEntry(bob), entry(), ofBob()])

    expect(outcomes.slice(2)).toEqual([values(1), values(2)])
  })

  it("S9 a session is its client's: no other node is answered from it or executes in it", () => {
    const [replica, outcome] = execute(served, entry({ client: bob, seq: 3, commands: ['a', 'b'] }))

    expect(outcome).toEqual(expired)
    expect(replica).toBe(served)
  })

  it('S9 the results of the last number are kept, and only those', () => {
    const [replica] = execute(served, entry({ seq: 4, commands: ['c'] }))

    expect(replica.sessions.get(1)?.results).toEqual([{ value: 3 }])
  })

  it('S9 what is given is not changed', () => {
    const before = jsonOf(served)

    execute(served, entry({ seq: 4 }))
    execute(served, openingEntry(bob), 1)

    expect(jsonOf(served)).toBe(before)
  })
})

describe('what a primary may say before it decides', () => {
  const replica = replicaOf([openingEntry(alice), entry({ seq: 2 })])

  it.each<readonly [string, Request, Outcome | 'new']>([
    ['a new number', entry({ seq: 3 }), 'new'],
    ['a repeat', entry({ seq: 2 }), values(1)],
    ['an older number', entry({ seq: 1 }), { kind: 'staleSequence' }],
    ['a used number with other commands', entry({ seq: 2, commands: ['x'] }), { kind: 'sequenceReused' }],
    ['a first opening', openingEntry(bob), 'new'],
    ['a copy of an opening', openingEntry(alice), { kind: 'opened', session: 1 }],
    ['a session that is not in the table', entry({ session: 7 }), 'new'],
    ['a session of another node', entry({ client: bob, seq: 2 }), 'new'],
  ])('S9 %s', (_, request, known) => {
    expect(recall(replica, request)).toEqual(known)
  })

  it('S9 it agrees with the outcome of execution if it answers', () => {
    for (const request of [entry({ seq: 1 }), entry({ seq: 2 }), openingEntry(alice)]) {
      const [after, outcome] = execute(replica, request)

      expect(after).toBe(replica)
      expect(outcome).toEqual(recall(replica, request))
    }
  })
})

describe('sessions', () => {
  it('S10 the id of a session is the position of its opening in the replicated order', () => {
    const outcomes = outcomesOf([
      openingEntry(alice),
      entry({ commands: ['a', 'b', 'c'] }),
      openingEntry(bob),
    ])

    expect(outcomes).toEqual([
      { kind: 'opened', session: 1 },
      values(1, 2, 3),
      { kind: 'opened', session: 5 },
    ])
  })

  it('S10 an opening executes no command', () => {
    expect(replicaOf([{ ...openingEntry(alice), commands: ['x'] }]).state).toEqual([])
  })

  it('S10 a copy of an opening finds the session of the first, and changes nothing', () => {
    const before = replicaOf([openingEntry(alice), entry()])

    const [replica, outcome] = execute(before, openingEntry(alice))

    expect(outcome).toEqual({ kind: 'opened', session: 1 })
    expect(replica).toBe(before)
  })

  it('S10 the table is bounded', () => {
    const clients = Array.from({ length: 20 }, (_, index) => openingEntry(`c${index}#1`))

    const { sessions, sessionOf, byRecency } = replicaOf(clients, 3)

    expect([sessions.size, sessionOf.size, byRecency.size]).toEqual([3, 3, 3])
  })

  it('S10 the least recently executed session goes, not the oldest', () => {
    const before = replicaOf([openingEntry(alice), openingEntry(bob), entry()], 2)

    const [replica] = execute(before, openingEntry(carol), 2)

    expect([...replica.sessions.entriesAfter()].map(([, { client }]) => client)).toEqual([alice, carol])
  })

  it('S10 an answered repeat refreshes nothing', () => {
    const requests = [openingEntry(alice), entry(), openingEntry(bob), entry(), openingEntry(carol)]

    const replica = replicaOf(requests, 2)

    expect([...replica.sessions.entriesAfter()].map(([, { client }]) => client)).toEqual([bob, carol])
  })

  it.each<readonly [string, Request]>([
    ['staleSequence', entry({ seq: 1 })],
    ['sequenceReused', entry({ seq: 2, commands: ['x'] })],
    ['a repeated opening', openingEntry(alice)],
  ])('S10 a request that executes nothing refreshes nothing: %s', (_, request) => {
    const before = replicaOf([openingEntry(alice), entry({ seq: 2 }), openingEntry(bob)], 2)

    const [replica] = execute(execute(before, request, 2)[0], openingEntry(carol), 2)

    expect([...replica.sessions.entriesAfter()].map(([, { client }]) => client)).toEqual([bob, carol])
  })

  it('S10 a request of an expired session gets sessionExpired, and is not executed', () => {
    const before = replicaOf([openingEntry(alice), openingEntry(bob)], 1)

    const [replica, outcome] = execute(before, entry(), 1)

    expect(outcome).toEqual(expired)
    expect(replica).toBe(before)
  })

  it('S10 a repeat of an expired session gets sessionExpired, never a second execution', () => {
    const requests = [openingEntry(alice), entry({ commands: ['a'] }), openingEntry(bob)]
    const before = replicaOf(requests, 1)

    const [replica, outcome] = execute(before, entry({ commands: ['a'] }), 1)

    expect(outcome).toEqual(expired)
    expect(replica.state).toEqual(['a'])
  })

  it('S10 an id is never issued again', () => {
    const opens = Array.from({ length: 12 }, (_, index) => openingEntry(index % 2 === 0 ? alice : bob))

    const ids = outcomesOf(opens, 1).map((outcome) => outcome.kind === 'opened' && outcome.session)

    expect(new Set(ids).size).toBe(12)
  })

  it('S10 a late copy of the opening of an expired session opens another one', () => {
    const before = replicaOf([openingEntry(alice), openingEntry(bob)], 1)

    const [replica, outcome] = execute(before, openingEntry(alice), 1)

    expect(outcome).toEqual({ kind: 'opened', session: 3 })
    expect(execute(replica, entry({ session: 1 }), 1)[1]).toEqual(expired)
  })

  it('S10 a late copy of the opening of a session in use expires no one', () => {
    const before = replicaOf([openingEntry(alice), openingEntry(bob)], 2)

    const [replica] = execute(before, openingEntry(alice), 2)

    expect(replica).toBe(before)
  })

  it('S10 a request without commands takes a position, so that no two sessions share one', () => {
    const replica = replicaOf([openingEntry(alice), openingEntry(bob), entry({ commands: [] })])

    expect(replica.position).toBe(3)
    expect([...replica.byRecency.entriesAfter()]).toEqual([
      [2, 2],
      [3, 1],
    ])
  })

  it('S10 a table for no session holds one', () => {
    expect(replicaOf([openingEntry(alice), openingEntry(bob)], 0).sessions.size).toBe(1)
  })

  it.each(['__proto__', 'constructor', 'hasOwnProperty', '', 'a b', '1', 'null'])(
    'L3 the client id %j is an ordinary id',
    (client) => {
      const [replica, outcome] = execute(
        replicaOf([openingEntry(client), openingEntry('other#1')]),
        entry({ client, seq: 1, commands: ['a'] }),
      )

      expect(outcome).toEqual(values(1))
      expect(replica.sessionOf.get(client)).toBe(1)
    },
  )

  it('L3 a client named __proto__ that has no session is not found anywhere', () => {
    expect(recall(replicaOf([openingEntry(alice)]), openingEntry('__proto__'))).toBe('new')
  })
})

describe('results that are large', () => {
  const long = 'x'.repeat(100 * 1024)
  const echo: Application = {
    ...application,
    execute: (state, command) => [[...(state as Json[]), 1], command],
  }
  const opened = replicaOf([openingEntry(alice)])
  const commands = Array.from({ length: 10 }, (_, index) => `${index}${long}`)
  const request = entry({ commands })
  const resultsIn = (outcome: Outcome) => (outcome.kind === 'results' ? outcome.results : [])

  it('S7 past their bound no further command is executed', () => {
    const [replica, outcome] = executeRequest(echo, opened, request, 10)

    expect(resultsIn(outcome).map((result) => 'value' in result && String(result.value)[0])).toEqual([
      '0',
      '1',
      '2',
    ])
    expect(replica.state).toEqual([1, 1, 1])
    expect(replica.position).toBe(opened.position + 3)
  })

  it('S9 a repeat gets the same results', () => {
    const [replica, outcome] = executeRequest(echo, opened, request, 10)

    expect(executeRequest(echo, replica, request, 10)).toEqual([replica, outcome])
  })

  it('S7 one that is larger than the bound goes alone', () => {
    const [, outcome] = executeRequest(echo, opened, entry({ commands: [long.repeat(4), 'b'] }), 10)

    expect(resultsIn(outcome)).toHaveLength(1)
  })

  it('M2 commands that the primary proposes are all executed', () => {
    const [, outcome] = executeRequest(echo, opened, ownRequest(commands, 1), 10)

    expect(resultsIn(outcome)).toHaveLength(10)
  })

  it('S9 one that no message carries counts as an error, and leaves the state as it was', () => {
    const huge: Application = { ...application, execute: () => [[1], long.repeat(250)] }

    const [replica, outcome] = executeRequest(huge, opened, entry({ commands: ['a'] }), 10)

    expect(outcome).toMatchObject({
      results: [{ error: { message: expect.stringMatching(/result of at most 25165824 bytes/) } }],
    })
    expect(replica.state).toBe(opened.state)
  })
})

describe('commands that fail', () => {
  const opened = replicaOf([openingEntry(alice)])
  const failingWith = (fail: () => unknown): Application => ({
    ...application,
    execute: (state, command) =>
      command === 'fail' ? (fail() as readonly [unknown, unknown]) : application.execute(state, command),
  })
  const run = (fail: () => unknown) =>
    executeRequest(failingWith(fail), opened, entry({ commands: ['a', 'fail', 'b'] }), 10)
  const thrown = (value: unknown) => () => {
    throw value
  }
  const errorIn = (outcome: Outcome) =>
    outcome.kind === 'results' && outcome.results[1] && 'error' in outcome.results[1]
      ? outcome.results[1].error
      : null

  it('S9 a command that throws has a typed error as its result', () => {
    const [, outcome] = run(thrown(new RangeError('too much')))

    expect(outcome).toEqual({
      kind: 'results',
      results: [{ value: 1 }, { error: { code: 'applicationError', message: 'too much' } }, { value: 2 }],
    })
  })

  it('S9 a command that throws leaves the state as it was, and the others are executed', () => {
    const [replica] = run(thrown(new Error('no')))

    expect(replica.state).toEqual(['a', 'b'])
  })

  it('S9 its error is stored like a result', () => {
    const [replica, outcome] = run(thrown(new Error('no')))

    expect(recall(replica, entry({ commands: ['a', 'fail', 'b'] }))).toEqual(outcome)
  })

  it.each<readonly [string, unknown, string]>([
    ['a text', 'no', 'no'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a symbol', Symbol('no'), 'Symbol(no)'],
    ['an object without a prototype', Object.create(null), 'an error without a message'],
    ['an error whose message throws', hostileError(), 'an error without a message'],
    ['an error whose message is no text', Object.assign(new Error(), { message: 17 }), '17'],
  ])('N3 every thrown value has a text: %s', (_, value, message) => {
    expect(errorIn(run(thrown(value))[1])).toEqual({ code: 'applicationError', message })
  })

  it.each<readonly [string, unknown]>([
    ['a bigint', 1n],
    ['a function', () => {}],
    ['NaN', Number.NaN],
    ['a map', new Map()],
    ['a date', new Date(0)],
    ['a cycle', cycle()],
    ['a bigint deep inside', { a: [{ b: 1n }] }],
  ])(
    'S6 a result that JSON cannot carry is an applicationError, and leaves no trace in the state: %s',
    (_, value) => {
      const [replica, outcome] = run(() => [['changed'], value])

      expect(errorIn(outcome)?.code).toBe('applicationError')
      expect(replica.state).toEqual(['a', 'b'])
    },
  )

  it('S6 no result at all is null', () => {
    const [, outcome] = run(() => [['changed'], undefined])

    expect(outcome).toMatchObject({ results: [{ value: 1 }, { value: null }, { value: 2 }] })
  })

  it('S6 what comes back without being a pair is an applicationError', () => {
    expect(errorIn(run(() => undefined)[1])?.code).toBe('applicationError')
  })

  it('S6 a stored result shares nothing with what the application keeps', () => {
    const kept = { list: [1] }
    const [replica] = run(() => [['changed'], kept])

    kept.list.push(2)

    expect(replica.sessions.get(1)?.results[1]).toEqual({ value: { list: [1] } })
  })
})

describe('pieces of a replica', () => {
  it('T1 a replica without sessions and with an empty state is one piece', () => {
    expect(snapshotReplica(application, emptyReplica(application), null, 10)).toEqual({
      data: { position: 0, sessions: [], state: '[]' },
      next: null,
    })
  })

  it('T5 a piece is at most about bytesMax long', () => {
    const replica = replicaOf(
      [
        ...Array.from({ length: 30 }, (_, index) => openingEntry(`client-${index}#1`)),
        entry({
          client: 'client-0#1',
          commands: Array.from({ length: 50 }, (_, index) => `command ${index}`),
        }),
      ],
      100,
    )
    const largest = Math.max(...[...replica.sessions.entriesAfter()].map((session) => jsonOf(session).length))

    const sizes = piecesOf(application, replica, 300).map(({ data }) => jsonOf(data).length)

    expect(sizes.length).toBeGreaterThan(5)
    expect(Math.max(...sizes)).toBeLessThan(300 * 1.5 + largest)
  })

  it('T3 a piece can be made again, the very same', () => {
    const replica = replicaOf([openingEntry(alice), openingEntry(bob), entry({ commands: ['a', 'b'] })])

    expect(jsonOf(piecesOf(application, replica, 3))).toBe(jsonOf(piecesOf(application, replica, 3)))
  })

  it('T5 before the last piece there is no state in it', () => {
    const replica = replicaOf([openingEntry(alice), entry({ commands: ['a', 'b'] })])
    const [first] = piecesOf(application, replica, 3)

    const partial = restoreReplica(application, null, first!.data, false)

    expect(partial.replica.state).toBe(application.initialState)
  })

  it('T1 a restored replica answers repeats, refuses old numbers and expires the same sessions', () => {
    const replica = replicaOf([openingEntry(alice), openingEntry(bob), entry({ seq: 2 }), ofBob()])
    const restored = throughPieces(application, replica, 5)
    const later = [
      entry({ seq: 2 }),
      entry({ seq: 1 }),
      openingEntry(carol),
      entry({ seq: 3 }),
      ofBob({ seq: 2 }),
    ]

    const here = executeAll(application, replica, later, 2)
    const there = executeAll(application, restored, later, 2)

    expect(jsonOf(there)).toBe(jsonOf(here))
  })

  it('T1 the pieces share nothing with the replica they came from', () => {
    const counters = defineApplication({
      name: 'counters',
      initialState: {} as { readonly [key: string]: number },
      execute: (state, key: string) => [{ ...state, [key]: (state[key] ?? 0) + 1 }, null],
    }) as Application
    const replica = executeAll(counters, emptyReplica(counters), [openingEntry(alice), entry()], 10).replica

    const restored = throughPieces(counters, replica, 1_000)

    expect(restored.state).toEqual(replica.state)
    expect(restored.state).not.toBe(replica.state)
  })

  it.each([
    ['journal', application],
    ['key-value store', keyValueStore as Application],
  ] as const)('T1 a replica comes back from its pieces with any size: %s', (_, app) => {
    fc.assert(
      fc.property(fc.array(requestOf(app)), fc.integer({ min: 1, max: 400 }), (requests, bytesMax) => {
        const { replica } = executeAll(app, emptyReplica(app), requests, 4)

        expect(jsonOf(throughPieces(app, replica, bytesMax))).toBe(jsonOf(replica))
      }),
    )
  })
})

describe('any requests in any order', () => {
  it('S9 a sequence number of a session is executed at most once', () => {
    fc.assert(
      fc.property(fc.array(requestOf(application), { maxLength: 60 }), (requests) => {
        const marked = requests.map((request) => ({
          ...request,
          commands: request.commands.map(
            (_, index) => `${request.client}/${request.session}/${request.seq}/${index}`,
          ),
        }))

        const { state } = replicaOf(marked, 3)

        expect(new Set(state as Json[]).size).toBe((state as Json[]).length)
      }),
    )
  })

  it('S9 a repeat of any request reaches the same and changes nothing', () => {
    fc.assert(
      fc.property(fc.array(requestOf(application)), requestOf(application), (requests, request) => {
        const [once, outcome] = execute(replicaOf(requests, 3), request, 3)

        const [twice, again] = execute(once, request, 3)

        expect(twice).toBe(once)
        expect(again).toEqual(outcome)
      }),
    )
  })

  it('S10 the three tables of sessions always agree', () => {
    fc.assert(
      fc.property(fc.array(requestOf(application), { maxLength: 60 }), (requests) => {
        const { sessions, sessionOf, byRecency, position } = replicaOf(requests, 3)
        const all = [...sessions.entriesAfter()]

        expect([...sessionOf.entriesAfter()].map(([client, id]) => `${client} ${id}`).sort()).toEqual(
          all.map(([id, { client }]) => `${client} ${id}`).sort(),
        )
        expect([...byRecency.entriesAfter()]).toEqual(
          all.map(([id, session]) => [session.position, id]).sort(([a], [b]) => a! - b!),
        )
        expect(all.every(([id, session]) => id <= session.position && session.position <= position)).toBe(
          true,
        )
      }),
    )
  })
})

/** Requests of few clients in few sessions, so that they meet. */
function requestOf(app: Application): fc.Arbitrary<Request> {
  const command: fc.Arbitrary<unknown> =
    app === (keyValueStore as Application)
      ? fc.oneof(
          fc.record({
            op: fc.constant('put'),
            key: fc.string({ maxLength: 3 }),
            value: fc.jsonValue({ maxDepth: 1 }),
          }),
          fc.record({ op: fc.constant('get'), key: fc.string({ maxLength: 3 }) }),
          fc.record({
            op: fc.constant('append'),
            key: fc.constantFrom('k', '__proto__'),
            value: fc.string(),
          }),
        )
      : fc.constantFrom('a', 'b', 'throw')
  const client = fc.constantFrom(alice, bob, carol, '__proto__')
  return fc.oneof(
    { weight: 1, arbitrary: client.map((name) => openingEntry(name)) },
    {
      weight: 3,
      arbitrary: fc
        .record({
          client,
          session: fc.integer({ min: 0, max: 12 }),
          seq: fc.integer({ min: 0, max: 4 }),
          commands: fc.array(command as fc.Arbitrary<Json>, { maxLength: 3 }),
        })
        .map((fields) => entry(fields)),
    },
  )
}

function piecesOf(app: Application, replica: Replica, bytesMax: number) {
  const pieces: { readonly data: Json; readonly last: boolean }[] = []
  let cursor: Json = null
  do {
    const { data, next } = snapshotReplica(app, replica, cursor, bytesMax)
    pieces.push({ data, last: next === null })
    cursor = next
  } while (cursor !== null)
  return pieces
}

/** The replica as a backup has it: through JSON text, piece by piece. */
function throughPieces(app: Application, replica: Replica, bytesMax: number): Replica {
  let partial: PartialReplica | null = null
  for (const { data, last } of piecesOf(app, replica, bytesMax)) {
    partial = restoreReplica(app, partial, JSON.parse(jsonOf(data)) as Json, last)
  }
  return partial!.replica
}

function cycle(): unknown {
  const value: { self?: unknown } = {}
  value.self = value
  return value
}

function hostileError(): Error {
  return Object.defineProperty(new Error(), 'message', {
    get() {
      throw new Error('no one looks at me')
    },
  })
}
