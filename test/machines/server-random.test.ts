/** Rules N3 and N4 for any well-formed message in any state that a server can be brought into: random walks from every situation. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../machines/application/application.ts'
import { invalidMessage, type Message, type Request, refusalReasons } from '../../machines/messages.ts'
import type { ServerEvent } from '../../machines/server/context.ts'
import type { View } from '../../machines/view.ts'
import { situationsOf, tableOptions } from './server-table.ts'
import {
  ackOf,
  alice,
  bob,
  entry,
  forward,
  me,
  openingEntry,
  partner,
  pieceAck,
  piecesOf,
  replicaAfter,
  roleOf,
  type ServerSnapshot,
  servers,
  third,
  viewService,
} from './servers.ts'

const options = { ...tableOptions, batchMax: 2, sessionsMax: 2 }
const server = servers(options)
const situations = situationsOf(server)

describe('any messages in any order, in any situation', () => {
  it('N3 nothing throws, and what is refused or ignored changes nothing at all', () => {
    walk(({ event, before, seen }) => {
      const isRefused =
        event.type === 'request' && seen.sent.some(({ message }) => message.type === 'refusal')

      if (seen.ignored.length > 0 || isRefused) expect(seen.snapshot === before).toBe(true)
    })
  })

  it('N3 every message has an effect, or is ignored with one reason', () => {
    walk(({ before, seen }) => {
      const hasEffect = seen.snapshot !== before || seen.sent.length > 0

      expect(seen.ignored).toHaveLength(hasEffect ? 0 : 1)
    })
  })

  it('N3 the messages of the walks are well-formed', () => {
    walk(({ event }) => {
      expect(invalidMessage(event)).toBeNull()
    })
  })

  it('N3 every sent message is well-formed', () => {
    walk(({ seen }) => {
      expect(seen.sent.map(({ message }) => invalidMessage(message))).toEqual(seen.sent.map(() => null))
    })
  })

  it('I7 the number of the view never decreases, and one number is one view', () => {
    walk(({ before, seen }) => {
      const old = before.context.view
      const now = seen.snapshot.context.view

      expect(now === old || now.number > old.number).toBe(true)
    })
  })

  it('N5 state comes from view 1 or from a transfer, and from nowhere else', () => {
    walk(({ event, before, seen }) => {
      if (before.context.replica !== null || seen.snapshot.context.replica === null) return

      expect(event.type === 'stateTransfer' || (event.type === 'viewReply' && event.view.number === 1)).toBe(
        true,
      )
    })
  })

  it('S3 only a primary that serves replies to clients', () => {
    walk(({ before, seen }) => {
      const replies = seen.sent.filter(({ message }) => message.type === 'reply')
      const mayReply = ['primary.serving', 'primary.awaitingBackupAck']

      if (replies.length > 0) expect(mayReply).toContain(roleOf(seen.snapshot))
      if (roleOf(before) === 'replicaDiverged') expect(replies).toEqual([])
    })
  })

  it('S4 with a backup in the view, nothing is executed by a primary but on its acknowledgement', () => {
    walk(({ event, before, seen }) => {
      const isPrimary = roleOf(before).startsWith('primary') && roleOf(seen.snapshot).startsWith('primary')
      const hasBackup = before.context.view.backup !== null && seen.snapshot.context.view.backup !== null
      if (!isPrimary || !hasBackup || seen.snapshot.context.replica === before.context.replica) return

      expect(event.type).toBe('forwardAck')
      expect(event.from).toBe(before.context.view.backup)
    })
  })

  it('S7 no session waits twice, and the queue keeps its bound but for what a view change brings back', () => {
    walk(({ seen }) => {
      const { queue, outstanding } = seen.snapshot.context
      const sessions = [...queue].map(({ client, session }) => `${session} ${client}`)

      expect(new Set(sessions).size).toBe(sessions.length)
      expect(sessions.length).toBeLessThanOrEqual(options.queueMax! + options.batchMax)
      expect(outstanding?.requests.length ?? 1).toBeGreaterThan(0)
    })
  })

  it('S8 each role keeps of its work what belongs to it, and nothing else', () => {
    walk(({ seen }) => {
      const { queue, outstanding, sending, arriving, replica } = seen.snapshot.context
      const kept = {
        waiting: queue.size > 0,
        outstanding: outstanding !== null,
        sending: sending !== null,
        arriving: arriving !== null,
        state: replica !== null,
      }
      const nothing = { waiting: false, outstanding: false, sending: false, arriving: false, state: false }

      const may: Work = { ...nothing, ...workOf[roleOf(seen.snapshot)] }
      for (const [part, allowed] of Object.entries(may)) {
        if (allowed !== 'maybe') expect([part, kept[part as keyof typeof kept]]).toEqual([part, allowed])
      }
    })
  })

  it('N4 what a timer sends again is the very same, and no context grows by it', () => {
    walk(({ seen }) => {
      for (const timer of timersOf(seen.snapshot)) {
        const once = server.fire(seen.snapshot, timer)
        const twice = server.fire(once.snapshot, timer)

        expect(twice.sent).toEqual(once.sent)
        expect(JSON.stringify(twice.snapshot.context)).toBe(JSON.stringify(seen.snapshot.context))
      }
    })
  })

  it('N4 a copy of any message right behind it changes nothing', () => {
    walk(({ event, seen }) => {
      const copy = server.step(seen.snapshot, event)

      expect(JSON.stringify(copy.snapshot.context)).toBe(JSON.stringify(seen.snapshot.context))
      expect(roleOf(copy.snapshot)).toBe(roleOf(seen.snapshot))
    })
  })

  it('N3 the same messages reach the same states and the same effects, on a chart of its own', () => {
    const other = servers(options)
    const others = situationsOf(other)
    const textOf = (steps: Iterable<Taken>) =>
      [...steps].map(({ seen }) => JSON.stringify([seen.snapshot, seen.actions]))
    fc.assert(
      fc.property(walkOf(), ({ from, moves }) => {
        const here = textOf(stepsOf(server, situations[from]!, moves))

        expect(textOf(stepsOf(other, others[from]!, moves))).toEqual(here)
      }),
    )
  })
})

type Work = { readonly [part: string]: boolean | 'maybe' }

/** What a server in each role holds; nothing else. */
const workOf: Readonly<Record<string, Work>> = {
  idle: {},
  'backup.awaitingState': { arriving: 'maybe' },
  'backup.serving': { state: true },
  'primary.transferringState': { state: true, sending: true, waiting: 'maybe' },
  'primary.serving': { state: true },
  'primary.awaitingBackupAck': { state: true, outstanding: true, waiting: 'maybe' },
  replicaDiverged: { state: 'maybe', arriving: 'maybe' },
}

