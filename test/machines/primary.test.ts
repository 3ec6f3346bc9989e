/** Rules S3, S4, S6 to S9 and T1 to T6 where they concern a primary. */
import { describe, expect, it } from 'vitest'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import type { Message, Received } from '../../machines/messages.ts'
import { serverDefaults } from '../../machines/server/context.ts'
import {
  ackOf,
  alice,
  bob,
  carol,
  diverged,
  entry,
  executedBy,
  me,
  opening,
  openingEntry,
  partner,
  pieceAck,
  piecesOf,
  type RequestFields,
  replicaAfter,
  request,
  roleOf,
  type ServerSeen,
  type ServerSnapshot,
  sentOf,
  servers,
  third,
  view,
  viewReply,
  withoutPings,
} from './servers.ts'

const server = servers()
const { run, alone, serving, transferring } = server

/** Alice's session is 1, Bob's is 2. */
const sessions = [opening(alice), opening(bob)]
const sessionEntries = [openingEntry(alice), openingEntry(bob)]
const ofBob = (fields: RequestFields = {}) => request({ client: bob, session: 2, ...fields })
const bobEntry = (fields: RequestFields = {}) => entry({ client: bob, session: 2, ...fields })

const rightAck = ({ context }: ServerSnapshot): Received<'forwardAck'> =>
  ackOf({ type: 'forward', viewNumber: context.view.number, ...context.outstanding! }, context.replica!, {
    from: context.view.backup!,
  })
const acknowledge = (snapshot: ServerSnapshot): ServerSeen => run(snapshot, rightAck(snapshot))
const forwardsIn = (seen: ServerSeen) => sentOf(seen, 'forward')
const repliesIn = (seen: ServerSeen) =>
  seen.sent.flatMap(({ to, message }) => (message.type === 'reply' ? [{ to, outcome: message.outcome }] : []))
const reasonsIn = (seen: ServerSeen) => sentOf(seen, 'refusal').map(({ reason }) => reason)
const results = (...values: readonly unknown[]) => ({
  kind: 'results',
  results: values.map((value) => ({ value })),
})
const queueOf = (snapshot: ServerSnapshot) => [...snapshot.context.queue]
/** Outstanding: Alice's number 1. */
const busy = run(serving(...sessions), request({ seq: 1 })).snapshot

describe('refusing requests', () => {
  it.each([
    ['alone', alone()],
    ['with a backup', serving()],
    ['with a forward outstanding', busy],
    ['during a transfer', transferring()],
  ])('S3 a request that names another view is refused wrongView: %s', (_, before) => {
    for (const viewNumber of [4, 6]) {
      const seen = run(before, request({ viewNumber }))

      expect(sentOf(seen, 'refusal')).toEqual([
        { type: 'refusal', viewNumber: 5, session: 1, seq: 1, reason: 'wrongView' },
      ])
      expect(seen.snapshot === before).toBe(true)
    }
  })

  it('T2 while a transfer is under way a request is refused stateTransfer', () => {
    const before = transferring(...sessions)

    const seen = run(before, request())

    expect(reasonsIn(seen)).toEqual(['stateTransfer'])
    expect(seen.snapshot === before).toBe(true)
  })

  it('T2 even a stored result is not repeated while a transfer is under way', () => {
    const seen = run(transferring(...sessions, request()), request())

    expect(reasonsIn(seen)).toEqual(['stateTransfer'])
  })

  it('S3 wrongView comes before overloaded', () => {
    const full = servers({ queueMax: 0 })
    const before = full.run(full.serving(...sessions), request()).snapshot

    expect(reasonsIn(full.run(before, ofBob({ viewNumber: 6 })))).toEqual(['wrongView'])
    expect(reasonsIn(full.run(before, ofBob()))).toEqual(['overloaded'])
  })

  it('S3 a refusal speaks of that copy only: the earlier one is executed', () => {
    const before = run(busy, request({ viewNumber: 4 })).snapshot

    const seen = acknowledge(before)

    expect(repliesIn(seen)).toEqual([{ to: alice, outcome: results(1) }])
  })
})

