/** The view service, a test per sentence of V1 to V11 and of what other rules ask of it. Random steps are elsewhere. */
import { describe, expect, test } from 'vitest'
import { serverDefaults } from '../../machines/server/context.ts'
import {
  createViewServiceMachine,
  type ViewRecord,
  viewServiceDefaults,
} from '../../machines/view-service.ts'
import { aliveOf, recordOf, type Step, service, stateOf, textOf } from './view-service-oracle.ts'

const { start, play, after, bare } = service(createViewServiceMachine())

describe('N2 ids', () => {
  test('N2 a restarted server is a new one: it does not inherit the role of its former life', () => {
    const { snapshot } = after(...pair, 's1#2:2')
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 3: s2#1 s1#2')
  })

  test('N2 it never speaks for its former self: its ping acknowledges nothing', () => {
    const { snapshot } = after('s1#1:0', 's1#2:1')
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 1: s1#1 -')
  })

  test('N2 incarnations increase as numbers: life 10 is newer than life 9', () => {
    expect(aliveOf(after('s1#9:0', 's1#10:0').snapshot)).toBe('s1#10 silent 0')
    expect(aliveOf(after('s1#10:0', 's1#9:0').snapshot)).toBe('s1#10 silent 0')
  })

  test('N2 a life is never lived again, even when the newer one is dead too', () => {
    const { snapshot } = after(...fresh, 's2#2:0', 'check', 'check', 's2#1:0')
    expect(aliveOf(snapshot)).toBe('')
  })

  const oddIds = [
    '__proto__#1',
    'constructor',
    '__proto__',
    '1',
    '',
    '#',
    's#',
    's#0',
    's#01',
    's1#999999999999999999',
  ]
  for (const id of oddIds) {
    test(`N2 ${JSON.stringify(id)} is an ordinary server, first or second, and its word counts`, () => {
      expect(stateOf(after(`${id}:0`, `${id}:1`, 's9#1:0', `${id}:2`).snapshot)).toBe(
        `acknowledged 2: ${id} s9#1`,
      )
      expect(stateOf(after('s9#1:0', 's9#1:1', `${id}:0`, 's9#1:2').snapshot)).toBe(
        `acknowledged 2: s9#1 ${id}`,
      )
      expect(stateOf(after('s9#1:0', 's9#1:1', `${id}:0`, 's9#1:2', 's9#2:0').snapshot)).toBe(
        `awaitingAcknowledgement 3: ${id} s9#2`,
      )
    })
  }

  test('N2 an id with a leading zero does not end the life that it resembles', () => {
    expect(stateOf(after(...pair, 's1#01:2').snapshot)).toBe('acknowledged 2: s1#1 s2#1')
  })

  test('N2 two ids that no number tells apart are two servers', () => {
    const one = 's#999999999999999998'
    const { snapshot } = after(`${one}:0`, `${one}:1`, 's#999999999999999999:0')
    expect(textOf(snapshot.context.view)).toBe('2: s#999999999999999998 s#999999999999999999')
  })

  test('N2 odd ids all at once: none ends the life of another', () => {
    const names = oddIds.filter((id) => id !== '__proto__#1')
    expect(after(...names.map((id) => `${id}:0`)).snapshot.context.servers).toHaveLength(names.length)
  })

  test('N2 a bare name is older than every life of that name', () => {
    expect(aliveOf(after('__proto__:0', '__proto__#1:0', '__proto__:0').snapshot)).toBe(
      '__proto__#1 silent 0',
    )
  })
})

describe('V1 before any ping', () => {
  test('V1 there is view 0, with no primary and no backup', () => {
    expect(stateOf(start().snapshot)).toBe('awaitingFirstPing 0: - -')
  })

  test('V1 V8 a question is answered with view 0', () => {
    expect(after('getView').sent).toEqual([viewReplyTo('c1#1', '0: - -')])
  })

  test('V1 ping checks change nothing', () => {
    const { snapshot } = start()
    expect(play(snapshot, 'check', 'check', 'check').snapshot).toBe(snapshot)
  })

  test('V1 the first server to ping becomes primary of view 1 at once', () => {
    const { snapshot, sent } = after('s2#1:0')
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 1: s2#1 -')
    expect(sent).toEqual([viewReplyTo('s2#1', '1: s2#1 -')])
  })
})

