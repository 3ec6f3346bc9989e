/** The view service in each of its states and every event that can reach it: what comes of it, and what is refused by name. */
import { describe, expect, test } from 'vitest'
import { invalidMessage, type Message, type MessageType, messageSchemas } from '../../machines/messages.ts'
import { createViewServiceMachine, type ViewRecord } from '../../machines/view-service.ts'
import { ignoreReasonsOf } from '../support/coverage-of.ts'
import { watchMessages } from '../support/watch-messages.ts'
import { aliveOf, type Snapshot, service, stateOf, textOf } from './view-service-oracle.ts'

const machine = createViewServiceMachine()
const { start, play, bare } = service(machine)

/** View 4 of p#2 and b#1, in which c#1 is idle; p has lived before, and so has d, which is not here now. */
const record: ViewRecord = {
  view: { number: 4, primary: 'p#2', backup: 'b#1' },
  acknowledged: false,
  incarnations: [
    { name: 'b', incarnation: 1 },
    { name: 'c', incarnation: 1 },
    { name: 'd', incarnation: 2 },
    { name: 'p', incarnation: 2 },
  ],
}
const unacknowledged = play(start(record).snapshot, 'c#1:0').snapshot
const acknowledged = play(unacknowledged, 'p#2:4').snapshot

const states: Record<string, Snapshot> = {
  awaitingFirstPing: start().snapshot,
  awaitingAcknowledgement: unacknowledged,
  'awaitingAcknowledgement, all of them dead': play(unacknowledged, 'check', 'check').snapshot,
  acknowledged,
  'acknowledged, all of them dead': play(acknowledged, 'check', 'check').snapshot,
}

/** One message of every type, well formed. */
const messages: { readonly [Type in MessageType]: Message & { readonly type: Type } } = {
  ping: { type: 'ping', viewNumber: 4 },
  getView: { type: 'getView' },
  viewReply: { type: 'viewReply', view: { number: 9, primary: 'x#1', backup: null } },
  request: { type: 'request', viewNumber: 4, session: 1, seq: 1, commands: [{ op: 'get' }], bytes: 12 },
  reply: { type: 'reply', session: 1, seq: 1, outcome: { kind: 'sessionExpired' } },
  refusal: { type: 'refusal', viewNumber: 4, session: 1, seq: 1, reason: 'wrongServer' },
  forward: { type: 'forward', viewNumber: 4, number: 1, requests: [] },
  forwardAck: { type: 'forwardAck', viewNumber: 4, number: 1, digest: '' },
  stateTransfer: {
    type: 'stateTransfer',
    view: { number: 4, primary: 'p#2', backup: 'b#1' },
    index: 0,
    last: true,
    data: null,
  },
  stateTransferAck: { type: 'stateTransferAck', viewNumber: 4, index: 0 },
  replicaDiverged: { type: 'replicaDiverged', viewNumber: 4 },
  ...watchMessages,
}
const foreign = Object.values(messages).filter(({ type }) => type !== 'ping' && type !== 'getView')
const senders = ['p#2', 'b#1', 'c#1', 'p#1', 'stranger']

describe('the messages of this table', () => {
  test.each(Object.keys(messageSchemas) as MessageType[])('%s is well formed', (type) => {
    expect(invalidMessage(messages[type])).toBeNull()
  })

  test.each(Object.entries(states))('the state %s is what it is called', (name, snapshot) => {
    expect(stateOf(snapshot).split(' ')[0]).toBe(name.split(',')[0])
  })
})

for (const [name, snapshot] of Object.entries(states)) {
  describe(name, () => {
    for (const message of foreign) {
      test.each(senders)(
        `N3 ${message.type} from %s is refused by name and leaves the very same state`,
        (from) => {
          const seen = bare.step(snapshot, { ...message, from } as never)
          expect(seen.ignored).toEqual(['not a message for a view service'])
          expect(seen.snapshot).toBe(snapshot)
          expect(seen.actions).toHaveLength(1)
        },
      )
    }

    test.each(['nonsense', '', 'toString', '__proto__', 'pingCheck.', 'ping.'])(
      'N3 an event of the unknown type "%s" is refused by name',
      (type) => {
        const seen = bare.step(snapshot, { type, from: 'p#2' } as never)
        expect(seen.ignored).toEqual(['not a message for a view service'])
        expect(seen.snapshot).toBe(snapshot)
      },
    )

    test.each(senders)('V8 V10 getView from %s is answered and leaves the very same state', (from) => {
      const seen = bare.step(snapshot, { type: 'getView', from })
      const { view } = snapshot.context
      expect(seen.sent).toEqual([{ to: from, message: { type: 'viewReply', view } }])
      expect(seen.snapshot).toBe(snapshot)
      expect(seen.actions).toHaveLength(1)
    })

    test("N3 the chart's own timer is not taken for a message", () => {
      expect(play(snapshot, 'check').ignored).toEqual([])
    })
  })
}

test('N3 every reason that the chart can give is in this table', () => {
  expect(ignoreReasonsOf(machine)).toEqual(['not a message for a view service'])
})

