/** What a put costs with a thousand, a hundred thousand and a million keys: in the store alone, and through a cluster. */
import type { Application } from '../machines/application/application.ts'
import {
  type KeyValueCommand,
  type KeyValueState,
  keyValueStore,
} from '../machines/application/key-value-store.ts'
import { OrderedMap } from '../machines/application/ordered-map.ts'
import { type BenchOptions, interleaved, type Measurement, median, medianRatio } from './measurement.ts'
import { startSystem, untilReady } from './systems.ts'

const sizes = [1_000, 100_000, 1_000_000]

export async function putBench({ quick }: BenchOptions): Promise<Measurement[]> {
  const states = new Map(sizes.map((size) => [size, filled(size)]))
  const rounds = quick ? 3 : 9
  const store = await interleaved(
    Object.fromEntries(
      sizes.map((size) => [String(size), () => inStore(states.get(size)!, size, quick ? 5_000 : 50_000)]),
    ),
    rounds,
  )
  const systems = new Map(
    await Promise.all(sizes.map(async (size) => [size, await clusterWith(states.get(size)!)] as const)),
  )
  const cluster = await interleaved(
    Object.fromEntries(
      sizes.map((size) => [
        String(size),
        () => inCluster(systems.get(size)!.client, size, quick ? 2_000 : 20_000),
      ]),
    ),
    rounds,
  )
  for (const { system } of systems.values()) await system.stop()
  return [...rows('put, store alone', store), ...rows('put, 64 callers with backup', cluster)]
}

function rows(what: string, times: Record<string, number[]>): Measurement[] {
  const [smallest, largest] = [String(sizes[0]), String(sizes.at(-1))]
  return [
    ...sizes.map((size) => ({
      name: `${what}, ${size.toLocaleString('en-US')} keys`,
      value: median(times[size]!),
      unit: 'µs',
    })),
    {
      name: `${what}: a million against a thousand`,
      value: medianRatio(times[largest]!, times[smallest]!),
      unit: 'x',
      target: { atMost: 2 },
    },
  ]
}

function filled(size: number): KeyValueState {
  const entries = Array.from({ length: size }, (_, index) => [keyOf(index), index] as const)
  return OrderedMap.from(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function keyOf(index: number): string {
  return `key-${String(index).padStart(7, '0')}`
}

function putOf(serial: number, size: number): KeyValueCommand {
  return { op: 'put', key: keyOf((serial * 7919) % size), value: serial }
}

function inStore(state: KeyValueState, size: number, count: number): number {
  let current = state
  const start = performance.now()
  for (let i = 0; i < count; i++) [current] = keyValueStore.execute(current, putOf(i, size))
  return ((performance.now() - start) / count) * 1000
}

async function clusterWith(state: KeyValueState) {
  const system = startSystem('standby', {
    servers: 2,
    application: { ...keyValueStore, initialState: state } as unknown as Application,
  })
  const client = system.client()
  await untilReady(system)
  return { system, client }
}

async function inCluster(
  client: { execute(command: KeyValueCommand): Promise<unknown> },
  size: number,
  count: number,
): Promise<number> {
  let serial = 0
  const start = performance.now()
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (serial < count) await client.execute(putOf(serial++, size))
    }),
  )
  return ((performance.now() - start) / count) * 1000
}
