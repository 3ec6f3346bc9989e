/** A world driven by hand: choices, why not, time, branches of which none is lost, and the same run from the same choices. */
import { describe, expect, test } from 'vitest'
import { type Choice, isSameChoice } from '../../proof/stage/choice.ts'
import { type Inbox, inboxesOf, type Option } from '../../proof/stage/inbox.ts'
import { type ReplicasOptions, stagedReplicas, viewOf } from '../../proof/stage/replicas.ts'
import { StagedRun } from '../../proof/stage/staged-run.ts'
import { World } from '../../proof/stage/world.ts'
import { readTrace } from '../../runtime/observe/index.ts'
import { seededRandom } from '../../runtime/schedulers.ts'

const three: ReplicasOptions = { servers: ['s1', 's2', 's3'], clients: ['c1'] }
const open = (options: ReplicasOptions = three) =>
  new World({ title: 'a test', staged: stagedReplicas(options) })
const put = (key: string, value: string) => ({ op: 'put', key, value })
const inbox = (world: World, name: string): Inbox => inboxesOf(world.run()).find((one) => one.name === name)!
const call = (...commands: object[]): Choice => ({ kind: 'call', client: 'c1', commands: commands as never })
const view = (world: World) => viewOf(world.run().stage)
const optionsOf = (one: Inbox): Option[] => [
  ...one.messages.flatMap(({ deliver, drop, duplicate, delay }) => [deliver, drop, duplicate, delay]),
  ...one.timers.map(({ fire }) => fire),
  ...one.links.map(({ toggle }) => toggle),
  ...(one.crash === null ? [] : [one.crash]),
  ...(one.restart === null ? [] : [one.restart]),
  one.isolate,
]

