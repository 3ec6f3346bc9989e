/** Rules N3 to N5, S1 to S3, S5 and T1 to T5 where they concern a server in any role; the roles have files of their own. */
import { describe, expect, it } from 'vitest'
import { noView } from '../../machines/view.ts'
import { chart } from '../support/chart.ts'
import {
  executedBy,
  forward,
  me,
  opening,
  partner,
  piece,
  pieceAck,
  piecesOf,
  replicaAfter,
  request,
  roleOf,
  type ServerSnapshot,
  sentOf,
  servers,
  third,
  view,
  viewReply,
  viewService,
  withoutPings,
} from './servers.ts'

const server = servers()
const { run, start } = server
const pingOf = (snapshot: ServerSnapshot) => server.fire(snapshot, 'pingInterval').sent
const ping = (viewNumber: number) => [{ to: viewService, message: { type: 'ping', viewNumber } }]

describe('pings', () => {
  it('S1 a server starts by pinging with 0', () => {
    const { sent } = start()

    expect(sent).toEqual(ping(0))
  })

  it('S1 a server pings every ping interval: each ping sets the timer of the next', () => {
    const { timers } = server.fire(start().snapshot, 'pingInterval')

    expect(timers).toEqual([expect.stringContaining('pingInterval')])
  })

  it('S1 the ping interval is the option that was given', () => {
    const machine = servers({ pingIntervalMs: 17 }).machine

    const [timer] = chart(machine)
      .start({ id: me, viewService })
      .actions.filter(({ type }) => type === 'xstate.raise')

    expect(timer?.params).toMatchObject({ delay: 17 })
  })

  it('S1 an idle server pings with the newest number it has adopted', () => {
    const { snapshot } = run(start().snapshot, viewReply(view(partner, third)))

    expect(pingOf(snapshot)).toEqual(ping(5))
  })

  it('S1 a backup pings with the newest number it has adopted, with and without the state', () => {
    expect(pingOf(server.awaitingState())).toEqual(ping(5))
    expect(pingOf(server.backup())).toEqual(ping(5))
  })

  it('S1 a primary whose transfer is not confirmed keeps pinging with the number before', () => {
    const snapshot = server.transferring()

    expect(pingOf(snapshot)).toEqual(ping(4))
  })

  it('S1 the number before is that of the view before, even if the server never adopted it', () => {
    const { snapshot } = run(server.alone(), viewReply(view(me, partner, 9)))

    expect(pingOf(snapshot)).toEqual(ping(8))
  })

  it('T6 a primary acknowledges its view once the transfer is confirmed', () => {
    const snapshot = server.serving()

    expect(pingOf(snapshot)).toEqual(ping(5))
  })

  it('T6 a primary acknowledges its view while a forward is outstanding', () => {
    const { snapshot } = run(server.serving(), opening())

    expect(pingOf(snapshot)).toEqual(ping(5))
  })

  it('S1 a lone primary acknowledges its view with every ping', () => {
    expect(pingOf(server.alone())).toEqual(ping(5))
  })

  it.each([
    ['a first primary', start().snapshot, view(me, null, 1), 1],
    ['a first backup', start().snapshot, view(partner, me), 5],
    ['a server in no role', start().snapshot, view(partner, third), 5],
    ['a primary that loses its backup', server.serving(), view(me, null, 6), 6],
    ['a promoted backup', server.backup(), view(me, null, 6), 6],
    ['a primary that becomes backup', server.serving(), view(partner, me, 6), 6],
    ['a primary with a backup, views later', server.alone(), view(me, partner, 9), 8],
    ['a primary whose backup is replaced during its transfer', server.transferring(), view(me, third, 6), 5],
  ])(
    'S1 it pings at once when it adopts a view that changes the number: %s',
    (_, before, adopted, number) => {
      const { sent } = run(before, viewReply(adopted))

      expect(sent.filter(({ message }) => message.type === 'ping')).toEqual(ping(number))
      expect([sent[0]]).toEqual(ping(number))
    },
  )

  it('S1 a lone primary that gets a backup keeps its number, and does not ping for it', () => {
    const { sent } = run(server.alone(), viewReply(view(me, partner, 6)))

    expect(sent.map(({ message }) => message.type)).toEqual(['stateTransfer'])
  })

  it('S1 it pings at once when its state transfer is confirmed', () => {
    const { sent } = run(server.transferring(), pieceAck(0))

    expect(sent).toEqual(ping(5))
  })

  it('S1 also when requests wait for that moment', () => {
    const waiting = run(server.serving(), opening(), viewReply(view(me, third, 6))).snapshot

    const { sent } = run(waiting, pieceAck(0, { viewNumber: 6, from: third }))

    expect(sent.map(({ message }) => message.type)).toEqual(['ping', 'forward'])
    expect([sent[0]]).toEqual(ping(6))
  })

  it('S1 S5 it pings at once when it adopts the view of a state transfer', () => {
    const [whole] = piecesOf(replicaAfter([]), view(partner, me, 6), 1_000)

    expect(run(server.backup(), whole!).sent.slice(0, 1)).toEqual(ping(6))
  })

  it('S1 a server that was reported a view in which it may not begin keeps pinging with the number before', () => {
    const { snapshot } = run(start().snapshot, viewReply(view(me, null, 3)))

    expect(pingOf(snapshot)).toEqual(ping(0))
  })

  it('N4 a ping that is repeated is the same ping, and leaves the context as it was', () => {
    const before = server.serving()

    const once = server.fire(before, 'pingInterval')
    const twice = server.fire(once.snapshot, 'pingInterval')

    expect(twice.sent).toEqual(once.sent)
    expect(twice.snapshot.context).toBe(before.context)
  })
})

