/** Servers and gateways that replicate another node's application, and the dump of any state, which only the current primary gives. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createViewService } from '../../actors/view-service.ts'
import type { Json } from '../../machines/application/application.ts'
import { createCluster } from '../../runtime/index.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { loadApplication } from '../../runtime/serve/config/application.ts'
import { checkedConfig } from '../../runtime/serve/config/config.ts'
import { startGatewayProcess } from '../../runtime/serve/gateway-process.ts'
import { createProcessLog } from '../../runtime/serve/log.ts'
import { createMetrics } from '../../runtime/serve/metrics/metrics.ts'
import { restoreEntries, restoreMark } from '../../runtime/serve/restore.ts'
import { type ServerProcess, startServerProcess } from '../../runtime/serve/server-process.ts'
import { withFaults } from '../../runtime/transport/faults.ts'
import { createMemoryTransport } from '../../runtime/transport/memory.ts'
import { until } from './processes.ts'

let folder: string
const ends: (() => unknown)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'standby-application-'))
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  rmSync(folder, { recursive: true, force: true })
})
const module = (text: string) => {
  const path = join(folder, `application-${Math.random().toString(36).slice(2)}.mjs`)
  writeFileSync(path, text)
  return path
}
const counter = `{
  name: 'counter', initialState: 0, execute: (count, by) => [count + by, count + by],
  snapshot: (count) => ({ data: count, next: null }), restore: (_, count) => count,
  validate: (by) => Number.isInteger(by) ? null : 'expected a whole number',
}`
const refusal = (text: string) =>
  expect.objectContaining({ code: 'invalidOption', message: expect.stringContaining(text) })

/** Two servers, a view service and a gateway in this process. */
async function startSystem(application: string | undefined) {
  const clock = schedulerClock()
  const transport = withFaults(createMemoryTransport(), { clock, random: () => 0 })
  const given = { peers: { 'view-service': '127.0.0.1:1' }, ...(application && { application }) }
  const ports = async () => ({
    transport,
    clock,
    log: createProcessLog({ level: 'error', format: 'text', node: '', line: () => {}, now: () => 0 }),
    metrics: createMetrics(),
    application: await loadApplication(application ?? null),
    onFailure: () => {},
  })
  const viewService = createViewService({ id: 'view-service', transport, clock })
  ends.push(() => viewService.stop())
  const servers: ServerProcess[] = []
  for (const name of ['s1', 's2']) {
    const config = checkedConfig('server', { ...given, name, data: join(folder, name) })
    const server = await startServerProcess(config, await ports())
    ends.push(server.stop)
    servers.push(server)
  }
  const gatewayPorts = await ports()
  const gateway = startGatewayProcess(checkedConfig('client-gateway', given), gatewayPorts)
  ends.push(gateway.stop)
  await until('a view with a backup', () => viewService.view().backup !== null && viewService.acknowledged())
  const { primary } = viewService.view()
  const [first, second] = servers[0]!.id === primary ? servers : [...servers].reverse()
  const linesOf = async (server: ServerProcess) => {
    const dump = await server.dump()
    if (dump === null) return null
    const lines: Json[] = []
    for await (const line of dump.lines) lines.push(JSON.parse(line))
    return { lines, isHalfRestored: dump.isHalfRestored }
  }
  const routes = gateway.routes()
  return { transport, viewService, gateway, routes, primary: first!, backup: second!, linesOf }
}

describe('a module is taken at its word', () => {
  test.each([
    ['that is not there', () => join(folder, 'nowhere.mjs'), 'can be loaded'],
    ['that is invalid', () => module('export default ('), 'can be loaded'],
    ['that exports nothing', () => module('export {}'), 'export default defineApplication'],
    ['that exports something else', () => module('export default { name: "x" }'), 'application'],
  ])('one %s is refused', async (_, path, message) => {
    await expect(loadApplication(path())).rejects.toThrow(refusal(message))
  })

  test('by its export `application`, or its default one', async () => {
    expect((await loadApplication(module(`export const application = ${counter}`))).name).toBe('counter')
    expect((await loadApplication(module(`export default ${counter}`))).name).toBe('counter')
    expect((await loadApplication(null)).name).toBe('key-value store')
  })

  test('a view service replicates nothing', () => {
    const given = { data: 'data', application: 'counter.mjs' }

    expect(() => checkedConfig('view-service', given)).toThrow(refusal('application'))
  })
})

describe("a system of another node's application", () => {
  test('executes its commands, once in a session, and has no keys', async () => {
    const { gateway, routes } = await startSystem(module(`export default ${counter}`))
    const session = await gateway.sessions.open(5000)
    const add = (sequence: number, by: number) =>
      gateway.sessions.execute(session, sequence, by, { timeoutMs: 5000 })

    expect(await gateway.client.execute(5)).toBe(5)
    expect([await add(1, 2), await add(1, 2), await add(2, 3)]).toEqual([7, 7, 10])
    await expect(gateway.client.execute('five')).rejects.toThrow('whole number')
    expect(routes.flatMap(({ path }) => (path.startsWith('/v1/') ? [path] : [])).sort()).toEqual([
      '/v1/commands',
      '/v1/sessions',
    ])
  })

  test('its dump is its own snapshot, by the primary and no other node', async () => {
    const { gateway, primary, backup, linesOf, viewService } = await startSystem(
      module(`export default ${counter}`),
    )
    await gateway.client.execute(5)

    expect(await linesOf(primary)).toEqual({
      lines: [
        expect.objectContaining({ application: 'counter', viewNumber: viewService.view().number }),
        5,
        { end: true, pieces: 1 },
      ],
      isHalfRestored: false,
    })
    expect(await linesOf(backup)).toBeNull()
  })
})

test('S4 a primary that was deposed and does not know it gives no dump', async () => {
  const { transport, primary, backup, linesOf, viewService } = await startSystem(undefined)
  transport.faults.partition([primary.id], [backup.id, 'view-service'])
  await until('a promotion', () => viewService.view().primary === backup.id)

  expect(primary.status().role).toBe('primary')
  expect(await linesOf(primary)).toBeNull()
})

describe('a restore', () => {
  const entries = [
    ['a', 1],
    ['b', 2],
  ] as const

  test('that is cut short says so, goes on with the same file, and keeps others out', async () => {
    await using cluster = createCluster()
    const client = cluster.client()
    const cut = {
      ...client,
      put: (key: string, value: Json) =>
        key === 'b' ? Promise.reject(new Error('cut')) : client.put(key, value),
    }

    await expect(restoreEntries(cut, entries, 'one')).rejects.toThrow('cut')
    expect(await client.get(restoreMark)).toBe('one')
    await expect(restoreEntries(client, entries, 'two')).rejects.toThrow(
      expect.objectContaining({ code: 'invalidStore', message: expect.stringContaining('one') }),
    )
    await restoreEntries(client, entries, 'one')
    expect([await client.get('a'), await client.get('b'), await client.get(restoreMark)]).toEqual([
      1,
      2,
      null,
    ])
  })

  test('that is half done is reported by a dump', async () => {
    const { gateway, primary, linesOf } = await startSystem(undefined)
    await gateway.client.execute({ op: 'put', key: restoreMark, value: 'one' })

    expect((await linesOf(primary))?.isHalfRestored).toBe(true)
  })
})