describe('V4 acknowledgement', () => {
  test('V4 a view is acknowledged when its primary has pinged with its number', () => {
    expect(stateOf(after('s1#1:0', 's1#1:1').snapshot)).toBe('acknowledged 1: s1#1 -')
  })

  test('V4 a ping from the backup acknowledges nothing', () => {
    expect(stateOf(after(...fresh, 's2#1:2').snapshot)).toBe('awaitingAcknowledgement 2: s1#1 s2#1')
  })

  test('V4 a ping from an idle server acknowledges nothing', () => {
    expect(stateOf(after(...fresh, 's3#1:2').snapshot)).toBe('awaitingAcknowledgement 2: s1#1 s2#1')
  })

  test('V4 an old number acknowledges nothing', () => {
    expect(stateOf(after(...fresh, 's1#1:1').snapshot)).toBe('awaitingAcknowledgement 2: s1#1 s2#1')
  })

  test('V4 the acknowledgement of a view is none of the next', () => {
    expect(stateOf(after('s1#1:0', 's1#1:1', 's2#1:0').snapshot)).toBe('awaitingAcknowledgement 2: s1#1 s2#1')
  })

  test('V4 an acknowledgement stays, no matter what its primary pings later', () => {
    expect(stateOf(after(...pair, 's1#1:1', 's1#1:0').snapshot)).toBe('acknowledged 2: s1#1 s2#1')
  })

  test('V4 only an acknowledged view gives way to another primary', () => {
    expect(stateOf(after(...fresh, ...silence('s2#1:0')).snapshot)).toBe(
      'awaitingAcknowledgement 2: s1#1 s2#1',
    )
    expect(stateOf(after(...fresh, 's1#1:2', ...silence('s2#1:0')).snapshot)).toBe(
      'awaitingAcknowledgement 3: s2#1 -',
    )
  })

  test('V4 unacknowledged, a missing backup is not added; after the acknowledgement it is', () => {
    const { snapshot } = after('s1#1:0', 's2#1:0', 's2#1:0', 'check', 's1#1:0')
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 1: s1#1 -')
    expect(stateOf(play(snapshot, 's1#1:1').snapshot)).toBe('awaitingAcknowledgement 2: s1#1 s2#1')
  })

  test('V4 nor is it added to a view from which a dead backup was dropped', () => {
    const { snapshot } = after(...fresh, ...silence('s1#1:0'), 's3#1:0')
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 3: s1#1 -')
    expect(stateOf(play(snapshot, 's1#1:3').snapshot)).toBe('awaitingAcknowledgement 4: s1#1 s3#1')
  })

  test("V4 unacknowledged, a living primary's dead backup is dropped", () => {
    expect(stateOf(after(...fresh, ...silence('s1#1:0')).snapshot)).toBe('awaitingAcknowledgement 3: s1#1 -')
  })

  test("V4 unacknowledged, a living primary's dead backup is replaced: it may die during its transfer", () => {
    expect(stateOf(after(...fresh, ...silence('s1#1:1', 's3#1:0')).snapshot)).toBe(
      'awaitingAcknowledgement 3: s1#1 s3#1',
    )
  })

  test('V4 unacknowledged, with a dead primary nothing changes, with any live servers', () => {
    const { snapshot } = after(...fresh, ...silence('s2#1:0', 's3#1:0'), 's2#1:2', 's3#1:2')
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 2: s1#1 s2#1')
  })

  test('V4 unacknowledged, with primary and backup dead, an idle server gets no role', () => {
    const { snapshot } = after(...fresh, ...silence('s3#1:0'))
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 2: s1#1 s2#1')
  })

  test('V4 unacknowledged, a dead lone primary gets no backup until it acknowledges', () => {
    const alone = after('s1#1:0', ...silence(), 's2#1:0').snapshot
    expect(stateOf(alone)).toBe('awaitingAcknowledgement 1: s1#1 -')
    expect(stateOf(play(alone, 's1#1:1').snapshot)).toBe('awaitingAcknowledgement 2: s1#1 s2#1')
  })

  test('V4 a primary that was silent before it acknowledged goes on where it was', () => {
    const { snapshot } = after(...fresh, ...silence('s2#1:0'), 's1#1:2')
    expect(stateOf(snapshot)).toBe('acknowledged 2: s1#1 s2#1')
  })
})

