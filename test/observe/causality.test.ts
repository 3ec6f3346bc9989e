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
  test('that keeps the rules has no problems, in whatever order its nodes are told of', () => {
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
    expect(faultsIn(...cycle)).toEqual(['cyclic', 'cyclic', 'cyclic', 'cyclic'])
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

  test('from which one event was lost is gapped', () => {
    const seen = seenIn(1)
    const lost = seen.findIndex(({ kind, node }, index) => kind === 'send' && node === 's1#1' && index > 200)
    const faults = causalityProblems(seen.filter((_, index) => index !== lost)).map(({ fault }) => fault)
    expect(faults).toContain('gapped')
  })
})
