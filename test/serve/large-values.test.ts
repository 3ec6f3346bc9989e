/** The largest permitted values on a system of real processes, at the default timing and limits: no server looks dead. */
import { afterEach, describe, expect, test } from 'vitest'
import { defaultLimits } from '../../actors/options.ts'
import { worstValues } from '../support/worst-values.ts'
import { createProcesses, createSystem, type Served, until } from './processes.ts'

let processes: ReturnType<typeof createProcesses>
afterEach(() => processes.end())

async function start() {
  processes = createProcesses()
  const system = await createSystem(processes, ['s1', 's2'], undefined, {})
  const viewService = await system.viewService('--new-system')
  const servers = await Promise.all(['s1', 's2'].map((name) => system.server(name)))
  const gateway = await system.gateway('gateway')
  await system.redundant(viewService, servers)
  await until('a gateway that is ready', async () => (await fetch(`http://${gateway.http}/readyz`)).ok)
  const put = async (key: string, body: string) => {
    const response = await fetch(`http://${gateway.http}/v1/keys/${key}`, { method: 'PUT', body })
    await response.arrayBuffer()
    return response.status
  }
  const get = async (key: string) => {
    const response = await fetch(`http://${gateway.http}/v1/keys/${key}`)
    await response.arrayBuffer()
    return response.status
  }
  return { viewService, servers, put, get }
}

const viewOf = async (viewService: Served) => (await viewService.status()).view.number

/** How many views came while something was done. */
async function viewChangesIn(viewService: Served, act: () => Promise<void>): Promise<number> {
  const before = await viewOf(viewService)
  await act()
  return (await viewOf(viewService)) - before
}

describe('at the default limits', () => {
  // A machine that is busy with other things delays pings too: it is then no sound system.
  test.skipIf(process.env.STANDBY_SKIP_TIMING === '1')(
    'the largest permitted values, many of them at once and a dump change no view',
    {
      retry: 2,
      timeout: 120_000,
    },
    async () => {
      const { viewService, servers, put, get } = await start()
      const began = performance.now()
      const withSmall = await viewChangesIn(viewService, async () => {
        while (performance.now() - began < 6000) expect(await put('small', '1')).toBe(200)
      })
      expect(withSmall, 'views changed by small values; STANDBY_SKIP_TIMING=1 on a busy machine').toBe(0)
      const statuses: Record<string, readonly number[]> = {}

      const changes = await viewChangesIn(viewService, async () => {
        for (const [name, make] of Object.entries(worstValues)) {
          const body = JSON.stringify(make())
          statuses[name] = [await put('large', body), await put('large', body), await get('large')]
        }
        expect(await put('text', JSON.stringify(worstValues['a long text']!()))).toBe(200)
        const lists = JSON.stringify(Array.from({ length: 1000 }, () => []))
        const together = await Promise.all(Array.from({ length: 60 }, (_, index) => put(`k${index}`, lists)))
        statuses['60 at once'] = [...new Set(together)]
        statuses['30 reads at once'] = [
          ...new Set(await Promise.all(Array.from({ length: 30 }, () => get('text')))),
        ]
        for (const { http } of servers) await (await fetch(`http://${http}/dump`, { method: 'POST' })).text()
      })

      expect(statuses).toEqual({
        ...Object.fromEntries(Object.keys(worstValues).map((name) => [name, [200, 200, 200]])),
        '60 at once': [200],
        '30 reads at once': [200],
      })
      expect(changes).toBe(0)
    },
  )

  test('one value more is refused, and changes no view', { timeout: 60_000 }, async () => {
    const { put } = await start()
    const { commandBytesMax, commandValuesMax } = defaultLimits

    expect(await put('a', JSON.stringify(Array.from({ length: commandValuesMax }, () => 1)))).toBe(413)
    expect(await put('a', JSON.stringify('x'.repeat(commandBytesMax)))).toBe(413)
    expect(await put('a', '1')).toBe(200)
  })
})