describe('choices', () => {
  test('nothing happens by itself', () => {
    const world = open()
    expect(view(world).number).toBe(0)
    expect(world.run().stage.now).toBe(0)
    expect(inbox(world, 'view-service').messages.map(({ type }) => type)).toEqual([
      'ping',
      'ping',
      'ping',
      'getView',
    ])
  })

  test('the first ping that is delivered makes the primary of view 1 (V1), from any server', () => {
    const world = open()
    const ping = inbox(world, 'view-service').messages.find(({ from }) => from === 's3#1')!
    expect(world.choose(ping.deliver.choice)).toBeNull()
    expect(view(world)).toEqual({ number: 1, primary: 's3#1', backup: null })
  })

  test('a message that was dropped never arrives; a duplicate arrives twice', () => {
    const world = open()
    const [first, second] = inbox(world, 'view-service').messages
    world.choose(first!.drop.choice)
    world.choose(second!.duplicate.choice)
    const left = inbox(world, 'view-service').messages.map(({ id, copy }) => `${id}/${copy}`)
    expect(left).not.toContain(`${first!.id}/0`)
    expect(left).toEqual(expect.arrayContaining([`${second!.id}/0`, `${second!.id}/1`]))
    expect(world.choose(first!.deliver.choice)).toBe(`message ${first!.id} is not in flight`)
    expect(world.branch.steps.slice(-2).map(({ kind }) => kind)).toEqual(['drop', 'duplicate'])
  })

  test('a delayed message is overtaken', () => {
    const world = open()
    const [first] = inbox(world, 'view-service').messages
    world.choose(first!.delay.choice)
    expect(inbox(world, 'view-service').messages.at(-1)!.id).toBe(first!.id)
  })

  test('firing a timer by hand moves time to when it was due', () => {
    const world = open()
    const [ping] = inbox(world, 's1').timers
    expect(ping).toMatchObject({ name: 'pingInterval', due: 50 })
    world.choose(ping!.fire.choice)
    expect(world.run().stage.now).toBe(50)
    expect(world.branch.steps.some(({ kind, node }) => kind === 'timer' && node === 's1#1')).toBe(true)
  })

  test('a timer of a node does not overtake an earlier one of its own', () => {
    const world = open({ ...three, timing: { pingIntervalMs: 10, pingCheckIntervalMs: 100 } })
    world.runUntil('settled')
    world.choose(call(put('a', '1')))
    world.runUntil(({ stage }) =>
      stage.network.inFlight().some(({ envelope }) => envelope.message.type === 'forward'),
    )
    const late = inbox(world, 's1').timers.find(({ name }) => name === 'resendInterval')!
    expect(late.fire.why).toMatch(/^pingInterval of s1 is due earlier, at \d+ ms$/)
  })

  test('what cannot be chosen says why, and changes nothing', () => {
    const world = open()
    const lines = () => world.branch.steps.length
    const before = lines()
    const refused: [Choice, string][] = [
      [{ kind: 'restart', node: 's1' }, 's1 is running'],
      [{ kind: 'crash', node: 's9' }, 's9 is not running'],
      [{ kind: 'heal' }, 'no link is cut'],
      [{ kind: 'cut', from: 's1', to: 's1' }, 'a node always reaches itself'],
      [{ kind: 'timer', node: 's1', timer: 'retryInterval' }, 's1 has not set a timer retryInterval'],
      [{ kind: 'deliver', message: 's1#1@77', copy: 0 }, 'message s1#1@77 is not in flight'],
      [{ kind: 'partition', groups: [['s1']] }, 'a partition has at least two groups'],
      [
        { kind: 'call', client: 'c7', commands: [put('a', '1') as never] },
        'c7 is not running: start it again first',
      ],
      [{ kind: 'abandon', client: 'c1', call: 3 }, 'c1 does not wait for call 3'],
    ]
    for (const [choice, why] of refused) expect(world.choose(choice)).toBe(why)
    expect(world.choose(call({ op: 'fly' }))).toMatch(/expected/)
    expect(lines()).toBe(before)
    expect(world.branch.made).toEqual([])
  })

  test('the mail of a life that is over cannot be delivered, and says so', () => {
    const world = open()
    world.runUntil('settled')
    world.runUntil(({ stage }) => stage.network.inFlight().some(({ envelope }) => envelope.to === 's3#1'))
    world.choose({ kind: 'crash', node: 's3' })
    world.choose({ kind: 'restart', node: 's3' })
    const [old] = inbox(world, 's3').messages.filter(({ to }) => to === 's3#1')
    expect(old!.deliver.why).toBe('s3#1 is gone, and no later life takes its mail')
    expect(inbox(world, 's3').id).toBe('s3#2')
    world.runUntil(null, { ms: 10 })
    expect(
      world.branch.steps.some(({ kind, detail }) => kind === 'drop' && detail?.startsWith('s3#1 is gone')),
    ).toBe(true)
  })

  test('what is sent over a cut link is lost at once; what had left before arrives', () => {
    const world = open()
    world.choose({ kind: 'cut', from: 's1', to: 'view-service' })
    const early = inbox(world, 'view-service').messages.find(({ from }) => from === 's1#1')!
    expect(early.deliver.why).toBeNull()
    world.choose(inbox(world, 's1').timers[0]!.fire.choice)
    expect(world.branch.steps.at(-1)).toMatchObject({ kind: 'drop', detail: 'link cut', node: 's1#1' })
    world.choose({ kind: 'heal', from: 's1', to: 'view-service' })
    expect(world.run().stage.network.cuts()).toEqual([])
  })

  test('the view service does not come back without its record (V11), and its view keeps serving', () => {
    const world = open()
    world.runUntil('settled')
    world.choose(call(put('a', '0')))
    world.runUntil('answered')
    world.choose({ kind: 'crash', node: 'view-service' })
    expect(inbox(world, 'view-service').restart!.why).toMatch(/V11/)
    world.choose(call(put('a', '1')))
    expect(world.runUntil('answered')).toBe('reached')
  })

  test('calls of one choice go out together (S7)', () => {
    const world = open()
    world.runUntil('settled')
    world.choose(call(put('a', '1'), put('b', '2')))
    world.runUntil('answered')
    expect(world.branch.steps.filter(({ kind }) => kind === 'return')).toHaveLength(2)
    const requests = world.branch.steps.filter(
      ({ kind, message }) => kind === 'send' && message?.type === 'request',
    )
    expect(requests.at(-1)!.message!.body).toMatchObject({ commands: [put('a', '1'), put('b', '2')] })
  })

  test('a call that is given up ends as aborted, and may have been executed (C2)', () => {
    const world = open()
    world.runUntil('settled')
    world.choose(call(put('a', '1')))
    world.choose({ kind: 'abandon', client: 'c1', call: 1 })
    const end = world.branch.steps.find(({ kind }) => kind === 'return')!.call!.end
    expect(end).toMatchObject({ failure: { code: 'aborted' } })
    expect(world.run().pending()).toBe(0)
  })

  test('a client that starts again is a new life, with a new session (C3)', () => {
    const world = open()
    world.runUntil('settled')
    world.choose({ kind: 'crash', node: 'c1' })
    expect(inbox(world, 'c1').isAlive).toBe(false)
    expect(world.choose(call(put('a', '1')))).toMatch(/c1 is not running/)
    world.choose({ kind: 'restart', node: 'c1' })
    expect(inbox(world, 'c1').id).toBe('c1#2')
  })
})