interface Taken {
  readonly event: ServerEvent
  readonly before: ServerSnapshot
  readonly seen: ReturnType<typeof server.step>
}

/** Walks from every situation with random messages, half of them such as the situation expects; looks at each step. */
function walk(look: (taken: Taken) => void): void {
  fc.assert(
    fc.property(walkOf(), ({ from, moves }) => {
      for (const taken of stepsOf(server, situations[from]!, moves)) look(taken)
    }),
    { numRuns: 300 },
  )
}

function* stepsOf(chart: typeof server, situation: ServerSnapshot, moves: readonly Move[]): Iterable<Taken> {
  let before = situation
  for (const { event: random, expects } of moves) {
    const event = (expects === null ? null : expectedIn(before, expects)) ?? random
    const seen = chart.step(before, event)
    yield { event, before, seen }
    before = seen.snapshot
  }
}

function timersOf(snapshot: ServerSnapshot): readonly string[] {
  return ['pingInterval', 'resendInterval'].filter((name) =>
    snapshot._nodes.some((node) => node.after.some(({ eventType }) => eventType.includes(name))),
  )
}

/** A message; or, where the situation expects something from the other server, that, made of these requests. */
interface Move {
  readonly event: ServerEvent
  readonly expects: readonly Request[] | null
}

function walkOf(): fc.Arbitrary<{ readonly from: string; readonly moves: readonly Move[] }> {
  const expects = nullable(fc.array(requestOf(), { maxLength: 3 }), 1)
  return fc.record({
    from: fc.constantFrom(...Object.keys(situations)),
    moves: fc.array(fc.record({ event: messageOf(), expects }), { minLength: 1, maxLength: 25 }),
  })
}

