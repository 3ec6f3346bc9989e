/** What cannot be checked is refused, with what to do; what throws is a violation with a run to it. */
import { describe, expect, test } from 'vitest'
import { type AnyStateMachine, assign, createMachine, raise, setup } from 'xstate'
import { check } from '../../proof/check/check.ts'
import { repeat, traceOf } from '../../proof/check/run-trace.ts'
import { savedRunIn } from '../../proof/check/saved-run.ts'
import { always, type CheckedNode, type CheckedSystem, reachable } from '../../proof/check/system.ts'
import { readTrace } from '../../runtime/observe/index.ts'

const quiet = createMachine({})
const node = (machine: unknown, rest: Partial<CheckedNode> = {}): CheckedNode => ({
  id: 'a',
  machine: machine as AnyStateMachine,
  ...rest,
})
const sending = (params: unknown) =>
  setup({ actions: { send: (_, _params: unknown) => {} } }).createMachine({
    entry: { type: 'send', params },
  })
const withContext = (value: unknown) => createMachine({ context: { value } })

describe('refused', () => {
  const refusals: [string, CheckedSystem, RegExp][] = [
    ['no nodes', { nodes: [] }, /at least one \{ id, machine \}/],
    ['two nodes of one id', { nodes: [node(quiet), node(quiet)] }, /two nodes "a"/],
    ['what is no machine', { nodes: [node({})] }, /node "a": expected an XState machine/],
    ['half a crash', { nodes: [node(quiet)], crashes: 0.5 }, /crashes: a whole number/],
    ['too many restarts', { nodes: [node(quiet)], restarts: 64 }, /restarts: a whole number from 0 to 63/],
    [
      'two invariants of one name',
      { nodes: [node(quiet)], invariants: [always('it', () => true), always('it', () => true)] },
      /different names, got two "it"/,
    ],
    ['a cut from nowhere', { nodes: [node(quiet)], cuts: [{ from: 'b', to: 'a' }] }, /from one of a/],
    ['a child', { nodes: [node(createMachine({ invoke: { src: quiet } }))] }, /a child actor/],
    [
      'a message to no node',
      { nodes: [node(sending({ to: 'b', message: { type: 'm' } }))] },
      /"b", which is no node/,
    ],
    [
      'a message without a type',
      { nodes: [node(sending({ to: 'a', message: {} }))] },
      /\{ to, message: \{ type \} \}/,
    ],
    [
      'a message with a Map',
      { nodes: [node(sending({ to: 'a', message: { type: 'm', map: new Map() } }))] },
      /message\.map is a Map/,
    ],
    ['a Map in a context', { nodes: [node(withContext(new Map()))] }, /context\.value is a Map/],
    ['a bigint in a context', { nodes: [node(withContext(1n))] }, /context\.value is a bigint/],
    ['NaN in a context', { nodes: [node(withContext([Number.NaN]))] }, /context\.value\[0\] is NaN/],
  ]
  test.each(refusals)('%s', (_, system, reason) => {
    expect(() => check(system)).toThrow(reason)
  })

  test('a context that contains itself', () => {
    const loop: { self?: unknown } = {}
    loop.self = loop
    expect(() => check({ nodes: [node(withContext(loop))] })).toThrow(/nested deeper than 200, or in itself/)
  })
})

test('a machine that throws at its start is reported by its node', () => {
  const context = (): object => {
    throw new Error('no such input')
  }
  expect(() => check({ nodes: [node(createMachine({ context }))] })).toThrow(
    'node "a" cannot start: no such input',
  )
})

test('a delayed raise without an id is refused', () => {
  const machine = createMachine({ entry: raise({ type: 'late' }, { delay: 10 }) })
  expect(() => check({ nodes: [node(machine)] })).toThrow(/an id of the delayed raise of late/)
})

test('a machine that is done takes nothing more', () => {
  const machine = createMachine({
    initial: 'open',
    states: { open: { on: { close: 'closed' } }, closed: { type: 'final' } },
    on: { close: '.open' },
  })
  const script = [{ type: 'close' }, { type: 'close' }]
  expect(check({ nodes: [node(machine, { script })] })).toMatchObject({ verdict: 'exhausted', states: 2 })
})

test('a message to no node may be cut', () => {
  const system = {
    nodes: [node(sending({ to: 'b', message: { type: 'm' } }))],
    cuts: [{ from: 'a', to: 'b' }],
  }
  expect(check(system).verdict).toBe('exhausted')
})

test('an invariant that throws does not hold, and a goal that throws is reported by its name', () => {
  const fails = () => {
    throw new Error('no such thing')
  }
  const nodes = [node(quiet)]
  expect(check({ nodes, invariants: [always('it', fails)] }).violation).toMatchObject({
    name: 'it',
    reason: 'the invariant threw: no such thing',
  })
  expect(() => check({ nodes, goals: [reachable('there', fails)] })).toThrow(
    'the goal "there" threw: no such',
  )
})

test('a circle of eventless transitions is a violation, with the run that leads there', () => {
  const machine = createMachine({
    initial: 'rest',
    states: { rest: { on: { go: 'left' } }, left: { always: 'right' }, right: { always: 'left' } },
  })
  const { verdict, violation } = check({ nodes: [node(machine, { script: [{ type: 'go' }] })] })
  expect(verdict).toBe('violated')
  expect(violation).toMatchObject({
    name: 'no machine throws',
    reason: expect.stringContaining('Infinite loop'),
  })
  expect(violation!.run.steps).toHaveLength(1)
})

test('an invariant that returns false does not hold', () => {
  const { violation } = check({ nodes: [node(quiet)], invariants: [always('it', (() => false) as never)] })
  expect(violation!.reason).toBe('expected true, got false')
})

test('a machine that throws is a violation, with a run that can be traced and repeated', () => {
  const machine = createMachine({
    context: { n: 0 },
    on: {
      count: {
        actions: assign({
          n: ({ context }) => {
            if (context.n === 1) throw new Error('cannot count to two')
            return context.n + 1
          },
        }),
      },
    },
  })
  const system = { nodes: [node(machine, { script: [{ type: 'count' }, { type: 'count' }] })] }
  const { verdict, violation } = check(system)
  expect(verdict).toBe('violated')
  expect(violation).toMatchObject({ name: 'no machine throws', reason: 'a threw: cannot count to two' })
  expect(violation!.run.steps).toHaveLength(2)
  const saved = savedRunIn(readTrace(traceOf(system, violation!.run, { violation: violation! })))
  expect(repeat(system, saved!).verdict).toBe('a threw: cannot count to two')
})