describe('every ping', () => {
  const numbers = { old: [0, 3], current: [4], above: [5, Number.MAX_SAFE_INTEGER] }
  const every = ['old', 'current', 'above'] as const
  type Row = readonly [
    from: string,
    numbers: readonly (keyof typeof numbers)[],
    state: string,
    alive: string,
    because: string,
  ]
  const same = 'b#1 c#1 p#2'

  const tables: Record<string, readonly Row[]> = {
    awaitingAcknowledgement: [
      ['p#2', ['old', 'above'], 'awaitingAcknowledgement 4: p#2 b#1', same, 'V4 V10 not its number'],
      ['p#2', ['current'], 'acknowledged 4: p#2 b#1', same, 'V4 the primary confirms its view'],
      ['b#1', every, 'awaitingAcknowledgement 4: p#2 b#1', same, 'V4 the backup confirms nothing'],
      ['c#1', every, 'awaitingAcknowledgement 4: p#2 b#1', same, 'V4 an idle server confirms nothing'],
      ['e#1', every, 'awaitingAcknowledgement 4: p#2 b#1', 'b#1 c#1 e#1 p#2', 'V8 a stranger volunteers'],
      ['p#1', every, 'awaitingAcknowledgement 4: p#2 b#1', same, 'V7 an older life of the primary'],
      ['d#1', every, 'awaitingAcknowledgement 4: p#2 b#1', same, 'V7 an older life of no one here'],
      [
        'p#3',
        every,
        'awaitingAcknowledgement 4: p#2 b#1',
        'b#1 c#1 p#3',
        'V4 V7 the primary is dead, too early',
      ],
      [
        'b#2',
        every,
        'awaitingAcknowledgement 5: p#2 b#2',
        'b#2 c#1 p#2',
        'V7 V9 the backup is dead, b before c',
      ],
      ['c#2', every, 'awaitingAcknowledgement 4: p#2 b#1', 'b#1 c#2 p#2', 'V7 the idle server is dead'],
    ],
    acknowledged: [
      ['p#2', every, 'acknowledged 4: p#2 b#1', same, 'V4 confirmed already, no matter what it says now'],
      ['b#1', every, 'acknowledged 4: p#2 b#1', same, 'V8 the backup lives'],
      ['c#1', every, 'acknowledged 4: p#2 b#1', same, 'V8 the idle server lives'],
      ['e#1', every, 'acknowledged 4: p#2 b#1', 'b#1 c#1 e#1 p#2', 'V8 a stranger volunteers'],
      ['p#1', every, 'acknowledged 4: p#2 b#1', same, 'V7 an older life of the primary'],
      ['d#1', every, 'acknowledged 4: p#2 b#1', same, 'V7 an older life of no one here'],
      ['p#3', every, 'awaitingAcknowledgement 5: b#1 c#1', 'b#1 c#1 p#3', 'V6 V7 V9 promoted, c before p'],
      ['b#2', every, 'awaitingAcknowledgement 5: p#2 b#2', 'b#2 c#1 p#2', 'V6 V7 V9 replaced, b before c'],
      ['c#2', every, 'acknowledged 4: p#2 b#1', 'b#1 c#2 p#2', 'V7 the idle server is dead'],
    ],
    'awaitingAcknowledgement, all of them dead': [
      [
        'p#2',
        ['old', 'above'],
        'awaitingAcknowledgement 5: p#2 -',
        'p#2',
        'V4 V6 its dead backup is dropped',
      ],
      [
        'p#2',
        ['current'],
        'awaitingAcknowledgement 5: p#2 -',
        'p#2',
        'V5 V6 dropped from the confirmed view',
      ],
      ['b#1', every, 'awaitingAcknowledgement 4: p#2 b#1', 'b#1', 'V4 with a dead primary nothing changes'],
      ['c#1', every, 'awaitingAcknowledgement 4: p#2 b#1', 'c#1', 'V4 with a dead primary nothing changes'],
      ['p#3', every, 'awaitingAcknowledgement 4: p#2 b#1', 'p#3', 'V4 with a dead primary nothing changes'],
      ['b#2', every, 'awaitingAcknowledgement 4: p#2 b#1', 'b#2', 'V4 with a dead primary nothing changes'],
      ['p#1', every, 'awaitingAcknowledgement 4: p#2 b#1', '', 'V7 an older life proves nothing'],
    ],
    'acknowledged, all of them dead': [
      ['p#2', every, 'awaitingAcknowledgement 5: p#2 -', 'p#2', 'V6 its dead backup is dropped'],
      ['b#1', every, 'awaitingAcknowledgement 5: b#1 -', 'b#1', 'V6 the backup is promoted when it pings'],
      ['c#1', every, 'acknowledged 4: p#2 b#1', 'c#1', 'V6 both dead, an empty server gets no role'],
      ['p#3', every, 'acknowledged 4: p#2 b#1', 'p#3', 'V6 both dead, an empty server gets no role'],
      ['b#2', every, 'acknowledged 4: p#2 b#1', 'b#2', 'V6 both dead, an empty server gets no role'],
      ['p#1', every, 'acknowledged 4: p#2 b#1', '', 'V7 an older life proves nothing'],
    ],
    awaitingFirstPing: [
      [
        'p#2',
        every,
        'awaitingAcknowledgement 1: p#2 -',
        'p#2',
        'V1 the first server, no matter what number it carries',
      ],
      ['', every, 'awaitingAcknowledgement 1:  -', '', 'V1 the empty id is an id'],
    ],
  }

  for (const [name, rows] of Object.entries(tables)) {
    for (const [from, kinds, state, alive, because] of rows) {
      for (const viewNumber of kinds.flatMap((kind) => numbers[kind])) {
        test(`${because}: ${name}, ping ${viewNumber} from ${from}`, () => {
          const seen = bare.step(states[name]!, { type: 'ping', from, viewNumber })
          expect(stateOf(seen.snapshot)).toBe(state)
          expect(seen.snapshot.context.servers.map(({ id }) => id).join(' ')).toBe(alive)
          expect(seen.ignored).toEqual([])
          expect(toldIn(seen)).toEqual(tellsOf(state, states[name]!, from))
        })
      }
    }
  }

  test('the tables speak of every state', () => {
    expect(Object.keys(tables).sort()).toEqual(Object.keys(states).sort())
  })
})