describe('V5 one event, one evaluation', () => {
  test('V5 liveness is counted first: the ping of a silent primary saves it', () => {
    expect(stateOf(after(...pair, 'check', 's1#1:2', 's2#1:2', 'check').snapshot)).toBe(
      'acknowledged 2: s1#1 s2#1',
    )
  })

  test('V5 the acknowledgement is counted before the views: what it makes due happens in the same step', () => {
    const { snapshot, sent } = after(...fresh, 's1#2:0', 's1#1:2')
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 3: s2#1 s1#2')
    expect(sent).toEqual(['s2#1', 's1#2', 's1#1'].map((id) => viewReplyTo(id, '3: s2#1 s1#2')))
  })

  test('V5 S1 a ping that makes a view is answered with it, and the other member gets it at once', () => {
    expect(after(...fresh).sent).toEqual([
      viewReplyTo('s1#1', '2: s1#1 s2#1'),
      viewReplyTo('s2#1', '2: s1#1 s2#1'),
    ])
  })

  test('V5 S1 a ping check evaluates too, and a new view goes to its members at once', () => {
    const { snapshot, sent } = after(...pair, ...silence('s2#1:2', 's3#1:0'))
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 3: s2#1 s3#1')
    expect(sent).toEqual([viewReplyTo('s2#1', '3: s2#1 s3#1'), viewReplyTo('s3#1', '3: s2#1 s3#1')])
  })

  test('S1 a ping check that changes nothing tells no one', () => {
    expect(after(...pair, 'check').sent).toEqual([])
  })

  test('S1 the acknowledgement that makes no new view is answered, and no other node is reported', () => {
    expect(after('s1#1:0', 's1#1:1').sent).toEqual([viewReplyTo('s1#1', '1: s1#1 -')])
  })

  test('V5 promotion and the appointment of a new backup are one change', () => {
    expect(stateOf(after(...pair, ...silence('s2#1:2', 's3#1:0')).snapshot)).toBe(
      'awaitingAcknowledgement 3: s2#1 s3#1',
    )
  })

  test('V5 a change happens at the moment its condition becomes true: at the ping of the dead backup', () => {
    const dead = after(...pair, ...silence('s3#1:0')).snapshot
    expect(stateOf(dead)).toBe('acknowledged 2: s1#1 s2#1')
    expect(stateOf(play(dead, 's2#1:2').snapshot)).toBe('awaitingAcknowledgement 3: s2#1 s3#1')
  })

  test('V5 a question evaluates nothing, even where a change is due since the restart', () => {
    const { snapshot } = start(superseded)
    expect(stateOf(play(snapshot, 'getView').snapshot)).toBe('acknowledged 5: s1#1 s2#1')
    expect(stateOf(play(snapshot, 'check').snapshot)).toBe('awaitingAcknowledgement 6: s2#1 -')
  })
})

