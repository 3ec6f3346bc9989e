/** The judge of clocks must be able to fail: it accepts what our nodes do, and names each kind of broken trace. */
import { describe, expect, test } from 'vitest'
import type { Observation } from '../../actors/observation.ts'
import type { Transport } from '../../actors/ports.ts'
import { type Clock, zeroClock } from '../../machines/clocks.ts'
import { type SimulationOptions, simulate } from '../../proof/simulate/index.ts'
import { causalityProblems } from '../../runtime/observe/causality.ts'

/** One event of a hand-written trace: who, what, at which Lamport time, with which vector; a message by its name. */
type Line = readonly [
  node: string,
  kind: Observation['kind'],
  lamport: number,
  vector: Clock['vector'],
  message?: string,
]

const traceOf = (...lines: readonly Line[]): Observation[] =>
  lines.map(([node, kind, lamport, vector, messageId]) => ({
    kind,
    node,
    t: 0,
    clock: { lamport, vector },
    ...(messageId === undefined ? {} : { messageId }),
  }))

const faultsIn = (...lines: readonly Line[]) => causalityProblems(traceOf(...lines)).map(({ fault }) => fault)

/** `a` sends to `b`, which has had an event of its own, and answers. */
const sound: readonly Line[] = [
  ['b', 'local', 1, { b: 1 }],
  ['a', 'send', 1, { a: 1 }, 'm'],
  ['b', 'receive', 2, { a: 1, b: 2 }, 'm'],
  ['b', 'send', 3, { a: 1, b: 3 }, 'n'],
  ['a', 'receive', 4, { a: 2, b: 3 }, 'n'],
]
const withLine = (index: number, line: Line) => sound.map((known, at) => (at === index ? line : known))

describe('a trace written by hand', () => {
  test('that keeps the rules has no problems, in any order its nodes are reported of', () => {
    expect(faultsIn(...sound)).toEqual([])
    const byNode = [...sound].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    expect(faultsIn(...byNode)).toEqual([])
  })

  test('in which a receive keeps its own vector is unmerged', () => {
    expect(faultsIn(...withLine(2, ['b', 'receive', 2, { b: 2 }, 'm']))).toContain('unmerged')
  })

  test('in which a receive keeps its own Lamport time is unmerged', () => {
    expect(faultsIn(...withLine(4, ['a', 'receive', 2, { a: 2, b: 3 }, 'n']))).toEqual(['unmerged'])
  })

  test('in which a receive merges and forgets to tick is gapped', () => {
    expect(faultsIn(...withLine(2, ['b', 'receive', 2, { a: 1, b: 1 }, 'm']))).toContain('gapped')
  })

  test('from which an event is missing is gapped', () => {
    expect(faultsIn(...sound.slice(1))).toContain('gapped')
  })

  test('from which a send is missing is unsent', () => {
    const without = sound.filter(([, kind, , , message]) => !(kind === 'send' && message === 'm'))
    expect(faultsIn(...without)).toContain('unsent')
  })

  test('in which two nodes each receive before they send what the other receives is cyclic', () => {
    const cycle: Line[] = [
      ['a', 'receive', 1, { a: 1 }, 'n'],
      ['a', 'send', 2, { a: 2 }, 'm'],
      ['b', 'receive', 1, { b: 1 }, 'm'],
      ['b', 'send', 2, { b: 2 }, 'n'],
    ]
    const [problem, ...more] = causalityProblems(traceOf(...cycle))
    expect(more).toEqual([])
    expect(problem).toMatchObject({ fault: 'cyclic', index: 0 })
    expect(problem!.reason).toContain('4 events: 0 of a, 1 of a, 2 of b, 3 of b')
  })

  test('events behind a cycle are judged like any other, and are not cyclic', () => {
    const cycle: Line[] = [
      ['a', 'receive', 1, { a: 1 }, 'n'],
      ['a', 'send', 2, { a: 2 }, 'm'],
      ['b', 'receive', 1, { b: 1 }, 'm'],
      ['b', 'send', 2, { b: 2 }, 'n'],
    ]
    const behind: Line[] = [
      ['a', 'local', 3, { a: 3 }],
      ['a', 'send', 4, { a: 4 }, 'o'],
      ['c', 'receive', 5, { a: 4, c: 1 }, 'o'],
    ]
    expect(faultsIn(...cycle, ...behind)).toEqual(['cyclic'])
    const wrong: Line = ['c', 'receive', 5, { c: 1 }, 'o']
    expect(faultsIn(...cycle, ...behind.slice(0, 2), wrong)).toEqual(['cyclic', 'unmerged'])
  })

  test('in which a local step ticks its vector and not its Lamport time is unmerged (L1)', () => {
    expect(faultsIn(['a', 'local', 1, { a: 1 }], ['a', 'local', 1, { a: 2 }])).toEqual(['unmerged'])
  })

  test('in which a local step learns of others, its Lamport time standing, is invented (L3)', () => {
    const later: Line = ['b', 'local', 3, { a: 7, b: 3 }]
    expect(faultsIn(...sound.slice(0, 4), later)).toEqual(['invented'])
  })

  test('in which a local step changes nothing is sound, clocks standing (L1)', () => {
    const idle: Line = ['b', 'local', 3, { a: 1, b: 3 }]
    expect(faultsIn(...sound.slice(0, 4), idle, sound[4]!)).toEqual([])
  })

  test('what follows from a wrong clock is not reported again', () => {
    const lines: Line[] = [['a', 'local', 1, { a: 1, z: 9 }]]
    for (let own = 2; own < 50; own++) lines.push(['a', 'local', own, { a: own, z: 9 }])
    expect(faultsIn(...lines)).toEqual(['invented'])
  })

  test('that begins in the middle has no problems until one shows', () => {
    const later: Line[] = [
      ['a', 'receive', 40, { a: 12, b: 30 }, 'before'],
      ['b', 'local', 41, { a: 11, b: 31 }],
      ['b', 'receive', 43, { a: 12, b: 32 }, 'also before'],
    ]
    expect(faultsIn(...later)).toEqual([])
    expect(faultsIn(...later, ['a', 'local', 41, { a: 14, b: 30 }])).toEqual(['gapped'])
  })

  test('in which a clock knows what nothing in its past knew is invented', () => {
    expect(faultsIn(...withLine(2, ['b', 'receive', 2, { a: 1, b: 2, c: 5 }, 'm']))).toContain('invented')
  })
})

