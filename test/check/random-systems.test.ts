/** Searches of systems made at random: with any shortcuts, the same states are found. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assign, createMachine } from 'xstate'
import { check } from '../../proof/check/check.ts'
import { Search } from '../../proof/check/engine/search.ts'
import { repeat, traceOf } from '../../proof/check/run-trace.ts'
import { savedRunIn } from '../../proof/check/saved-run.ts'
import {
  always,
  type CheckedSystem,
  everyStep,
  reachable,
  type SentMessage,
  type SystemView,
} from '../../proof/check/system.ts'
import { readTrace } from '../../runtime/observe/index.ts'

type Reduction = 'sends' | 'none'

/** A system made at random with more states than this tells nothing more. */
const statesMax = 5000

/** What the nodes are in every state that is found, no matter what is on its way. */
function found(system: CheckedSystem, reduction: Reduction) {
  const search = new Search(system, reduction)
  const { end } = search.run({ bounds: { states: statesMax } })
  const state = new Int32Array(search.width)
  const states = new Set<string>()
  for (let number = 0; number < search.store.size; number++) {
    search.store.read(number, state)
    const nodes = system.nodes.map((_node, place) => search.model.states.view(state[place]!))
    const parts = nodes.map(({ id, alive, snapshot }) => [id, alive, snapshot.value, snapshot.context])
    states.add(JSON.stringify([parts, search.observed(state), state.at(-1)]))
  }
  return { end, states: [...states].sort() }
}

const names = ['a', 'b', 'c', 'd']

/** What a node does with an event: where it goes, to whom it writes, and whether its counter (up to 2) goes up. */
const reaction = fc.record({
  target: fc.constantFrom('calm', 'busy', null),
  to: fc.constantFrom(...names, null),
  type: fc.constantFrom('x', 'y'),
  counts: fc.boolean(),
  emits: fc.boolean(),
})
type Reaction = typeof reaction extends fc.Arbitrary<infer Value> ? Value : never

const chart = fc.record({
  calm: fc.record({ x: reaction, y: reaction }),
  busy: fc.record({ x: reaction, y: reaction, after: fc.option(reaction), later: fc.option(reaction) }),
  starts: fc.option(reaction),
})

function transitionOf({ target, to, type, counts, emits }: Reaction) {
  return {
    ...(target === null ? {} : { target }),
    actions: [
      ...(counts
        ? [assign(({ context }: { context: { n: number } }) => ({ n: Math.min(2, context.n + 1) }))]
        : []),
      ...(to === null ? [] : [{ type: 'send', params: { to, message: { type } } }]),
      ...(emits ? [{ type: 'note', params: { type } }] : []),
    ],
  }
}

function counterOf(system: SystemView, id: string): number {
  return (system.node(id).snapshot.context as { n: number }).n
}

const systemsOf = (size: number) =>
  fc
    .record({
      charts: fc.array(chart, { minLength: 2, maxLength: size }),
      crashes: fc.integer({ min: 0, max: 1 }),
      restarts: fc.integer({ min: 0, max: 1 }),
      observes: fc.boolean(),
      timers: fc.constantFrom('free', 'ordered'),
      prunes: fc.constantFrom('nothing', 'one node', 'two nodes'),
    })
    .map(({ charts, crashes, restarts, observes, timers, prunes }): CheckedSystem => {
      const nodes = charts.map(({ calm, busy, starts }, index) => ({
        id: names[index]!,
        machine: createMachine({
          context: { n: 0 },
          initial: 'calm',
          ...(starts === null ? {} : { entry: transitionOf(starts).actions as never }),
          states: {
            calm: { on: { x: transitionOf(calm.x), y: transitionOf(calm.y) } },
            busy: {
              on: { x: transitionOf(busy.x), y: transitionOf(busy.y) },
              ...(busy.after === null ? {} : { after: { 10: transitionOf(busy.after) } }),
              ...(busy.later === null
                ? {}
                : {
                    after: {
                      5: transitionOf(busy.later),
                      30: { ...transitionOf(busy.later), reenter: true },
                    },
                  }),
            },
          },
        } as never),
        script: [{ type: index % 2 === 0 ? 'x' : 'y' }],
        mayCrash: true,
        restart: (life: number) => ({ id: `${names[index]}#${life}`, input: undefined }),
      }))
      const full = (id: string) => (system: SystemView) => counterOf(system, id) >= 2
      const absent = names.slice(nodes.length)
      return {
        nodes,
        cuts: nodes.flatMap(({ id }) => absent.map((to) => ({ from: id, to }))),
        crashes,
        restarts,
        timers,
        ...(observes
          ? {
              observer: {
                initial: [],
                observe: (value, { node, actions }) =>
                  [
                    ...(value as string[]),
                    ...actions.map(({ params }) => node + JSON.stringify(params)),
                  ].slice(-2),
              },
            }
          : {}),
        prunes:
          prunes === 'nothing'
            ? []
            : prunes === 'one node'
              ? [full('a')]
              : [(system) => full('a')(system) && full('b')(system)],
      }
    })