describe('V6 changes', () => {
  test('V6 (a) with no idle server the promoted backup is alone', () => {
    expect(stateOf(after(...pair, ...silence('s2#1:2')).snapshot)).toBe('awaitingAcknowledgement 3: s2#1 -')
  })

  test('V6 (a) situation 7: a dead idle server is not appointed', () => {
    const { snapshot } = after(...pair, 's3#1:0', ...silence('s1#1:2', 's2#1:2'), ...silence('s2#1:2'))
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 3: s2#1 -')
  })

  test('V6 (b) the dead backup of an acknowledged view is dropped', () => {
    expect(stateOf(after(...pair, ...silence('s1#1:2')).snapshot)).toBe('awaitingAcknowledgement 3: s1#1 -')
  })

  test('V6 (b) or replaced, where there is a living idle server', () => {
    expect(stateOf(after(...pair, ...silence('s1#1:2', 's3#1:0')).snapshot)).toBe(
      'awaitingAcknowledgement 3: s1#1 s3#1',
    )
  })

  test('V6 (b) a backup that comes back after it was dropped is an idle server like any other', () => {
    expect(stateOf(after(...pair, ...silence('s1#1:2'), 's1#1:3', 's2#1:2').snapshot)).toBe(
      'awaitingAcknowledgement 4: s1#1 s2#1',
    )
  })

  test('V6 (c) situation 6: an empty server becomes the backup of a dead lone primary, and no more', () => {
    const lone = after('s1#1:0', 's1#1:1', ...silence(), 's2#1:0').snapshot
    expect(stateOf(lone)).toBe('awaitingAcknowledgement 2: s1#1 s2#1')
    expect(stateOf(play(lone, 's2#1:2', 'check', 's2#1:2', 'check').snapshot)).toBe(
      'awaitingAcknowledgement 2: s1#1 s2#1',
    )
  })

  test('V6 (c) its own next life becomes the backup of a dead lone primary, and no more', () => {
    const { snapshot } = after('s1#1:0', 's1#1:1', 's1#2:0', 's1#2:2', 'check')
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 2: s1#1 s1#2')
  })

  test('V6 (c) the lone primary comes back and finds its appointed backup dead: it is replaced', () => {
    const gone = after('s1#1:0', 's1#1:1', ...silence(), 's2#1:0', ...silence(), 's3#1:0').snapshot
    expect(stateOf(gone)).toBe('awaitingAcknowledgement 2: s1#1 s2#1')
    expect(stateOf(play(gone, 's1#1:1').snapshot)).toBe('awaitingAcknowledgement 3: s1#1 s3#1')
  })

  test('V6 primary and backup both dead: nothing changes, however many idle servers live', () => {
    const { snapshot } = after(...pair, ...silence('s3#1:0', 's4#1:0'), 's5#1:0')
    expect(stateOf(snapshot)).toBe('acknowledged 2: s1#1 s2#1')
  })

  test('V6 both dead, then the primary pings: its backup is replaced', () => {
    expect(stateOf(after(...pair, ...silence('s3#1:0'), 's1#1:2').snapshot)).toBe(
      'awaitingAcknowledgement 3: s1#1 s3#1',
    )
  })

  test('V6 both dead, then the next life of the backup pings: it holds no state and gets no role', () => {
    expect(stateOf(after(...pair, ...silence(), 's2#2:0').snapshot)).toBe('acknowledged 2: s1#1 s2#1')
  })

  test('V6 both dead, the backup for good: the primary gets its next life as backup', () => {
    expect(stateOf(after(...pair, ...silence(), 's2#2:0', 's1#1:2').snapshot)).toBe(
      'awaitingAcknowledgement 3: s1#1 s2#2',
    )
  })

  test('V6 the next life of a backup takes its place at once, acknowledged or not', () => {
    expect(stateOf(after(...pair, 's2#2:0').snapshot)).toBe('awaitingAcknowledgement 3: s1#1 s2#2')
    expect(stateOf(after(...fresh, 's2#2:0').snapshot)).toBe('awaitingAcknowledgement 3: s1#1 s2#2')
  })

  test('V6 a former primary that comes back while idle is appointed backup', () => {
    expect(stateOf(after(...pair, ...silence('s2#1:2'), 's2#1:3', 's1#1:2').snapshot)).toBe(
      'awaitingAcknowledgement 4: s2#1 s1#1',
    )
  })

  test('V6 after view 1 no server without state is promoted, though everyone else is gone', () => {
    const { snapshot } = after('s1#1:0', 's1#1:1', 's1#2:0', 's2#1:0', 's3#1:0', 's2#1:9', 'check', 's3#1:1')
    expect(snapshot.context.view.primary).toBe('s1#1')
  })
})

