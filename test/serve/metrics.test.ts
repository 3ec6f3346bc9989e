/** What a process counts: every metric moves when the thing happens, and Prometheus can read the whole. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient, type KeyValueClient, withKeyValueMethods } from '../../actors/client.ts'
import type { KeyValueCommand } from '../../machines/application/key-value-store.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { checkedConfig } from '../../runtime/serve/config/config.ts'
import { createProcessLog } from '../../runtime/serve/log.ts'
import { createMetrics, type Metrics } from '../../runtime/serve/metrics/metrics.ts'
import { watchRequests } from '../../runtime/serve/metrics/request-latency.ts'
import type { NodeProcess } from '../../runtime/serve/node-process.ts'
import { startServerProcess } from '../../runtime/serve/server-process.ts'
import { startViewServiceProcess } from '../../runtime/serve/view-service-process.ts'
import { createMemoryTransport } from '../../runtime/transport/memory.ts'
import { openTcpTransport } from '../../runtime/transport/tcp.ts'
import { metricProblems, sampleOf } from './metrics-text.ts'
import { until } from './processes.ts'

const clock = schedulerClock()
const transport = createMemoryTransport()
const folder = mkdtempSync(join(tmpdir(), 'standby-metrics-'))
const nodes = new Map<string, { readonly node: NodeProcess; readonly metrics: Metrics }>()
let client: KeyValueClient

const start = async (role: 'view-service' | 'server', name: string) => {
  const config = checkedConfig(role, {
    name,
    data: join(folder, name),
    timing: { pingIntervalMs: 50, pingCheckIntervalMs: 400 },
    ...(role === 'server' && { peers: { 'view-service': '127.0.0.1:1' } }),
  })
  const metrics = createMetrics()
  const log = createProcessLog({ level: 'error', format: 'text', node: name, line: () => {}, now: () => 0 })
  const ports = { transport, clock, log, metrics, onFailure: () => {} }
  const node =
    role === 'server'
      ? await startServerProcess(config, ports)
      : await startViewServiceProcess(config, ports, { isNew: true })
  nodes.set(name, { node, metrics })
}
const stop = (name: string) => nodes.get(name)!.node.stop()
const textOf = async (name: string) => (await nodes.get(name)!.metrics.read()).text
const isServing = (name: string, state: string) =>
  until(`${name} to be ${state}`, () => nodes.get(name)!.node.status().state === state)
/** One sample of the metrics of a node; 0 if there is none yet. */
const read = async (name: string, sample: string) => sampleOf(await textOf(name), sample) ?? 0

