/** Servers as processes that keep their state: all of them killed at once lose nothing that was answered (D1, D4, D6). */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createProcesses, createSystem, type Served, until } from './processes.ts'

let processes: ReturnType<typeof createProcesses>
beforeEach(() => {
  processes = createProcesses()
})
afterEach(() => processes.end())

const names = ['s1', 's2', 's3'] as const

async function kill(...victims: readonly Served[]): Promise<void> {
  for (const { process } of victims) process.kill('SIGKILL')
  await Promise.all(victims.map(({ ended }) => ended))
}

async function startAll(...flags: readonly string[]) {
  const system = await createSystem(processes, names)
  const viewService = await system.viewService('--new-system')
  const servers = await Promise.all(names.map((name) => system.server(name, ...flags)))
  const gateway = await system.gateway('gateway')
  await system.redundant(viewService, servers)
  const readyz = () => fetch(`http://${gateway.http}/readyz`)
  await until('a gateway that is ready', async () => (await readyz()).status === 200)
  return { system, viewService, servers, gateway }
}

const at = ({ http }: Served, path: string) => `http://${http}/v1${path}`
const put = (gateway: Served, key: string, value: unknown) =>
  fetch(at(gateway, `/keys/${key}`), { method: 'PUT', body: JSON.stringify(value) })

describe('D6: SIGKILL of every process at one moment', () => {
  test.each([
    ['view service first', ['view-service', 's1', 's2', 's3']],
    ['view service last', ['s3', 's1', 's2', 'view-service']],
  ])(
    '%s: all that was answered is there, once, and so are the sessions',
    async (_, order) => {
      const { system, viewService, servers, gateway } = await startAll()
      const client = await system.client('counter')
      for (let number = 0; number < 20; number++) {
        expect((await put(gateway, `k${number}`, { number })).status).toBe(200)
        await client.append('log', `<${number}>`)
      }
      // What is under way when they die may or may not be there, once.
      const late = client.append('log', '<late>').then(
        () => true,
        () => false,
      )
      await kill(viewService, gateway, ...servers)

      const next: Record<string, Served> = {}
      for (const name of order)
        next[name] = await (name === 'view-service' ? system.viewService() : system.server(name))
      expect(names.map((name) => next[name]!.node)).toEqual(servers.map(({ node }) => node))
      await system.redundant(
        next['view-service']!,
        names.map((name) => next[name]!),
      )
      // The client lived on: its session is known, and its call ends.
      expect(await late).toBe(true)
      const log = await client.get('log')
      expect(log).toBe(`${Array.from({ length: 20 }, (_, number) => `<${number}>`).join('')}<late>`)
      for (let number = 0; number < 20; number++) expect(await client.get(`k${number}`)).toEqual({ number })
      expect(next.s1!.stderr() + next.s2!.stderr()).toContain('has recovered its state')
    },
    150_000,
  )

  test('with the disk of the primary lost, which comes back as a new server', async () => {
    const { system, viewService, servers, gateway } = await startAll()
    for (let number = 0; number < 10; number++) await put(gateway, `k${number}`, number)
    const view = await system.redundant(viewService, servers)
    const lost = servers.find(({ node }) => node === view.primary)!
    await kill(viewService, gateway, ...servers)
    rmSync(join(processes.folder, lost.name), { recursive: true })

    const heads = await system.viewService()
    const next = await Promise.all(names.map((name) => system.server(name)))
    await system.redundant(heads, next)
    const again = next.find(({ name }) => name === lost.name)!
    expect(Number(again.node.split('#')[1])).toBeGreaterThan(Number(lost.node.split('#')[1]))
    const client = await system.client('reader')
    for (let number = 0; number < 10; number++) expect(await client.get(`k${number}`)).toBe(number)
  }, 150_000)
})

describe('a data folder', () => {
  test('of another server, in use, or not for what is asked, is refused in a sentence', async () => {
    const system = await createSystem(processes, names)
    const first = await system.server('s1')
    await expect(system.server('s2', '--data', join(processes.folder, 's1'))).rejects.toThrow('to be free')
    await kill(first)
    const own = join(processes.folder, 's1')
    await expect(system.server('s2', '--data', own)).rejects.toThrow(
      'give each server a data folder of its own',
    )
    await expect(system.server('s1', '--durability', 'memory')).rejects.toThrow('expected no state in')
    renameSync(join(own, 'state'), join(own, 'away'))
    const second = await system.server('s1')
    expect(second.node).not.toBe(first.node)
    expect(existsSync(join(own, 'state', 'CURRENT'))).toBe(true)
  }, 120_000)
})