describe('V7 liveness', () => {
  test('V7 a server is dead at the second check after its last ping, by default', () => {
    const { snapshot } = after(...pair, 's1#1:2', 'check', 's2#1:2')
    expect(stateOf(snapshot)).toBe('acknowledged 2: s1#1 s2#1')
    expect(stateOf(play(snapshot, 'check').snapshot)).toBe('awaitingAcknowledgement 3: s2#1 -')
  })

  for (const pingTimeout of [1, 2, 3, 7]) {
    test(`V7 with pingTimeout ${pingTimeout} a primary is dead at check ${pingTimeout} and not before`, () => {
      const patient = service(createViewServiceMachine({ pingTimeout }))
      let { snapshot } = patient.after(...pair, 's1#1:2', 's2#1:2')
      const primaries: (string | null)[] = []
      for (let check = 1; check < pingTimeout; check += 1) {
        snapshot = patient.play(snapshot, 'check', 's2#1:2').snapshot
        primaries.push(snapshot.context.view.primary)
      }
      expect(primaries).toEqual(Array(pingTimeout - 1).fill('s1#1'))
      const last = patient.play(snapshot, 'check').snapshot
      expect(last.context.servers.some(({ id }) => id === 's1#1')).toBe(false)
      // With a timeout of 1 the backup dies at the same check.
      expect(last.context.view.primary).toBe(pingTimeout === 1 ? 's1#1' : 's2#1')
    })
  }

  test('V7 every ping starts the count again', () => {
    const { snapshot } = after('s1#1:0', 'check', 's1#1:0', 'check', 's1#1:0', 'check')
    expect(aliveOf(snapshot)).toBe('s1#1 silent 1')
  })

  test('V7 one ping lost of two in each interval is survived', () => {
    const pinged: Step[] = ['s1#1:1', 's1#1:1', 'check', 's1#1:1', 'check', 's1#1:1', 's1#1:1', 'check']
    expect(aliveOf(after('s1#1:0', ...pinged).snapshot)).toBe('s1#1 silent 1')
  })

  test('V7 one whole interval of silence is not', () => {
    expect(aliveOf(after('s1#1:0', 'check', 's2#1:0', 'check').snapshot)).toBe('s2#1 silent 1')
  })

  test('V7 the checks are counted per server', () => {
    expect(aliveOf(after('s1#1:0', 'check', 's2#1:0').snapshot)).toBe('s1#1 silent 1, s2#1 silent 0')
  })

  test('V7 the count is capped: who is dead is forgotten', () => {
    expect(aliveOf(after(...pair, ...silence()).snapshot)).toBe('')
  })

  test('V7 idle servers expire by the same rule', () => {
    const { snapshot } = after(...pair, 's3#1:0', 'check', 's1#1:2', 's2#1:2')
    expect(aliveOf(snapshot)).toBe('s1#1 silent 0, s2#1 silent 0, s3#1 silent 1')
    expect(aliveOf(play(snapshot, 'check').snapshot)).toBe('s1#1 silent 1, s2#1 silent 1')
  })

  test('V7 a newer incarnation makes the older dead at once', () => {
    expect(aliveOf(after(...pair, 's2#2:0').snapshot)).toBe('s1#1 silent 0, s2#2 silent 0')
  })

  test('V7 a newer incarnation of an idle server makes the older dead at once', () => {
    expect(aliveOf(after(...pair, 's3#1:0', 's3#2:0').snapshot)).toBe(
      's1#1 silent 0, s2#1 silent 0, s3#2 silent 0',
    )
  })

  test("V7 an older incarnation's late ping proves no life", () => {
    const { snapshot } = after(...pair, 's1#2:0', 's1#1:2')
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 3: s2#1 s1#2')
    expect(aliveOf(snapshot)).toBe('s1#2 silent 0, s2#1 silent 0')
  })

  test("V7 an older incarnation's late ping does not volunteer", () => {
    const { snapshot } = after('s1#1:0', 's1#1:1', 's2#2:0', ...silence('s1#1:0'), 's1#1:3', 's2#1:0')
    expect(stateOf(snapshot)).toBe('acknowledged 3: s1#1 -')
  })

  test("V7 an older incarnation's late ping may acknowledge", () => {
    const { snapshot } = after(...fresh, 's1#2:0', ...silence('s1#2:0'), 's1#1:2')
    expect(stateOf(snapshot)).toBe('acknowledged 2: s1#1 s2#1')
  })

  test("V7 an older incarnation's acknowledgement makes a lone primary's appointment due, and no promotion", () => {
    const { snapshot } = after('s1#1:0', 's1#2:0', 's1#1:1')
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 2: s1#1 s1#2')
  })

  test('V7 a newer incarnation that has expired still makes the older dead', () => {
    const { snapshot } = after(...pair, 's3#2:0', ...silence('s1#1:2', 's2#1:2'), 's3#1:0')
    expect(aliveOf(snapshot)).toBe('s1#1 silent 1, s2#1 silent 1')
  })

  test('V7 the default ping interval is at most half the default check interval', () => {
    expect(serverDefaults.pingIntervalMs * 2).toBeLessThanOrEqual(viewServiceDefaults.pingCheckIntervalMs)
  })

  test('V7 a check is due after each interval, one timer at a time', () => {
    const impatient = service(createViewServiceMachine({ pingCheckIntervalMs: 7 }))
    const begun = impatient.start()
    expect(delaysOf(begun)).toEqual([7])
    expect(delaysOf(impatient.play(begun.snapshot, 'check'))).toEqual([7])
    expect(delaysOf(impatient.play(begun.snapshot, 's1#1:0'))).toEqual([])
  })
})

