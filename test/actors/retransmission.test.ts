/** When messages are sent again: as often as the interval says where answers are quick, and no more often than answers come (C1, S6, T3). */
import { describe, expect, test } from 'vitest'
import { createClient } from '../../actors/client.ts'
import { defaultTiming } from '../../actors/options.ts'
import { createRetransmission, type SilenceLimits } from '../../actors/retransmission.ts'
import { createViewService } from '../../actors/view-service.ts'
import type { MessageType } from '../../machines/messages.ts'
import { append, createPorts, createWorld, type World } from '../support/world.ts'

/** The timeouts of one node, on a clock of its own. */
function timeouts({
  retransmitMaxMs = 2000,
  pingCheckIntervalMs = 0,
  limits = {},
}: {
  retransmitMaxMs?: number
  pingCheckIntervalMs?: number
  limits?: SilenceLimits
} = {}) {
  let time = 0
  let last = 0
  const timing = { ...defaultTiming, pingCheckIntervalMs, retransmitMaxMs }
  const retransmission = createRetransmission({ now: () => time }, 50, timing, limits)
  return {
    retransmission,
    pass(ms: number) {
      time += ms
    },
    /** One exchange that is answered at once when the round trip is over; returns the wait that it was given. */
    exchange(roundTripMs: number) {
      const wait = retransmission.sent(`${++last}`, false)
      time += roundTripMs
      retransmission.answered(`${last}`)
      return wait
    },
  }
}

describe('the timeout of RFC 6298', () => {
  test('begins at the least wait, then is three times the first round trip', () => {
    const { exchange } = timeouts()
    expect([exchange(100), exchange(100)]).toEqual([50, 300])
  })

  test('comes down to little more than a round trip that does not vary, and never below the least wait', () => {
    const steady = timeouts()
    for (let round = 0; round < 100; round++) steady.exchange(100)
    expect(steady.exchange(100)).toBe(110)

    const quick = timeouts()
    for (let round = 0; round < 100; round++) quick.exchange(1)
    expect(quick.exchange(1)).toBe(50)
  })

  test('is an eighth of the new round trip and a quarter of its deviation', () => {
    const { exchange } = timeouts()
    exchange(100)
    exchange(180)
    // Deviation: 3/4 of 50 and 1/4 of 80; mean: 7/8 of 100 and 1/8 of 180.
    expect(exchange(0)).toBe(110 + 4 * 57.5)
  })

  test('is bounded', () => {
    const { exchange } = timeouts({ retransmitMaxMs: 400 })
    exchange(10_000)
    expect(exchange(1)).toBe(400)
  })

  test('Karn: an answer to what was sent twice is no round trip; the next wait is twice as long, until one is', () => {
    const { retransmission, pass, exchange } = timeouts()
    retransmission.sent('a', false)
    pass(50)
    retransmission.sent('a', true)
    pass(350)
    retransmission.answered('a')

    expect(exchange(5)).toBe(100)
    expect(exchange(5)).toBe(50)
  })

  test('doubles with silence, up to the bound; any answer ends it', () => {
    const { retransmission } = timeouts()
    const waits = [false, true, true, true, true, true, true, true].map((overdue) =>
      retransmission.sent('a', overdue),
    )
    expect(waits).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000])

    retransmission.heard()
    expect(retransmission.sent('b', false)).toBe(50)
  })
})

