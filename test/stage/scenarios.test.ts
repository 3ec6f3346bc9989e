/** The gallery: every story can be asked to its end, the sound ones without a violation, the broken ones with the one they promise. */
import { describe, expect, test } from 'vitest'
import { openScenario, scenarios } from '../../proof/stage/scenarios.ts'
import type { World } from '../../proof/stage/world.ts'

const named = (id: string) => openScenario(scenarios.find((scenario) => scenario.id === id)!)
const verdictsIn = (world: World) =>
  world.branch.steps.flatMap(({ verdicts }) => verdicts as unknown as { name: string; holds: boolean }[])
const answersIn = (world: World) =>
  world.branch.steps.flatMap(({ kind, call }) => (kind === 'return' ? [call!.end] : []))

test('there are at least eight, each under a key of its own', () => {
  expect(scenarios.length).toBeGreaterThanOrEqual(8)
  expect(new Set(scenarios.map(({ key }) => key)).size).toBe(scenarios.length)
  expect(new Set(scenarios.map(({ id }) => id)).size).toBe(scenarios.length)
})

test.each(scenarios.map(({ id }) => id))(
  '%s is reported in sentences along its steps, from the beginning',
  (id) => {
    const world = named(id)
    const { captions, made } = world.branch
    expect(captions.length).toBeGreaterThanOrEqual(3)
    expect(captions.map(({ at }) => at)).toEqual(captions.map(({ at }) => at).sort((a, b) => a - b))
    expect(captions.every(({ at, text }) => at <= made.length && text.endsWith('.'))).toBe(true)
    expect(world.position).toBe(0)
  },
)

test.each(scenarios.filter(({ options }) => options.broken === undefined).map(({ id }) => id))(
  '%s breaks nothing',
  (id) => {
    expect(verdictsIn(named(id))).toEqual([])
  },
)

describe('what the stories promise', () => {
  test('lost-update: the pair disagrees (I5), and the calls cannot be explained (I8)', () => {
    const names = verdictsIn(named('lost-update')).map(({ name }) => name.slice(0, 2))
    expect(names).toEqual(['I5', 'I8'])
  })

  test('executed-twice: one append takes effect twice (I8)', () => {
    const world = named('executed-twice')
    expect(answersIn(world).at(-1)).toEqual({ value: 'xyy' })
    expect(verdictsIn(world).map(({ name }) => name.slice(0, 2))).toEqual(['I8'])
  })

  test('lost-replies: the retry gets the stored result, and the log has each entry once (S9)', () => {
    expect(answersIn(named('lost-replies'))).toEqual([{ value: 1 }, { value: 2 }])
  })

  test('deposed-primary: the read returns the new value (situation 1)', () => {
    expect(answersIn(named('deposed-primary')).at(-1)).toEqual({ value: 'new' })
  })

  test('double-failure: no server answers when the last holder is gone (situation 6)', () => {
    const world = named('double-failure')
    world.goTo(world.branch.made.length)
    expect(world.run().pending()).toBe(1)
    expect(answersIn(world)).toHaveLength(1)
  })

  test('session-expiry: the call under way is reported so (S10)', () => {
    expect(answersIn(named('session-expiry'))).toContainEqual({
      failure: { code: 'sessionExpired', mayHaveExecuted: true },
    })
  })
})