describe('V8 pings and questions', () => {
  for (const number of [0, 1, 2, 3, Number.MAX_SAFE_INTEGER]) {
    test(`V8 a ping with number ${number} proves that its server lives`, () => {
      expect(aliveOf(after(...pair, 'check', `s2#1:${number}`, 'check').snapshot)).toBe('s2#1 silent 1')
    })

    test(`V8 a ping with number ${number} volunteers its server`, () => {
      expect(textOf(after('s1#1:0', 's1#1:1', `s2#1:${number}`).snapshot.context.view)).toBe('2: s1#1 s2#1')
    })
  }

  test('V8 a ping is answered with the current view, changed or not', () => {
    expect(after(...pair, 's3#1:0').sent).toEqual([viewReplyTo('s3#1', '2: s1#1 s2#1')])
  })

  test('V8 even a ping that proves nothing is answered', () => {
    expect(after(...pair, 's3#2:0', 's3#1:0').sent).toEqual([viewReplyTo('s3#1', '2: s1#1 s2#1')])
  })

  test('V8 a getView is answered with the current view', () => {
    expect(after(...pair, 'getView').sent).toEqual([viewReplyTo('c1#1', '2: s1#1 s2#1')])
  })

  test('V8 a getView is no ping: it volunteers no one', () => {
    const { snapshot } = start()
    expect(bare.step(snapshot, { type: 'getView', from: 's1#1' }).snapshot).toBe(snapshot)
  })

  test('V8 a getView is no ping: it proves no life', () => {
    const silent = after(...pair, 'check').snapshot
    const asked = bare.step(silent, { type: 'getView', from: 's1#1' }).snapshot
    expect(stateOf(play(asked, 's2#1:2', 'check').snapshot)).toBe('awaitingAcknowledgement 3: s2#1 -')
  })
})

describe('V9 the choice', () => {
  for (const arrival of [
    ['s3#1', 's4#1', 's20#1'],
    ['s4#1', 's20#1', 's3#1'],
    ['s20#1', 's3#1', 's4#1'],
  ]) {
    test(`V9 the first by name is appointed, in any order of arrival: ${arrival.join(' ')}`, () => {
      const idle = arrival.map((id) => `${id}:0`)
      expect(stateOf(after(...pair, ...silence('s1#1:2', ...idle)).snapshot)).toBe(
        'awaitingAcknowledgement 3: s1#1 s20#1',
      )
    })
  }
})

describe('V10 odd input', () => {
  test('V10 a number above the current one acknowledges nothing', () => {
    expect(stateOf(after(...fresh, 's1#1:3').snapshot)).toBe('awaitingAcknowledgement 2: s1#1 s2#1')
  })

  test('V10 a number above the current one is no acknowledgement in advance', () => {
    expect(stateOf(after('s1#1:0', 's1#1:2', 's2#1:0').snapshot)).toBe('awaitingAcknowledgement 1: s1#1 -')
  })

  test('V10 a former primary acknowledges nothing', () => {
    const { snapshot } = after(...pair, ...silence('s2#1:2'), 's2#1:3', 's1#1:3')
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 4: s2#1 s1#1')
    expect(stateOf(play(snapshot, 's1#1:4').snapshot)).toBe('awaitingAcknowledgement 4: s2#1 s1#1')
  })

  test('V10 a getView by a stranger leaves the very same state', () => {
    const { snapshot } = after(...pair)
    expect(play(snapshot, 'getView').snapshot).toBe(snapshot)
  })

  const firstPings = [
    { pings: ['s1#1:0', 's1#1:0', 's2#1:0', 's2#1:0'], primary: 's1#1', backup: 's2#1' },
    { pings: ['s1#1:0', 's2#1:0', 's1#1:0', 's2#1:0'], primary: 's1#1', backup: 's2#1' },
    { pings: ['s1#1:0', 's2#1:0', 's2#1:0', 's1#1:0'], primary: 's1#1', backup: 's2#1' },
    { pings: ['s2#1:0', 's1#1:0', 's1#1:0', 's2#1:0'], primary: 's2#1', backup: 's1#1' },
    { pings: ['s2#1:0', 's1#1:0', 's2#1:0', 's1#1:0'], primary: 's2#1', backup: 's1#1' },
    { pings: ['s2#1:0', 's2#1:0', 's1#1:0', 's1#1:0'], primary: 's2#1', backup: 's1#1' },
  ]
  for (const { pings, primary, backup } of firstPings) {
    test(`V10 duplicated first pings are harmless: ${pings.join(' ')}`, () => {
      const { snapshot } = after(...pings)
      expect(stateOf(snapshot)).toBe(`awaitingAcknowledgement 1: ${primary} -`)
      expect(stateOf(play(snapshot, `${primary}:1`).snapshot)).toBe(
        `awaitingAcknowledgement 2: ${primary} ${backup}`,
      )
    })
  }
})