describe('loss is distinguished from slowness', () => {
  /** An exchange whose first copies are lost: the answer follows the last one after a round trip. */
  function lossy({ retransmission, pass }: ReturnType<typeof timeouts>, name: string, lost: number) {
    const waits: number[] = []
    for (let copy = 0; copy <= lost; copy++) {
      waits.push(retransmission.sent(name, copy > 0))
      if (copy < lost) pass(waits.at(-1)!)
    }
    pass(4)
    retransmission.answered(name)
    return waits
  }

  test('an answer within a usual round trip of the last copy leaves the wait as it is', () => {
    const node = timeouts({ pingCheckIntervalMs: 1000 })
    node.exchange(4)
    for (let round = 0; round < 20; round++) {
      expect(lossy(node, `lossy ${round}`, 3)).toEqual([50, 50, 50, 50])
    }
  })

  test('so it does before any round trip is known, if it comes at once', () => {
    const node = timeouts({ pingCheckIntervalMs: 1000 })
    expect(lossy(node, 'a', 2)).toEqual([50, 50, 50])
    expect(lossy(node, 'b', 2)).toEqual([50, 50, 50])
  })

  test('it ends what slowness has made of the wait', () => {
    const node = timeouts({ pingCheckIntervalMs: 1000 })
    node.exchange(4)
    node.retransmission.sent('slow', false)
    node.pass(50)
    node.retransmission.sent('slow', true)
    node.pass(40)
    node.retransmission.answered('slow')

    expect(lossy(node, 'lossy', 2)).toEqual([100, 100, 100])
    expect(node.exchange(4)).toBe(50)
  })

  test('silence as long as exchanges usually last under this loss is no silence', () => {
    const node = timeouts({ pingCheckIntervalMs: 100 })
    node.exchange(4)
    for (let round = 0; round < 40; round++) lossy(node, `varied ${round}`, round % 8)

    expect(lossy(node, 'usual', 6)).toEqual(Array(7).fill(50))
    expect(lossy(node, 'long', 30).at(-1)).toBeGreaterThan(50)
  })

  test('while no server answers waits grow to their bound, and to the other one while other nodes do', () => {
    const { retransmission, pass } = timeouts({ limits: { busyMaxMs: 400, cutMaxMs: 100 } })
    const next = () => {
      pass(1)
      return retransmission.sent('a', true)
    }
    retransmission.sent('a', false)
    expect([next(), next(), next()]).toEqual([100, 100, 100])
    const heard = Array.from({ length: 3 }, () => {
      retransmission.heardOther()
      return next()
    })
    expect(heard).toEqual([200, 400, 400])
    expect(next()).toBe(100)
  })
})

/** How long after `from` messages of a type were sent, by the world's record. */
function sentAt(world: World, type: MessageType, from: number): number[] {
  return world
    .seen('send', type)
    .map(({ t }) => t - from)
    .filter((t) => t >= 0)
}

function settledWorld(options?: Parameters<typeof createWorld>[0]) {
  const world = createWorld(options)
  world.settle()
  const client = world.client()
  world.execute(client, append('log', 'x'))
  return { world, client }
}