/** What the other server of the view would send now. */
function expectedIn({ context }: ServerSnapshot, requests: readonly Request[]): ServerEvent | null {
  const { view, outstanding, sending, replica, applied, arriving } = context
  if (view.primary === me && view.backup !== null) {
    const from = view.backup
    if (sending !== null) return pieceAck(sending.index, { viewNumber: view.number, from })
    if (outstanding === null) return null
    return ackOf({ type: 'forward', viewNumber: view.number, ...outstanding }, replica!, { from })
  }
  if (view.backup === me && view.primary !== null) {
    const origin = { viewNumber: view.number, from: view.primary }
    if (replica !== null) return forward(applied.number + 1, requests, origin)
    return somePieces(view)[arriving?.pieces ?? 0]!
  }
  return null
}

function somePieces(of: View) {
  return piecesOf(replicaAfter([openingEntry(alice), entry({ seq: 2, commands: ['a', 'b'] })]), of, 4)
}

const count = fc.integer({ min: 0, max: 8 })
const nodeId = fc.constantFrom(me, partner, third, viewService, '__proto__')
const client = fc.constantFrom(alice, bob, '__proto__')
const nullable = <Value>(value: fc.Arbitrary<Value>, freq = 5) => fc.option(value, { nil: null, freq })

function requestFieldsOf() {
  return {
    session: nullable(fc.integer({ min: 0, max: 5 })),
    seq: fc.integer({ min: 0, max: 4 }),
    commands: fc.array(fc.constantFrom<Json>('a', 'throw', { __proto__: null, b: [1] }), { maxLength: 3 }),
    bytes: fc.nat(40),
  }
}

function requestOf(): fc.Arbitrary<Request> {
  return fc.record({ client, ...requestFieldsOf() })
}

/** Any well-formed message, of any content and from anybody. */
function messageOf(): fc.Arbitrary<ServerEvent> {
  const view = fc
    .record({ number: count, primary: nullable(nodeId), backup: nullable(nodeId) })
    .filter(({ primary, backup }) => primary !== backup || primary === null)
  const viewNumber = count
  const result = fc.oneof(
    fc.record({ value: fc.jsonValue() as fc.Arbitrary<Json> }),
    fc.record({ error: fc.record({ code: fc.constant('applicationError' as const), message: fc.string() }) }),
  )
  const outcome = fc.oneof(
    fc.record({ kind: fc.constant('opened' as const), session: count }),
    fc.record({ kind: fc.constant('results' as const), results: fc.array(result, { maxLength: 2 }) }),
    fc.record({ kind: fc.constantFrom('sessionExpired' as const, 'sequenceReused' as const) }),
  )
  const session = nullable(count)
  const data = fc.oneof(
    fc.jsonValue() as fc.Arbitrary<Json>,
    fc.constantFrom(
      ...somePieces({ number: 5, primary: partner, backup: me }).map((message) => message.data),
    ),
  )
  const type = <Type extends Message['type']>(name: Type) => fc.constant(name)
  const message: fc.Arbitrary<Message> = fc.oneof(
    fc.record({ type: type('ping'), viewNumber }),
    fc.record({ type: type('getView') }),
    fc.record({ type: type('viewReply'), view }),
    fc.record({ type: type('request'), viewNumber, ...requestFieldsOf() }),
    fc.record({ type: type('reply'), session, seq: count, outcome }),
    fc.record({
      type: type('refusal'),
      viewNumber,
      session,
      seq: count,
      reason: fc.constantFrom(...refusalReasons),
    }),
    fc.record({
      type: type('forward'),
      viewNumber,
      number: count,
      requests: fc.array(requestOf(), { maxLength: 3 }),
    }),
    fc.record({ type: type('forwardAck'), viewNumber, number: count, digest: fc.string() }),
    fc.record({ type: type('stateTransfer'), view, index: fc.nat(3), last: fc.boolean(), data }),
    fc.record({ type: type('stateTransferAck'), viewNumber, index: fc.nat(3) }),
    fc.record({ type: type('replicaDiverged'), viewNumber }),
  )
  return fc
    .tuple(message, fc.oneof(nodeId, client))
    .map(
      ([content, from]) =>
        ({ ...content, from: content.type === 'viewReply' ? viewService : from }) as ServerEvent,
    )
}