describe('V11 restart', () => {
  test('V11 the record is plain data: view, acknowledgement, incarnations', () => {
    expect(JSON.parse(JSON.stringify(recordOf(after(...pair, 's3#4:0', 's2#1:0').snapshot)))).toEqual({
      view: { number: 2, primary: 's1#1', backup: 's2#1' },
      acknowledged: true,
      incarnations: [
        { name: 's1', incarnation: 1 },
        { name: 's2', incarnation: 1 },
        { name: 's3', incarnation: 4 },
      ],
    })
  })

  test('V11 nothing that happens between two views alone is in the record', () => {
    const { snapshot } = after(...pair)
    expect(recordOf(play(snapshot, 'check', 'getView', 's1#1:2').snapshot)).toEqual(recordOf(snapshot))
  })

  test('V11 it resumes the view, and reports it at once', () => {
    expect(after(...pair, 'restart', 'getView').sent).toEqual([viewReplyTo('c1#1', '2: s1#1 s2#1')])
  })

  test('V11 it resumes an acknowledged view as acknowledged', () => {
    const { snapshot } = after(...pair, 'restart')
    expect(stateOf(snapshot)).toBe('acknowledged 2: s1#1 s2#1')
    expect(stateOf(play(snapshot, ...silence('s2#1:2')).snapshot)).toBe('awaitingAcknowledgement 3: s2#1 -')
  })

  test('V11 it resumes an unacknowledged view as unacknowledged', () => {
    const { snapshot } = after(...fresh, 'restart')
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 2: s1#1 s2#1')
    expect(stateOf(play(snapshot, ...silence('s2#1:2')).snapshot)).toBe(
      'awaitingAcknowledgement 2: s1#1 s2#1',
    )
  })

  test('V11 a record of view 0 is a start like the first', () => {
    expect(start(recordOf(start().snapshot)).snapshot).toMatchObject({
      value: start().snapshot.value,
      context: start().snapshot.context,
    })
  })

  test('V11 the members of the view get a fresh chance to ping', () => {
    const { snapshot } = after(...pair, 'check', 'restart')
    expect(aliveOf(snapshot)).toBe('s1#1 silent 0, s2#1 silent 0')
    expect(stateOf(play(snapshot, 'check').snapshot)).toBe('acknowledged 2: s1#1 s2#1')
  })

  test('V11 even those that had died: the primary that pings first keeps its role', () => {
    const { snapshot } = after(...pair, ...silence(), 'restart', 's1#1:2')
    expect(stateOf(snapshot)).toBe('acknowledged 2: s1#1 s2#1')
  })

  test('V11 who does not use the chance is dead at the same check as ever', () => {
    const { snapshot } = after(...pair, 'restart', 'check', 's1#1:2', 'check')
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 3: s1#1 -')
  })

  test('V11 idle servers volunteer again', () => {
    const { snapshot } = after(...pair, 's3#1:0', 'restart')
    expect(aliveOf(snapshot)).toBe('s1#1 silent 0, s2#1 silent 0')
    expect(stateOf(play(snapshot, 's3#1:0', 's2#2:0').snapshot)).toBe('awaitingAcknowledgement 3: s1#1 s2#2')
  })

  test('V11 it resumes the incarnations: an older one stays dead', () => {
    const { snapshot } = after(...pair, 's3#2:0', 'restart', 's3#1:0')
    expect(aliveOf(snapshot)).toBe('s1#1 silent 0, s2#1 silent 0')
  })

  test('V11 V7 a member whose next life is known gets no chance: it is dead for good', () => {
    expect(aliveOf(start(superseded).snapshot)).toBe('s2#1 silent 0')
  })

  test('V11 V4 so that a restart changes no unacknowledged view of a superseded primary', () => {
    const { snapshot } = after('s1#1:0', 's1#2:0', 'restart', 's2#1:0')
    expect(stateOf(snapshot)).toBe('awaitingAcknowledgement 1: s1#1 -')
  })

  test('V11 V7 so that a superseded backup is not promoted', () => {
    const { snapshot } = after(...pair, ...silence(), 's2#2:0', 'restart', 's1#2:0')
    expect(stateOf(snapshot)).toBe('acknowledged 2: s1#1 s2#1')
  })

  test('V11 a restart changes no record', () => {
    const { snapshot } = after(...pair, 's1#2:0')
    expect(recordOf(play(snapshot, 'restart').snapshot)).toEqual(recordOf(snapshot))
  })

  test('V11 the record has done its work: it is no part of the resumed state', () => {
    expect(after(...pair, 'restart').snapshot.context.record).toBeNull()
  })
})

