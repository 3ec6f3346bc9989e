/** Searches that go on from a run, with links that are blocked from then on. */

import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { check } from '../../proof/check/check.ts'
import { replay } from '../../proof/check/counterexample.ts'
import { Search } from '../../proof/check/engine/search.ts'
import { always, type CheckedSystem, reachable } from '../../proof/check/system.ts'

/** Each greeting moves `b` one room further; `a` greets twice. */
function rooms(more: Partial<CheckedSystem> = {}): CheckedSystem {
  const greets = { type: 'send', params: { to: 'b', message: { type: 'greet' } } }
  const a = createMachine({
    initial: 'new',
    states: {
      new: { on: { go: { target: 'once', actions: greets } } },
      once: {
        on: {
          go: { target: 'twice', actions: { ...greets, params: { to: 'b', message: { type: 'leave' } } } },
        },
      },
      twice: {},
    },
  })
  const b = createMachine({
    initial: 'hall',
    states: { hall: { on: { greet: 'salon' } }, salon: { on: { leave: 'garden' } }, garden: {} },
  })
  const script = [{ type: 'go' }, { type: 'go' }]
  return {
    nodes: [
      { id: 'a', machine: a, script },
      { id: 'b', machine: b },
    ],
    ...more,
  }
}

const isIn = (room: string) =>
  reachable(`b is in the ${room}`, (system) => system.node('b').snapshot.value === room)

function runTo(room: string, system = rooms()) {
  const { goals } = check(system, { goals: [isIn(room)] })
  return goals[0]!.run!.steps.map(({ happening }) => happening)
}

describe.each(['set', 'once', 'ordered'] as const)('on the network %s', (network) => {
  const system = rooms({ network })

  test('a search begins at the end of a run, and its runs include it', () => {
    const from = runTo('salon', system)
    const whole = check(system, { goals: [isIn('garden')] })
    const rest = check(system, { goals: [isIn('garden')], from })
    expect(rest.states).toBeLessThan(whole.states)
    const { run } = rest.goals[0]!
    expect(run).not.toBeNull()
    const happenings = run!.steps.map(({ happening }) => happening)
    expect(replay(new Search(system, 'none'), happenings)).not.toBeNull()
  })

  test('nothing arrives on a blocked link, though the run before used it', () => {
    const from = runTo('salon', system)
    const blocked = [{ from: 'a', to: 'b' }]
    const result = check(system, { goals: [isIn('salon'), isIn('garden')], from, blocked })
    expect(result.goals.map(({ run }) => run !== null)).toEqual([true, false])
    expect(result.verdict).toBe('goal not found')
    const other = check(system, { goals: [isIn('garden')], from, blocked: [{ from: 'b', to: 'a' }] })
    expect(other.verdict).toBe('exhausted')
  })

  test('a violation behind a run is shown from the start on', () => {
    const never = always(
      'b is never in the garden',
      (view) => view.node('b').snapshot.value !== 'garden' || 'it is',
    )
    const { violation } = check({ ...system, invariants: [never] }, { from: runTo('salon', system) })
    expect(violation!.run.steps.map(({ node }) => node)).toContain('b')
    expect(violation!.run.steps.at(-1)!.value).toBe('garden')
  })
})

test('without bounds or links, a search from the empty run is the search', () => {
  for (const reduction of ['sends', 'none'] as const) {
    const [whole, again] = [
      check(rooms(), { reduction }),
      check(rooms(), { reduction, from: [], blocked: [] }),
    ]
    expect([again.states, again.transitions]).toEqual([whole.states, whole.transitions])
  }
})

test.each([
  [
    'a run of another system',
    { from: [{ kind: 'crash', node: 'c' }] as const },
    /step 1 \(crash at c\) cannot happen/,
  ],
  ['what is no run', { from: [{ type: 'go' }] as never }, /expected the happenings of a run/],
  [
    'a link to no node',
    { blocked: [{ from: 'a', to: 'nowhere' }] },
    /between a, b, got one from a to nowhere/,
  ],
  ['handlers behind a run', { from: [], handlers: { deterministic: true } }, /leave one of them out/],
])('refuses %s', (_name, options, message) => {
  expect(() => check(rooms(), options)).toThrow(message)
})