describe('deciding with a backup', () => {
  it('S4 a command is forwarded, and not answered yet', () => {
    const seen = run(serving(...sessions), request({ seq: 1, commands: ['a'] }))

    expect(seen.sent).toEqual([
      {
        to: partner,
        message: {
          type: 'forward',
          viewNumber: 5,
          number: 1,
          requests: [entry({ seq: 1, commands: ['a'] })],
        },
      },
    ])
    expect(roleOf(seen.snapshot)).toBe('primary.awaitingBackupAck')
  })

  it('S4 reads are forwarded like any other command', () => {
    const store = servers({}, keyValueStore as never)

    const seen = store.run(store.serving(...sessions), request({ commands: [{ op: 'get', key: 'k' }] }))

    expect(seen.sent.map(({ message }) => message.type)).toEqual(['forward'])
  })

  it('S4 the primary executes only after the acknowledgement', () => {
    expect(executedBy(busy)).toEqual([])
    expect(executedBy(acknowledge(busy).snapshot)).toEqual(['1'])
  })

  it('S4 the acknowledgement is answered with the results', () => {
    const seen = acknowledge(run(serving(...sessions), request({ seq: 1, commands: ['a', 'b'] })).snapshot)

    expect(seen.sent).toEqual([
      { to: alice, message: { type: 'reply', session: 1, seq: 1, outcome: results(1, 2) } },
    ])
    expect(roleOf(seen.snapshot)).toBe('primary.serving')
  })

  it.each([
    ['of another forward', { number: 2 }],
    ['of an older forward', { number: 0 }],
    ['of an older view', { viewNumber: 4 }],
    ['of a newer view', { viewNumber: 6 }],
    ['from another server', { from: third }],
    ['from the primary itself', { from: me }],
  ])('S6 an acknowledgement %s commits nothing', (_, wrong) => {
    const { snapshot, ignored } = run(busy, { ...rightAck(busy), ...wrong })

    expect(snapshot === busy).toBe(true)
    expect(ignored).toEqual(['forwardAck: not of my outstanding forward'])
  })

  it('S6 a second copy of an acknowledgement commits nothing', () => {
    const ack = rightAck(busy)
    const before = run(busy, ack).snapshot

    const { snapshot, ignored } = run(before, ack)

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['forwardAck: not of my outstanding forward'])
  })

  it('S6 the acknowledgement of the last view with the same number commits nothing in this one', () => {
    const late = rightAck(busy)
    const { snapshot } = run(busy, viewReply(view(me, partner, 7)), pieceAck(0, { viewNumber: 7 }))

    const seen = run(snapshot, late)

    expect(snapshot.context.outstanding?.number).toBe(late.number)
    expect(seen.snapshot === snapshot).toBe(true)
  })

  it('S6 one forward is outstanding at a time', () => {
    const seen = run(busy, ofBob())

    expect(seen.sent).toEqual([])
    expect(queueOf(seen.snapshot)).toEqual([bobEntry()])
  })

  it('S6 forwards are numbered within the view from 1 on', () => {
    const first = run(serving(...sessions), request({ seq: 1 }))
    const second = run(acknowledge(first.snapshot).snapshot, request({ seq: 2 }))

    expect([first, second].flatMap(forwardsIn).map(({ number }) => number)).toEqual([1, 2])
  })

  it('S6 numbers begin again in a new view', () => {
    const seen = run(busy, viewReply(view(me, third, 6)), pieceAck(0, { viewNumber: 6, from: third }))

    expect(forwardsIn(seen)).toMatchObject([{ viewNumber: 6, number: 1 }])
  })

  it('N4 a forward that is not acknowledged is sent again, the very same', () => {
    const first = run(serving(...sessions), request())

    const again = server.fire(first.snapshot, 'resendInterval')
    const thrice = server.fire(again.snapshot, 'resendInterval')

    expect(again.sent).toEqual(first.sent)
    expect(thrice.sent).toEqual(first.sent)
    expect(thrice.snapshot.context).toBe(first.snapshot.context)
  })

  it('S4 a forward is sent again after the resend interval for as long as it is outstanding', () => {
    const { timers } = server.fire(busy, 'resendInterval')

    expect(timers).toEqual([expect.stringContaining('resendInterval')])
  })

  it('S6 each result goes to its own caller when acknowledgements come in the wrong order', () => {
    const first = rightAck(busy)
    const waiting = run(busy, ofBob({ commands: ['b'] })).snapshot
    const second: Received<'forwardAck'> = { ...first, number: 2 }

    const early = run(waiting, second)
    const committed = run(early.snapshot, first)
    const done = acknowledge(committed.snapshot)

    expect(early.ignored).toEqual(['forwardAck: not of my outstanding forward'])
    expect(repliesIn(committed)).toEqual([{ to: alice, outcome: results(1) }])
    expect(repliesIn(done)).toEqual([{ to: bob, outcome: results(2) }])
  })

  it('S4 a deposed primary that still believes in its view answers no read: its backup refuses the forward', () => {
    const store = servers({}, keyValueStore as never)
    const reading = store.run(store.serving(...sessions), request({ commands: [{ op: 'get', key: 'k' }] }))
    const [forwarded] = forwardsIn(reading)
    const other = servers({}, keyValueStore as never)
    const replica = replicaAfter(sessionEntries, keyValueStore as never)
    const backup = other.run(
      other.start(partner).snapshot,
      ...piecesOf(replica, view(me, partner), 1_000, keyValueStore as never),
      viewReply(view(partner, null, 6)),
    )

    const refused = other.run(backup.snapshot, { ...forwarded!, from: me })
    const retried = store.fire(reading.snapshot, 'resendInterval')

    expect(refused.sent).toEqual([])
    expect(refused.ignored).toEqual(['forward: I am not backup'])
    expect(repliesIn(retried)).toEqual([])
  })
})

