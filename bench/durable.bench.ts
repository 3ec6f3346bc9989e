// Durable writes: primary and backup flush before they answer, beside Redis with `appendfsync always`, a replica and WAIT 1.
import { type BenchOptions, interleaved, type Measurement, median, medianRatio } from './measurement.ts'
import type { LoadAnswer } from './processes/driver.ts'
import { missingRedis, redisServer, startRedis } from './processes/redis-server.ts'
import { type Running, startDriver, startStandby, warmUp } from './processes/systems.ts'

const titles = {
  durable: 'standby, durability flush',
  memory: 'standby, durability memory',
  redis: 'Redis, appendfsync always, SET, then WAIT 1',
} as const
type Subject = keyof typeof titles
const subjects = Object.keys(titles) as Subject[]

/** The connections to Redis; a caller that finds none of its own shares one. */
const connections = 64

export async function durableBench({ quick }: BenchOptions): Promise<Measurement[]> {
  if (redisServer() === null) throw new Error(missingRedis)
  const running: Running[] = []
  const started = async <Each extends Running>(starting: Promise<Each>): Promise<Each> => {
    const each = await starting
    running.push(each)
    return each
  }
  try {
    const durable = await started(startStandby('flush'))
    const memory = await started(startStandby('memory'))
    const redis = await started(startRedis('flush'))
    const drivers = {
      durable: await started(startDriver({ kind: 'standby', directory: durable.directory })),
      memory: await started(startDriver({ kind: 'standby', directory: memory.directory })),
      redis: await started(startDriver({ kind: 'redis', port: redis.port, connections, manner: 'inTurn' })),
    }
    for (const driver of Object.values(drivers)) await warmUp(driver, 256, { quick })
    const measure = (callers: number, of: 'perSecond' | 'latency') => {
      const ask = { ask: 'load', callers, ms: quick ? 150 : 400 } as const
      const runs = subjects.map((name) => [name, async () => (await drivers[name].ask<LoadAnswer>(ask))[of]])
      return interleaved(Object.fromEntries(runs) as Record<Subject, () => Promise<number>>, quick ? 5 : 11)
    }
    const latency = await measure(1, 'latency')
    const rates = async (callers: number, atLeast: number): Promise<Measurement[]> => {
      const values = await measure(callers, 'perSecond')
      return [
        ...subjects.map((name) => ({
          name: `${callers} callers: ${titles[name]}`,
          value: median(values[name]),
          unit: 'operations/s',
        })),
        {
          name: `${callers} callers: durable, of Redis`,
          value: medianRatio(values.durable, values.redis),
          unit: 'x',
          target: { atLeast },
        },
      ]
    }
    return [
      ...subjects.map((name) => ({
        name: `1 caller, median latency: ${titles[name]}`,
        value: median(latency[name]),
        unit: 'µs',
      })),
      {
        name: '1 caller, median latency: durable, of Redis',
        value: medianRatio(latency.durable, latency.redis),
        unit: 'x',
      },
      ...(await rates(64, 1.5)),
      ...(await rates(256, 2)),
    ]
  } finally {
    for (const each of running.toReversed()) await each.stop()
  }
}