describe('left to itself', () => {
  test('it runs for so many milliseconds, also when the last of them are quiet', () => {
    const world = open()
    expect(world.runUntil(null, { ms: 75 })).toBe('ms')
    expect(world.run().stage.now).toBe(75)
    world.runUntil(null, { ms: 30 })
    expect(world.run().stage.now).toBe(105)
  })

  test('it runs for so many steps', () => {
    const world = open()
    expect(world.runUntil(null, { steps: 5 })).toBe('steps')
    expect(world.position).toBe(5)
  })

  test('it runs until the view changes, and until every call is answered', () => {
    const world = open()
    expect(world.runUntil('settled')).toBe('reached')
    const { number } = view(world)
    world.choose({ kind: 'crash', node: 's1' })
    world.choose(call(put('a', '1')))
    expect(world.runUntil('viewChange')).toBe('reached')
    expect(view(world).number).toBe(number + 1)
    expect(world.runUntil('answered')).toBe('reached')
  })

  test('a goal that does not come about ends at a bound', () => {
    const world = open()
    world.runUntil('settled')
    expect(world.runUntil('violation', { ms: 500 })).toBe('ms')
  })
})

describe('branches', () => {
  const failover = () => {
    const world = open()
    world.runUntil('settled')
    const fork = world.position
    world.choose({ kind: 'crash', node: 's1' })
    world.runUntil('viewChange')
    return { world, fork }
  }

  test('choosing otherwise in the past begins a branch, and the old one is kept', () => {
    const { world, fork } = failover()
    const [first] = world.branches
    const kept = first!.steps.length
    world.goTo(fork)
    world.choose({ kind: 'crash', node: 's2' })
    expect(world.branches).toHaveLength(2)
    expect(world.branch).toMatchObject({ name: 's2 crashes', parent: first!.id, at: fork })
    expect(first!.steps).toHaveLength(kept)
    world.runUntil('viewChange')
    expect(view(world)).toEqual({ number: 3, primary: 's1#1', backup: 's3#1' })
    world.switchTo(first!.id)
    expect(view(world)).toEqual({ number: 3, primary: 's2#1', backup: 's3#1' })
  })

  test('the shared past is the very same steps', () => {
    const { world, fork } = failover()
    world.goTo(fork)
    world.choose({ kind: 'crash', node: 's3' })
    const [first, second] = world.branches
    const shared = first!.ends[fork]!
    expect(second!.steps.slice(0, shared)).toEqual(first!.steps.slice(0, shared))
    expect(second!.steps[shared]).not.toEqual(first!.steps[shared])
  })

  test('the same choice again goes along, in this branch or in another', () => {
    const { world, fork } = failover()
    world.goTo(fork)
    world.choose({ kind: 'crash', node: 's1' })
    expect(world.branches).toHaveLength(1)
    expect(world.position).toBe(fork + 1)
    world.goTo(fork)
    world.choose({ kind: 'crash', node: 's2' })
    world.switchTo(world.branches[0]!.id, fork)
    world.choose({ kind: 'crash', node: 's2' })
    expect(world.branches).toHaveLength(2)
    expect(world.branch.id).toBe(world.branches[1]!.id)
  })

  test('a refused choice in the past begins no branch', () => {
    const { world, fork } = failover()
    world.goTo(fork)
    expect(world.choose({ kind: 'restart', node: 's1' })).toBe('s1 is running')
    expect(world.branches).toHaveLength(1)
  })

  test('a step belongs to the choice that made it', () => {
    const { world } = failover()
    for (let position = 1; position <= world.branch.made.length; position++) {
      const [from, to] = [world.branch.ends[position - 1]!, world.branch.ends[position]!]
      for (let step = from; step < to; step++) expect(world.positionOf(step)).toBe(position)
    }
    expect(world.positionOf(0)).toBe(0)
  })

  test('branches have names, and an empty one is no name', () => {
    const { world } = failover()
    world.rename(world.branch.id, '  the failover ')
    world.rename(world.branch.id, '   ')
    expect(world.branch.name).toBe('the failover')
  })

  test('a listener receives several choices as one change', () => {
    const world = open()
    const heard: string[] = []
    world.subscribe((change) => heard.push(change))
    world.runUntil('settled')
    expect(heard).toEqual(['steps'])
  })
})