describe('deciding alone', () => {
  it('S4 a primary without a backup executes and answers at once', () => {
    const seen = run(alone(...sessions), request({ commands: ['a'] }))

    expect(seen.sent).toEqual([
      { to: alice, message: { type: 'reply', session: 1, seq: 1, outcome: results(1) } },
    ])
    expect(executedBy(seen.snapshot)).toEqual(['a'])
  })

  it('S4 it sends no forward and nothing stays outstanding', () => {
    const { snapshot } = run(alone(...sessions), request())

    expect(snapshot.context).toMatchObject({ outstanding: null, forwards: 0 })
    expect(snapshot.context.queue.size).toBe(0)
  })
})

describe('batches', () => {
  it('S7 what arrives while a forward is outstanding goes out together in the next', () => {
    const waiting = run(busy, ofBob(), opening(carol)).snapshot

    const seen = acknowledge(waiting)

    expect(forwardsIn(seen)).toEqual([
      { type: 'forward', viewNumber: 5, number: 2, requests: [bobEntry(), openingEntry(carol)] },
    ])
  })

  it('S7 an acknowledged batch answers every request in it', () => {
    const batch = acknowledge(run(busy, ofBob({ commands: ['b'] }), opening(carol)).snapshot).snapshot

    const seen = acknowledge(batch)

    expect(repliesIn(seen)).toEqual([
      { to: bob, outcome: results(2) },
      { to: carol, outcome: { kind: 'opened', session: 5 } },
    ])
  })

  it('S7 requests go out in the order in which they arrived', () => {
    const names = ['z', 'a', 'm', 'b'].map((name) => `${name}#1`)

    const { snapshot } = run(busy, ...names.map((name) => opening(name)))

    expect(queueOf(snapshot).map(({ client }) => client)).toEqual(names)
  })

  it('S7 a copy of the outstanding request is absorbed', () => {
    const { snapshot, ignored } = run(busy, request({ seq: 1 }))

    expect(snapshot === busy).toBe(true)
    expect(ignored).toEqual(['request: a copy of it waits already'])
  })

  it('S7 a copy of a waiting request is absorbed', () => {
    const before = run(busy, ofBob()).snapshot

    const { snapshot, ignored } = run(before, ofBob())

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['request: a copy of it waits already'])
  })

  it('S7 two copies of an opening are one', () => {
    const before = run(busy, opening(carol)).snapshot

    const { snapshot, ignored } = run(before, opening(carol))

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['request: a copy of it waits already'])
  })

  it('S7 a session has one entry: its newer request takes the place of the one that waits', () => {
    const { snapshot } = run(busy, ofBob({ seq: 1 }), opening(carol), ofBob({ seq: 2 }))

    expect(queueOf(snapshot)).toEqual([bobEntry({ seq: 2 }), openingEntry(carol)])
  })

  it('S9 a request behind the one that waits is stale', () => {
    const before = run(busy, ofBob({ seq: 2 })).snapshot

    const { snapshot, ignored } = run(before, ofBob({ seq: 1 }))

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['request: staleSequence'])
  })

  it('S9 a request behind the outstanding one is stale', () => {
    const before = run(serving(...sessions), request({ seq: 2 })).snapshot

    const { snapshot, ignored } = run(before, request({ seq: 1 }))

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['request: staleSequence'])
  })

  it('S7 a newer request waits while its session has one outstanding', () => {
    const { snapshot } = run(busy, request({ seq: 2 }))

    expect(queueOf(snapshot)).toEqual([entry({ seq: 2 })])
  })

  it('S7 the session of one client is not that of another with the same number', () => {
    const { snapshot } = run(busy, ofBob(), request({ client: carol, session: 2, seq: 1 }))

    expect(queueOf(snapshot)).toHaveLength(2)
  })

  it('S7 a forward has at most batchMax requests', () => {
    const small = servers({ batchMax: 2 })
    const waiting = small.run(
      small.run(small.serving(...sessions), request()).snapshot,
      ...['x#1', 'y#1', 'z#1'].map((name) => opening(name)),
    ).snapshot

    const seen = small.run(waiting, rightAck(waiting))

    expect(forwardsIn(seen).map(({ requests }) => requests.map(({ client }) => client))).toEqual([
      ['x#1', 'y#1'],
    ])
    expect(queueOf(seen.snapshot).map(({ client }) => client)).toEqual(['z#1'])
  })

  it('S7 a forward has at most batchBytesMax bytes', () => {
    const small = servers({ batchBytesMax: 10 })
    const waiting = small.run(
      small.run(small.serving(...sessions), request()).snapshot,
      ofBob({ bytes: 6 }),
      request({ client: carol, bytes: 4 }),
      request({ client: 'd#1', bytes: 1 }),
    ).snapshot

    const seen = small.run(waiting, rightAck(waiting))

    expect(forwardsIn(seen).map(({ requests }) => requests.map(({ bytes }) => bytes))).toEqual([[6, 4]])
  })

  it('S7 a request larger than a forward may be still goes, alone', () => {
    const small = servers({ batchBytesMax: 10 })

    const seen = small.run(small.serving(...sessions), request({ bytes: 11 }))

    expect(forwardsIn(seen)).toMatchObject([{ requests: [{ bytes: 11 }] }])
  })

  it('S7 past queueMax a request is refused overloaded', () => {
    const small = servers({ queueMax: 2 })
    const before = small.run(
      small.run(small.serving(...sessions), request()).snapshot,
      ofBob(),
      opening(carol),
    ).snapshot

    const seen = small.run(before, opening('d#1'))

    expect(seen.sent).toEqual([
      { to: 'd#1', message: { type: 'refusal', viewNumber: 5, session: null, seq: 0, reason: 'overloaded' } },
    ])
    expect(seen.snapshot === before).toBe(true)
  })

  it('S7 past queueBytesMax a request is refused overloaded', () => {
    const small = servers({ queueBytesMax: 10 })
    const before = small.run(
      small.run(small.serving(...sessions), request()).snapshot,
      ofBob({ bytes: 6 }),
    ).snapshot

    expect(reasonsIn(small.run(before, request({ client: carol, bytes: 5 })))).toEqual(['overloaded'])
    expect(reasonsIn(small.run(before, request({ client: carol, bytes: 4 })))).toEqual([])
  })

  it('S7 a request larger than the queue may be waits when nothing else does', () => {
    const small = servers({ queueBytesMax: 10 })
    const before = small.run(small.serving(...sessions), request()).snapshot

    const seen = small.run(before, ofBob({ bytes: 11 }))

    expect(queueOf(seen.snapshot)).toHaveLength(1)
  })

  it('S7 a newer request of a session that waits needs no room of its own', () => {
    const small = servers({ queueMax: 1, queueBytesMax: 10 })
    const before = small.run(
      small.run(small.serving(...sessions), request()).snapshot,
      ofBob({ bytes: 10 }),
    ).snapshot

    const seen = small.run(before, ofBob({ seq: 2, bytes: 20 }))

    expect(queueOf(seen.snapshot)).toEqual([bobEntry({ seq: 2, bytes: 20 })])
  })

  it('S7 the bytes of the request whose place is taken are free', () => {
    const small = servers({ queueBytesMax: 10 })
    const before = small.run(
      small.run(small.serving(...sessions), request()).snapshot,
      ofBob({ bytes: 6 }),
      request({ client: carol, bytes: 3 }),
    ).snapshot

    expect(reasonsIn(small.run(before, ofBob({ seq: 2, bytes: 7 })))).toEqual([])
    expect(reasonsIn(small.run(before, ofBob({ seq: 2, bytes: 8 })))).toEqual(['overloaded'])
  })

  it('S7 a full queue still absorbs copies, and repeats what is stored', () => {
    const small = servers({ queueMax: 1 })
    const before = small.run(
      small.run(small.serving(...sessions, ofBob()), request()).snapshot,
      opening(carol),
    ).snapshot

    expect(small.run(before, opening(carol)).ignored).toEqual(['request: a copy of it waits already'])
    expect(repliesIn(small.run(before, ofBob()))).toEqual([{ to: bob, outcome: results(1) }])
  })

  it('S7 the queue has room again once its requests are out', () => {
    const small = servers({ queueMax: 1 })
    const full = small.run(small.run(small.serving(...sessions), request()).snapshot, ofBob()).snapshot

    const { snapshot } = small.run(full, rightAck(full), opening(carol))

    expect(queueOf(snapshot)).toEqual([openingEntry(carol)])
  })
})

