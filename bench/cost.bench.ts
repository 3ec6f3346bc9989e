/** What a million operations cost: processor time, and memory that stays. */

import type { BenchOptions, Measurement } from './measurement.ts'
import { type Subject, startSystem, subjects, untilReady } from './systems.ts'
import { command } from './throughput.bench.ts'

export async function costBench({ quick }: BenchOptions): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  for (const subject of subjects) measurements.push(...(await costOf(subject, quick ? 50_000 : 500_000)))
  return measurements
}

async function costOf(subject: Subject, operations: number): Promise<Measurement[]> {
  const system = startSystem(subject, { servers: 3 })
  const client = system.client()
  await untilReady(system)
  let done = 0
  const run = async (count: number) => {
    const end = done + count
    await Promise.all(
      Array.from({ length: 64 }, async () => {
        while (done < end) await client.execute(command(done++))
      }),
    )
  }
  await run(20_000)
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const cpu = process.cpuUsage()
  await run(operations)
  const { user, system: kernel } = process.cpuUsage(cpu)
  globalThis.gc?.()
  const grown = process.memoryUsage().heapUsed - before
  await system.stop()
  const name = subject === 'standby' ? 'a million operations' : 'a million operations, by hand'
  const collected = globalThis.gc === undefined ? ' (garbage included)' : ''
  return [
    { name: `${name}: processor`, value: ((user + kernel) / operations) * 1, unit: 's' },
    {
      name: `${name}: heap grown${collected}`,
      value: (grown / 2 ** 20) * (1_000_000 / operations),
      unit: 'MiB',
    },
  ]
}