describe('a run is its choices', () => {
  const seeds = [11, 12, 13]

  test.each(seeds)('a walk at random gives the same trace when it is repeated (seed %i)', (seed) => {
    const random = seededRandom(seed)
    const world = open({ servers: ['s1', 's2'], clients: ['c1', 'c2'] })
    for (let step = 0; step < 150; step++) {
      const possible = inboxesOf(world.run())
        .flatMap(optionsOf)
        .filter(({ why }) => why === null)
      const dice = random()
      if (dice < 0.4) world.choose({ kind: 'next' })
      else if (dice < 0.5) {
        world.choose({
          kind: 'call',
          client: random() < 0.5 ? 'c1' : 'c2',
          commands: [put('k', `${step}`) as never],
        })
      } else world.choose(possible[Math.floor(random() * possible.length)]!.choice)
    }
    const lines: string[] = []
    const system = new StagedRun(world.staged, (line) => void lines.push(line))
    for (const { choice } of world.branch.made) expect(system.choose(choice)).toBeNull()
    const { steps } = readTrace(`${lines.join('\n')}\n`, { partial: true })
    expect(steps).toEqual(world.branch.steps)
    expect(steps.flatMap(({ verdicts }) => verdicts)).toEqual([])
  })

  test.each(seeds)('every option that an inbox offers can be chosen, and no other (seed %i)', (seed) => {
    const random = seededRandom(seed)
    const world = open()
    world.runUntil(null, { steps: Math.floor(random() * 120) })
    world.choose({ kind: 'crash', node: 's2' })
    world.runUntil(null, { steps: Math.floor(random() * 60) })
    const position = world.position
    for (const { choice, why } of inboxesOf(world.run()).flatMap(optionsOf)) {
      const system = new StagedRun(world.staged, () => {})
      for (const made of world.branch.made.slice(0, position)) system.choose(made.choice)
      expect(system.choose(choice)).toBe(why)
    }
  })

  test('of the options exactly the one that happens by itself is marked', () => {
    const world = open()
    for (let step = 0; step < 60; step++) {
      const marked = inboxesOf(world.run())
        .flatMap(optionsOf)
        .filter(({ isNext }) => isNext)
      expect(marked).toHaveLength(1)
      expect(isSameChoice(marked[0]!.choice, world.run().next()!)).toBe(true)
      world.choose({ kind: 'next' })
    }
  })
})
