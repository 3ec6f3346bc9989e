/** The log of a process: what a line carries, and what none may carry. */
import { expect, test } from 'vitest'
import { createCluster } from '../../actors/cluster.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { checkedConfig } from '../../runtime/serve/config/config.ts'
import { startGatewayProcess } from '../../runtime/serve/gateway-process.ts'
import { createProcessLog, storyLines } from '../../runtime/serve/log.ts'
import { createMetrics } from '../../runtime/serve/metrics/metrics.ts'
import { createMemoryTransport } from '../../runtime/transport/memory.ts'

test.each(['json', 'text'] as const)(
  'debug lines as %s carry both clocks and the operation, and nothing that opens a session of the gateway',
  async (format) => {
    const lines: string[] = []
    const logOf = (node: string) =>
      createProcessLog({ level: 'debug', format, node, line: (line) => void lines.push(line), now: () => 0 })
    const clock = schedulerClock()
    const transport = createMemoryTransport()
    await using _ = createCluster({ transport, clock, observe: storyLines(logOf('cluster'))! })
    const config = checkedConfig('client-gateway', { peers: { 'view-service': '127.0.0.1:1' } })
    const log = logOf('gateway')
    const gateway = startGatewayProcess(config, {
      transport,
      clock,
      log,
      metrics: createMetrics(),
      onFailure: () => {},
    })
    const session = await gateway.sessions.open(5000)
    await gateway.sessions.execute(session, 1, { op: 'put', key: 'a', value: 1 }, { timeoutMs: 5000 })
    await gateway.stop()

    const [, token = '', number = ''] = /^(\w+)-(\d+)$/.exec(session)!
    const operation = `${number}/1/0`
    const applied = lines.filter((line) => line.includes('cluster') && line.includes(operation))
    expect(applied.some((line) => line.includes(`session-${token.slice(0, 8)}...`))).toBe(true)
    expect(lines.filter((line) => line.includes(token))).toEqual([])
    if (format === 'text') {
      expect(applied.at(-1)).toMatch(/ lamport=\d+ vector="\{.*view-service:\d+\}" operations=\d+\/1\/0$/)
      return
    }
    const parsed = applied.map((line) => JSON.parse(line))
    expect(parsed.at(-1)).toMatchObject({
      level: 'debug',
      lamport: expect.any(Number),
      vector: { 'view-service': expect.any(Number) },
      operations: expect.arrayContaining([operation]),
    })
  },
)