describe('every ping check', () => {
  const before = (snapshot: Snapshot, ...pings: string[]) => play(snapshot, 'check', ...pings).snapshot
  // Who pings in the interval before the second check, and what that check makes of it.
  const rows = [
    ['acknowledged', 'p#2 b#1 c#1', 'acknowledged 4: p#2 b#1'],
    ['acknowledged', 'p#2 b#1', 'acknowledged 4: p#2 b#1'],
    ['acknowledged', 'p#2 c#1', 'awaitingAcknowledgement 5: p#2 c#1'],
    ['acknowledged', 'p#2', 'awaitingAcknowledgement 5: p#2 -'],
    ['acknowledged', 'b#1 c#1', 'awaitingAcknowledgement 5: b#1 c#1'],
    ['acknowledged', 'b#1', 'awaitingAcknowledgement 5: b#1 -'],
    ['acknowledged', 'c#1', 'acknowledged 4: p#2 b#1'],
    ['acknowledged', '', 'acknowledged 4: p#2 b#1'],
    ['awaitingAcknowledgement', 'p#2 b#1 c#1', 'awaitingAcknowledgement 4: p#2 b#1'],
    ['awaitingAcknowledgement', 'p#2 b#1', 'awaitingAcknowledgement 4: p#2 b#1'],
    ['awaitingAcknowledgement', 'p#2 c#1', 'awaitingAcknowledgement 5: p#2 c#1'],
    ['awaitingAcknowledgement', 'p#2', 'awaitingAcknowledgement 5: p#2 -'],
    ['awaitingAcknowledgement', 'b#1 c#1', 'awaitingAcknowledgement 4: p#2 b#1'],
    ['awaitingAcknowledgement', 'b#1', 'awaitingAcknowledgement 4: p#2 b#1'],
    ['awaitingAcknowledgement', 'c#1', 'awaitingAcknowledgement 4: p#2 b#1'],
    ['awaitingAcknowledgement', '', 'awaitingAcknowledgement 4: p#2 b#1'],
  ] as const
  for (const [name, pinging, state] of rows) {
    test(`V4 V6 V7 ${name}, only ${pinging || 'no one'} pings: ${state}`, () => {
      const ids = pinging.split(' ').filter(Boolean)
      const seen = play(before(states[name]!, ...ids.map((id) => `${id}:0`)), 'check')
      expect(stateOf(seen.snapshot)).toBe(state)
      expect(aliveOf(seen.snapshot)).toBe(
        ids
          .sort()
          .map((id) => `${id} silent 1`)
          .join(', '),
      )
      expect(toldIn(seen)).toEqual(tellsOf(state, states[name]!, null))
    })
  }

  test('V7 with no one alive a check leaves the very same state', () => {
    for (const name of ['awaitingAcknowledgement, all of them dead', 'acknowledged, all of them dead']) {
      expect(play(states[name]!, 'check').snapshot).toBe(states[name])
    }
  })
})

/** Who learns which view, as text. */
function toldIn({ sent }: { readonly sent: readonly { to: string; message: Message }[] }): unknown[] {
  return sent.map(({ to, message }) => [to, message.type === 'viewReply' && textOf(message.view)])
}

/** Who must be reported: the sender of a ping, and the members of a view that is new (S1, V8). */
function tellsOf(state: string, before: Snapshot, pinger: string | null): unknown[] {
  const view = state.slice(state.indexOf(' ') + 1)
  const [, primary, backup] = view.split(' ')
  const isNew = textOf(before.context.view) !== view
  const members = isNew ? [primary!, backup!].filter((id) => id !== '-') : []
  return [...new Set([...members, ...(pinger === null ? [] : [pinger])])].map((id) => [id, view])
}
