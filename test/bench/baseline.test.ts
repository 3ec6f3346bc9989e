/** The yardstick of the benchmarks answers right: in the steady state, and through a failover. */
import { VirtualTimeScheduler } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { Client, Server, ViewService } from '../../bench/baseline.ts'
import type { Directory } from '../../bench/processes/driven.ts'
import { openLines } from '../../bench/processes/lines.ts'
import { freePorts } from '../../bench/processes/programs.ts'
import { type System, type SystemClient, startSystem } from '../../bench/systems.ts'
import type { Application } from '../../machines/application/application.ts'
import { type KeyValueCommand, keyValueStore } from '../../machines/application/key-value-store.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'

/** A system on virtual time, run until `until`, with everything that its one client was answered. */
function run(
  options: { servers: number; crashAt?: number; until: number },
  drive: (client: SystemClient, answered: (end: unknown) => void) => void,
): unknown[] {
  const scheduler = new VirtualTimeScheduler()
  const system: System = startSystem('baseline', { servers: options.servers, scheduler, delayMs: 1 })
  const ends: unknown[] = []
  drive(system.client(), (end) => void ends.push(end))
  if (options.crashAt !== undefined) {
    scheduler.maxFrames = options.crashAt
    scheduler.flush()
    system.crashPrimary()
  }
  scheduler.maxFrames = options.until
  scheduler.flush()
  return ends
}

const commands: KeyValueCommand[] = [
  { op: 'put', key: 'a', value: 'x' },
  { op: 'append', key: 'a', value: 'y' },
  { op: 'get', key: 'a' },
  { op: 'compareAndSet', key: 'a', expected: 'xy', value: 1 },
  { op: 'append', key: 'a', value: 'z' },
  { op: 'delete', key: 'a' },
  { op: 'get', key: 'a' },
]

describe('the protocol by hand', () => {
  for (const servers of [1, 3]) {
    test(`${servers} server(s): a batch of commands has the results of the store, in order`, () => {
      const ends = run({ servers, until: 1000 }, (client, answered) => {
        for (const command of commands) client.submit(command, answered)
      })

      expect(ends).toEqual([
        { value: null },
        { value: 2 },
        { value: 'xy' },
        { value: true },
        { error: { code: 'applicationError', message: expect.stringMatching(/append.*number/) } },
        { value: true },
        { value: null },
      ])
    })
  }

  for (const phase of [0, 1, 2, 3, 20, 45, 70]) {
    test(`a primary that crashes ${1000 + phase} ms in: every append takes effect once, and all are answered`, () => {
      const count = 2000
      let made = 0
      const ends = run({ servers: 3, crashAt: 1000 + phase, until: 20_000 }, (client, answered) => {
        const next = (end?: unknown) => {
          if (end !== undefined) answered(end)
          if (made++ < count) client.submit({ op: 'append', key: 'a', value: '.' }, next)
        }
        next()
      })

      expect(ends).toEqual(Array.from({ length: count }, (_, index) => ({ value: index + 1 })))
    })
  }

  test('over lines on TCP it answers as it does in one process', async () => {
    const names = ['view-service', 's1', 's2']
    const ports = await freePorts(names.length)
    const directory: Directory = Object.fromEntries(names.map((name, i) => [name, `127.0.0.1:${ports[i]}`]))
    const open = async (port: number | null) => ({
      transport: await openLines({ directory, port }),
      clock: schedulerClock(),
    })
    const worlds = await Promise.all([...ports, null].map(open))
    const application = keyValueStore as Application
    const nodes = [
      new ViewService(worlds[0]!),
      new Server('s1#1', application, worlds[1]!),
      new Server('s2#1', application, worlds[2]!),
      new Client('c1#1', worlds[3]!),
    ] as const
    const results: unknown[] = []

    for (const command of commands.slice(0, 4)) results.push(await nodes[3].execute(command))

    expect(results).toEqual([null, 2, 'xy', true])
    for (const node of nodes) node.stop()
    for (const { transport } of worlds) await transport.close()
  })
})