describe('stored results', () => {
  const served = [...sessions, request({ seq: 1, commands: ['a'] }), request({ seq: 2, commands: ['b'] })]
  const withOutstanding = run(serving(...served), ofBob()).snapshot

  it.each([
    ['alone', alone(...served)],
    ['with a backup', serving(...served)],
    ['with a forward outstanding', withOutstanding],
  ])('S9 a repeat gets the stored results and changes nothing: %s', (_, before) => {
    const seen = run(before, request({ seq: 2, commands: ['b'] }))

    expect(seen.sent).toEqual([
      { to: alice, message: { type: 'reply', session: 1, seq: 2, outcome: results(2) } },
    ])
    expect(seen.snapshot === before).toBe(true)
  })

  it.each([
    ['alone', alone(...served)],
    ['with a backup', serving(...served)],
    ['with a forward outstanding', withOutstanding],
  ])('S9 an older number is ignored: %s', (_, before) => {
    const { snapshot, ignored, sent } = run(before, request({ seq: 1, commands: ['a'] }))

    expect(snapshot === before).toBe(true)
    expect({ ignored, sent }).toEqual({ ignored: ['request: staleSequence'], sent: [] })
  })

  it.each([
    ['alone', alone(...served)],
    ['with a backup', serving(...served)],
    ['with a forward outstanding', withOutstanding],
  ])('S9 the same number with other commands is sequenceReused: %s', (_, before) => {
    const seen = run(before, request({ seq: 2, commands: ['c'] }))

    expect(repliesIn(seen)).toEqual([{ to: alice, outcome: { kind: 'sequenceReused' } }])
    expect(seen.snapshot === before).toBe(true)
  })

  it.each([
    ['alone', alone(...served)],
    ['with a backup', serving(...served)],
    ['with a forward outstanding', withOutstanding],
  ])('S9 a copy of an opening is answered with the session it opened: %s', (_, before) => {
    const seen = run(before, opening(alice))

    expect(repliesIn(seen)).toEqual([{ to: alice, outcome: { kind: 'opened', session: 1 } }])
    expect(seen.snapshot === before).toBe(true)
  })

  it('N4 copies of what is answered already make no forwards, so that their number cannot grow for ever', () => {
    const before = serving(...served)

    const { snapshot } = run(before, opening(alice), opening(alice), request({ seq: 2, commands: ['b'] }))

    expect(snapshot === before).toBe(true)
  })

  it("S9 another client's repeat gets none of the stored results", () => {
    const seen = run(alone(...served), request({ client: carol, seq: 2, commands: ['b'] }))

    expect(repliesIn(seen)).toEqual([{ to: carol, outcome: { kind: 'sessionExpired' } }])
  })

  it('S10 that a session has expired is decided at execution: the request is forwarded first', () => {
    const forwarded = run(serving(...served), request({ session: 77, seq: 1 }))

    const seen = acknowledge(forwarded.snapshot)

    expect(forwarded.sent.map(({ message }) => message.type)).toEqual(['forward'])
    expect(repliesIn(seen)).toEqual([{ to: alice, outcome: { kind: 'sessionExpired' } }])
  })

  it('S10 a session that expires while its request waits gets sessionExpired', () => {
    const one = servers({ sessionsMax: 1 })
    const waiting = one.run(one.serving(opening(alice)), opening(bob), request({ seq: 1 })).snapshot
    const forwarded = one.run(waiting, rightAck(waiting))

    const seen = one.run(forwarded.snapshot, rightAck(forwarded.snapshot))

    expect(forwardsIn(forwarded)).toMatchObject([{ requests: [{ client: alice, seq: 1 }] }])
    expect(repliesIn(seen)).toEqual([{ to: alice, outcome: { kind: 'sessionExpired' } }])
    expect(executedBy(seen.snapshot)).toEqual([])
  })
})

