/** The reduction of sends changes no verdict: properties of steps and of what was sent, and the runs that show them. */
import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { check } from '../../proof/check/check.ts'
import { repeat, traceOf } from '../../proof/check/run-trace.ts'
import { savedRunIn } from '../../proof/check/saved-run.ts'
import { always, type CheckedSystem, everyStep, type NodeView, reachable } from '../../proof/check/system.ts'
import { readTrace } from '../../runtime/observe/index.ts'

const send = (to: string, type: string) => ({ type: 'send', params: { to, message: { type } } })
const asker = createMachine({ entry: send('answerer', 'ask') })
const answerer = createMachine({ on: { ask: { actions: send('asker', 'secret') } } })
/** A timer that sends and sets itself again changes nothing else. */
const ticking = createMachine({
  initial: 'on',
  states: {
    on: { after: { 10: { target: 'on', reenter: true, actions: send('asker', 'tick') } } },
  },
})
const twoNodes = (more: Partial<CheckedSystem>): CheckedSystem => ({
  nodes: [
    { id: 'asker', machine: asker },
    { id: 'answerer', machine: answerer },
  ],
  ...more,
})
const ticker = (more: Partial<CheckedSystem>): CheckedSystem => ({
  nodes: [
    { id: 'asker', machine: asker },
    { id: 'answerer', machine: ticking },
  ],
  ...more,
})

const mayNotSend = (node: string) =>
  everyStep(`${node} sends nothing`, (before, after) =>
    before.id !== node || after.sent.length === before.sent.length ? true : 'it does',
  )
const isSilent = (node: string) =>
  always(`${node} has sent nothing`, (system) => system.node(node).sent.length === 0 || 'it has')
const sentBy = (node: NodeView, type: string) => node.sent.some(({ message }) => message.type === type)

/** The verdict, and whether the run that shows it is judged the same when it is repeated from its trace. */
function judged(system: CheckedSystem, reduction?: 'sends' | 'none') {
  const { verdict, violation } = check(system, reduction === undefined ? {} : { reduction })
  if (violation === null) return { verdict }
  const saved = savedRunIn(readTrace(traceOf(system, violation.run, { violation })))!
  const { verdict: again } = repeat(system, saved)
  return {
    verdict,
    name: violation.name,
    again,
    steps: violation.run.steps.map(({ happening }) => happening.kind),
  }
}

describe('a step that only sends', () => {
  test.each(['sends', 'none'] as const)('is judged by step invariants (reduction: %s)', (reduction) => {
    expect(judged(twoNodes({ steps: [mayNotSend('answerer')] }), reduction)).toEqual({
      verdict: 'violated',
      name: 'answerer sends nothing',
      again: 'it does',
      steps: ['deliver'],
    })
  })

  test.each([false, true])('is part of the run to a violation (monotone: %s)', (monotone) => {
    const silent = { ...isSilent('answerer'), monotone }
    expect(judged(twoNodes({ invariants: [silent] }))).toEqual({
      verdict: 'violated',
      name: 'answerer has sent nothing',
      again: 'it has',
      steps: ['deliver'],
    })
  })

  test.each([false, true])('is part of the run to a goal (monotone: %s)', (monotone) => {
    const leak = reachable('the secret is reported', (system) => sentBy(system.node('answerer'), 'secret'))
    const { verdict, goals } = check(twoNodes({ goals: [{ ...leak, monotone }] }))
    expect(verdict).toBe('exhausted')
    expect(goals[0]!.run!.steps.map(({ happening }) => happening.kind)).toEqual(['deliver'])
  })

  test.each([false, true])('may be that of a timer (monotone: %s)', (monotone) => {
    const step = { ...mayNotSend('answerer'), monotone }
    expect(judged(ticker({ steps: [step] }))).toMatchObject({
      verdict: 'violated',
      again: 'it does',
      steps: ['timer'],
    })
    const silent = { ...isSilent('answerer'), monotone }
    expect(judged(ticker({ invariants: [silent] }))).toMatchObject({
      verdict: 'violated',
      again: 'it has',
      steps: ['timer'],
    })
  })

  test('is found by random walks too', () => {
    const { verdict, violation } = check(twoNodes({ steps: [mayNotSend('answerer')] }), {
      order: 'random-walk',
      bounds: { walks: 10 },
    })
    expect([verdict, violation!.run.steps.length]).toEqual(['violated', 1])
  })
})

