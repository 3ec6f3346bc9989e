// Many clients: what a thousand of them cost in throughput, in the server's memory, and in clocks on the wire (L6).
import { type BenchOptions, interleaved, type Measurement, median, medianRatio } from './measurement.ts'
import type { LoadAnswer } from './processes/driver.ts'
import type { Program } from './processes/programs.ts'
import { type RunningStandby, startDriver, startStandby, warmUp } from './processes/systems.ts'

const [few, many] = [64, 1000] as const
/** How many clients the servers have met, when the bytes of a message are counted. */
const everSeen = [10, 1000, 10_000]

export async function connectionsBench({ quick }: BenchOptions): Promise<Measurement[]> {
  const standby = await startStandby()
  const seen = await startStandby()
  try {
    return [
      ...(await compare('clients of one connection', standby, () => 1, quick)),
      ...(await compare('clients, each with a connection', standby, (clients) => clients, quick)),
      ...(await bytesPerMessage(seen, quick)),
    ]
  } finally {
    await standby.stop()
    await seen.stop()
  }
}

/** Throughput with few and with many clients, each with one caller; and what the many take while they are idle. */
async function compare(
  what: string,
  { directory, memory }: RunningStandby,
  connectionsOf: (clients: number) => number,
  quick: boolean,
): Promise<Measurement[]> {
  const drive = (clients: number) =>
    startDriver({ kind: 'standby', directory, clients, connections: connectionsOf(clients) })
  const perSecond = (driver: Program, callers: number) => async () =>
    (await driver.ask<LoadAnswer>({ ask: 'load', callers, ms: quick ? 300 : 1000 })).perSecond

  const fewDriver = await drive(few)
  await warmUp(fewDriver, few, { quick })
  const before = await memory()
  const manyDriver = await drive(many)
  const idle = await memory()
  const rates = await interleaved(
    { few: perSecond(fewDriver, few), many: perSecond(manyDriver, many) },
    quick ? 3 : 7,
  )
  await fewDriver.stop()
  await manyDriver.stop()
  return [
    { name: `${few} ${what}`, value: median(rates.few), unit: 'operations/s' },
    { name: `${many} ${what}`, value: median(rates.many), unit: 'operations/s' },
    {
      name: `${many} ${what}: of ${few}`,
      value: medianRatio(rates.many, rates.few),
      unit: 'x',
      target: { atLeast: 0.8 },
    },
    {
      name: `${what}: primary's memory for an idle one`,
      value: (idle.used - before.used) / many / 1024,
      unit: 'KiB',
      target: { atMost: 10 },
    },
    {
      name: `${what}: resident`,
      value: (idle.resident - before.resident) / many / 1024,
      unit: 'KiB',
    },
  ]
}

/** One client's messages, after more and more others have come and gone. */
async function bytesPerMessage({ directory }: RunningStandby, quick: boolean): Promise<Measurement[]> {
  const driver = await startDriver({ kind: 'standby', directory })
  const measurements: Measurement[] = []
  let seen = 1
  for (const clients of everSeen) {
    await driver.ask({ ask: 'passBy', clients: clients - seen })
    seen = clients
    const answer = await driver.ask<LoadAnswer>({ ask: 'load', callers: 1, ms: quick ? 200 : 1000 })
    measurements.push({
      name: `bytes per message, ${clients.toLocaleString('en-US')} clients ever seen`,
      value: answer.bytesPerMessage,
      unit: 'bytes',
    })
  }
  await driver.stop()
  return measurements
}