describe('a view change with requests undecided', () => {
  /** Outstanding: Alice's number 1; waiting: Bob's number 1. */
  const waiting = run(busy, ofBob({ commands: ['b'] })).snapshot

  it('S8 nothing is answered in the old view: its acknowledgement comes too late', () => {
    const late = rightAck(waiting)
    const { snapshot } = run(waiting, viewReply(view(me, third, 6)))

    const seen = run(snapshot, late)

    expect(seen.snapshot === snapshot).toBe(true)
    expect(seen.ignored).toEqual(['forwardAck: not of my outstanding forward'])
  })

  it('S8 a still-primary without a backup decides the commands alone, the outstanding ones first', () => {
    const seen = run(waiting, viewReply(view(me, null, 6)))

    expect(repliesIn(seen)).toEqual([
      { to: alice, outcome: results(1) },
      { to: bob, outcome: results(2) },
    ])
    expect(executedBy(seen.snapshot)).toEqual(['1', 'b'])
    expect(roleOf(seen.snapshot)).toBe('primary.serving')
  })

  it('S8 a still-primary with a new backup answers nothing before the transfer', () => {
    const seen = run(waiting, viewReply(view(me, third, 6)))

    expect(seen.sent.map(({ to, message }) => [to, message.type])).toEqual([[third, 'stateTransfer']])
    expect(executedBy(seen.snapshot)).toEqual([])
  })

  it('T4 what is undecided is no part of the transfer', () => {
    const seen = run(waiting, viewReply(view(me, third, 6)))

    const [transfer] = sentOf(seen, 'stateTransfer')

    expect(transfer).toMatchObject({ last: true, data: { state: '[]' } })
  })

  it('S8 a still-primary with a new backup decides the commands with it after the transfer', () => {
    const seen = run(waiting, viewReply(view(me, third, 6)), pieceAck(0, { viewNumber: 6, from: third }))

    expect(withoutPings(seen)).toEqual([
      {
        to: third,
        message: {
          type: 'forward',
          viewNumber: 6,
          number: 1,
          requests: [entry({ seq: 1 }), bobEntry({ commands: ['b'] })],
        },
      },
    ])
  })

  it('S8 the commands survive any number of view changes, in their order', () => {
    const { snapshot } = run(
      waiting,
      viewReply(view(me, third, 6)),
      viewReply(view(me, partner, 7)),
      viewReply(view(me, third, 8)),
    )

    expect(queueOf(snapshot)).toEqual([entry({ seq: 1 }), bobEntry({ commands: ['b'] })])
  })

  it('S8 a view that gives the backup up during its transfer lets the commands be decided alone', () => {
    const seen = run(waiting, viewReply(view(me, third, 6)), viewReply(view(me, null, 7)))

    expect(repliesIn(seen).map(({ to }) => to)).toEqual([alice, bob])
  })

  it('S8 what is requeued goes within the bounds of a forward', () => {
    const small = servers({ batchMax: 1 })
    const before = small.run(small.run(small.serving(...sessions), request()).snapshot, ofBob()).snapshot

    const seen = small.run(before, viewReply(view(me, third, 6)), pieceAck(0, { viewNumber: 6, from: third }))

    expect(forwardsIn(seen)).toMatchObject([{ requests: [{ client: alice }] }])
    expect(queueOf(seen.snapshot)).toEqual([bobEntry()])
  })

  it('S7 of a session with one request outstanding and a newer one waiting, the newer one is requeued', () => {
    const { snapshot } = run(busy, request({ seq: 2 }), viewReply(view(me, third, 6)))

    expect(queueOf(snapshot)).toEqual([entry({ seq: 2 })])
  })

  it('S8 a copy of a requeued request is absorbed once the view is served', () => {
    const before = run(
      waiting,
      viewReply(view(me, third, 6)),
      pieceAck(0, { viewNumber: 6, from: third }),
    ).snapshot

    const { snapshot, ignored } = run(before, request({ seq: 1, viewNumber: 6 }))

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['request: a copy of it waits already'])
  })

  it.each([
    ['backup', view(partner, me, 6)],
    ['neither', view(partner, third, 6)],
  ])('S8 a server that is no longer primary drops them: %s', (_, next) => {
    const seen = run(waiting, viewReply(next))

    expect(withoutPings(seen)).toEqual([])
    expect(seen.snapshot.context.outstanding).toBeNull()
    expect(queueOf(seen.snapshot)).toEqual([])
  })

  it('S9 a promoted backup that had applied the command repeats its result to a client that retries', () => {
    const other = servers()
    const backup = other.run(
      other.start(partner).snapshot,
      ...piecesOf(replicaAfter(sessionEntries), view(me, partner), 1_000),
      { ...forwardOf(busy), from: me },
      viewReply(view(partner, null, 6)),
    ).snapshot

    const seen = other.run(backup, request({ seq: 1, viewNumber: 6 }))

    expect(repliesIn(seen)).toEqual([{ to: alice, outcome: results(1) }])
    expect(executedBy(seen.snapshot)).toEqual(['1'])
  })
})

