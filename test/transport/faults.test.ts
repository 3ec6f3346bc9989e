/** Faults on a transport: what each lever does, to which messages, and that a seed repeats it all. */
import { VirtualTimeScheduler } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { Observation } from '../../actors/observation.ts'
import type { MessageType } from '../../machines/messages.ts'
import { schedulerClock, seededRandom } from '../../runtime/schedulers.ts'
import { type FaultRates, type FaultScope, withFaults } from '../../runtime/transport/faults.ts'
import { createMemoryTransport } from '../../runtime/transport/memory.ts'

/** Three nodes on a faulty network, and what arrived where and when. */
function createNetwork(seed = 1) {
  const scheduler = new VirtualTimeScheduler()
  const observations: Observation[] = []
  const network = withFaults(createMemoryTransport({ scheduler, delayMs: 1 }), {
    clock: schedulerClock(scheduler),
    random: seededRandom(seed),
    observe: (observation) => void observations.push(observation),
  })
  const arrived: { from: string; to: string; number: number; type: string; t: number }[] = []
  for (const id of ['a#1', 'b#1', 'b#2', 'c#1']) {
    network.attach(id, ({ from, to, message, stamp }) => {
      arrived.push({ from, to, number: stamp.lamport, type: message.type, t: scheduler.now() })
    })
  }
  let sent = 0
  return {
    faults: network.faults,
    network,
    scheduler,
    observations,
    arrived,
    numbers: () => arrived.map(({ number }) => number),
    links: () => arrived.map(({ from, to }) => `${from} ${to}`),
    send(from: string, to: string, type: MessageType = 'ping', count = 1) {
      for (let index = 0; index < count; index++) {
        const message = { type, viewNumber: 1 } as never
        network.send({ from, to, message, stamp: { lamport: ++sent, vector: {} } })
      }
    },
    kinds: () => observations.map(({ kind }) => kind),
    run() {
      scheduler.maxFrames = Number.POSITIVE_INFINITY
      scheduler.flush()
    },
  }
}

const everyLink = [
  ['a#1', 'b#1'],
  ['b#1', 'a#1'],
  ['a#1', 'c#1'],
  ['c#1', 'a#1'],
  ['b#1', 'c#1'],
  ['c#1', 'b#1'],
] as const

describe('rates', () => {
  test('drop loses about as many as it says, and reports each', () => {
    const { faults, send, run, numbers, observations } = createNetwork()
    faults.set({ drop: 0.3 })

    send('a#1', 'b#1', 'ping', 1000)
    run()

    const lost = observations.filter(({ kind, detail }) => kind === 'drop' && detail === 'lost')
    expect(numbers().length + lost.length).toBe(1000)
    expect(lost.length).toBeGreaterThan(230)
    expect(lost.length).toBeLessThan(370)
  })

  test('duplicate delivers some twice, with the id of the original and another copy number', () => {
    const { faults, send, run, numbers, observations } = createNetwork()
    faults.set({ duplicate: 1 })

    send('a#1', 'b#1')
    run()

    expect(numbers()).toEqual([1, 1])
    expect(observations).toMatchObject([{ kind: 'duplicate', messageId: 'a#1@1', copy: 1 }])
  })

  test('delay makes messages late by at most delayMaxMs, so that others overtake them', () => {
    const { faults, send, run, arrived, numbers } = createNetwork()
    faults.set({ delay: 0.5, delayMaxMs: 20 })

    send('a#1', 'b#1', 'ping', 200)
    run()

    const inOrder = [...numbers()].sort((x, y) => x - y)
    expect(inOrder).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
    expect(numbers()).not.toEqual(inOrder)
    expect(Math.max(...arrived.map(({ t }) => t))).toBeLessThanOrEqual(21)
    expect(arrived.filter(({ t }) => t > 1).length).toBeGreaterThan(60)
  })

  test.each<[string, FaultScope, string[]]>([
    ['a sender', { from: 'a#1' }, ['b#1 a#1', 'c#1 a#1', 'b#1 c#1', 'c#1 b#1']],
    ['an addressee', { to: 'a#1' }, ['a#1 b#1', 'a#1 c#1', 'b#1 c#1', 'c#1 b#1']],
    ['a link, one way', { from: 'a#1', to: 'b#1' }, ['b#1 a#1', 'a#1 c#1', 'c#1 a#1', 'b#1 c#1', 'c#1 b#1']],
    ['a name, in all its lives', { to: 'b' }, ['b#1 a#1', 'a#1 c#1', 'c#1 a#1', 'b#1 c#1']],
  ])('hold for %s only', (_, scope, left) => {
    const { faults, send, run, links } = createNetwork()
    faults.set({ drop: 1 }, scope)

    for (const [from, to] of everyLink) send(from, to)
    run()

    expect(links()).toEqual(left)
  })

  test('hold for a message type only', () => {
    const { faults, send, run, arrived } = createNetwork()
    faults.set({ drop: 1 }, { type: 'ping' })

    for (const type of ['ping', 'getView', 'ping', 'forward'] as const) send('a#1', 'b#1', type)
    run()

    expect(arrived.map(({ type }) => type)).toEqual(['getView', 'forward'])
  })

  test('the last rule that matches a message decides; setting a scope again replaces its rule', () => {
    const { faults, send, run, numbers } = createNetwork()
    faults.set({ drop: 1 })
    faults.set({ drop: 0 }, { to: 'c#1' })
    send('a#1', 'b#1')
    send('a#1', 'c#1')
    faults.set({ drop: 1 }, { to: 'c#1' })
    send('a#1', 'c#1')
    faults.set({ drop: 0 })
    send('a#1', 'b#1')

    run()

    expect(numbers()).toEqual([2, 4])
  })

  test.each<[string, FaultRates, FaultScope?]>([
    ['above 1', { drop: 1.1 }],
    ['below 0', { duplicate: -0.1 }],
    ['that is invalid', { delay: Number.NaN }],
    ['with a negative delay', { delayMaxMs: -1 }],
    ['of an unknown kind', { explode: 1 } as never],
    ['for an unknown message type', { drop: 1 }, { type: 'explode' as never }],
  ])('a rate %s is refused', (_, rates, scope) => {
    const { faults } = createNetwork()

    expect(() => faults.set(rates, scope)).toThrow(
      expect.objectContaining({ name: 'StandbyError', code: 'invalidOption' }),
    )
  })
})

