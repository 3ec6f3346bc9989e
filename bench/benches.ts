/** All benchmarks by name, in the order in which `npm run bench` runs them. */
import { connectionsBench } from './connections.bench.ts'
import { costBench } from './cost.bench.ts'
import { durableBench } from './durable.bench.ts'
import { failoverBench } from './failover.bench.ts'
import { floorsBench } from './floors.bench.ts'
import { historyBench } from './history.bench.ts'
import { inspectingBench } from './inspecting.bench.ts'
import { inspectorBench } from './inspector.bench.ts'
import { livePageBench } from './live-page.bench.ts'
import { lossBench } from './loss.bench.ts'
import type { BenchOptions, Measurement } from './measurement.ts'
import { natsBench } from './nats.bench.ts'
import { processesBench } from './processes.bench.ts'
import { putBench } from './put.bench.ts'
import { searchBench } from './search.bench.ts'
import { simulateBench } from './simulate.bench.ts'
import { throughputBench } from './throughput.bench.ts'
import { watchingBench } from './watching.bench.ts'

export const benches: Record<string, (options: BenchOptions) => Promise<Measurement[]>> = {
  throughput: throughputBench,
  floors: floorsBench,
  put: putBench,
  failover: failoverBench,
  loss: lossBench,
  cost: costBench,
  search: searchBench,
  simulate: simulateBench,
  history: historyBench,
  inspector: inspectorBench,
  livePage: livePageBench,
  watching: watchingBench,
  inspecting: inspectingBench,
  processes: processesBench,
  durable: durableBench,
  connections: connectionsBench,
  nats: natsBench,
}
