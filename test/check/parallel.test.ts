/** A search on several threads reaches what a search on one reaches. */
import { describe, expect, test } from 'vitest'
import { check } from '../../proof/check/check.ts'
import { checkInParallel } from '../../proof/check/parallel/index.ts'
import { systemOfScenario } from '../../proof/protocol/scenarios.ts'
import { brokenSystem, goalsSystem, lateSystem } from './systems-for-workers.ts'

const scenarios = new URL('../../proof/protocol/scenarios.ts', import.meta.url).href
const systems = new URL('./systems-for-workers.ts', import.meta.url).href
const scenario = (name: string) => ({ module: scenarios, name: 'systemOfScenario', args: [name] })

describe('the same as on one thread', () => {
  test.each([
    ['one-server', 2],
    ['failure-to-backup', 2],
    ['failure-to-backup', 3],
  ])('%s with %i workers', { timeout: 60_000 }, async (name, workers) => {
    const alone = check(systemOfScenario(name))
    const together = await checkInParallel(scenario(name), { workers })
    const numbers = ({ verdict, states, transitions, depth }: typeof alone) => ({
      verdict,
      states,
      transitions,
      depth,
    })
    expect(numbers(together)).toEqual(numbers(alone))
    const reached = ({ goals }: typeof alone) => goals.map(({ name, run }) => [name, run !== null])
    expect(reached(together)).toEqual(reached(alone))
  })

  test.each([
    ['brokenSystem', brokenSystem],
    ['lateSystem', lateSystem],
  ])('%s: a violation as many steps away, reported as a run that can be repeated', async (name, system) => {
    const alone = check(system())
    const together = await checkInParallel({ module: systems, name }, { workers: 2 })
    expect(together.verdict).toBe('violated')
    expect(together.violation!.name).toBe(alone.violation!.name)
    expect(together.depth).toBe(alone.depth)
    expect(together.violation!.run.steps.length).toBe(alone.violation!.run.steps.length)
  })
})

test('each of several goals is reported by a run, also where the search begins behind a goal of its own', async () => {
  const alone = check(goalsSystem())
  const together = await checkInParallel({ module: systems, name: 'goalsSystem' }, { workers: 2 })
  const lengths = ({ goals }: typeof alone) => goals.map(({ name, run }) => [name, run!.steps.length])
  expect(lengths(together)).toEqual([
    ['a is in', 2],
    ['all but e are half way', 4],
    ['all are in', 10],
  ])
  expect(lengths(together)).toEqual(lengths(alone))
})

test('a bound on states ends it', async () => {
  const { verdict, bound, states } = await checkInParallel(scenario('three-servers'), {
    workers: 2,
    bounds: { states: 20_000 },
  })
  expect({ verdict, bound }).toEqual({ verdict: 'bounded', bound: 'states' })
  expect(states).toBeGreaterThanOrEqual(20_000)
})

test('a bound on depth ends it where it ends a search on one thread', async () => {
  const bounds = { depth: 6 }
  const alone = check(systemOfScenario('two-servers'), { bounds })
  const together = await checkInParallel(scenario('two-servers'), { workers: 2, bounds })
  expect([together.states, together.bound]).toEqual([alone.states, 'depth'])
})

test('a module may be TypeScript by its name', async () => {
  const module = new URL('./typescript-system.mts', import.meta.url).href
  const { verdict, states } = await checkInParallel({ module, name: 'steps', args: [8] }, { workers: 2 })
  expect([verdict, states]).toEqual(['exhausted', 256])
})

test('a module without the function is refused, with what was expected', async () => {
  await expect(checkInParallel({ module: systems, name: 'nothing' })).rejects.toThrow(
    /to export a function nothing/,
  )
  await expect(checkInParallel(scenario('one-server'), { workers: 0 })).rejects.toThrow(/1 to 64 workers/)
})