beforeAll(async () => {
  await start('view-service', 'view-service')
  await start('server', 's1')
  await isServing('s1', 'primary.serving')
  client = withKeyValueMethods(createClient<KeyValueCommand, never>({ id: 'c1#1', transport, clock }))
  await client.put('a', 'x'.repeat(1000))
  await start('server', 's2')
  await isServing('s2', 'backup.serving')
  // V4: a primary that goes before its view is acknowledged takes the system with it.
  const { status } = nodes.get('view-service')!.node
  await until('a view with a backup that is acknowledged', () => {
    const { state, view } = status()
    return state === 'acknowledged' && view.backup !== null
  })
}, 60_000)
afterAll(async () => {
  client.stop()
  for (const { node } of nodes.values()) await node.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('the metrics of a process', () => {
  test('T1 a state transfer is timed and counted in bytes at both ends', async () => {
    for (const [name, side] of [
      ['s1', 'sent'],
      ['s2', 'received'],
    ] as const) {
      expect(await read(name, `standby_transfer_seconds_count{side="${side}"}`)).toBe(1)
      expect(await read(name, `standby_transfer_bytes_total{side="${side}"}`)).toBeGreaterThan(1000)
    }
    expect(await read('s2', 'standby_transfer_bytes_total{side="sent"}')).toBe(0)
  })

  test('S4 a primary times its requests from their arrival to their replies', async () => {
    const before = await read('s1', 'standby_request_seconds_count')
    await client.put('b', 1)

    expect(await read('s1', 'standby_request_seconds_count')).toBe(before + 1)
    expect(await read('s1', 'standby_request_seconds_sum')).toBeGreaterThan(0)
    expect(await read('s2', 'standby_request_seconds_count')).toBe(0)
  })

  test('S3 a request that is refused is counted by its reason', async () => {
    const { id } = nodes.get('s2')!.node
    const answered = new Promise<void>((resolve) => transport.attach('c2#1', () => resolve()))
    const message = { type: 'request', viewNumber: 2, session: null, seq: 0, commands: [], bytes: 0 } as const
    expect(await read('s2', 'standby_refusals_total{reason="wrongServer"}')).toBe(0)
    transport.send({ from: 'c2#1', to: id, message, stamp: { lamport: 1, vector: {} } })
    await answered

    expect(await read('s2', 'standby_refusals_total{reason="wrongServer"}')).toBe(1)
  })

  test('V2 view changes are counted where they are decided and where they are learnt, by what changed', async () => {
    const changes = (change: string, primary: string) =>
      `standby_view_changes_total{change="${change}",primary="${primary}"}`
    expect(await read('view-service', changes('first', 's1'))).toBe(1)
    expect(await read('view-service', changes('backup', 's1'))).toBe(1)
    expect(await read('s1', changes('backup', 's1'))).toBe(1)
    expect(await read('s2', changes('first', 's1'))).toBe(1)

    await stop('s1')
    await isServing('s2', 'primary.serving')

    expect(await read('view-service', changes('primary', 's2'))).toBe(1)
    expect(await read('s2', changes('primary', 's2'))).toBe(1)
  })

  test('gauges say how the node stands', async () => {
    const { lamport, node } = nodes.get('s2')!.node.status()

    expect(await read('s2', 'standby_view_number')).toBe(3)
    expect(await read('s2', 'standby_view_has_backup')).toBe(0)
    expect(await read('s2', 'standby_role{role="primary"}')).toBe(1)
    expect(await read('s2', `standby_node_info{node="${node}"}`)).toBe(1)
    expect(await read('s2', 'standby_queue_length')).toBe(0)
    expect(await read('s2', 'standby_commands_applied')).toBeGreaterThanOrEqual(3)
    expect([await read('s1', 'standby_draining'), await read('s2', 'standby_draining')]).toEqual([1, 0])
    expect([await read('s1', 'standby_ready'), await read('s2', 'standby_ready')]).toEqual([0, 1])
    expect(await read('s2', 'standby_lamport_time')).toBeGreaterThanOrEqual(lamport)
  })

  test('no label names a client, and Prometheus can read the whole', async () => {
    for (const name of nodes.keys()) {
      const text = await textOf(name)
      expect(metricProblems(text)).toEqual([])
      expect(text).not.toMatch(/c1#1|c2#1/)
    }
  })

  test('docs/operating.md has every metric, and no other', async () => {
    const metrics = createMetrics()
    const counters = {
      sent: 0,
      received: 0,
      lost: {},
      refused: {},
      connections: 0,
      dialed: 0,
      buffered: 0,
      sentBytes: 0,
      receivedBytes: 0,
    }
    metrics.watchNetwork(() => counters as never)
    metrics.watch(nodes.get('s2')!.node.status)
    const { text } = await metrics.read()
    const names = [...text.matchAll(/^# TYPE (standby_\w+)/gm)].map(([, name]) => name!)
    const docs = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8')
    const documented = [...docs.matchAll(/^\| `(standby_\w+)/gm)].map(([, name]) => name!)

    expect(documented.sort()).toEqual(names.sort())
  })
})

test('metrics have what the transport has counted: what left, what was lost and why, connections and what waits', async () => {
  const metrics = createMetrics()
  const listener = await openTcpTransport({ listen: { port: 0 } })
  const dialer = await openTcpTransport({ directory: { s1: listener.address! } })
  metrics.watchNetwork(dialer.counters)
  const arrived = new Promise((resolve) => listener.attach('s1#1', resolve))
  dialer.attach('c1#1', () => {})
  const envelope = { from: 'c1#1', message: { type: 'getView' }, stamp: { lamport: 1, vector: {} } } as const

  dialer.send({ ...envelope, to: 's1#1' })
  dialer.send({ ...envelope, to: 's9#1' })
  await arrived
  const { text } = await metrics.read()
  const { sentBytes, receivedBytes } = dialer.counters()
  expect(listener.counters()).toMatchObject({ sentBytes: receivedBytes, receivedBytes: sentBytes })
  await Promise.all([dialer.close(), listener.close()])
  expect(dialer.counters().sentBytes).toBeGreaterThanOrEqual(sentBytes)

  expect(sampleOf(text, 'standby_transport_sent_total')).toBe(1)
  expect(sampleOf(text, 'standby_transport_sent_bytes_total')).toBe(sentBytes)
  expect(sampleOf(text, 'standby_transport_received_bytes_total')).toBe(receivedBytes)
  expect(sentBytes).toBeGreaterThan(JSON.stringify(envelope).length)
  expect(sampleOf(text, 'standby_transport_lost_total{reason="noRoute"}')).toBe(1)
  expect(sampleOf(text, 'standby_transport_lost_total{reason="queueFull"}')).toBe(0)
  expect(sampleOf(text, 'standby_transport_connections')).toBe(1)
  expect(sampleOf(text, 'standby_transport_dials_total')).toBe(1)
  expect(sampleOf(text, 'standby_transport_send_queue_bytes')).toBe(0)
  expect(sampleOf(text, 'standby_transport_refused_total{reason="foreignSender"}')).toBe(0)
  expect(metricProblems(text)).toEqual([])
})

test('lines of the log that cannot be written are counted, whether that is known at once or later', async () => {
  const metrics = createMetrics()
  const log = createProcessLog({
    level: 'info',
    format: 'json',
    node: 's1',
    line(text, onLost) {
      if (text.includes('full')) throw new Error('ENOSPC')
      if (text.includes('closed')) onLost()
    },
    now: () => 0,
  })
  metrics.watchDropped('log', log.lost)
  for (const message of ['fine', 'full', 'closed']) log.write('info', message)

  const { text } = await metrics.read()
  expect(sampleOf(text, 'standby_observations_dropped_total{sink="log"}')).toBe(2)
})

test('C2 a copy that comes later does not shorten a request, a refused one is not timed, and memory is bounded', () => {
  let now = 0
  const seconds: number[] = []
  const { receives, sends } = watchRequests({
    now: () => now,
    record: (s) => seconds.push(s),
    clientsMax: 2,
  })
  const stamp = { lamport: 1, vector: {} }
  const request = (from: string, seq: number) =>
    receives({
      from,
      to: 's1#1',
      stamp,
      message: { type: 'request', viewNumber: 1, session: 5, seq, commands: [], bytes: 0 },
    })
  const reply = (to: string, seq: number) =>
    sends({
      from: 's1#1',
      to,
      stamp,
      message: { type: 'reply', session: 5, seq, outcome: { kind: 'results', results: [] } },
    })
  const refuse = (to: string, seq: number) =>
    sends({
      from: 's1#1',
      to,
      stamp,
      message: { type: 'refusal', viewNumber: 1, session: 5, seq, reason: 'overloaded' },
    })

  request('a', 1)
  now = 100
  request('a', 1)
  now = 250
  reply('a', 1)
  expect(seconds).toEqual([0.25])

  request('a', 2)
  refuse('a', 2)
  reply('a', 2)
  expect(seconds).toEqual([0.25])

  for (const from of ['a', 'b', 'c']) request(from, 3)
  for (const to of ['a', 'b', 'c']) reply(to, 3)
  expect(seconds).toEqual([0.25, 0, 0])
})