describe('cut links', () => {
  test('cut is one way, by id or by name', () => {
    const { faults, send, run, links } = createNetwork()
    faults.cut('a#1', 'b')

    for (const [from, to] of [...everyLink, ['a#1', 'b#2'] as const]) send(from, to)
    run()

    expect(links()).toEqual(['b#1 a#1', 'a#1 c#1', 'c#1 a#1', 'b#1 c#1', 'c#1 b#1'])
    expect([faults.connected('a#1', 'b#2'), faults.connected('b#2', 'a#1')]).toEqual([false, true])
  })

  test('a partition cuts between its groups, both ways; who is in no group keeps every link', () => {
    const { faults, send, run, links } = createNetwork()
    faults.partition(['a'], ['b'])

    for (const [from, to] of everyLink) send(from, to)
    run()

    expect(links()).toEqual(['a#1 c#1', 'c#1 a#1', 'b#1 c#1', 'c#1 b#1'])
  })

  test('heal joins cuts and partitions, reports it once, and leaves the rates', () => {
    const { faults, send, run, links, kinds } = createNetwork()
    faults.set({ drop: 1 }, { to: 'c' })
    faults.cut('a', 'b')
    faults.partition(['a'], ['b', 'c'])

    faults.heal()
    faults.heal()
    for (const [from, to] of everyLink) send(from, to)
    run()

    expect(links()).toEqual(['a#1 b#1', 'b#1 a#1', 'c#1 a#1', 'c#1 b#1'])
    expect(kinds().filter((kind) => kind === 'heal')).toEqual(['heal'])
  })

  test('clear ends everything', () => {
    const { faults, send, run, links } = createNetwork()
    faults.set({ drop: 1 })
    faults.cut('a', 'b')

    faults.clear()
    for (const [from, to] of everyLink) send(from, to)
    run()

    expect(links()).toHaveLength(everyLink.length)
  })

  test('what is under way when a link is cut still arrives; what is lost on a cut link is reported so', () => {
    const { faults, send, run, numbers, observations } = createNetwork()
    send('a#1', 'b#1')

    faults.cut('a', 'b')
    send('a#1', 'b#1')
    run()

    expect(numbers()).toEqual([1])
    expect(observations.filter(({ kind }) => kind === 'drop')).toMatchObject([
      { detail: 'link cut', node: 'a#1' },
    ])
  })

  test('closing leaves no delayed message behind', () => {
    const { faults, send, network, scheduler, arrived, run } = createNetwork()
    faults.set({ delay: 1, delayMaxMs: 100 })
    send('a#1', 'b#1', 'ping', 10)

    network.close()

    expect(scheduler.actions).toEqual([])
    run()
    expect(arrived).toEqual([])
  })
})

describe('seeds', () => {
  const traceOf = (seed: number) => {
    const { faults, send, run, arrived, observations } = createNetwork(seed)
    faults.set({ drop: 0.2, duplicate: 0.2, delay: 0.5 })
    for (const [from, to] of everyLink) send(from, to, 'ping', 20)
    run()
    return { arrived, reports: observations.map(({ kind, t, messageId }) => [kind, t, messageId]) }
  }

  test('the same seed repeats everything, another seed does not', () => {
    expect(traceOf(7)).toEqual(traceOf(7))
    expect(traceOf(8)).not.toEqual(traceOf(7))
  })

  test('chance is pinned: the first numbers of a seed are the same on every machine', () => {
    const random = seededRandom(42)

    const numbers = Array.from({ length: 1000 }, random)

    expect(numbers.slice(0, 3).map((number) => number.toFixed(6))).toMatchInlineSnapshot(`
      [
        "0.374540",
        "0.796543",
        "0.950714",
      ]
    `)
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
    expect(new Set(numbers.map((number) => Math.floor(number * 10))).size).toBe(10)
  })
})
