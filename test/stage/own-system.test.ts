/** Any checked system on the stage: choices within what the system allows, verdicts at each step, traces of runs lifted. */
import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { impatient, system as sound } from '../../examples/two-phase-commit.ts'
import { always, type CheckedSystem, check, everyStep, reachable, traceOf } from '../../proof/check/index.ts'
import type { Choice } from '../../proof/stage/choice.ts'
import { inboxesOf } from '../../proof/stage/inbox.ts'
import { liftTrace } from '../../proof/stage/lift.ts'
import { systemIn } from '../../proof/stage/own-system.ts'
import { stagedSystem } from '../../proof/stage/staged.ts'
import { World } from '../../proof/stage/world.ts'
import { formatWorld, readWorld } from '../../proof/stage/world-file.ts'
import { readTrace } from '../../runtime/observe/index.ts'

const open = (system: CheckedSystem) => new World({ title: 'a test', staged: stagedSystem(system) })
const inbox = (world: World, name: string) => inboxesOf(world.run()).find((one) => one.name === name)!
const verdictsIn = (world: World) =>
  world.branch.steps.flatMap(({ verdicts }) => verdicts as unknown as { name: string; holds: boolean }[])
const deliver = (world: World, type: string, to: string) => {
  const message = inbox(world, to).messages.find((one) => one.type === type)!
  expect(world.choose(message.deliver.choice)).toBeNull()
}

/** A counter that a client makes grow, with crashes and restarts within bounds. */
const counter: CheckedSystem = {
  nodes: [
    {
      id: 'counter',
      machine: createMachine({
        id: 'counter',
        initial: 'zero',
        context: { clock: 0 },
        states: {
          zero: { on: { add: 'one' }, after: { 100: 'one', 200: 'two' } },
          one: { on: { add: 'two' } },
          two: { type: 'final' },
        },
      }),
      mayCrash: true,
      restart: (life) => ({ id: `counter-${life}`, input: {} }),
    },
    {
      id: 'client',
      machine: createMachine({
        id: 'client',
        on: {
          go: {
            actions: { type: 'send', params: { to: 'counter', message: { type: 'add' } } } as never,
          },
        },
      }),
      script: [{ type: 'go' }, { type: 'go' }],
    },
  ],
  crashes: 1,
  restarts: 1,
  invariants: [
    always(
      'it never counts two',
      (view) => view.node('counter').snapshot.value !== 'two' || 'it has counted two',
    ),
  ],
  steps: [everyStep('it never goes back', (before, after) => before.id === after.id || 'another life')],
  goals: [reachable('it has counted one', (view) => view.node('counter').snapshot.value === 'one')],
}

describe('choices', () => {
  test('scripts are taken event by event, and say when they are over', () => {
    const world = open(counter)
    const go: Choice = { kind: 'script', node: 'client' }
    expect(inbox(world, 'client').script).toMatchObject({ text: 'go', left: 1 })
    expect(world.choose(go)).toBeNull()
    expect(world.choose(go)).toBeNull()
    expect(inbox(world, 'client').script).toBeNull()
    expect(world.choose(go)).toBe('the script of client is over')
    expect(inbox(world, 'counter').messages).toHaveLength(2)
  })

  test('a node crashes and starts again as often as the system allows, under the ids that it names', () => {
    const world = open(counter)
    expect(world.choose({ kind: 'crash', node: 'client' })).toBe(
      'client never crashes in this system (mayCrash)',
    )
    expect(inbox(world, 'client')).toMatchObject({ crash: null, restart: null })
    expect(world.choose({ kind: 'crash', node: 'counter' })).toBeNull()
    expect(world.choose({ kind: 'restart', node: 'counter' })).toBeNull()
    expect(inbox(world, 'counter').id).toBe('counter-2')
    expect(world.choose({ kind: 'crash', node: 'counter' })).toBe(
      'this system allows no more crashes (crashes: 1)',
    )
  })

  test('free timers fire in any order, ordered ones as they are due', () => {
    const late: Choice = { kind: 'timer', node: 'counter', timer: '200' }
    expect(open({ ...counter, timers: 'ordered' }).choose(late)).toBe(
      '100 of counter is due earlier, at 100 ms',
    )
    const world = open(counter)
    expect(world.choose(late)).toBeNull()
    expect(world.run().stage.now).toBe(200)
  })

  test('a message to a node that is done cannot arrive', () => {
    const world = open(counter)
    world.choose({ kind: 'script', node: 'client' })
    world.choose({ kind: 'timer', node: 'counter', timer: '200' })
    const [message] = inbox(world, 'counter').messages
    expect(message!.deliver.why).toBe('counter is done and takes nothing more')
  })

  test('links that the system cuts are cut from the start', () => {
    const world = open({ ...counter, cuts: [{ from: 'client', to: 'counter' }] })
    world.choose({ kind: 'script', node: 'client' })
    expect(inbox(world, 'counter').messages).toEqual([])
    expect(world.branch.steps.at(-1)).toMatchObject({ kind: 'drop', detail: 'link cut' })
    expect(world.choose({ kind: 'heal', from: 'client', to: 'counter' })).toBeNull()
  })

  test('by itself messages and timers come before scripts', () => {
    const world = open(sound)
    expect(world.runUntil('goal:all commit')).toBe('reached')
    expect(world.runUntil(null, { ms: 5000 })).toBe('quiet')
    expect(world.branch.made.slice(-2).map(({ choice }) => choice.kind)).toEqual(['script', 'script'])
  })
})

