/** Real processes that are killed, asked to leave, and started again under load: what was answered is kept, once, and in one order. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { KeyValueClient } from '../../actors/client.ts'
import { checkHistory, HistoryRecorder, keyValueModel } from '../../proof/history/index.ts'
import { createProcesses, createSystem, type Served, until } from './processes.ts'

let processes: ReturnType<typeof createProcesses>
beforeEach(() => {
  processes = createProcesses()
})
afterEach(() => processes.end())

/** Clients that append and read without a pause until they are stopped; everything is recorded. */
function startLoad(clients: readonly KeyValueClient[]) {
  const recorder = new HistoryRecorder()
  let [stopped, answered] = [false, 0]
  const failures: string[] = []
  const work = async (client: KeyValueClient, index: number) => {
    for (let n = 0; !stopped; n++) {
      const key = `k${n % 3}`
      const isRead = n % 4 === 3
      const value = `${index}.${n};`
      const token = recorder.call(client.id, isRead ? { op: 'get', key } : { op: 'append', key, value })
      try {
        const output = isRead ? await client.get(key) : await client.append(key, value)
        // The judge takes a text for the answer of an append, and we have a length.
        recorder.answered(token, isRead ? output : null)
        answered += 1
      } catch (error) {
        failures.push((error as Error).message)
      }
      // A history that the judge need not think about for long.
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const ended = Promise.all(clients.map(work))
  return {
    answered: () => answered,
    failures,
    /** Resolves when so many more operations have been answered. */
    more: (count: number) => {
      const goal = answered + count
      return until(`${count} more answers`, () => answered >= goal)
    },
    async stop() {
      stopped = true
      await ended
      return checkHistory(keyValueModel, recorder.history(), { timeLimitMs: 10_000 })
    },
  }
}

async function startAll(names: readonly string[]) {
  const system = await createSystem(processes, names)
  const [viewService, ...servers] = (await Promise.all([
    system.viewService('--new-system'),
    ...names.map((name) => system.server(name)),
  ])) as [Served, ...Served[]]
  return { system, viewService, servers }
}

describe('a system of processes under load', () => {
  test('loses nothing that was answered when primary, backup and view service are killed in turn', async () => {
    const names = ['s1', 's2', 's3']
    const { system, viewService, servers } = await startAll(names)
    let heads = viewService
    const alive = new Map(servers.map((server) => [server.node, server]))
    const load = startLoad([await system.client('a'), await system.client('b')])
    const kill = async (node: string | null) => {
      const victim = alive.get(node!)!
      victim.process.kill('SIGKILL')
      await victim.ended
      alive.delete(victim.node)
      await load.more(20)
      const next = await system.server(victim.name)
      expect(next.node).toBe(victim.node)
      alive.set(next.node, next)
    }
    await load.more(20)

    await kill((await system.redundant(heads, [...alive.values()])).primary)
    await kill((await system.redundant(heads, [...alive.values()])).backup)

    const before = await system.redundant(heads, [...alive.values()])
    heads.process.kill('SIGKILL')
    await heads.ended
    await load.more(20)
    heads = await system.viewService()
    const after = await system.redundant(heads, [...alive.values()])
    expect(after.number).toBeGreaterThanOrEqual(before.number)
    expect(after.number > before.number || JSON.stringify(after) === JSON.stringify(before)).toBe(true)
    await kill(after.primary)

    const { verdict, reason } = await load.stop()
    expect({ verdict, reason, failures: load.failures }).toMatchObject({ verdict: 'ok', failures: [] })
    expect(load.answered()).toBeGreaterThan(80)
  }, 90_000)

  test('S3 a primary that wakes up after it was taken for dead answers nothing wrong', async () => {
    const { system, viewService, servers } = await startAll(['s1', 's2'])
    const load = startLoad([await system.client('a'), await system.client('b')])
    await load.more(20)
    const before = await system.redundant(viewService, servers)
    const primary = servers.find(({ node }) => node === before.primary)!

    primary.process.kill('SIGSTOP')
    await until('a failover', async () => (await viewService.status()).view.primary !== before.primary)
    await load.more(20)
    primary.process.kill('SIGCONT')
    const after = await system.redundant(viewService, servers)
    await load.more(20)
    const { verdict } = await load.stop()

    expect({ verdict, failures: load.failures }).toEqual({ verdict: 'ok', failures: [] })
    expect(after.primary).toBe(before.backup)
  }, 60_000)

  test('SIGTERM: each process leaves with exit code 0, and no one who called goes without an answer', async () => {
    const { system, viewService, servers } = await startAll(['s1', 's2', 's3'])
    const gateway = await system.gateway('gateway')
    const load = startLoad([await system.client('a'), await system.client('b')])
    await load.more(20)
    const view = await system.redundant(viewService, servers)
    const primary = servers.find(({ node }) => node === view.primary)!

    primary.process.kill('SIGTERM')
    const code = await primary.ended
    await load.more(20)
    const { verdict } = await load.stop()

    expect({ code, verdict, failures: load.failures }).toEqual({ code: 0, verdict: 'ok', failures: [] })
    const rest = [gateway, viewService, ...servers.filter((server) => server !== primary)]
    for (const { process } of rest) process.kill('SIGTERM')
    expect(await Promise.all(rest.map(({ ended }) => ended))).toEqual(rest.map(() => 0))
  }, 60_000)
})

describe('V11 a view service as a process', () => {
  test('refuses to start without its record, unless it is said to be the first of a new system', async () => {
    const system = await createSystem(processes, [])

    await expect(system.viewService()).rejects.toThrow('--new-system')
    const first = await system.viewService('--new-system')
    first.process.kill('SIGKILL')
    await first.ended
    await expect(system.viewService('--new-system')).rejects.toThrow('leave out --new-system')

    await expect(system.viewService()).resolves.toMatchObject({ node: 'view-service' })
  }, 60_000)

  test('that was started as new beside a system that lives refuses to tell a view', async () => {
    const { system, viewService, servers } = await startAll(['s1', 's2'])
    await system.redundant(viewService, servers)
    viewService.process.kill('SIGKILL')
    await viewService.ended

    const lost = system.viewService('--new-system', '--data', join(processes.folder, 'elsewhere'))

    await expect(lost).rejects.toThrow('lost or out of date')
    expect((await servers[0]!.status()).view.number).toBeGreaterThan(0)
  }, 60_000)

  test('a second one in the same data folder is refused while the first runs', async () => {
    const system = await createSystem(processes, [])
    await system.viewService('--new-system')

    await expect(system.viewService('--listen', '127.0.0.1:0')).rejects.toThrow('to be free')
  }, 60_000)
})

describe('N2 a server as a process', () => {
  test('has a greater incarnation in each life that keeps nothing', async () => {
    const system = await createSystem(processes, ['s1'])
    const lives: string[] = []
    for (let life = 0; life < 2; life++) {
      const server = await system.server('s1', '--durability', 'memory')
      lives.push(server.node)
      server.process.kill('SIGKILL')
      await server.ended
    }

    const [first, second] = lives.map((id) => Number(id.split('#')[1]))
    expect(second).toBe(first! + 1)
    expect(readFileSync(join(processes.folder, 's1', 'incarnation.json'), 'utf8')).toContain(String(second))
  }, 60_000)
})
