/** How long clients wait after a crash of the primary, in virtual time, over all moments of a ping interval. */
import { VirtualTimeScheduler } from 'rxjs'
import { defaultTiming } from '../actors/options.ts'
import { type BenchOptions, type Measurement, median } from './measurement.ts'
import { startSystem } from './systems.ts'

const { pingIntervalMs, pingCheckIntervalMs, pingTimeout } = defaultTiming

export async function failoverBench({ quick }: BenchOptions): Promise<Measurement[]> {
  const phases = quick ? 4 : 20
  const failovers: Failover[] = []
  for (let phase = 0; phase < phases; phase++) {
    failovers.push(await failover(1000 + (phase * pingCheckIntervalMs) / phases))
  }
  const waits = failovers.map(({ waitMs }) => waitMs)
  const bound = ((pingTimeout + 2) * pingCheckIntervalMs) / pingIntervalMs
  const intervals = waits.map((ms) => ms / pingIntervalMs)
  return [
    { name: 'failover to the first answer, median', value: median(intervals), unit: 'ping intervals' },
    {
      name: 'failover to the first answer, longest',
      value: Math.max(...intervals),
      unit: 'ping intervals',
      target: { atMost: bound },
    },
    {
      name: 'a new view to its acknowledgement, longest',
      value: Math.max(...failovers.map(({ unacknowledgedMs }) => unacknowledgedMs)) / hopMs,
      unit: 'hops',
      // The view to its primary, the transfer and its acknowledgement, the ping.
      target: { atMost: 4 },
    },
  ]
}

const hopMs = 1

interface Failover {
  /** From the crash to the first answer. */
  readonly waitMs: number
  /** How long the new view had no acknowledgement, and so could not lose its primary (V4). */
  readonly unacknowledgedMs: number
}

async function failover(crashAt: number): Promise<Failover> {
  const scheduler = new VirtualTimeScheduler()
  const system = startSystem('standby', { servers: 3, scheduler, delayMs: hopMs })
  const client = system.client()
  let answeredAt: number | null = null
  const callAgain = () => {
    client.submit({ op: 'put', key: 'k', value: 1 }, () => {
      if (scheduler.now() > crashAt && answeredAt === null) answeredAt = scheduler.now()
      scheduler.schedule(callAgain, 1)
    })
  }
  callAgain()
  scheduler.maxFrames = crashAt
  scheduler.flush()
  system.crashPrimary()
  let unacknowledgedMs = 0
  while ((answeredAt === null || !system.isReady()) && scheduler.maxFrames < crashAt + 10_000) {
    scheduler.maxFrames += 1
    scheduler.flush()
    if (!system.isReady()) unacknowledgedMs += 1
  }
  await system.stop()
  return { waitMs: (answeredAt ?? Number.POSITIVE_INFINITY) - crashAt, unacknowledgedMs }
}