describe('the state transfer', () => {
  const served = [...sessions, request({ commands: ['a'] }), ofBob({ commands: ['b'] })]
  const tiny = servers({ transferBytesMax: 3 })
  /** All pieces that a primary sends, each one acknowledged. */
  const allPieces = (first: ServerSnapshot) => {
    const pieces: (Message & { type: 'stateTransfer' })[] = []
    for (let snapshot = first; snapshot.context.sending !== null; ) {
      const [sent] = sentOf(tiny.fire(snapshot, 'resendInterval'), 'stateTransfer')
      pieces.push(sent!)
      snapshot = tiny.run(snapshot, pieceAck(sent!.index)).snapshot
    }
    return pieces
  }

  it('T1 it carries the whole state, the whole session table and the view', () => {
    const seen = run(alone(...served), viewReply(view(me, partner, 6)))

    expect(sentOf(seen, 'stateTransfer')).toEqual([
      {
        type: 'stateTransfer',
        view: view(me, partner, 6),
        index: 0,
        last: true,
        data: {
          position: 4,
          state: '["a","b"]',
          sessions: [
            [1, expect.objectContaining({ client: alice, seq: 1, results: [{ value: 1 }] })],
            [2, expect.objectContaining({ client: bob, seq: 1, results: [{ value: 2 }] })],
          ],
        },
      },
    ])
  })

  it('T1 a backup that has nothing but the pieces has the same replica', () => {
    const primary = tiny.transferring(...served)
    const other = servers()
    const pieces = allPieces(primary).map((message) => ({ ...message, from: me }))

    const { snapshot } = other.run(other.start(partner).snapshot, ...pieces)

    expect(JSON.stringify(snapshot.context.replica)).toBe(JSON.stringify(primary.context.replica))
  })

  it('T5 a large state goes in pieces, counted from 0, the last one marked', () => {
    const pieces = allPieces(tiny.transferring(...served))

    expect(pieces.length).toBeGreaterThan(3)
    expect(pieces.map(({ index }) => index)).toEqual(pieces.map((_, index) => index))
    expect(pieces.map(({ last }) => last)).toEqual(pieces.map((_, index) => index === pieces.length - 1))
  })

  it('T5 the next piece goes only after the acknowledgement of the one before', () => {
    const before = tiny.transferring(...served)

    const seen = tiny.run(before, pieceAck(0))

    expect(sentOf(seen, 'stateTransfer')).toMatchObject([{ index: 1 }])
    expect(roleOf(seen.snapshot)).toBe('primary.transferringState')
  })

  it('T5 the context says how far the transfer is', () => {
    const { snapshot } = tiny.run(tiny.transferring(...served), pieceAck(0), pieceAck(1))

    expect(snapshot.context.sending).toMatchObject({ index: 2 })
  })

  it.each([
    ['a piece not sent yet', { index: 2 }],
    ['the piece before', { index: 0 }],
    ['an older view', { index: 1, viewNumber: 4 }],
    ['a newer view', { index: 1, viewNumber: 6 }],
    ['another server', { index: 1, from: third }],
  ])('T3 an acknowledgement of %s confirms nothing', (_, { index, ...origin }) => {
    const before = tiny.run(tiny.transferring(...served), pieceAck(0)).snapshot

    const { snapshot, ignored } = tiny.run(before, pieceAck(index, origin))

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['stateTransferAck: not of the piece that I sent'])
  })

  it('T3 a piece is retried until confirmed, the very same (N4)', () => {
    const first = tiny.run(tiny.transferring(...served), pieceAck(0))

    const again = tiny.fire(first.snapshot, 'resendInterval')
    const thrice = tiny.fire(again.snapshot, 'resendInterval')

    expect(again.sent).toEqual(first.sent)
    expect(thrice.sent).toEqual(first.sent)
    expect(thrice.timers).toEqual([expect.stringContaining('resendInterval')])
    expect(thrice.snapshot.context).toBe(first.snapshot.context)
  })

  it('T3 a new view ends the transfer and begins its own, from the first piece', () => {
    const before = tiny.run(tiny.transferring(...served), pieceAck(0)).snapshot

    const seen = tiny.run(before, viewReply(view(me, third, 6)))

    expect(withoutPings(seen)).toMatchObject([
      { to: third, message: { type: 'stateTransfer', view: view(me, third, 6), index: 0 } },
    ])
  })

  it('T3 acknowledgements of the old view confirm nothing in the new one, even from the same backup', () => {
    const before = tiny.run(tiny.transferring(...served), viewReply(view(me, partner, 7))).snapshot

    const { snapshot } = tiny.run(before, pieceAck(0, { viewNumber: 5 }))

    expect(snapshot === before).toBe(true)
  })

  it('T6 the primary serves only after the last piece is confirmed', () => {
    let snapshot = tiny.transferring(...served)
    const count = allPieces(snapshot).length

    const roles = Array.from({ length: count }, (_, index) => {
      snapshot = tiny.run(snapshot, pieceAck(index)).snapshot
      return roleOf(snapshot)
    })

    expect(roles).toEqual([...Array(count - 1).fill('primary.transferringState'), 'primary.serving'])
  })

  it('T4 the state does not change while it is transferred', () => {
    const before = tiny.transferring(...served)

    const { snapshot } = tiny.run(before, request({ seq: 2 }), pieceAck(0), ofBob({ seq: 2 }), pieceAck(1))

    expect(snapshot.context.replica).toBe(before.context.replica)
    expect(queueOf(snapshot)).toEqual([])
  })

  it('T2 a backup that dies during its transfer is dropped or replaced, and the primary serves on', () => {
    const before = tiny.run(tiny.transferring(...served), pieceAck(0)).snapshot

    const { snapshot } = tiny.run(before, viewReply(view(me, null, 6)))

    expect(repliesIn(tiny.run(snapshot, request({ seq: 2, viewNumber: 6 })))).toHaveLength(1)
  })
})