test('taking steps that only send at once, the same states of every node are reached, on systems made at random', () => {
  fc.assert(
    fc.property(systemsOf(4), (system) => {
      const [sends, none] = [found(system, 'sends'), found(system, 'none')]
      fc.pre(none.end === 'exhausted')
      expect([sends.end, sends.states]).toEqual([none.end, none.states])
    }),
    { numRuns: 60 },
  )
})

/** What a property may say of the messages of one node: of these a monotone one, and one that more sends may mend. */
const sayings = fc.record({
  node: fc.constantFrom('a', 'b'),
  other: fc.constantFrom('a', 'b'),
  type: fc.constantFrom('x', 'y'),
  count: fc.integer({ min: 0, max: 1 }),
  kind: fc.constantFrom('at most', 'not exactly', 'no more than the other', 'not while busy'),
})
type Saying = typeof sayings extends fc.Arbitrary<infer Value> ? Value : never

const ofType = (sent: readonly SentMessage[], type: string) =>
  sent.filter(({ message }) => message.type === type).length

function isBroken({ node, other, type, count, kind }: Saying, system: SystemView): boolean {
  const sent = ofType(system.node(node).sent, type)
  switch (kind) {
    case 'at most':
      return sent > count
    case 'not exactly':
      return sent === count && counterOf(system, other) > 0
    case 'no more than the other':
      return sent > ofType(system.node(other).sent, type)
    case 'not while busy':
      return sent > 0 && system.node(other).snapshot.value === 'busy'
  }
}

function isBrokenStep(
  { node, type, count, kind }: Saying,
  before: readonly SentMessage[],
  after: readonly SentMessage[],
  ids: readonly string[],
) {
  if (!ids.includes(node)) return false
  const sends = ofType(after, type) > ofType(before, type)
  return kind === 'at most' ? sends : sends && before.length === count
}

/** The verdict, with the run that shows it judged again from its trace. */
function verdictOf(system: CheckedSystem, reduction: Reduction) {
  const bounds = { states: statesMax }
  const { verdict, violation, goals } = check(system, { reduction, bounds })
  if (violation !== null) {
    const saved = savedRunIn(readTrace(traceOf(system, violation.run, { violation })))!
    expect(repeat(system, saved).verdict).toBe(violation.reason)
  }
  return { verdict, goals: verdict === 'violated' ? [] : goals.map(({ run }) => run !== null) }
}

test('properties of sent messages and of steps get the same verdicts with and without the reduction', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(
      systemsOf(3),
      sayings,
      fc.constantFrom('invariant', 'goal', 'step'),
      (plain, saying, kind) => {
        const name = `${kind}: ${saying.kind}`
        const monotone = saying.kind === 'at most'
        const system: CheckedSystem = {
          ...plain,
          // What is sent behind a pruned state only the reduction sees.
          prunes: [],
          ...(kind === 'invariant'
            ? {
                invariants: [always(name, (view) => !isBroken(saying, view) || 'it is broken', { monotone })],
              }
            : kind === 'goal'
              ? { goals: [reachable(name, (view) => isBroken(saying, view), { monotone })] }
              : {
                  steps: [
                    everyStep(
                      name,
                      (before, after) =>
                        !isBrokenStep(saying, before.sent, after.sent, [after.id]) || 'it is broken',
                      { monotone },
                    ),
                  ],
                }),
        }
        const none = verdictOf(system, 'none')
        fc.pre(none.verdict !== 'bounded')
        seen.add(`${kind} ${none.verdict}`)
        expect(verdictOf(system, 'sends')).toEqual(none)
      },
    ),
    { numRuns: 400 },
  )
  expect([...seen].sort()).toEqual([
    'goal exhausted',
    'goal goal not found',
    'invariant exhausted',
    'invariant violated',
    'step exhausted',
    'step violated',
  ])
}, 60_000)

test('what a node sends to itself arrives, too', () => {
  const machine = createMachine({
    initial: 'asking',
    states: {
      asking: {
        entry: { type: 'send', params: { to: 'a', message: { type: 'x' } } },
        on: { x: 'heard' },
      },
      heard: {},
    },
  })
  const deaf = always(
    'a receives nothing',
    (system) => system.node('a').snapshot.value === 'asking' || 'it does',
  )
  for (const reduction of ['sends', 'none'] as const) {
    expect(found({ nodes: [{ id: 'a', machine }], invariants: [deaf] }, reduction).end).toBe('violated')
  }
})

test('an invariant may reach read a second node only late', () => {
  const machine = createMachine({ initial: 'out', states: { out: { on: { go: 'in' } }, in: {} } })
  const nodes = ['a', 'b', 'c'].map((id) => ({ id, machine, script: [{ type: 'go' }] }))
  const isIn = (system: SystemView) => (id: string) => system.node(id).snapshot.value === 'in'
  const invariants = [
    always('not all are in', (system) => !['c', 'a', 'b'].every(isIn(system)) || 'all are in'),
  ]
  for (const reduction of ['sends', 'none'] as const)
    expect(found({ nodes, invariants }, reduction).end).toBe('violated')
})
