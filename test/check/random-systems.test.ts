/** Searches of systems made at random: whatever the shortcuts, the same states are found. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assign, createMachine } from 'xstate'
import { Search } from '../../proof/check/engine/search.ts'
import { always, type CheckedSystem, type SystemView } from '../../proof/check/system.ts'

type Reduction = 'sends' | 'none'

/** A system made at random with more states than this tells nothing more. */
const statesMax = 5000

/** What the nodes are in every state that is found, whatever is on its way. */
function found(system: CheckedSystem, reduction: Reduction) {
  const search = new Search(system, reduction)
  const { end } = search.run({ bounds: { states: statesMax } })
  const state = new Int32Array(search.width)
  const states = new Set<string>()
  for (let number = 0; number < search.store.size; number++) {
    search.store.read(number, state)
    const nodes = system.nodes.map((_node, place) => search.locals.view(state[place]!))
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
  busy: fc.record({ x: reaction, y: reaction, after: fc.option(reaction) }),
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

const systems = fc
  .record({
    charts: fc.array(chart, { minLength: 2, maxLength: 4 }),
    crashes: fc.integer({ min: 0, max: 1 }),
    restarts: fc.integer({ min: 0, max: 1 }),
    observes: fc.boolean(),
    prunes: fc.constantFrom('nothing', 'one node', 'two nodes'),
  })
  .map(({ charts, crashes, restarts, observes, prunes }): CheckedSystem => {
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
          },
        },
      } as never),
      script: [{ type: index % 2 === 0 ? 'x' : 'y' }],
      mayCrash: true,
      restart: (life: number) => ({ id: `${names[index]}#${life}`, input: undefined }),
    }))
    const n = (context: unknown) => (context as { n: number }).n
    const full = (id: string) => (system: { node(id: string): { snapshot: { context: unknown } } }) =>
      n(system.node(id).snapshot.context) >= 2
    const absent = names.slice(nodes.length)
    return {
      nodes,
      cuts: nodes.flatMap(({ id }) => absent.map((to) => ({ from: id, to }))),
      crashes,
      restarts,
      ...(observes
        ? {
            observer: {
              initial: [],
              observe: (value, { node, actions }) =>
                [...(value as string[]), ...actions.map(({ params }) => node + JSON.stringify(params))].slice(
                  -2,
                ),
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
    fc.property(systems, (system) => {
      const [sends, none] = [found(system, 'sends'), found(system, 'none')]
      fc.pre(none.end === 'exhausted')
      expect([sends.end, sends.states]).toEqual([none.end, none.states])
    }),
    { numRuns: 60 },
  )
})

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
  const deaf = always('a hears nobody', (system) => system.node('a').snapshot.value === 'asking' || 'it does')
  for (const reduction of ['sends', 'none'] as const) {
    expect(found({ nodes: [{ id: 'a', machine }], invariants: [deaf] }, reduction).end).toBe('violated')
  }
})

test('an invariant may come to read a second node only late', () => {
  const machine = createMachine({ initial: 'out', states: { out: { on: { go: 'in' } }, in: {} } })
  const nodes = ['a', 'b', 'c'].map((id) => ({ id, machine, script: [{ type: 'go' }] }))
  const isIn = (system: SystemView) => (id: string) => system.node(id).snapshot.value === 'in'
  const invariants = [
    always('not all are in', (system) => !['c', 'a', 'b'].every(isIn(system)) || 'all are in'),
  ]
  for (const reduction of ['sends', 'none'] as const)
    expect(found({ nodes, invariants }, reduction).end).toBe('violated')
})
