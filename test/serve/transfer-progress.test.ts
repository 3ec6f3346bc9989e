/** How far a state transfer is, as a server's process says it. */
import { expect, test } from 'vitest'
import { createProcessLog } from '../../runtime/serve/log.ts'
import { watchTransfer } from '../../runtime/serve/metrics/transfer-progress.ts'
import { createWorld } from '../support/world.ts'

test('T5 both ends say how many pieces are through, and the log says so once a second', () => {
  const transferBytesMax = 100
  const world = createWorld({
    servers: ['s1', 's2', 's3'],
    delayMs: 200,
    limits: { transferBytesMax },
    timing: { pingIntervalMs: 1000, pingCheckIntervalMs: 5000, resendIntervalMs: 2000 },
  })
  world.settle()
  const client = world.client()
  for (let n = 0; n < 10; n++) world.execute(client, { op: 'put', key: `k${n}`, value: 'x'.repeat(80) })
  const lines: string[] = []
  const transferred: [string, number][] = []
  const watch = (name: string) =>
    watchTransfer(world.cluster.server(name).node!.actor, {
      clock: world.clock,
      transferBytesMax,
      metrics: { transferred: (side, seconds) => void transferred.push([side, seconds]) },
      log: createProcessLog({
        level: 'info',
        format: 'text',
        node: name,
        line: (line) => lines.push(line),
        now: () => 0,
      }),
    })
  const progress = new Map(['s1', 's2', 's3'].map((name) => [name, watch(name)]))
  const [primary, idle] = [world.primary(), world.idle()]
  const [sending, arriving] = [progress.get(primary.name)!, progress.get(idle.name)!]
  expect(sending()).toBe(null)

  world.backup().crash()
  world.until('a transfer', () => (arriving()?.pieces ?? 0) > 6, 60_000)

  expect(sending()!.pieces).toBeGreaterThan(5)
  expect(sending()!.bytes).toBe(sending()!.pieces * transferBytesMax)
  world.settle(60_000)
  expect([sending(), arriving()]).toEqual([null, null])
  // A piece and its acknowledgement take 400 ms; the receiver has the last one half a turn before the sender knows.
  const took = new Map(transferred.slice(-2))
  expect(took.get('sent')).toBeGreaterThan(6 * 0.4)
  expect(took.get('received')).toBeGreaterThan(6 * 0.4)
  const of = (name: string) => lines.filter((line) => line.includes(`${name}: the state`))
  for (const { name } of [primary, idle]) {
    expect(of(name).at(-1)).toMatch(/the state is transferred view=\d+ side=(sent|received) ms=\d+/)
    expect(of(name).slice(0, -1).join()).toContain('the state is being transferred')
  }
})