describe('N4 nothing grows', () => {
  test('N4 the same question gets the very same answer', () => {
    const first = after(...pair, 'getView')
    expect(play(first.snapshot, 'getView').sent).toEqual(first.sent)
  })

  test('N4 a thousand quiet intervals leave no trace', () => {
    const { snapshot } = after(...pair, ...interval)
    const later = play(snapshot, ...Array(1000).fill(interval).flat()).snapshot
    expect([later.value, later.context]).toEqual([snapshot.value, snapshot.context])
  })

  test('N4 a ping that tells nothing new leaves the very same state', () => {
    const { snapshot } = after(...pair)
    for (const copy of ['s1#1:2', 's1#1:0', 's2#1:2', 's2#1:0']) {
      expect(play(snapshot, copy).snapshot).toBe(snapshot)
    }
  })

  test('N4 a late ping that proves nothing leaves the very same state', () => {
    const { snapshot } = after(...pair, 's3#2:0')
    expect(play(snapshot, 's3#1:0').snapshot).toBe(snapshot)
  })

  test('L5 the clocks are no business of the chart', () => {
    expect(after(...pair, ...silence('s2#1:2'), 'restart').snapshot.context.clock).toEqual({
      lamport: 0,
      vector: {},
    })
  })
})

/** View 2 with primary s1#1 and backup s2#1, not acknowledged yet. */
const fresh: readonly Step[] = ['s1#1:0', 's1#1:1', 's2#1:0']

/** The same view, acknowledged. */
const pair: readonly Step[] = [...fresh, 's1#1:2', 's2#1:2']

/** One interval in which both members of that view live. */
const interval: readonly Step[] = ['s1#1:2', 's2#1:2', 'check']

/** The primary of this view has begun its next life, but its backup had died before. */
const superseded: ViewRecord = {
  view: { number: 5, primary: 's1#1', backup: 's2#1' },
  acknowledged: true,
  incarnations: [
    { name: 's1', incarnation: 2 },
    { name: 's2', incarnation: 1 },
  ],
}

/** Everyone but these pingers dies. */
function silence(...pings: readonly Step[]): readonly Step[] {
  return ['check', ...pings, 'check']
}

function viewReplyTo(to: string, view: string) {
  const [number, primary, backup] = view.replace(':', '').split(' ') as [string, string, string]
  const orNull = (id: string) => (id === '-' ? null : id)
  return {
    to,
    message: {
      type: 'viewReply',
      view: { number: Number(number), primary: orNull(primary), backup: orNull(backup) },
    },
  }
}

function delaysOf({ actions }: ReturnType<typeof start>): readonly number[] {
  return actions
    .filter(({ type }) => type === 'xstate.raise')
    .flatMap(({ params }) => (params as { delay?: number }).delay ?? [])
}
