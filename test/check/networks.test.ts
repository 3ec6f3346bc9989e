/** Networks by choice: what arrives how often and in which order, and the numbers of states that others have counted, too. */
import { describe, expect, test } from 'vitest'
import { assign, createMachine } from 'xstate'
import { paxos } from '../../examples/check-paxos.ts'
import { check } from '../../proof/check/check.ts'
import { linearizable, sequential } from '../../proof/check/histories.ts'
import type { CheckOptions } from '../../proof/check/options.ts'
import { repeat, traceOf } from '../../proof/check/run-trace.ts'
import { savedRunIn } from '../../proof/check/saved-run.ts'
import { always, type CheckedSystem, everyStep, reachable } from '../../proof/check/system.ts'
import { registerModel } from '../../proof/history/models.ts'
import { readTrace } from '../../runtime/observe/index.ts'
import { twoPhaseCommit } from './pinned-systems.ts'

const send = (to: string, type: string) => ({ type: 'send', params: { to, message: { type } } })

/** One that sends `one`, then `two`; the other notes what it hears. */
const speaker = createMachine({ entry: [send('hearer', 'one'), send('hearer', 'two')] })
const note = (word: string) =>
  assign({
    heard: ({ context }: { context: { heard: string[] } }) =>
      context.heard.length < 3 ? [...context.heard, word] : context.heard,
  })
const hearer = createMachine({
  context: { heard: [] as string[] },
  on: { one: { actions: note('one') }, two: { actions: note('two') } },
} as never)
const words = ['one', 'two']
const speech = (more: Partial<CheckedSystem>): CheckedSystem => ({
  nodes: [
    { id: 'speaker', machine: speaker },
    { id: 'hearer', machine: hearer },
  ],
  goals: [[], ...words.map((word) => [word]), words, ['two', 'one'], ['one', 'one'], ['two', 'two']].map(
    (heard) =>
      reachable(heard.join(' ') || 'nothing', (system) => {
        const { context } = system.node('hearer').snapshot
        return JSON.stringify(context.heard) === JSON.stringify(heard)
      }),
  ),
  ...more,
})
const heard = (more: Partial<CheckedSystem>, options: CheckOptions = {}) =>
  check(speech(more), options)
    .goals.filter(({ run }) => run !== null)
    .map(({ name }) => name)

describe('a message arrives', () => {
  test.each<[Partial<CheckedSystem>, string[]]>([
    [{}, ['nothing', 'one', 'two', 'one two', 'two one', 'one one', 'two two']],
    [{ network: 'once' }, ['nothing', 'one', 'two', 'one two', 'two one']],
    [{ network: 'ordered' }, ['nothing', 'one', 'one two']],
    [{ network: 'ordered', losses: 1 }, ['nothing', 'one', 'two', 'one two']],
    [{ network: 'ordered', duplicates: 1 }, ['nothing', 'one', 'one two', 'one one']],
    [
      { network: 'once', duplicates: 1 },
      ['nothing', 'one', 'two', 'one two', 'two one', 'one one', 'two two'],
    ],
  ])('%j', (more, expected) => {
    expect(heard(more)).toEqual(expected)
    expect(heard(more, { order: 'random-walk', bounds: { walks: 200 } }).sort()).toEqual([...expected].sort())
  })

  test('not on a cut link, and not at a node that has crashed', () => {
    expect(heard({ network: 'once', cuts: [{ from: 'speaker', to: 'hearer' }] })).toEqual(['nothing'])
    const nodes = speech({}).nodes.map((node) => ({ ...node, mayCrash: true }))
    const bothDead = reachable('both', (system) =>
      ['speaker', 'hearer'].every((id) => !system.node(id).alive),
    )
    const { goals } = check({ nodes, network: 'once', crashes: 1, goals: [bothDead] })
    expect(goals[0]!.run).toBeNull()
  })

  test('under the id to which it was sent: a node that starts again hears nothing of before', () => {
    const nodes = speech({}).nodes.map((node) => ({
      ...node,
      ...(node.id === 'hearer'
        ? { mayCrash: true, restart: (life: number) => ({ id: `hearer#${life}`, input: undefined }) }
        : {}),
    }))
    const late = reachable('late', (system) => {
      const { id, snapshot } = system.node('hearer')
      return id !== 'hearer' && snapshot.context.heard.length > 0
    })
    for (const network of ['once', 'ordered'] as const)
      expect(check({ nodes, network, crashes: 1, restarts: 1, goals: [late] }).verdict).toBe('goal not found')
  })

  test('and the run that shows it is judged the same when it is repeated from its trace', () => {
    const never = always('two is never first', (system) => {
      return system.node('hearer').snapshot.context.heard[0] !== 'two' || 'it is'
    })
    for (const more of [{ network: 'once' }, { network: 'ordered', losses: 1 }] as const) {
      const system = speech({ ...more, invariants: [never] })
      const { violation } = check(system)
      const kinds = violation!.run.steps.map(({ happening }) => happening.kind)
      expect(kinds).toEqual(more.network === 'once' ? ['deliver'] : ['lose', 'deliver'])
      const saved = savedRunIn(readTrace(traceOf(system, violation!.run, { violation })))!
      expect(repeat(system, saved).verdict).toBe('it is')
    }
  })
})