describe('networks', () => {
  const sent = (network: CheckedSystem['network'], bounds: object = {}) => {
    const world = open({ ...counter, network, ...bounds })
    world.choose({ kind: 'script', node: 'client' })
    world.choose({ kind: 'script', node: 'client' })
    return { world, messages: inbox(world, 'counter').messages }
  }

  test('a set loses and repeats messages at will, and delivers them in any order', () => {
    const { messages } = sent('set')
    for (const { deliver, drop, duplicate, delay } of messages)
      expect([deliver.why, drop.why, duplicate.why, delay.why]).toEqual([null, null, null, null])
  })

  test.each(['once', 'ordered'] as const)('%s loses and repeats as often as the system allows', (network) => {
    const { world, messages } = sent(network, { losses: 1, duplicates: 1 })
    expect(world.choose(messages[0]!.drop.choice)).toBeNull()
    expect(world.choose(messages[1]!.drop.choice)).toBe('this system allows no more losses (losses: 1)')
    expect(world.choose(messages[1]!.duplicate.choice)).toBeNull()
    expect(world.choose(messages[1]!.duplicate.choice)).toBe(
      'this system allows no more duplicates (duplicates: 1)',
    )
    expect(world.choose({ kind: 'cut', from: 'client', to: 'counter' })).toMatch(/a cut loses messages/)
  })

  test('on ordered links what was sent first arrives first', () => {
    const { world, messages } = sent('ordered')
    expect(messages[1]!.deliver.why).toBe('add was sent earlier on this link (network)')
    expect(messages[0]!.delay.why).toBe('messages of a link arrive in order (network)')
    expect(world.choose(messages[0]!.deliver.choice)).toBeNull()
    expect(world.choose(messages[1]!.deliver.choice)).toBeNull()
  })
})

describe('verdicts', () => {
  test('an invariant is reported at the step that breaks it, with all of its sends seen', () => {
    const world = open(impatient)
    for (const node of ['p1', 'p2']) deliver(world, 'prepare', node)
    for (const _ of ['p1', 'p2']) deliver(world, 'yes', 'coordinator')
    expect(verdictsIn(world)).toEqual([])
    world.choose({ kind: 'timer', node: 'p1', timer: '500' })
    expect(world.branch.steps.at(-1)!.verdicts).toEqual([
      {
        name: 'no node commits what another aborts',
        holds: false,
        reason: 'coordinator committed, p1 aborted',
      },
    ])
    expect(world.run().isBroken).toBe(true)
  })

  test('goals are reported when they are reached, once; step invariants at each step that breaks them', () => {
    const world = open(counter)
    world.choose({ kind: 'timer', node: 'counter', timer: '100' })
    expect(verdictsIn(world)).toEqual([{ name: 'it has counted one', holds: true }])
    world.choose({ kind: 'crash', node: 'counter' })
    world.choose({ kind: 'restart', node: 'counter' })
    world.choose({ kind: 'timer', node: 'counter', timer: '100' })
    expect(verdictsIn(world).slice(1)).toEqual([
      { name: 'it never goes back', holds: false, reason: 'another life' },
    ])
  })

  test('a machine that throws is reported as a search reports it', () => {
    const machine = createMachine({
      id: 'bomb',
      on: {
        go: {
          guard: () => {
            throw new Error('boom')
          },
        },
      },
    })
    const world = open({ nodes: [{ id: 'n', machine, script: [{ type: 'go' }] }] })
    world.choose({ kind: 'script', node: 'n' })
    expect(verdictsIn(world)).toEqual([
      { name: 'no machine throws', holds: false, reason: expect.stringMatching(/n threw: .*boom/s) },
    ])
  })
})

describe('runs of a search', () => {
  test('a counterexample is lifted step by step, breaks the same property, and goes on', () => {
    const { violation } = check(impatient)
    const { header, steps } = readTrace(traceOf(impatient, violation!.run, { violation }))
    const { world, misfit } = liftTrace(header, steps, 'a counterexample', stagedSystem(impatient))
    expect(misfit).toBeNull()
    expect(verdictsIn(world).filter(({ holds }) => !holds)).toEqual([
      { name: violation!.name, holds: false, reason: violation!.reason },
    ])
    world.goTo(2)
    expect(world.choose({ kind: 'script', node: 'p2' })).toBeNull()
    expect(world.branches).toHaveLength(2)
  })

  test('with crashes, restarts and messages that arrive twice', () => {
    const { violation } = check(counter)
    const { header, steps } = readTrace(traceOf(counter, violation!.run, { violation }))
    const { misfit, world } = liftTrace(header, steps, 'a counterexample', stagedSystem(counter))
    expect(misfit).toBeNull()
    expect(world.run().isBroken).toBe(true)
  })
})

describe('files', () => {
  test('a world of a system of your own comes back where its module is open, and says so elsewhere', () => {
    const world = open(counter)
    world.choose({ kind: 'script', node: 'client' })
    world.goTo(0)
    world.choose({ kind: 'crash', node: 'counter' })
    const text = formatWorld(world)
    expect(readWorld(text, stagedSystem(counter)).branches).toHaveLength(2)
    expect(() => readWorld(text)).toThrow(/expected the system "a test" to be open/)
  })

  test('a module exports a system, or a function that returns one', async () => {
    expect((await systemIn({ default: counter })).nodes).toBe(counter.nodes)
    expect((await systemIn({ system: () => counter })).nodes).toBe(counter.nodes)
    expect((await systemIn({ system: sound, other: counter }, 'other')).nodes).toBe(counter.nodes)
    await expect(systemIn({ answer: 42 })).rejects.toThrow(/exports a system .* exports answer/)
    await expect(systemIn({ default: {} })).rejects.toThrow(/expected a system such as/)
  })
})
