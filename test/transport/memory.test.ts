/** The transport within one process keeps the contract, on real time and on virtual time, bare and behind faults that are all off. */
import { VirtualTimeScheduler } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { Envelope, Transport } from '../../actors/ports.ts'
import { schedulerClock, seededRandom } from '../../runtime/schedulers.ts'
import { withFaults } from '../../runtime/transport/faults.ts'
import { createMemoryTransport } from '../../runtime/transport/memory.ts'
import type { OpenTransport } from './open-transport.ts'
import { transportContract } from './transport.contract.ts'

const twoEnds = (transport: Transport, settle: () => void | Promise<void>): OpenTransport => ({
  here: transport,
  there: transport,
  settle: async () => settle(),
})

/** Everything is delivered within one turn of the event loop, and an answer within the next one. */
async function fewTurns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

function onVirtualTime(
  decorate: (inner: Transport, scheduler: VirtualTimeScheduler) => Transport,
): OpenTransport {
  const scheduler = new VirtualTimeScheduler()
  const transport = decorate(createMemoryTransport({ scheduler, delayMs: 3 }), scheduler)
  return twoEnds(transport, () => scheduler.flush())
}

transportContract('in memory', { open: () => twoEnds(createMemoryTransport(), fewTurns) })
transportContract('in memory, on virtual time', { open: () => onVirtualTime((inner) => inner) })
transportContract('in memory, behind faults that are all off', {
  open: () =>
    onVirtualTime((inner, scheduler) =>
      withFaults(inner, { clock: schedulerClock(scheduler), random: seededRandom(1) }),
    ),
})

describe('the transport in memory', () => {
  test('takes as long as delayMs says', () => {
    const scheduler = new VirtualTimeScheduler()
    const transport = createMemoryTransport({ scheduler, delayMs: 12 })
    const at: number[] = []
    transport.attach('b#1', () => void at.push(scheduler.now()))
    const envelope = {
      from: 'a#1',
      to: 'b#1',
      message: { type: 'getView' },
      stamp: { lamport: 1, vector: {} },
    }

    transport.send(envelope as Envelope)
    scheduler.flush()

    expect(at).toEqual([12])
  })

  test('leaves nothing scheduled once it is closed', () => {
    const scheduler = new VirtualTimeScheduler()
    const transport = createMemoryTransport({ scheduler, delayMs: 12 })
    transport.attach('b#1', () => {})
    const envelope = {
      from: 'a#1',
      to: 'b#1',
      message: { type: 'getView' },
      stamp: { lamport: 1, vector: {} },
    }
    transport.send(envelope as Envelope)

    transport.close()

    expect(scheduler.actions).toEqual([])
  })

  test('lets timers and sockets in between, however busy it is', async () => {
    const transport = createMemoryTransport()
    const stamp = { lamport: 1, vector: {} }
    let hops = 0
    for (const [id, to] of [
      ['a#1', 'b#1'],
      ['b#1', 'a#1'],
    ] as const) {
      transport.attach(id, ({ message }) => {
        hops += 1
        transport.send({ from: id, to, message, stamp })
      })
    }
    transport.send({ from: 'a#1', to: 'b#1', message: { type: 'getView' }, stamp })

    let timers = 0
    while (hops < 50) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      timers += 1
    }
    transport.close()

    expect(timers).toBeGreaterThan(0)
  })
})
