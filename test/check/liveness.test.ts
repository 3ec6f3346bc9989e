/** Liveness: once nothing fails any more, the goals come about from every state that is not stuck; a protocol that forgets to retry is caught. */
import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { type CheckResult, check } from '../../proof/check/check.ts'
import { repeat, traceOf } from '../../proof/check/run-trace.ts'
import { savedRunIn } from '../../proof/check/saved-run.ts'
import { type CheckedSystem, reachable, sometimes } from '../../proof/check/system.ts'
import { scenarioNamed } from '../../proof/protocol/scenarios.ts'
import { standbySystem } from '../../proof/protocol/standby-system.ts'
import { readTrace } from '../../runtime/observe/index.ts'

const send = (to: string, type: string) => ({ type: 'send', params: { to, message: { type } } })

/** Asks until it is answered, or only once. */
const asker = (retries: boolean) =>
  createMachine({
    initial: 'asking',
    states: {
      asking: {
        entry: send('answerer', 'question'),
        on: { answer: 'content' },
        ...(retries ? { after: { 100: { target: 'asking', reenter: true } } } : {}),
      },
      content: {},
    },
  })
const answerer = createMachine({ on: { question: { actions: send('asker', 'answer') } } })
const conversation = (retries: boolean, more: Partial<CheckedSystem> = {}): CheckedSystem => ({
  nodes: [
    { id: 'asker', machine: asker(retries) },
    { id: 'answerer', machine: answerer, mayCrash: true },
  ],
  goals: [reachable('content', (system) => system.node('asker').snapshot.value === 'content')],
  ...more,
})
const numbers = ({ verdict, liveness }: CheckResult) => ({
  verdict,
  stuck: liveness!.stuck,
  failed: liveness!.failed,
})

describe('liveness', () => {
  test('holds where what was lost is sent again', () => {
    expect(numbers(check(conversation(true), { liveness: {} }))).toEqual({
      verdict: 'exhausted',
      stuck: 0,
      failed: 0,
    })
  })

  test('fails where it is not, with the shortest run to a state that waits for ever', () => {
    const { verdict, liveness } = check(conversation(false), { liveness: {} })
    expect(verdict).toBe('goal not found')
    expect(liveness!.failures.map(({ name, run }) => [name, run.steps.length])).toEqual([
      ['liveness: content', 0],
    ])
  })

  test('holds without retries where messages under way arrive', () => {
    const { liveness } = check(conversation(false), { liveness: { underWay: 'delivered' } })
    expect(liveness!.failed).toBe(0)
  })

  test('asks nothing of states that are stuck', () => {
    const stuckOn: CheckedSystem['stuckOn'] = (system) => (system.node('answerer').alive ? null : 'answerer')
    const crashed = check(conversation(true, { crashes: 1 }), { liveness: {} })
    expect(crashed.liveness!.failed).toBeGreaterThan(0)
    const excused = check(conversation(true, { crashes: 1, stuckOn }), { liveness: {} })
    expect(excused.liveness).toMatchObject({ failed: 0, failures: [] })
    expect(excused.liveness!.stuck).toBeGreaterThan(0)
  })

  test('asks nothing that needs a fault to happen', () => {
    const goals = [sometimes('a crash', (system) => !system.node('answerer').alive)]
    expect(check(conversation(true, { crashes: 1, goals }), { liveness: {} }).liveness).toMatchObject({
      reached: 0,
      failed: 0,
    })
  })

  test('is judged again when its trace is repeated', () => {
    const [failure] = check(conversation(false), { liveness: {} }).liveness!.failures
    const text = traceOf(conversation(false), failure!.run, { violation: failure! })
    const saved = savedRunIn(readTrace(text))!
    expect(repeat(conversation(false), saved).verdict).toMatch(/does not come about/)
    expect(repeat(conversation(true), saved).verdict).toBe(true)
  })

  test('is the same for the same seed', () => {
    const run = () =>
      check(scenarioNamed('failure-to-backup').system(), {
        bounds: { states: 20_000 },
        liveness: { samples: 20, seed: 7 },
      }).liveness
    expect(run()).toEqual(run())
  })

  test('is of searches, not of random walks', () => {
    expect(() => check(conversation(true), { order: 'random-walk', liveness: {} })).toThrow(
      /leave one of them out/,
    )
  })
})

describe('the protocol', () => {
  test.each([
    'one-server',
    'failure-to-backup',
    'three-servers',
    'double-failure-and-return',
    'transfer-against-everything',
  ])('%s: every call is answered from every state that is not stuck', (name) => {
    const { liveness } = check(scenarioNamed(name).system(), {
      bounds: { states: 30_000 },
      liveness: { samples: 40 },
    })
    expect(liveness!.failures.map(({ name: goal, story }) => [goal, story])).toEqual([])
    expect(liveness!.reached).toBeGreaterThan(0)
  })
})

describe('a state is stuck', () => {
  const stuckAfter = (
    crashed: readonly string[],
    ready: (number: number, acknowledged: boolean) => boolean,
  ) => {
    const system = standbySystem({ servers: 2, clients: [], viewsMax: 3, crashes: 2 })
    const seen = new Set<string | null>()
    const goals = [
      sometimes('there', (view) => {
        const service = view.node('view-service').snapshot
        const { number } = (service.context as { view: { number: number } }).view
        const isThere =
          ready(number, service.hasTag('acknowledged')) &&
          ['s1#1', 's2#1'].every((id) => view.node(id).alive !== crashed.includes(id)) &&
          (service.context as { view: { primary: string } }).view.primary === 's1#1'
        if (isThere) seen.add(system.stuckOn!(view))
        return false
      }),
    ]
    check({ ...system, goals }, { bounds: { states: 60_000 } })
    return [...seen].sort()
  }

  test('V4 on a primary that is gone before it acknowledged its view', () => {
    expect(stuckAfter(['s1#1'], (number, acknowledged) => number === 2 && !acknowledged)).toEqual(['s1#1'])
  })

  test('not where the backup of an acknowledged view lives', () => {
    expect(stuckAfter(['s1#1'], (number, acknowledged) => number === 2 && acknowledged)).toEqual([null])
  })

  test('V6 on the primary where both are gone', () => {
    expect(stuckAfter(['s1#1', 's2#1'], (number) => number >= 1)).toEqual(['s1#1'])
  })

  test('not where only the backup is gone', () => {
    expect(stuckAfter(['s2#1'], (number, acknowledged) => number === 2 && acknowledged)).toEqual([null])
  })
})
