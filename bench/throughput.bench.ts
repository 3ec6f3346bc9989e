// Operations per second of concurrent callers in one process: the charts and the same protocol by hand, side by side.
import type { KeyValueCommand } from '../machines/application/key-value-store.ts'
import { type BenchOptions, interleaved, type Measurement, median, medianRatio } from './measurement.ts'
import { type Subject, type SystemClient, startSystem, untilReady } from './systems.ts'

interface Load {
  readonly callers: number
  readonly clients: number
  readonly servers: number
}

const loads: Load[] = [1, 16, 64, 256].flatMap((callers) =>
  [3, 1].map((servers) => ({ callers, clients: 1, servers })),
)
loads.push({ callers: 64, clients: 64, servers: 3 })

export async function throughputBench({ quick }: BenchOptions): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  for (const load of loads) measurements.push(...(await compare(load, quick)))
  return measurements
}

async function compare(load: Load, quick: boolean): Promise<Measurement[]> {
  const standby = await start('standby', load)
  const baseline = await start('baseline', load)
  const ms = quick ? 60 : 200
  const rates = await interleaved(
    { standby: () => rate(standby.clients, load, ms), baseline: () => rate(baseline.clients, load, ms) },
    quick ? 5 : 11,
  )
  await standby.system.stop()
  await baseline.system.stop()

  const name = describe(load)
  const perSecond = median(rates.standby)
  return [
    { name, value: perSecond, unit: 'operations/s', ...targetOf(load) },
    { name: `${name}: each`, value: 1e6 / perSecond, unit: 'µs' },
    { name: `${name}: by hand`, value: median(rates.baseline), unit: 'operations/s' },
    {
      name: `${name}: of by hand`,
      value: medianRatio(rates.standby, rates.baseline),
      unit: 'x',
      ...(isHeadline(load) ? { target: { atLeast: 0.5 } } : {}),
    },
  ]
}

async function start(subject: Subject, { clients: count, servers }: Load) {
  const system = startSystem(subject, { servers })
  const clients = Array.from({ length: count }, () => system.client())
  await untilReady(system)
  await Promise.all(clients.map((client) => client.execute({ op: 'get', key: 'k' })))
  return { system, clients }
}

/** Operations per second while every caller makes its next call when the last one has its result. */
async function rate(clients: readonly SystemClient[], { callers }: Load, ms: number): Promise<number> {
  const start = performance.now()
  const end = start + ms
  let operations = 0
  const call = async (client: SystemClient) => {
    while (performance.now() < end) await client.execute(command(operations++))
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(clients[caller % clients.length]!)))
  return (operations / (performance.now() - start)) * 1000
}

/** A thousand keys; as many reads as writes. */
export function command(serial: number): KeyValueCommand {
  const key = `key-${(serial * 7919) % 1000}`
  return serial % 2 === 0 ? { op: 'put', key, value: serial } : { op: 'get', key }
}

function describe({ callers, clients, servers }: Load): string {
  const who = clients > 1 ? `${clients} clients` : callers === 1 ? '1 caller' : `${callers} callers`
  return `${who}, ${servers > 1 ? 'with backup' : 'alone'}`
}

function isHeadline({ callers, clients, servers }: Load): boolean {
  return callers === 64 && clients === 1 && servers > 1
}

function targetOf(load: Load): Pick<Measurement, 'target'> {
  if (isHeadline(load)) return { target: { atLeast: 100_000 } }
  return load.callers === 1 && load.servers > 1 ? { target: { atLeast: 8000 } } : {}
}