describe('a property that more sends could mend', () => {
  const silentEnd = reachable(
    'the question arrived nowhere',
    (system) => system.node('answerer').sent.length === 0,
  )

  test('is asked before they are sent', () => {
    const atOnce = always('a question has been answered', (system) =>
      sentBy(system.node('asker'), 'ask') && !sentBy(system.node('answerer'), 'secret') ? 'it is open' : true,
    )
    expect(judged(twoNodes({ invariants: [atOnce] }))).toEqual(
      judged(twoNodes({ invariants: [atOnce] }), 'none'),
    )
    expect(check(twoNodes({ invariants: [atOnce] })).verdict).toBe('violated')
    expect(check(twoNodes({ goals: [silentEnd] })).verdict).toBe('exhausted')
  })

  test('may be one of steps', () => {
    const machine = createMachine({
      initial: 'idle',
      states: {
        idle: { on: { ask: { actions: send('asker', 'secret') }, go: 'gone' } },
        gone: {},
      },
    })
    const system: CheckedSystem = {
      nodes: [
        { id: 'asker', machine: asker },
        { id: 'answerer', machine, script: [{ type: 'go' }] },
      ],
      steps: [
        everyStep('it goes only after it has answered', (before, after) =>
          before.snapshot.value === after.snapshot.value || before.sent.length > 0 ? true : 'it goes before',
        ),
      ],
    }
    expect(judged(system)).toMatchObject({ verdict: 'violated', again: 'it goes before', steps: ['script'] })
  })

  test('leaves the reduction to the nodes that it does not look at', () => {
    const looked = check(twoNodes({ goals: [silentEnd] }))
    expect(looked.states).toBe(2)
    expect(check(twoNodes({ goals: [{ ...silentEnd, monotone: true }] })).states).toBe(1)
  })
})

test('a violation of the very first state is repeated from its trace', () => {
  const system = twoNodes({ invariants: [isSilent('asker')] })
  expect(judged(system)).toMatchObject({ verdict: 'violated', again: 'it has', steps: [] })
})

test('a step invariant is not asked of a crash or a restart, in search and replay alike', () => {
  const machine = createMachine({
    context: { n: 0 },
    initial: 'zero',
    states: {
      zero: { on: { go: 'one' } },
      one: { on: { go: 'zero' } },
    },
  })
  const neverBack = everyStep('never back to zero', (before, after) =>
    before.snapshot.value === 'one' && after.snapshot.value === 'zero' ? 'it went back' : true,
  )
  const node = {
    id: 'a',
    machine,
    script: [{ type: 'go' }, { type: 'go' }],
    mayCrash: true,
    restart: (life: number) => ({ id: `a#${life}`, input: undefined }),
  }
  const system = { nodes: [node], steps: [neverBack], crashes: 1, restarts: 1 }
  expect(judged(system).steps).toEqual(['script', 'script'])
  const { nodes, ...rest } = system
  const once = { ...rest, nodes: [{ ...nodes[0]!, script: [{ type: 'go' }] }] }
  expect(check(once).verdict).toBe('exhausted')
})

test('ordered timers: one that only sends does not fire before a shorter one that was set first', () => {
  const machine = createMachine({
    initial: 'both',
    states: {
      both: {
        after: { 10: 'short', 50: { target: 'both', reenter: true, actions: send('asker', 'late') } },
      },
      short: {},
    },
  })
  const system: CheckedSystem = {
    nodes: [
      { id: 'asker', machine: createMachine({ on: { late: { actions: [] } } }) },
      { id: 'a', machine },
    ],
    timers: 'ordered',
    goals: [reachable('late', (view) => sentBy(view.node('a'), 'late'), { monotone: true })],
  }
  expect([check(system).verdict, check(system, { reduction: 'none' }).verdict]).toEqual([
    'goal not found',
    'goal not found',
  ])
})
