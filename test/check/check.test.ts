/** The model checker: what it finds, what it says when it stops, and that its shortcuts change no verdict. */

import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { check } from '../../proof/check/check.ts'
import { replay } from '../../proof/check/counterexample.ts'
import { Search } from '../../proof/check/engine/search.ts'
import { always, type CheckedSystem, reachable, type SystemView } from '../../proof/check/system.ts'
import { scenarioNamed, scenarios } from '../../proof/protocol/scenarios.ts'
import { acknowledgedView, standbySystem } from '../../proof/protocol/standby-system.ts'

const send = (to: string, type: string) => ({ type: 'send', params: { to, message: { type } } })

/** `left` asks once it is asked to, `right` answers, and each has a timer. */
const left = createMachine({
  id: 'left',
  initial: 'resting',
  states: {
    resting: { on: { begin: { target: 'asking' } } },
    asking: {
      entry: send('right', 'question'),
      on: { answer: 'content' },
      after: { 100: { target: 'asking', reenter: true }, 500: 'bored' },
    },
    content: {},
    bored: {},
  },
})
const right = createMachine({
  id: 'right',
  initial: 'waiting',
  states: {
    waiting: { on: { question: { target: 'answered', actions: send('left', 'answer') } } },
    answered: { on: { question: { actions: send('left', 'answer') } } },
  },
})

const conversation = (more: Partial<CheckedSystem> = {}): CheckedSystem => ({
  nodes: [
    { id: 'left', machine: left, script: [{ type: 'begin' }] },
    { id: 'right', machine: right },
  ],
  goals: [reachable('content', (system) => system.node('left').snapshot.value === 'content')],
  ...more,
})

const hasValue = (id: string, value: string) => (system: SystemView) =>
  system.node(id).snapshot.value === value

describe('a verdict', () => {
  test('is exhausted when every state was seen, nothing is broken and every goal was reached', () => {
    const { verdict, bound, states } = check(conversation(), { reduction: 'none' })
    expect({ verdict, bound, states }).toEqual({ verdict: 'exhausted', bound: null, states: 6 })
  })

  test('is violated with the shortest run to the violation', () => {
    const system = conversation({
      invariants: [always('left is never bored', (system) => !hasValue('left', 'bored')(system) || 'it is')],
    })
    const { verdict, violation } = check(system)
    expect(verdict).toBe('violated')
    expect(violation!.run.steps.map(({ happening }) => happening.kind)).toEqual(['script', 'timer'])
    expect(violation!.story).toContain('timer 500 fires, now bored')
  })

  test('is goal not found when every state was seen and none is the goal', () => {
    const { verdict, goals } = check(
      conversation({ goals: [reachable('both bored', hasValue('right', 'bored'))] }),
    )
    expect(verdict).toBe('goal not found')
    expect(goals).toEqual([{ name: 'both bored', run: null }])
  })

  test.each([
    ['depth', { depth: 2 }],
    ['states', { states: 3 }],
  ] as const)('is bounded by %s when that ended the search', (bound, bounds) => {
    expect(check(conversation(), { bounds, reduction: 'none' })).toMatchObject({ verdict: 'bounded', bound })
  })
})

describe('what may happen', () => {
  test('a message may be lost: the goal of hearing nothing is reached', () => {
    const goals = [reachable('bored', hasValue('left', 'bored'))]
    expect(check(conversation({ goals })).verdict).toBe('exhausted')
  })

  test('a cut link lets nothing through', () => {
    expect(check(conversation({ cuts: [{ from: 'right', to: 'left' }] })).verdict).toBe('goal not found')
  })

  test('ordered timers: the longer one, set first, does not fire before the shorter one', () => {
    const machine = createMachine({
      initial: 'both',
      states: { both: { after: { 10: 'short', 50: 'long' } }, short: {}, long: {} },
    })
    const goals = [reachable('long', hasValue('a', 'long'))]
    const nodes = [{ id: 'a', machine }]
    expect(check({ nodes, goals, timers: 'free' }).verdict).toBe('exhausted')
    expect(check({ nodes, goals, timers: 'ordered' }).verdict).toBe('goal not found')
  })

  test('a crash stops a node for ever, and no more crashes happen to than there are', () => {
    const nodes = [
      { id: 'left', machine: left, script: [{ type: 'begin' }], mayCrash: true },
      { id: 'right', machine: right, mayCrash: true },
    ]
    const dead = (id: string) => (system: SystemView) => !system.node(id).alive
    const goals = [
      reachable('right is dead', dead('right')),
      reachable('both are dead', (system) => dead('left')(system) && dead('right')(system)),
    ]
    const { goals: found } = check({ nodes, goals, crashes: 1 })
    expect(found.map(({ run }) => run !== null)).toEqual([true, false])
  })

  test('a crashed node starts again under a new id, and hears nothing that was sent to the old one', () => {
    const nodes = [
      { id: 'left', machine: left, script: [{ type: 'begin' }] },
      { id: 'right', machine: right, mayCrash: true, restart: () => ({ id: 'right#2', input: undefined }) },
    ]
    const goals = [
      reachable('a second life', (system) => system.node('right').id === 'right#2'),
      reachable('a second life that answers', (system) => {
        const { id, snapshot } = system.node('right')
        return id === 'right#2' && snapshot.value === 'answered'
      }),
    ]
    const { goals: found } = check({ nodes, goals, crashes: 1, restarts: 1 })
    expect(found.map(({ run }) => run !== null)).toEqual([true, false])
  })
})

