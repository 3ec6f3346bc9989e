/** What a system says of itself when its state is lost, or waits for a server: in logs, readiness, metrics and `standby status`. */
import { afterAll, describe, expect, test } from 'vitest'
import type { View } from '../../machines/view.ts'
import { isStuck, verdictOf } from '../../runtime/serve/verdict.ts'
import { createProcesses, createSystem, type Served, until } from './processes.ts'

const processes = createProcesses()
afterAll(() => processes.end())

const readiness = async ({ http }: Served) => (await fetch(`http://${http}/readyz`)).status
const metricsOf = async ({ http }: Served) => (await fetch(`http://${http}/metrics`)).text()

describe('three servers that keep nothing, killed and started again', () => {
  test('are a lost system, and everything says so', async () => {
    const system = await createSystem(processes, ['s1', 's2', 's3'])
    const viewService = await system.viewService('--new-system')
    const servers = await Promise.all(
      ['s1', 's2', 's3'].map((name) => system.server(name, '--durability', 'memory')),
    )
    const gateway = await system.gateway('gateway')
    await system.redundant(viewService, servers)
    await until('a gateway that is ready', async () => (await readiness(gateway)) === 200)
    expect((await viewService.status()).verdict).toBe('redundant')
    expect(await readiness(viewService)).toBe(200)
    const put = await fetch(`http://${gateway.http}/v1/keys/a`, { method: 'PUT', body: '1' })
    expect(put.status).toBe(200)

    for (const { process } of servers) process.kill('SIGKILL')
    await Promise.all(servers.map(({ ended }) => ended))
    await until('a verdict without servers', async () =>
      /^waiting for s\d#\d+ or s\d#\d+$/.test((await viewService.status()).verdict!),
    )
    const next = await Promise.all(
      ['s1', 's2', 's3'].map((name) => system.server(name, '--durability', 'memory')),
    )

    await until('the verdict lost', async () => (await viewService.status()).verdict === 'lost')
    await until('a gateway that is not ready', async () => (await readiness(gateway)) === 503)
    expect(await readiness(viewService)).toBe(503)
    expect(await metricsOf(viewService)).toContain('standby_verdict{verdict="lost"} 1')
    expect(await metricsOf(gateway)).toMatch(/^standby_ready 0$/m)
    expect(viewService.stderr()).toContain('the system is lost')
    // Two of the three are named by the view in a former life; the third has no part in it.
    await until('servers that are not ready', async () => {
      const codes = await Promise.all(next.map(readiness))
      return codes.filter((code) => code === 503).length === 2
    })

    const status = processes.run(['status', viewService.http, gateway.http, ...next.map(({ http }) => http)])
    expect(await status.ended).toBe(1)
    expect(status.stdout()).toMatch(/view service +lost, not ready/)
    expect(status.stderr()).toContain('the system is lost')
  }, 120_000)
})

describe('the verdict', () => {
  const view: View = { number: 3, primary: 's1#1', backup: 's2#1' }
  const alone: View = { number: 4, primary: 's1#1', backup: null }
  const of = (
    given: View,
    acknowledged: boolean,
    alive: readonly string[],
    incarnations: Readonly<Record<string, number>> = {},
  ) => {
    const known = { s1: 1, s2: 1, s3: 1, ...incarnations }
    const situation = {
      view: given,
      acknowledged,
      servers: alive.map((id) => ({ id, silentChecks: 0 })),
      incarnations: Object.entries(known).map(([name, incarnation]) => ({ name, incarnation })),
    }
    return [verdictOf(situation), isStuck(situation)]
  }

  test.each([
    ['both live', view, true, ['s1#1', 's2#1'], {}, 'redundant', false],
    ['the backup is dead', view, true, ['s1#1'], {}, 'alone', false],
    ['the primary is dead', view, true, ['s2#1', 's3#1'], {}, 'alone', false],
    ['there is no backup', alone, true, ['s1#1', 's2#1'], {}, 'alone', false],
    ['both are silent', view, true, ['s3#1'], {}, 'waiting for s1#1 or s2#1', true],
    ['the backup is back without its state', view, true, ['s2#2'], { s2: 2 }, 'waiting for s1#1', true],
    ['both are back without their state', view, true, ['s1#2', 's2#2'], { s1: 2, s2: 2 }, 'lost', true],
    ['the only one is silent', alone, true, ['s2#1'], {}, 'waiting for s1#1', true],
    ['the only one is back without its state', alone, true, ['s1#2'], { s1: 2 }, 'lost', true],
    ['the primary has yet to acknowledge (V4)', view, false, ['s1#1', 's2#1'], {}, 'waiting for s1#1', false],
    ['it died before it did', view, false, ['s2#1'], {}, 'waiting for s1#1', true],
    ['it is back without its state', view, false, ['s1#2', 's2#1'], { s1: 2 }, 'lost', true],
    [
      'no one has come',
      { number: 0, primary: null, backup: null },
      false,
      [],
      {},
      'waiting for a first server',
      false,
    ],
  ] as const)('%s', (_, given, acknowledged, alive, incarnations, verdict, stuck) => {
    expect(of(given, acknowledged, alive, incarnations)).toEqual([verdict, stuck])
  })
})