describe('refused', () => {
  test('losses on a set, on which anything may be lost', () => {
    expect(() => check(speech({ losses: 1 }))).toThrow(/with network 'once' or 'ordered'/)
  })
  test('a property of what was sent, which only a set keeps', () => {
    const silent = always('silent', (system) => system.node('speaker').sent.length === 0 || 'it speaks')
    expect(check(speech({ network: 'once', invariants: [silent] })).violation!.reason).toMatch(
      /network 'set'/,
    )
  })
})

test('step invariants are asked on every network', () => {
  const steps = [
    everyStep('hears nothing', (before, after) => before.snapshot === after.snapshot || 'it does'),
  ]
  for (const network of ['set', 'once', 'ordered'] as const) {
    const { verdict, violation } = check(speech({ network, steps }))
    expect([verdict, violation!.run.steps.length]).toEqual(['violated', 1])
  }
})

describe('pinned', () => {
  test.each([
    [3, 288],
    [5, 8832],
    [7, 296_448],
  ])('two-phase commit with %i resource managers has %i states', { timeout: 120_000 }, (count, states) => {
    expect(check(twoPhaseCommit(count), { minimise: false })).toMatchObject({ verdict: 'exhausted', states })
  })

  test('a resource manager that aborts after it has prepared is caught', () => {
    const { verdict, violation } = check(twoPhaseCommit(3, true))
    expect([verdict, violation!.name]).toEqual(['violated', 'no manager commits what another aborts'])
  })

  test.each([
    ['once', 16_668],
    ['set', 16_355],
  ] as const)('Paxos, network %s, has %i states', { timeout: 120_000 }, (network, states) => {
    expect(check(paxos(network), { reduction: 'none', minimise: false })).toMatchObject({
      verdict: 'exhausted',
      states,
    })
  })

  test('Paxos with a server that forgets what was accepted is caught', { timeout: 120_000 }, () => {
    for (const network of ['once', 'set'] as const) {
      const { verdict, violation } = check(paxos(network, true), { minimise: false })
      expect([verdict, violation!.name]).toEqual(['violated', 'the history is linearizable (register)'])
    }
  })
})

describe('histories', () => {
  /** Two stores, of which one learns of a write late: a read there may be stale. */
  const stale = (readsOwn: boolean): CheckedSystem['nodes'] => {
    const client = (calls: object[]) => createMachine({ entry: calls } as never)
    const call = (op: string, value?: number) => ({ type: 'call', params: { op, value } })
    const answer = (output: unknown) => ({ type: 'return', params: { output } })
    const writer = [call('write', 1), answer(null), ...(readsOwn ? [call('read'), answer(null)] : [])]
    return [
      { id: 'a', machine: client(writer) },
      { id: 'b', machine: client([call('read'), answer(null)]) },
    ]
  }
  const verdict = (nodes: CheckedSystem['nodes'], property: typeof linearizable) => {
    const { observer, invariant } = property(registerModel())
    return check({ nodes, observer, invariants: [invariant] }).verdict
  }

  test('a stale read of another client is sequential, and not linearizable', () => {
    expect([verdict(stale(false), sequential), verdict(stale(false), linearizable)]).toEqual([
      'exhausted',
      'violated',
    ])
  })

  test('a stale read of the writer itself is neither', () => {
    expect([verdict(stale(true), sequential), verdict(stale(true), linearizable)]).toEqual([
      'violated',
      'violated',
    ])
  })
})
