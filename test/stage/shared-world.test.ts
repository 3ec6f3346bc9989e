/** A world in another process: pages have the same tree, each looks where it likes, and what is wrong is refused. */
import { describe, expect, test } from 'vitest'
import { impatient } from '../../examples/two-phase-commit.ts'
import { check, traceOf } from '../../proof/check/index.ts'
import type { Choice } from '../../proof/stage/choice.ts'
import { choicesOf } from '../../proof/stage/choices.ts'
import { RemoteWorld } from '../../proof/stage/remote-world.ts'
import { SharedWorld, type WorldMessage } from '../../proof/stage/shared-world.ts'
import { stagedSystem } from '../../proof/stage/staged.ts'
import { World } from '../../proof/stage/world.ts'
import { formatWorld } from '../../proof/stage/world-file.ts'
import type { WorldTree } from '../../proof/stage/world-tree.ts'
import { seededRandom } from '../../runtime/schedulers.ts'

function shared() {
  const world = new World({ title: 'a test', staged: stagedSystem(impatient) })
  return { world, server: new SharedWorld(world) }
}

/** A page: what it is sent goes through JSON, as through a socket. */
function pageOf(server: SharedWorld, name: string) {
  const page: { world: RemoteWorld } = { world: null as never }
  server.join((message) => {
    const sent = JSON.parse(JSON.stringify(message)) as WorldMessage
    if (sent.kind === 'world')
      page.world = new RemoteWorld(sent, name, async (asked) => server.ask(JSON.parse(JSON.stringify(asked))))
    else page.world.take(sent)
  })
  return page
}

const treeOf = ({ branches }: WorldTree) =>
  JSON.parse(
    JSON.stringify(branches.map(({ made, steps, ends, ...rest }) => ({ made, steps, ends, ...rest }))),
  )

describe('pages', () => {
  test.each([21, 22, 23])('have the same tree after a walk at random (seed %i)', async (seed) => {
    const random = seededRandom(seed)
    const { world, server } = shared()
    const pages = [pageOf(server, 'a'), pageOf(server, 'b')]
    for (let step = 0; step < 80; step++) {
      const page = pages[random() < 0.5 ? 0 : 1]!.world
      const dice = random()
      if (dice < 0.15) page.goTo(Math.floor(random() * page.branch.made.length))
      else if (dice < 0.2) await page.fork()
      else if (dice < 0.3) page.switchTo(page.branches[Math.floor(random() * page.branches.length)]!.id)
      else if (dice < 0.35) await page.rename(page.branch.id, `name ${step}`)
      else {
        await page.look()
        const { inboxes } = page.choices!
        const options = inboxes
          .flatMap(({ messages, timers, script }) => [
            ...messages.flatMap(({ deliver, drop, duplicate }) => [deliver, drop, duplicate]),
            ...timers.map(({ fire }) => fire),
            ...(script === null ? [] : [script.play]),
          ])
          .filter(({ why }) => why === null)
        const choice: Choice = options[Math.floor(random() * options.length)]?.choice ?? { kind: 'next' }
        if (options.length > 0) expect(await page.choose(choice)).toBeNull()
      }
      expect(page.position).toBeLessThanOrEqual(page.branch.made.length)
    }
    expect(world.branches.length).toBeGreaterThan(3)
    for (const page of pages) expect(treeOf(page.world)).toEqual(treeOf(world))
    expect(treeOf(pageOf(server, 'late').world)).toEqual(treeOf(world))
  })

  test('each looks where it likes; what it chooses is done where it looks', async () => {
    const { server } = shared()
    const [a, b] = [pageOf(server, 'a').world, pageOf(server, 'b').world]
    await a.choose({ kind: 'next' })
    await a.choose({ kind: 'next' })
    expect([a.position, b.position]).toEqual([2, 0])
    await b.look()
    expect(b.choices!.now).toBe(0)
    await b.choose({ kind: 'script', node: 'p1' })
    expect(b.branches).toHaveLength(2)
    expect([a.branch.id, b.branch.id]).toEqual(['b1', 'b2'])
    expect([a.position, b.position]).toEqual([2, 1])
  })

  test('know what can be chosen where they look', async () => {
    const { world, server } = shared()
    const { world: page } = pageOf(server, 'a')
    await page.choose({ kind: 'next' })
    expect(page.choices).toEqual(JSON.parse(JSON.stringify(choicesOf(world.run()))))
  })
})

describe('opening', () => {
  test('a saved world, or a trace of the system, takes the place of what was there', async () => {
    const { server } = shared()
    const page = pageOf(server, 'a')
    await page.world.choose({ kind: 'next' })
    const saved = formatWorld(page.world)
    await page.world.choose({ kind: 'next' })
    expect(await page.world.open(saved)).toBeNull()
    expect(page.world.branch.made).toHaveLength(1)
    const { violation } = check(impatient)
    expect(await page.world.open(traceOf(impatient, violation!.run, { violation }))).toBeNull()
    expect(page.world.branch.made).toHaveLength(violation!.run.steps.length)
  })
})

describe('what is refused', () => {
  test.each<[string, object, RegExp]>([
    ['another kind', { kind: 'shout' }, /expected something to do in a world/],
    ['no kind', {}, /expected something to do/],
    [
      'a branch that is not there',
      { kind: 'look', page: 'a', branch: 'b9', position: 0 },
      /expected a branch of this world, got b9/,
    ],
    [
      'a choice of another form',
      { kind: 'choose', page: 'a', branch: 'b1', position: 0, choice: { kind: 'fly' } },
      /the choice/,
    ],
    [
      'a choice that cannot be made',
      { kind: 'choose', page: 'a', branch: 'b1', position: 0, choice: { kind: 'heal' } },
      /no link is cut/,
    ],
    [
      'an aim of another system',
      { kind: 'run', page: 'a', branch: 'b1', position: 0, aim: 'viewChange', bounds: {} },
      /expected an aim of this system/,
    ],
    ['a text that is no trace', { kind: 'open', text: 'hello' }, /line 1/],
  ])('%s', (_, asked, message) => {
    const { server, world } = shared()
    const before = treeOf(world)
    expect(() => server.ask(asked)).toThrow(message)
    expect(treeOf(world)).toEqual(before)
  })
})