describe('adopting views', () => {
  it('S2 a newer view is adopted', () => {
    const { snapshot } = run(server.serving(), viewReply(view(partner, third, 6)))

    expect(snapshot.context.view).toEqual(view(partner, third, 6))
  })

  it('S2 a view may be skipped', () => {
    const { snapshot } = run(server.serving(), viewReply(view(me, null, 9)))

    expect(snapshot.context.view.number).toBe(9)
  })

  it.each([4, 5])('S2 view %i is ignored in view 5', (number) => {
    const before = server.serving()

    const { snapshot, ignored } = run(before, viewReply(view(partner, third, number)))

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['viewReply: not newer than my view'])
  })

  it('S2 a view that another node than the view service tells is ignored', () => {
    const before = server.serving()

    const { snapshot, ignored } = run(before, viewReply(view(partner, third, 6), { from: partner }))

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['viewReply: not from the view service'])
  })

  it.each([
    ['primary alone', view(me, null, 6), 'primary.serving'],
    ['primary with a backup', view(me, third, 6), 'primary.transferringState'],
    ['backup', view(partner, me, 6), 'backup.awaitingState'],
    ['neither', view(partner, third, 6), 'idle'],
  ] as const)('S2 the role is what the view names: %s', (_, next, role) => {
    const { snapshot } = run(server.backup(), viewReply(next))

    expect(roleOf(snapshot)).toBe(role)
  })

  it('S2 nothing in the context says what the role is, but the view', () => {
    const role = /primary|backup|idle|serving|transferring|awaiting/i

    const keys = Object.keys(server.serving().context)

    expect(keys.filter((key) => role.test(key))).toEqual([])
  })

  it('S2 a server in no role gives up its state', () => {
    const { snapshot } = run(server.serving(), viewReply(view(partner, third, 6)))

    expect(snapshot.context.replica).toBeNull()
  })

  it('I7 view 0 is where every server begins', () => {
    expect(start().snapshot.context.view).toBe(noView)
    expect(roleOf(start().snapshot)).toBe('idle')
  })
})

describe('who may begin without a transfer', () => {
  it('N5 the primary of view 1 starts from the empty application state', () => {
    const { snapshot } = run(start().snapshot, viewReply(view(me, null, 1)))

    expect(executedBy(snapshot)).toEqual([])
    expect(roleOf(snapshot)).toBe('primary.serving')
  })

  it.each([view(me, null, 2), view(me, partner, 2), view(me, null, 3), view(me, partner, 3)])(
    'N5 V4 a server without state that is named primary of a later view stays as it is: %j',
    (named) => {
      const before = start().snapshot

      const { snapshot, ignored } = run(before, viewReply(named))

      expect(snapshot === before).toBe(true)
      expect(ignored).toEqual(['viewReply: names me primary, but I hold no state'])
    },
  )

  it('N5 a server that has adopted a view without state does not begin in a later one', () => {
    const before = run(start().snapshot, viewReply(view(partner, me, 2))).snapshot

    const { snapshot, ignored } = run(before, viewReply(view(me, null, 3)))

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['viewReply: names me primary, but I hold no state'])
  })

  it('N5 a backup that has only a part of the state does not begin with it', () => {
    const [first] = piecesOf(replicaAfter([]), view(partner, me), 1)
    const before = run(server.awaitingState(), first!).snapshot

    const { snapshot } = run(before, viewReply(view(me, null, 6)))

    expect(snapshot === before).toBe(true)
  })

  it('N5 the primary of view 1 keeps what it has executed when it gets a backup', () => {
    const served = run(server.first(), { ...opening(), viewNumber: 1 }).snapshot

    const { snapshot } = run(served, viewReply(view(me, partner, 2)))

    expect(snapshot.context.replica).toBe(served.context.replica)
  })

  it.each([
    ['idle', start().snapshot],
    ['backup', server.awaitingState()],
  ])('N5 a server without state executes nothing: %s', (_, before) => {
    const { snapshot } = run(before, opening(), opening(), forward(1, []))

    expect(snapshot.context.replica).toBeNull()
  })
})

