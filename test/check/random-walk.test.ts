/** Random walks: they repeat by their seed, go deeper than a search, catch broken protocols, and never claim to have seen everything. */
import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { check } from '../../proof/check/check.ts'
import { always, type CheckedSystem, everyStep, reachable } from '../../proof/check/system.ts'
import { scenarioNamed } from '../../proof/protocol/scenarios.ts'
import { systemOf } from '../mutants/changes.ts'
import { mutants } from '../mutants/mutants.ts'

const walk = (system: CheckedSystem, seed: number, walks = 200) =>
  check(system, { order: 'random-walk', seed, bounds: { walks } })

/** Counts to `end`, one timer after another. */
const counter = (end: number) =>
  createMachine({
    initial: 'n0',
    states: Object.fromEntries(
      Array.from({ length: end + 1 }, (_, n) => [`n${n}`, n < end ? { after: { 1: `n${n + 1}` } } : {}]),
    ),
  })
const countingTo = (end: number, more: Partial<CheckedSystem> = {}): CheckedSystem => ({
  nodes: [{ id: 'counter', machine: counter(end) }],
  ...more,
})

describe('a random walk', () => {
  test('is the same for the same seed, and another for another', () => {
    const numbers = (seed: number) => {
      const { states, transitions, depth } = walk(scenarioNamed('failure-to-backup').system(), seed, 50)
      return { states, transitions, depth }
    }
    expect(numbers(7)).toEqual(numbers(7))
    expect(numbers(7)).not.toEqual(numbers(8))
  })

  test('ends as bounded by what ended it, never as exhausted', () => {
    expect(walk(countingTo(3), 1, 5)).toMatchObject({ verdict: 'bounded', bound: 'walks', walks: 5 })
    const few = check(countingTo(90), { order: 'random-walk', bounds: { states: 10 } })
    expect(few).toMatchObject({ verdict: 'bounded', bound: 'states', states: 10 })
  })

  test('counts distinct states, of which a small system has no more than a search finds', () => {
    const system = countingTo(20)
    expect(walk(system, 3).states).toBe(check(system).states)
  })

  test('is no longer than the bound of steps', () => {
    expect(check(countingTo(50), { order: 'random-walk', bounds: { steps: 7 } }).depth).toBe(7)
  })

  test('reaches goals, and tells how', () => {
    const goals = [reachable('the end', (system) => system.node('counter').snapshot.value === 'n30')]
    expect(walk(countingTo(30, { goals }), 1).goals[0]!.run!.steps.length).toBe(30)
  })

  test('stops at a broken step, with the steps that lead to it', () => {
    const steps = [
      everyStep('never from 4 to 5', (before, after) =>
        before.snapshot.value === 'n4' && after.snapshot.value === 'n5' ? 'it has' : true,
      ),
    ]
    const { verdict, violation } = walk(countingTo(9, { steps }), 1)
    expect(verdict).toBe('violated')
    expect(violation!.run.steps.length).toBe(5)
  })

  test('goes deeper into the three servers than a search of as many states', () => {
    const system = () => scenarioNamed('three-servers').system()
    const walked = walk(system(), 1)
    const searched = check(system(), { bounds: { states: walked.states }, goals: [] })
    expect(walked.depth).toBeGreaterThan(2 * searched.depth)
  })

  test('finds a counterexample that has no needless step', () => {
    const broken: CheckedSystem = {
      ...scenarioNamed('failure-to-backup').system(),
      invariants: [
        always(
          'the second server never serves',
          (system) => !system.node('s2#1').snapshot.hasTag('answersClients') || 'it does',
        ),
      ],
    }
    const [walked, searched] = [walk(broken, 5), check(broken)]
    expect(walked.violation!.reason).toBe('it does')
    expect(walked.violation!.run.steps.length).toBeLessThanOrEqual(searched.violation!.run.steps.length + 6)
  })
})

describe('walks catch broken protocols', () => {
  for (const mutant of mutants.filter(isForWalks)) {
    test(`${mutant.rule}: ${mutant.name}`, () => {
      const { verdict } = check(systemOf(mutant), {
        order: 'random-walk',
        seed: 1,
        bounds: { walks: 5000 },
        minimise: false,
      })
      expect(verdict).toBe('violated')
    })
  }
})

/** What a violated invariant shows is for walks; the rest is for other checks. */
function isForWalks({ played, means = 'search' }: (typeof mutants)[number]): boolean {
  return played === undefined && means === 'search'
}
