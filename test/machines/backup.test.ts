/** Rules S3, S5, S6, T1, T3 and T5 where they concern a backup. */
import { describe, expect, it } from 'vitest'
import type { Json } from '../../machines/application/application.ts'
import { executeAll } from '../../machines/application/at-most-once.ts'
import { digest } from '../../machines/application/digest.ts'
import {
  alice,
  bob,
  diverged,
  entry,
  executedBy,
  forward,
  journal,
  me,
  opening,
  openingEntry,
  partner,
  piece,
  piecesOf,
  replicaAfter,
  request,
  roleOf,
  type ServerSeen,
  sentOf,
  servers,
  third,
  view,
  viewReply,
  withoutPings,
} from './servers.ts'

const server = servers()
const { run, start, awaitingState, backup } = server
const mine = view(partner, me)

const sessionEntries = [openingEntry(alice), openingEntry(bob)]
const replica = replicaAfter([...sessionEntries, entry({ seq: 1, commands: ['a'] })])
const holding = backup(replica)
const acksIn = (seen: ServerSeen) => sentOf(seen, 'forwardAck')
const next = [entry({ seq: 2, commands: ['b'] }), entry({ client: bob, session: 2, commands: ['c', 'd'] })]

describe('forwards', () => {
  it('S6 the forward with the next number is applied', () => {
    const { snapshot } = run(holding, forward(1, next))

    expect(executedBy(snapshot)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('S4 an applied forward is acknowledged to the primary, with its view and its number', () => {
    const seen = run(holding, forward(1, next))

    expect(seen.sent).toEqual([
      {
        to: partner,
        message: { type: 'forwardAck', viewNumber: 5, number: 1, digest: expect.any(String) },
      },
    ])
  })

  it('S6 the acknowledgement carries a digest of the outcomes', () => {
    const { outcomes } = executeAll(journal as never, replica, next, 10)

    const [ack] = acksIn(run(holding, forward(1, next)))

    expect(ack?.digest).toBe(digest(outcomes))
  })

  it('S6 other results have another digest', () => {
    const [one] = acksIn(run(holding, forward(1, next)))
    const [other] = acksIn(run(backup(), forward(1, next)))

    expect(other?.digest).not.toBe(one?.digest)
  })

  it('S3 a backup answers no client: it only acknowledges', () => {
    const { sent } = run(holding, forward(1, next))

    expect(sent.map(({ to }) => to)).toEqual([partner])
  })

  it('S6 the last forward is acknowledged again, the very same (N4), and not applied again', () => {
    const first = run(holding, forward(1, next))

    const again = run(first.snapshot, forward(1, next))

    expect(again.sent).toEqual(first.sent)
    expect(again.snapshot === first.snapshot).toBe(true)
  })

  it('S6 an older forward is ignored', () => {
    const before = run(holding, forward(1, next), forward(2, [])).snapshot

    const { snapshot, ignored } = run(before, forward(1, next))

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['forward: older than the last one applied'])
  })

  it('S6 a forward that leaves out a number is ignored', () => {
    const { snapshot, ignored } = run(holding, forward(2, next))

    expect(snapshot === holding).toBe(true)
    expect(ignored).toEqual(['forward: leaves out a number'])
  })

  it('S6 forwards are applied in their order', () => {
    const { snapshot } = run(
      holding,
      forward(1, [entry({ seq: 2, commands: ['b'] })]),
      forward(2, [entry({ seq: 3, commands: ['c'] })]),
    )

    expect(executedBy(snapshot)).toEqual(['a', 'b', 'c'])
  })

  it.each([
    ['of an older view', { viewNumber: 4 }],
    ['of a newer view', { viewNumber: 6 }],
    ['from another server', { from: third }],
    ['from the backup itself', { from: me }],
  ])('S5 a forward %s is refused', (_, origin) => {
    const { snapshot, ignored, sent } = run(holding, forward(1, next, origin))

    expect(snapshot === holding).toBe(true)
    expect({ ignored, sent }).toEqual({ ignored: ['forward: not from the primary of my view'], sent: [] })
  })

  it('S5 a forward that precedes the transfer is not applied', () => {
    const before = awaitingState()

    const { snapshot, ignored, sent } = run(before, forward(1, next))

    expect(snapshot === before).toBe(true)
    expect({ ignored, sent }).toEqual({ ignored: ['forward: precedes the state transfer'], sent: [] })
  })

  it('S5 a forward of the old view that arrives after promotion is refused', () => {
    const before = run(holding, viewReply(view(me, null, 6))).snapshot

    const { snapshot, ignored } = run(before, forward(1, next))

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['forward: I am not backup'])
  })

  it('S6 numbers begin again with the transfer of a new view', () => {
    const before = run(holding, forward(1, next), forward(2, [])).snapshot
    const [whole] = piecesOf(replica, view(partner, me, 7), 10_000)

    const seen = run(before, whole!, forward(1, next, { viewNumber: 7 }))

    expect(acksIn(seen)).toMatchObject([{ viewNumber: 7, number: 1 }])
    expect(executedBy(seen.snapshot)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('S9 a request that was executed before is not executed again, by any primary', () => {
    const { snapshot } = run(holding, forward(1, [entry({ seq: 1, commands: ['a'] })]))

    expect(executedBy(snapshot)).toEqual(['a'])
  })
})

describe('promotion', () => {
  it('T1 a promoted backup serves from what it has applied', () => {
    const promoted = run(holding, forward(1, next), viewReply(view(me, null, 6))).snapshot

    const seen = run(promoted, request({ seq: 2, commands: ['b'], viewNumber: 6 }))

    expect(sentOf(seen, 'reply')).toMatchObject([{ outcome: { results: [{ value: 2 }] } }])
  })

  it('S3 it refuses requests until then', () => {
    const seen = run(holding, opening())

    expect(sentOf(seen, 'refusal')).toMatchObject([{ reason: 'wrongServer' }])
  })
})

describe('the state transfer', () => {
  const pieces = piecesOf(replica, mine, 3)
  const last = pieces.length - 1
  const confirmation = (index: number, viewNumber = 5) => [
    { to: partner, message: { type: 'stateTransferAck', viewNumber, index } },
  ]

  it('T5 every piece is confirmed with its view and its index', () => {
    let snapshot = awaitingState()

    const confirmed = pieces.map((message) => {
      const seen = run(snapshot, message)
      snapshot = seen.snapshot
      return seen.sent
    })

    expect(pieces.length).toBeGreaterThan(3)
    expect(confirmed).toEqual(pieces.map((_, index) => confirmation(index)))
  })

  it('T5 before the last piece nothing of the state is in use', () => {
    const { snapshot } = run(awaitingState(), ...pieces.slice(0, last))

    expect(snapshot.context.replica).toBeNull()
    expect(roleOf(snapshot)).toBe('backup.awaitingState')
  })

  it('T5 with the last piece the whole state is in use', () => {
    const { snapshot } = run(awaitingState(), ...pieces)

    expect(JSON.stringify(snapshot.context.replica)).toBe(JSON.stringify(replica))
    expect(roleOf(snapshot)).toBe('backup.serving')
    expect(snapshot.context.arriving).toBeNull()
  })

  it('T5 the context says how much has arrived', () => {
    const { snapshot } = run(awaitingState(), ...pieces.slice(0, 2))

    expect(snapshot.context.arriving?.pieces).toBe(2)
  })

  it('T3 a copy of a piece is confirmed again and taken once', () => {
    const before = run(awaitingState(), ...pieces.slice(0, 2)).snapshot

    for (const index of [0, 1]) {
      const seen = run(before, pieces[index]!)

      expect(seen.sent).toEqual(confirmation(index))
      expect(seen.snapshot === before).toBe(true)
    }
  })

  it('T5 a piece ahead of those before it is ignored', () => {
    const before = run(awaitingState(), pieces[0]!).snapshot

    for (const ahead of [pieces[2]!, pieces[last]!]) {
      const { snapshot, ignored, sent } = run(before, ahead)

      expect(snapshot === before).toBe(true)
      expect({ ignored, sent }).toEqual({ ignored: ['stateTransfer: leaves out a piece'], sent: [] })
    }
  })

  it('T3 a second copy of the transfer that arrives after later forwards is confirmed and rolls nothing back', () => {
    const before = run(awaitingState(), ...pieces, forward(1, next)).snapshot

    for (const [index, message] of pieces.entries()) {
      const seen = run(before, message)

      expect(seen.sent).toEqual(confirmation(index))
      expect(seen.snapshot === before).toBe(true)
    }
  })

  it.each([
    ['of an older view', view(partner, me, 4), partner, 'stateTransfer: of an older view'],
    ['of this view from another server', mine, third, 'stateTransfer: not from a primary to its backup'],
    [
      'of this view to another server',
      view(partner, third),
      partner,
      'stateTransfer: not from a primary to its backup',
    ],
  ] as const)('S5 a piece %s is refused before, during and after the transfer', (_, of, from, reason) => {
    for (const before of [awaitingState(), run(awaitingState(), pieces[0]!).snapshot, holding]) {
      const { snapshot, ignored, sent } = run(before, piece(of, 0, true, pieces[0]!.data, from))

      expect(snapshot === before).toBe(true)
      expect({ ignored, sent }).toEqual({ ignored: [reason], sent: [] })
    }
  })

  it('T1 it replaces a divergent state of an old primary, and merges nothing', () => {
    const divergent = server.alone(opening('x#1'), request({ client: 'x#1', commands: ['lost'] }))
    const newer = piecesOf(replica, view(partner, me, 6), 10_000)

    const { snapshot } = run(divergent, ...newer)

    expect(JSON.stringify(snapshot.context.replica)).toBe(JSON.stringify(replica))
  })

  it('T1 a backup that is appointed again gives up the state it has', () => {
    const { snapshot } = run(holding, viewReply(view(partner, me, 7)))

    expect(snapshot.context.replica).toBeNull()
    expect(roleOf(snapshot)).toBe('backup.awaitingState')
  })

  it('T5 a newer view gives up what has arrived of the old one', () => {
    const newer = piecesOf(replicaAfter([]), view(partner, me, 7), 1)
    const before = run(awaitingState(), ...pieces.slice(0, 3)).snapshot

    const { snapshot } = run(before, ...newer)

    expect(executedBy(snapshot)).toEqual([])
    expect(snapshot.context.view.number).toBe(7)
  })

  it('T5 the first piece of a newer view begins the transfer again', () => {
    const newer = piecesOf(replica, view(partner, me, 7), 3)
    const before = run(awaitingState(), ...pieces.slice(0, 3)).snapshot

    const seen = run(before, newer[0]!)

    expect(withoutPings(seen)).toEqual(confirmation(0, 7))
    expect(seen.snapshot.context.arriving?.pieces).toBe(1)
  })

  it('T3 pieces of the older view are ignored once the newer one has begun', () => {
    const newer = piecesOf(replica, view(partner, me, 7), 3)
    const before = run(awaitingState(), pieces[0]!, newer[0]!).snapshot

    const { snapshot, ignored } = run(before, pieces[1]!)

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['stateTransfer: of an older view'])
  })

  it('T1 the transfer needs no message before it: not even the view', () => {
    const { snapshot } = run(start().snapshot, ...pieces)

    expect(roleOf(snapshot)).toBe('backup.serving')
    expect(snapshot.context.view).toEqual(mine)
  })

  it.each<readonly [string, number, boolean, Json]>([
    ['is no piece', 0, true, null],
    ['has no state at its end', 0, true, { position: 0, sessions: [] }],
    ['has a state that the application cannot read', 0, true, { position: 0, sessions: [], state: '}' }],
    ['has a session twice', 0, false, { position: 9, sessions: [session(1, 'a'), session(1, 'b')] }],
    ['has a client twice', 0, false, { position: 9, sessions: [session(1, 'a'), session(2, 'a')] }],
    ['has a position twice', 0, false, { position: 9, sessions: [session(1, 'a', 3), session(2, 'b', 3)] }],
    ['has a session of the future', 0, false, { position: 2, sessions: [session(3, 'a')] }],
    [
      'has a session that was used before it was opened',
      0,
      false,
      { position: 9, sessions: [session(3, 'a', 2)] },
    ],
  ])('N3 a piece that %s is refused', (_, index, isLast, data) => {
    const before = awaitingState()

    const { snapshot, ignored, sent } = run(before, piece(mine, index, isLast, data))

    expect(snapshot === before).toBe(true)
    expect({ ignored, sent }).toEqual({
      ignored: ['stateTransfer: not a state of this application'],
      sent: [],
    })
  })
})

describe('replicas that disagree', () => {
  const stopped = run(holding, diverged())

  it('S6 the backup stops with its primary', () => {
    expect(roleOf(stopped.snapshot)).toBe('replicaDiverged')
    expect(stopped.sent).toEqual([])
  })

  it('S6 it applies nothing more', () => {
    const { snapshot, ignored } = run(stopped.snapshot, forward(1, next))

    expect(snapshot === stopped.snapshot).toBe(true)
    expect(ignored).toEqual(['replicaDiverged: this server has stopped'])
  })

  it('S6 it is not promoted', () => {
    const { snapshot } = run(stopped.snapshot, viewReply(view(me, null, 6)))

    expect(snapshot === stopped.snapshot).toBe(true)
  })

  it('S6 it tells no one, however long it stays', () => {
    const { sent } = server.fire(stopped.snapshot, 'resendInterval')

    expect(sent).toEqual([])
  })

  it.each([
    ['of an older view', { viewNumber: 4 }],
    ['of a newer view', { viewNumber: 6 }],
    ['from another server', { from: third }],
  ])('S6 a notice %s stops no one', (_, origin) => {
    for (const before of [holding, awaitingState()]) {
      const { snapshot, ignored } = run(before, diverged(origin))

      expect(snapshot === before).toBe(true)
      expect(ignored).toEqual(['replicaDiverged: not from the primary of my view'])
    }
  })
})

function session(id: number, client: string, position = id): Json {
  return [id, { client, seq: 0, digest: '', results: [], position }]
}
