/** What a search never saw is said, errors name their place, and bounds in seconds hold, no matter what is slow. */
import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { check } from '../../proof/check/check.ts'
import { checkInParallel } from '../../proof/check/parallel/index.ts'
import { always, type CheckedSystem, type Observer } from '../../proof/check/system.ts'
import { scenarioNamed } from '../../proof/protocol/scenarios.ts'

const send = (to: string, type: string) => ({ type: 'send', params: { to, message: { type } } })
const asker = createMachine({ entry: send('answerer', 'qestion'), on: { answer: {} } })
const answerer = createMachine({ on: { question: { actions: send('asker', 'answer') } } })
const typo: CheckedSystem = {
  nodes: [
    { id: 'asker', machine: asker },
    { id: 'answerer', machine: answerer },
  ],
}
const texts = (system: CheckedSystem) => check(system).unseen.map(({ text }) => text)

describe('what was never seen', () => {
  test('a message that its receiver takes in no state', () => {
    expect(check(typo).unseen).toEqual([
      {
        kind: 'message',
        node: 'asker',
        type: 'qestion',
        text: 'asker sends "qestion" to answerer, whose machine takes it in no state',
      },
    ])
  })

  test('not one that a wildcard takes', () => {
    for (const on of [{ '*': {} }, { 'question.*': {} }]) {
      const machine = createMachine({ entry: send('b', 'question.first') })
      const nodes = [
        { id: 'a', machine },
        { id: 'b', machine: createMachine({ on }) },
      ]
      expect(texts({ nodes })).toEqual([])
    }
  })

  test('an effect that no send carries, unless an observer sees it', () => {
    const machine = createMachine({ entry: { type: 'sendMessage', params: { to: 'b' } } })
    const nodes = [{ id: 'a', machine }]
    expect(texts({ nodes })).toEqual([
      'a asks for the effect "sendMessage", which is no send and has no observer',
    ])
    const observer: Observer = { initial: 0, observe: (value) => value }
    expect(texts({ nodes, observer })).toEqual([])
  })

  test('an event of a script that never happens, and one that the machine takes in no state', () => {
    const machine = createMachine({ on: { go: {} } })
    const never: CheckedSystem = {
      nodes: [{ id: 'a', machine, script: [{ type: 'go' }], ready: () => false }],
    }
    expect(texts(never)).toEqual(['event 1 ("go") of the script of a never happened'])
    expect(texts({ nodes: [{ id: 'a', machine, script: [{ type: 'og' }] }] })).toEqual([
      'the script of a has "og", which its machine takes in no state',
    ])
  })

  test('nothing of the protocol', () => {
    for (const name of ['one-server', 'failure-to-backup'])
      expect(texts(scenarioNamed(name).system())).toEqual([])
  })

  test('by several threads no more than by one', async () => {
    const module = new URL('../../proof/protocol/scenarios.ts', import.meta.url).href
    const source = { module, name: 'systemOfScenario', args: ['one-server'] }
    expect((await checkInParallel(source, { workers: 2 })).unseen).toEqual([])
  })
})

describe('an error names its place', () => {
  const fails = () => {
    throw new Error('no such thing')
  }
  test('in prunes', () => {
    expect(() => check({ ...typo, prunes: [() => false, fails] })).toThrow('prunes[1] threw: no such thing')
  })

  test('in ready', () => {
    const [first, ...rest] = typo.nodes
    const nodes = [{ ...first!, script: [{ type: 'answer' }], ready: fails }, ...rest]
    expect(() => check({ nodes })).toThrow('ready of node "asker" threw in the state {}: no such thing')
  })
})

describe('a bound in seconds', () => {
  /** A state more for each event, each judged slowly. */
  const slow = (): CheckedSystem => ({
    nodes: ['a', 'b', 'c'].map((id) => ({
      id,
      machine: createMachine({ context: { n: 0 } }),
      script: Array.from({ length: 60 }, (_, index) => ({ type: `e${index}` })),
    })),
    observer: {
      initial: [],
      observe: (value, { node }) => [...(value as string[]), node].slice(-12),
    },
    invariants: [
      always('slow', (system) => {
        system.observed()
        const end = performance.now() + 5
        while (performance.now() < end);
        return true
      }),
    ],
  })

  test.each(['breadth-first', 'depth-first', 'random-walk'] as const)(
    'ends %s',
    { timeout: 60_000 },
    (order) => {
      const started = performance.now()
      const { verdict, bound, states } = check(slow(), { order, bounds: { seconds: 1 } })
      expect({ verdict, bound }).toEqual({ verdict: 'bounded', bound: 'seconds' })
      // By counting steps alone the search would look at the clock after 80 seconds.
      expect((performance.now() - started) / 1000).toBeLessThan(10)
      expect(states).toBeGreaterThan(2)
    },
  )
})