describe('a counterexample', () => {
  const broken = (): CheckedSystem => ({
    ...standbySystem({ servers: 2, clients: [[{ op: 'put', key: 'a', value: 'x' }]], viewsMax: 3 }),
    invariants: [
      always(
        'the second server never serves',
        (system) => !system.node('s2#1').snapshot.hasTag('answersClients') || 'it does',
      ),
    ],
  })

  test('can be repeated step by step from its happenings alone', () => {
    const { violation } = check(broken())
    const search = new Search(broken(), 'none')
    const again = replay(
      search,
      violation!.run.steps.map(({ happening }) => happening),
    )
    expect(search.invariant('the second server never serves', again!.state)).toBe('it does')
  })

  test('has no step that could be left out', () => {
    const { run } = check(broken()).violation!
    const search = new Search(broken(), 'none')
    const happenings = run.steps.map(({ happening }) => happening)
    for (const [index] of happenings.entries()) {
      const shorter = replay(
        search,
        happenings.filter((_, other) => other !== index),
      )
      expect(
        shorter === null || search.invariant('the second server never serves', shorter.state) === true,
      ).toBe(true)
    }
  })
})

describe('taking steps that only send at once', () => {
  const small = [
    [
      'one server',
      standbySystem({ servers: 1, clients: [[{ op: 'put', key: 'a', value: 'x' }]], viewsMax: 1 }),
    ],
    ['two servers, no client', standbySystem({ servers: 2, clients: [], viewsMax: 2 })],
  ] as const

  test.each(small)('%s: reaches the same states of every node as plain search', (_name, system) => {
    const values = (reduction: 'sends' | 'none') => {
      const search = new Search({ ...system, goals: [] }, reduction)
      const { end } = search.run()
      const seen = new Set<string>()
      const state = new Int32Array(search.width)
      for (let number = 0; number < search.store.size; number++) {
        search.store.read(number, state)
        const nodes = system.nodes.map((_node, place) => search.model.states.view(state[place]!).snapshot)
        seen.add(JSON.stringify(nodes.map(({ value, context }) => [value, context])))
      }
      return { end, seen: [...seen].sort() }
    }
    expect(values('sends')).toEqual(values('none'))
  })

  test('finds the same violation', () => {
    const system = (): CheckedSystem => ({
      ...standbySystem({ servers: 2, clients: [], viewsMax: 2 }),
      invariants: [
        always(
          'no view is acknowledged',
          (system) => !system.node('view-service').snapshot.hasTag('acknowledged') || 'one is',
        ),
      ],
    })
    const [reduced, plain] = [check(system(), { reduction: 'sends' }), check(system(), { reduction: 'none' })]
    expect(reduced.violation!.run.steps.length).toBe(plain.violation!.run.steps.length)
  })
})

describe('a shipped scenario', () => {
  test('has a name of its own and says what it is about', () => {
    expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length)
    for (const { about } of scenarios) expect(about).toMatch(/\.$/)
  })

  test.each(scenarios.filter(({ states = Number.POSITIVE_INFINITY }) => states < 100_000))(
    '$name is exhausted with $states states',
    ({ system, states }) => {
      const result = check(system())
      expect({ verdict: result.verdict, states: result.states }).toEqual({ verdict: 'exhausted', states })
    },
  )

  test('has two clients, a crash and false suspicion in at least three cases too large for a test', () => {
    const rich = scenarios.filter(({ system, states }) => {
      const { nodes, crashes = 0 } = system()
      return (
        states === undefined && crashes > 0 && nodes.filter(({ script }) => script !== undefined).length > 1
      )
    })
    expect(rich.length).toBeGreaterThanOrEqual(3)
  })

  test.each(scenarios.map(({ name }) => name))(
    '%s holds within its first states, and reaches its goals',
    (name) => {
      const { violation, verdict } = check(scenarioNamed(name).system(), { bounds: { states: 20_000 } })
      expect(violation?.story ?? null).toBeNull()
      expect(['exhausted', 'bounded']).toContain(verdict)
    },
  )

  test('of an unknown name is refused with the names there are', () => {
    expect(() => scenarioNamed('nonsense')).toThrow(/one-server/)
  })

  const acknowledgedPair = () =>
    standbySystem({
      servers: 2,
      clients: [],
      begin: [acknowledgedView('view-service', 2)],
      viewsMax: 2,
    })

  test('a beginning is reached before the search begins', () => {
    const system = acknowledgedPair()
    const { goals } = check({ ...system, goals: [acknowledgedView('view-service', 2)] })
    expect(goals[0]!.run!.steps.length).toBeGreaterThan(5)
  })

  test('a beginning that no state within the bounds reaches is reported as a goal that was not reached', () => {
    const system = acknowledgedPair()
    const notReached = ({ goals }: ReturnType<typeof check>) =>
      goals.filter(({ run }) => run === null).map(({ name }) => name)
    const early = check(system, { bounds: { states: 100 } })
    expect([early.verdict, early.bound, early.states]).toEqual(['bounded', 'states', 100])
    expect(notReached(early)).toEqual(['view 2 is acknowledged', 'every call is answered'])
    const never = check({ ...system, begin: [acknowledgedView('view-service', 9)] })
    expect([never.verdict, never.bound]).toEqual(['goal not found', null])
    expect(notReached(never)).toContain('view 9 is acknowledged')
  })
})