describe('adopting a view by its state transfer', () => {
  const replica = replicaAfter([])
  const newer = view(partner, me, 6)
  const [whole] = piecesOf(replica, newer, 1_000)

  it.each([
    ['idle, before any view', start().snapshot],
    ['a backup without state', server.awaitingState()],
    ['a backup', server.backup()],
    ['a primary that transfers its state', server.transferring()],
    ['a primary alone', server.alone()],
    ['a primary with a forward outstanding', run(server.serving(), opening()).snapshot],
  ])('S5 a transfer of a newer view is adopted first, then installed: %s', (_, before) => {
    const seen = run(before, whole!)

    expect(seen.snapshot.context.view).toEqual(newer)
    expect(roleOf(seen.snapshot)).toBe('backup.serving')
    expect(withoutPings(seen)).toEqual([
      { to: partner, message: { type: 'stateTransferAck', viewNumber: 6, index: 0 } },
    ])
  })

  it('S5 a transfer that does not name its sender primary is refused', () => {
    const before = server.backup()

    const { snapshot, ignored } = run(before, { ...whole!, from: third })

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['stateTransfer: not from a primary to its backup'])
  })

  it('S5 a transfer that does not name its receiver backup is refused', () => {
    const before = server.backup()

    const { snapshot, ignored } = run(before, { ...whole!, view: view(partner, third, 6) })

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['stateTransfer: not from a primary to its backup'])
  })

  it('T3 a transfer of an older view is ignored', () => {
    const before = server.backup()

    const { snapshot, ignored } = run(before, piece(view(partner, me, 4), 0, true, whole!.data))

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['stateTransfer: of an older view'])
  })

  it('S5 the first piece of several brings the news of its view, too', () => {
    const [first] = piecesOf(replica, newer, 1)

    const { snapshot } = run(server.serving(), first!)

    expect(snapshot.context.view).toEqual(newer)
    expect(roleOf(snapshot)).toBe('backup.awaitingState')
  })

  it('S5 a later piece brings the news of its view, but is not taken without those before it', () => {
    const [, second] = piecesOf(replica, newer, 1)

    const seen = run(server.serving(), second!)

    expect(seen.snapshot.context.view).toEqual(newer)
    expect(seen.snapshot.context.arriving).toBeNull()
    expect(withoutPings(seen)).toEqual([])
  })

  it('S2 the view service tells the adopted view later: nothing is begun again', () => {
    const before = run(start().snapshot, whole!).snapshot

    const { snapshot, ignored } = run(before, viewReply(newer))

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['viewReply: not newer than my view'])
  })

  it('N3 a piece that is not a state of this application is refused, and its view with it', () => {
    const before = server.serving()

    const { snapshot, ignored } = run(before, piece(newer, 0, true, { state: '}' }))

    expect(snapshot === before).toBe(true)
    expect(ignored).toEqual(['stateTransfer: not a state of this application'])
  })

  it('S8 a deposed primary drops what waited: no client is answered', () => {
    const busy = run(server.serving(), opening(), request({ client: 'bob#1', seq: 1 })).snapshot

    const { snapshot, sent } = run(busy, whole!)

    expect(snapshot.context).toMatchObject({ outstanding: null, sending: null, forwards: 0 })
    expect(snapshot.context.queue.size).toBe(0)
    expect(sent.map(({ message }) => message.type)).toEqual(['ping', 'stateTransferAck'])
  })
})

describe('refusals of servers that are not primary', () => {
  it.each([
    ['idle, before any view', start().snapshot],
    ['idle', run(start().snapshot, viewReply(view(partner, third))).snapshot],
    ['a backup without state', server.awaitingState()],
    ['a backup', server.backup()],
  ])(
    'S3 a server that is not primary refuses at once, no matter what view the request names: %s',
    (_, before) => {
      for (const viewNumber of [0, before.context.view.number, 9]) {
        const seen = run(before, request({ session: 4, seq: 2, viewNumber }))

        expect(sentOf(seen, 'refusal')).toEqual([
          {
            type: 'refusal',
            viewNumber: before.context.view.number,
            session: 4,
            seq: 2,
            reason: 'wrongServer',
          },
        ])
        expect(seen.snapshot === before).toBe(true)
      }
    },
  )
})

describe('timers', () => {
  it.each([
    ['idle', start().snapshot, 1],
    ['a backup', server.backup(), 1],
    ['a primary alone', server.alone(), 1],
    ['a primary with nothing outstanding', server.serving(), 1],
    ['a primary that transfers its state', server.transferring(), 2],
    ['a primary with a forward outstanding', run(server.serving(), opening()).snapshot, 2],
  ])('I7 a server has few timers: %s', (_, snapshot, count) => {
    expect(snapshot._nodes.flatMap((node) => node.after)).toHaveLength(count)
  })
})
