/** Worlds as text: everything comes back, also from an address, and what is wrong with a text is said. */
import { describe, expect, test } from 'vitest'
import { openScenario, scenarios } from '../../proof/stage/scenarios.ts'
import type { World } from '../../proof/stage/world.ts'
import { formatWorld, isWorldText, packWorld, readWorld, unpackWorld } from '../../proof/stage/world-file.ts'

function branched(): World {
  const world = openScenario(scenarios.find(({ id }) => id === 'failover')!)
  world.goTo(40)
  world.choose({ kind: 'crash', node: 's3' })
  world.runUntil('viewChange', { ms: 600 })
  world.say('no one misses it')
  world.rename(world.branch.id, 'without s3')
  world.fork(20, 'early')
  world.choose({ kind: 'cut', from: 's1', to: 's2' })
  world.switchTo(world.branches[1]!.id, 45)
  return world
}

const shape = (world: World) => ({
  branches: world.branches.map(({ id: _, parent, ...rest }) => ({
    ...rest,
    parent: world.branches.findIndex(({ id }) => id === parent),
  })),
  shown: world.branches.indexOf(world.branch),
  position: world.position,
  title: world.info.title,
  scenario: world.info.scenario,
  origin: world.info.origin,
})

describe('a world as text', () => {
  test('every branch, name, sentence and the place that was looked at come back', () => {
    const world = branched()
    expect(shape(readWorld(formatWorld(world)))).toEqual(shape(world))
  })

  test('it fits in an address', async () => {
    const world = branched()
    const packed = await packWorld(world)
    expect(packed).toMatch(/^[\w-]+$/)
    expect(packed.length).toBeLessThan(2000)
    expect(shape(await unpackWorld(packed))).toEqual(shape(world))
  })

  test('what happened by itself takes no room', () => {
    const world = openScenario(scenarios[0]!)
    expect(formatWorld(world).length).toBeLessThan(1500)
  })

  test('it can be distinguished from a trace', () => {
    expect(isWorldText(formatWorld(openScenario(scenarios[0]!)))).toBe(true)
    expect(isWorldText('{"format":"standby-trace","version":1}')).toBe(false)
  })
})

describe('what is wrong is said', () => {
  const good = () => JSON.parse(formatWorld(branched()))
  const changed = (change: (file: ReturnType<typeof good>) => void) => {
    const file = good()
    change(file)
    return () => readWorld(JSON.stringify(file))
  }

  test.each<[string, () => unknown, RegExp]>([
    ['no JSON', () => readWorld('hello'), /expected a world as JSON/],
    ['another format', () => readWorld('{"format":"x"}'), /wrong at format/],
    [
      'another version',
      changed((file) => {
        file.version = 9
      }),
      /wrong at version/,
    ],
    [
      'an unknown option',
      changed((file) => {
        file.options.evil = 1
      }),
      /wrong at options.evil/,
    ],
    [
      'an unknown broken chart',
      changed((file) => {
        file.options.broken = '__proto__'
      }),
      /wrong at options.broken/,
    ],
    [
      'no servers',
      changed((file) => {
        file.options.servers = []
      }),
      /wrong at options.servers/,
    ],
    [
      'an unknown choice',
      changed((file) => {
        file.branches[1].own[0] = { kind: 'explode' }
      }),
      /choice 1 of branch 1/,
    ],
    [
      'a choice with more in it',
      changed((file) => {
        file.branches[1].own[0].extra = 1
      }),
      /choice 1 of branch 1, extra/,
    ],
    [
      'a choice that is impossible',
      changed((file) => {
        file.branches[1].own[0] = { kind: 'restart', node: 's2' }
      }),
      /branch 1 \(without s3\) cannot be made: s2 is running/,
    ],
    [
      'a parent that comes later',
      changed((file) => {
        file.branches[1].parent = 2
      }),
      /expected a parent that stands before it/,
    ],
    [
      'too many choices',
      changed((file) => {
        file.branches[0].own = [1e9]
      }),
      /expected at most \d+ choices/,
    ],
  ])('%s', (_, read, message) => {
    expect(read).toThrow(message)
  })

  test('an address that was cut short', async () => {
    const packed = await packWorld(branched())
    await expect(unpackWorld(packed.slice(0, 100))).rejects.toThrow(/was it cut short/)
  })
})
