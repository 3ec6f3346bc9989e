// Client, primary and backup as three processes on loopback, beside the same protocol by hand and Redis with one replica.
import { type BenchOptions, interleaved, type Measurement, median, medianRatio } from './measurement.ts'
import type { DrivenConfig } from './processes/driven.ts'
import type { LoadAnswer } from './processes/driver.ts'
import type { Program } from './processes/programs.ts'
import { missingRedis, redisServer, startRedis } from './processes/redis-server.ts'
import {
  type Running,
  startByHand,
  startDriver,
  startEcho,
  startStandby,
  warmUp,
} from './processes/systems.ts'

const subjects = ['standby', 'byHand', 'redis', 'pipelined', 'shared', 'echo'] as const
type Subject = (typeof subjects)[number]
type Values = Readonly<Record<Subject, readonly number[]>>

const titles: Readonly<Record<Subject, string>> = {
  standby: 'standby',
  byHand: 'by hand',
  redis: 'Redis, SET, then WAIT 1',
  pipelined: 'Redis, both at once (auto-pipelining)',
  shared: 'Redis, one WAIT for a turn of SETs',
  echo: 'ws echo, one hop and no replica',
}

/** The connections to Redis; a caller that finds none of its own shares one. */
const connections = 64

export async function processesBench({ quick }: BenchOptions): Promise<Measurement[]> {
  if (redisServer() === null) throw new Error(missingRedis)
  const running: Running[] = []
  try {
    const standby = await started(startStandby(), running)
    const byHand = await started(startByHand(), running)
    const redis = await started(startRedis(), running)
    const echo = await started(startEcho(), running)
    const drive = async (config: DrivenConfig) => started(startDriver(config), running)
    const drivers: Record<Subject, Program> = {
      standby: await drive({ kind: 'standby', directory: standby.directory }),
      byHand: await drive({ kind: 'by-hand', directory: byHand.directory }),
      redis: await drive({ kind: 'redis', port: redis.port, connections, manner: 'inTurn' }),
      pipelined: await drive({ kind: 'redis', port: redis.port, connections, manner: 'pipelined' }),
      shared: await drive({ kind: 'redis', port: redis.port, connections: 1, manner: 'shared' }),
      echo: await drive({ kind: 'echo', port: echo.port }),
    }
    for (const driver of Object.values(drivers)) await warmUp(driver, 256, { quick })
    const measure = (callers: number, of: 'perSecond' | 'latency') =>
      interleaved(
        Object.fromEntries(
          subjects.map((name) => [
            name,
            async () =>
              (await drivers[name].ask<LoadAnswer>({ ask: 'load', callers, ms: quick ? 150 : 400 }))[of],
          ]),
        ) as Record<Subject, () => Promise<number>>,
        quick ? 5 : 11,
      )
    return [
      ...latencies(await measure(1, 'latency')),
      ...rates(64, await measure(64, 'perSecond'), 2),
      ...rates(256, await measure(256, 'perSecond'), 4),
    ]
  } finally {
    for (const each of running.toReversed()) await each.stop()
  }
}

async function started<Each extends Running>(starting: Promise<Each>, running: Running[]): Promise<Each> {
  const each = await starting
  running.push(each)
  return each
}

function latencies(values: Values): Measurement[] {
  const { standby, byHand, redis } = values
  return [
    ...subjects.map((name) => ({
      name: `1 caller, median latency: ${titles[name]}`,
      value: median(values[name]),
      unit: 'µs',
    })),
    {
      name: '1 caller, median latency: of by hand',
      value: medianRatio(standby, byHand),
      unit: 'x',
      target: { atMost: 1.25 },
    },
    { name: '1 caller, median latency: of Redis', value: medianRatio(standby, redis), unit: 'x' },
  ]
}

function rates(callers: number, values: Values, atLeast: number): Measurement[] {
  const of = (name: Subject) => medianRatio(values.standby, values[name])
  return [
    ...subjects.map((name) => ({
      name: `${callers} callers: ${titles[name]}`,
      value: median(values[name]),
      unit: 'operations/s',
    })),
    { name: `${callers} callers: of by hand`, value: of('byHand'), unit: 'x' },
    { name: `${callers} callers: of Redis`, value: of('redis'), unit: 'x', target: { atLeast } },
    { name: `${callers} callers: of Redis, both at once`, value: of('pipelined'), unit: 'x' },
    { name: `${callers} callers: of Redis, one WAIT for a turn`, value: of('shared'), unit: 'x' },
  ]
}