describe('clients', () => {
  test('C1: a silent primary is asked at the interval for as long as a failover takes, then half as often each time', () => {
    const { world, client } = settledWorld()
    world.drop({ type: 'request' })
    const start = world.clock.now()

    world.call(client, append('log', 'x'))
    world.advance(10_000)

    const times = [0, 50, 100, 150, 200, 250, 300, 400, 600, 1000, 1800, 3400, 5400, 7400, 9400]
    expect(sentAt(world, 'request', start)).toEqual(times)
    expect(sentAt(world, 'getView', start)).toEqual(times.slice(1))
  })

  test('C1: cut off from everyone, it asks at the interval, so that the first copy after the healing comes soon', () => {
    const { world, client } = settledWorld()
    world.drop({ from: client.id })
    const start = world.clock.now()

    world.call(client, append('log', 'x'))
    world.advance(2000)

    expect(sentAt(world, 'request', start)).toEqual(Array.from({ length: 41 }, (_, index) => 50 * index))
  })

  test('C1: a client of the minority side is answered within two retry intervals of the healing', () => {
    for (const cutMs of [310, 500, 1000, 2000, 5000, 9000]) {
      const { world, client } = settledWorld({ servers: 3 })
      const primary = world.primary().id
      const others = ['s1#1', 's2#1', 's3#1'].filter((id) => id !== primary)
      world.network.partition([primary, client.id], ['view-service', ...others])
      const call = world.call(client, append('log', 'x'))
      world.advance(cutMs)
      world.network.heal()
      const took = world.until('an answer', () => call.ends.length > 0)
      expect(took, `after ${cutMs} ms`).toBeLessThanOrEqual(2 * defaultTiming.retryIntervalMs)
    }
  })

  test.each([0.05, 0.2, 0.4])(
    'C1: with %d of all messages lost, calls take at most 1.2 times as long as with fixed waits',
    (drop) => {
      const took = (retransmitMaxMs: number) => {
        let sum = 0
        for (let seed = 1; seed <= 6; seed++) {
          const { world, client } = settledWorld({ servers: 2, seed, timing: { retransmitMaxMs } })
          world.network.set({ drop })
          const start = world.clock.now()
          for (let round = 0; round < 60; round++) world.execute(client, append('log', 'x'))
          sum += world.clock.now() - start
        }
        return sum
      }
      expect(took(2000) / took(50)).toBeLessThan(1.2)
    },
  )

  test('C1: the first answer ends the long waits', () => {
    const { world, client } = settledWorld()
    world.drop({ type: 'request' })
    const late = world.call(client, append('log', 'x'))
    world.advance(10_000)
    world.network.clear()
    world.until('an answer', () => late.ends.length > 0)
    world.execute(client, append('log', 'x'))

    world.drop({ type: 'request' })
    const start = world.clock.now()
    world.call(client, append('log', 'x'))
    world.advance(200)

    expect(sentAt(world, 'request', start)).toEqual([0, 50, 100, 150, 200])
  })

  test('C1: where answers take longer than the interval, nothing is asked or sent again after the first few', () => {
    const { world, client } = settledWorld({ delayMs: 60 })
    for (let round = 0; round < 3; round++) world.execute(client, append('log', 'x'))
    const start = world.clock.now()

    for (let round = 0; round < 20; round++) world.execute(client, append('log', 'x'))

    expect(world.clock.now() - start).toBe(20 * 240)
    expect(sentAt(world, 'request', start)).toHaveLength(20)
    expect(sentAt(world, 'getView', start)).toEqual([])
    expect(sentAt(world, 'forward', start)).toHaveLength(20)
  })

  test('C1: a failover is no longer than with one interval for all', () => {
    const waits = [2000, 50].map((retransmitMaxMs) => {
      const { world, client } = settledWorld({ timing: { retransmitMaxMs } })
      world.primary().crash()
      const call = world.call(client, append('log', 'x'))
      return world.until('an answer of the next primary', () => call.ends.length > 0)
    })
    expect(waits[0]).toBe(waits[1])
    expect(waits[0]).toBeLessThan(400)
  })

  test('C1: who is refused, because a state is under way, asks at the interval; who is asked to wait for room, less and less', () => {
    for (const [reason, isPatient] of [
      ['stateTransfer', false],
      ['overloaded', true],
    ] as const) {
      const { world, client } = settledWorld()
      world.drop({ type: 'request' })
      const primary = world.primary().id
      const start = world.clock.now()
      world.call(client, append('log', 'x'))
      const refusal = { type: 'refusal', viewNumber: world.cluster.view().number, session: 1, seq: 2, reason }
      for (let round = 0; round < 100; round++) {
        world.advance(10)
        world.inject({ from: primary, to: client.id, message: refusal })
      }
      const times = sentAt(world, 'request', start)
      expect(times.slice(7)).toEqual(
        isPatient ? [400, 600, 1000] : times.slice(7).map((_, index) => 350 + 50 * index),
      )
      expect(times.length).toBe(isPatient ? 10 : 21)
    }
  })

  test('C1: a client that finds no view yet asks at the interval for as long as it is reported so', () => {
    const { ports, observations, advance } = createPorts()
    const viewService = createViewService(ports)
    const client = createClient({ ...ports, id: 'c1#1' })
    advance(2000)

    const asked = observations.filter(({ kind, node }) => kind === 'send' && node === client.id)
    expect(asked.map(({ t }) => t)).toEqual(Array.from({ length: 41 }, (_, index) => 50 * index))
    client.stop()
    viewService.stop()
  })
})

describe('servers', () => {
  test('S6: a forward is sent again at the interval for as long as a failover takes, then half as often each time', () => {
    const { world, client } = settledWorld({ servers: 2 })
    world.drop({ type: 'forward' })
    const start = world.clock.now()

    world.call(client, append('log', 'x'))
    world.advance(3000)

    const forwards = sentAt(world, 'forward', start).map((t) => t - 1)
    expect(forwards).toEqual([0, 50, 100, 150, 200, 250, 300, 400, 600, 1000, 1800])
  })

  test('T3: pieces of a state that take longer than the interval are not sent twice after the first few', () => {
    const { world, client } = settledWorld({ servers: 2, delayMs: 60, limits: { transferBytesMax: 100 } })
    for (let round = 0; round < 40; round++)
      world.execute(client, { op: 'put', key: `k${round}`, value: 'x'.repeat(80) })
    const start = world.clock.now()
    const backup = world.backup()
    backup.crash()
    backup.restart()
    world.settle()

    const pieces = world.seen('send', 'stateTransfer').filter(({ t }) => t >= start)
    const different = new Set(pieces.map(({ envelope }) => JSON.stringify(envelope?.message)))
    expect(different.size).toBeGreaterThan(40)
    expect(pieces.length).toBeLessThan(different.size + 3)
  })
})

test('retransmitMaxMs: at the interval, all waits are alike', () => {
  const { world, client } = settledWorld({ timing: { retransmitMaxMs: 50 } })
  world.drop({ type: 'request' })
  const start = world.clock.now()
  world.call(client, append('log', 'x'))
  world.advance(1000)
  expect(sentAt(world, 'request', start)).toEqual(Array.from({ length: 21 }, (_, index) => 50 * index))
})