describe('replicas that disagree', () => {
  const waiting = run(busy, ofBob(), opening(carol)).snapshot
  const wrong: Received<'forwardAck'> = { ...rightAck(waiting), digest: 'another' }
  const stopped = run(waiting, wrong)

  it('S6 the outcome of nothing is answered', () => {
    expect(repliesIn(stopped)).toEqual([])
    expect(executedBy(stopped.snapshot)).toEqual([])
  })

  it('S6 waiting clients are refused, in a forward or for one', () => {
    const refused = stopped.sent.flatMap(({ to, message }) =>
      message.type === 'refusal' ? [[to, message.reason]] : [],
    )

    expect(refused).toEqual([
      [alice, 'replicaDiverged'],
      [bob, 'replicaDiverged'],
      [carol, 'replicaDiverged'],
    ])
  })

  it('S6 a refusal names the request it refuses', () => {
    expect(sentOf(stopped, 'refusal').map(({ session, seq }) => [session, seq])).toEqual([
      [1, 1],
      [2, 1],
      [null, 0],
    ])
  })

  it('S6 the backup is reported, again and again', () => {
    const notice = { to: partner, message: { type: 'replicaDiverged', viewNumber: 5 } }

    const again = server.fire(stopped.snapshot, 'resendInterval')
    const thrice = server.fire(again.snapshot, 'resendInterval')

    expect(stopped.sent).toContainEqual(notice)
    expect(again.sent).toEqual([notice])
    expect(thrice.sent).toEqual([notice])
    expect(thrice.timers).toEqual([expect.stringContaining('resendInterval')])
  })

  it('S6 a stopped primary refuses every request, stored results included', () => {
    const served = run(serving(...sessions, request()), ofBob()).snapshot
    const { snapshot } = run(served, { ...rightAck(served), digest: 'another' })

    expect(reasonsIn(run(snapshot, request()))).toEqual(['replicaDiverged'])
    expect(reasonsIn(run(snapshot, opening(carol)))).toEqual(['replicaDiverged'])
  })

  it.each([
    ['the right acknowledgement', rightAck(waiting)],
    ['a newer view', viewReply(view(me, null, 6))],
    ['a newer transfer', piecesOf(replicaAfter([]), view(partner, me, 6), 1_000)[0]!],
    ['a notice', diverged()],
  ])('S6 nothing wakes a stopped primary: %s', (_, event) => {
    const { snapshot, ignored } = run(stopped.snapshot, event)

    expect(snapshot === stopped.snapshot).toBe(true)
    expect(ignored).toEqual(['replicaDiverged: this server has stopped'])
  })

  it('S1 a stopped server still pings: it lives, and no one is to take its place', () => {
    const { sent } = server.fire(stopped.snapshot, 'pingInterval')

    expect(sent).toMatchObject([{ message: { type: 'ping', viewNumber: 5 } }])
  })

  it('S6 only a backup stops on a notice', () => {
    for (const before of [alone(), serving(), busy, transferring()]) {
      const { snapshot, ignored } = run(before, diverged())

      expect(snapshot === before).toBe(true)
      expect(ignored).toEqual(['replicaDiverged: I am not backup'])
    }
  })
})

describe('defaults', () => {
  it('S7 every bound has one', () => {
    expect(Object.values(serverDefaults).every((bound) => Number.isSafeInteger(bound) && bound > 0)).toBe(
      true,
    )
  })
})

function forwardOf({ context }: ServerSnapshot): Message & { type: 'forward' } {
  return { type: 'forward', viewNumber: context.view.number, ...context.outstanding! }
}