/** Observations of a whole simulated life. */
function seenIn(seed: number, options: SimulationOptions = {}): Observation[] {
  const seen: Observation[] = []
  simulate({ seed, calls: 30 }, { ...options, observe: (observation) => void seen.push(observation) })
  return seen
}

/** A network whose receivers see another stamp: what a node does with it is as if it had not merged. */
const stamped =
  (change: (stamp: Clock) => Clock) =>
  (inner: Transport): Transport => ({
    ...inner,
    send: (envelope) => inner.send({ ...envelope, stamp: change(envelope.stamp) }),
  })

describe('a simulated life', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('of seed %i has no problems (L1 to L4)', (seed) => {
    expect(causalityProblems(seenIn(seed)).slice(0, 3)).toEqual([])
  })

  test('whose nodes forget to merge vectors is unmerged', () => {
    const network = stamped(({ lamport }) => ({ lamport, vector: {} }))
    expect(causalityProblems(seenIn(1, { network }))[0]?.fault).toBe('unmerged')
  })

  test('whose nodes forget to merge at all is rejected', () => {
    const network = stamped(() => zeroClock)
    expect(causalityProblems(seenIn(1, { network })).length).toBeGreaterThan(0)
  })

  test('from which one event was lost has one problem: a gap, or a receipt of what no node sent', () => {
    const seen = seenIn(1)
    const arrived = new Set(seen.flatMap(({ kind, messageId }) => (kind === 'receive' ? [messageId] : [])))
    const lost = seen.findIndex(
      ({ kind, messageId }, index) => kind === 'send' && !arrived.has(messageId) && index > 200,
    )
    const faults = causalityProblems(seen.filter((_, index) => index !== lost)).map(({ fault }) => fault)
    expect(faults).toHaveLength(1)
    expect(['gapped', 'unsent']).toContain(faults[0])
  })

  test.each([1, 2, 3, 4])('of seed %i that is seen from the middle on has no problems', (seed) => {
    const seen = seenIn(seed)
    for (const share of [0.1, 0.35, 0.5, 0.8, 0.97])
      expect(causalityProblems(seen.slice(Math.floor(seen.length * share)))).toEqual([])
  })

  test.each([1, 2])('of seed %i from which one event was lost has one problem at most', (seed) => {
    const seen = seenIn(seed)
    const many: string[] = []
    for (let lost = 50; lost < seen.length; lost += 173) {
      if (seen[lost]!.kind === 'start') continue
      const problems = causalityProblems(seen.filter((_, index) => index !== lost))
      if (problems.length > 1) many.push(`${lost} ${seen[lost]!.kind}: ${JSON.stringify(problems)}`)
    }
    expect(many).toEqual([])
  })

  test.each([1, 2])('of seed %i in which one clock is wrong has one problem (L1, L3)', (seed) => {
    const seen = seenIn(seed)
    const wrong: string[] = []
    let judged = 0
    for (let at = 60; at < seen.length; at += 173) {
      const { clock, node, kind } = seen[at]!
      if (clock === null || node === null || !['send', 'receive'].includes(kind)) continue
      judged += 1
      const changes = [
        { ...clock, lamport: clock.lamport + 5 },
        { ...clock, vector: { ...clock.vector, 'absent#1': 3 } },
        { ...clock, vector: { ...clock.vector, [node]: clock.vector[node]! + 4 } },
      ]
      for (const [which, changed] of changes.entries()) {
        const recorded = seen.map((one, index) => (index === at ? { ...one, clock: changed } : one))
        const problems = causalityProblems(recorded)
        if (problems.length !== 1 || problems[0]!.index !== at)
          wrong.push(`${at} ${kind} ${which}: ${JSON.stringify(problems)}`)
      }
    }
    expect(judged).toBeGreaterThan(3)
    expect(wrong).toEqual([])
  })
})
