/** How long nobody is answered after the primary has crashed, in virtual time, whenever in a ping interval the crash comes. */
import { VirtualTimeScheduler } from 'rxjs'
import { defaultTiming } from '../actors/options.ts'
import { type BenchOptions, type Measurement, median } from './measurement.ts'
import { startSystem } from './systems.ts'

const { pingIntervalMs, pingCheckIntervalMs, pingTimeout } = defaultTiming

export async function failoverBench({ quick }: BenchOptions): Promise<Measurement[]> {
  const phases = quick ? 4 : 20
  const waits: number[] = []
  for (let phase = 0; phase < phases; phase++) {
    waits.push(await waitAfterCrash(1000 + (phase * pingCheckIntervalMs) / phases))
  }
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
  ]
}

async function waitAfterCrash(crashAt: number): Promise<number> {
  const scheduler = new VirtualTimeScheduler()
  const system = startSystem('standby', { servers: 3, scheduler, delayMs: 1 })
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
  while (answeredAt === null && scheduler.maxFrames < crashAt + 10_000) {
    scheduler.maxFrames += 10
    scheduler.flush()
  }
  await system.stop()
  return (answeredAt ?? Number.POSITIVE_INFINITY) - crashAt
}
