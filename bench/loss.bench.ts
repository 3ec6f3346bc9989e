/** What loss, cut links and crowds cost, in virtual time: waits that adapt, beside waits that are all alike. */
import { VirtualTimeScheduler } from 'rxjs'
import { defaultTiming } from '../actors/options.ts'
import type { Envelope, Transport } from '../actors/ports.ts'
import { createCluster, schedulerClock } from '../runtime/index.ts'
import { createMemoryTransport } from '../runtime/transport/memory.ts'
import { type BenchOptions, type Measurement, median } from './measurement.ts'

const { retryIntervalMs } = defaultTiming
const lossRates = [0.05, 0.2, 0.4]
const appends = 100

export async function lossBench({ quick }: BenchOptions): Promise<Measurement[]> {
  const seeds = Array.from({ length: quick ? 2 : 9 }, (_, index) => index + 1)
  const measurements: Measurement[] = []
  for (const drop of lossRates) {
    const adaptive: number[] = []
    const fixed: number[] = []
    for (const seed of seeds) {
      adaptive.push(await appendsUnderLoss({ drop, seed }))
      fixed.push(await appendsUnderLoss({ drop, seed, retransmitMaxMs: retryIntervalMs }))
    }
    const name = `${appends} appends in sequence, ${drop * 100} % lost`
    measurements.push(
      { name, value: median(adaptive) / 1000, unit: 's' },
      {
        name: `${name}: of fixed waits`,
        value: sum(adaptive) / sum(fixed),
        unit: 'x',
        target: { atMost: 1.2 },
      },
    )
  }
  const waits: number[] = []
  for (const cutMs of quick ? [2000] : [500, 1000, 2000, 5000]) waits.push(await waitAfterHealing(cutMs))
  measurements.push({
    name: 'client of a minority: answered after the healing, longest',
    value: Math.max(...waits) / retryIntervalMs,
    unit: 'retry intervals',
    target: { atMost: 2 },
  })
  const busy = quick ? 100 : 1000
  const { perSecond, requestsEach } = await busyClients(busy, quick ? 500 : 2000)
  const name = `${busy} busy clients`
  measurements.push(
    { name, value: perSecond, unit: 'operations/s' },
    { name: `${name}: requests for one operation`, value: requestsEach, unit: 'x' },
  )
  return measurements
}

/**
 * Clients with a call under way each, at servers that take a message for every hundred clients in a millisecond and no
 * more, copies included: answers take longer than the least wait.
 */
export async function busyClients(
  count: number,
  ms: number,
): Promise<{ perSecond: number; requestsEach: number }> {
  const scheduler = new VirtualTimeScheduler()
  const clock = schedulerClock(scheduler)
  const inner = createMemoryTransport({ delayMs: 1, scheduler })
  let [requests, operations] = [0, 0]
  const takenInMs = count / 100
  const transport: Transport = {
    ...inner,
    attach(id, receive) {
      const waiting: Envelope[] = []
      let isBusy = false
      const takeSome = () => {
        for (const envelope of waiting.splice(0, takenInMs)) receive(envelope)
        isBusy = waiting.length > 0
        if (isBusy) clock.setTimeout(takeSome, 1)
      }
      return inner.attach(id, (envelope) => {
        if (!id.startsWith('s')) return receive(envelope)
        if (envelope.message.type === 'request') requests += 1
        waiting.push(envelope)
        if (!isBusy) clock.setTimeout(takeSome, 1)
        isBusy = true
      })
    },
  }
  // Heartbeats wait in no queue here: what is looked at is copies, and not who is taken for dead.
  const cluster = createCluster({ servers: 2, transport, clock, timing: { pingTimeout: 1000 } })
  const run = runner(scheduler)
  run(() => cluster.viewService.acknowledged() && cluster.view().backup !== null)
  for (let index = 0; index < count; index++) {
    const client = cluster.client({ timeoutMs: Number.POSITIVE_INFINITY })
    const again = () =>
      client.submit({ op: 'append', key: 'log', value: '' }, () => {
        operations += 1
        clock.setTimeout(again, 0)
      })
    again()
  }
  const warm = scheduler.now() + 3000
  run(() => scheduler.now() >= warm)
  ;[requests, operations] = [0, 0]
  run(() => scheduler.now() >= warm + ms)
  await cluster.stop()
  return { perSecond: operations / (ms / 1000), requestsEach: requests / operations }
}

export interface LossOptions {
  readonly drop: number
  readonly seed: number
  readonly retransmitMaxMs?: number
}

/** Virtual milliseconds for appends one after another, two servers, a hop of 1 ms. */
export async function appendsUnderLoss({ drop, seed, retransmitMaxMs }: LossOptions): Promise<number> {
  const { cluster, run, now } = start(2, seed, retransmitMaxMs)
  const client = cluster.client({ timeoutMs: Number.POSITIVE_INFINITY })
  run(() => cluster.viewService.acknowledged() && cluster.view().backup !== null)
  cluster.network.set({ drop })
  const from = now()
  for (let round = 0; round < appends; round++) {
    let ended = false
    client.submit({ op: 'append', key: 'log', value: 'x' }, () => {
      ended = true
    })
    run(() => ended)
  }
  const took = now() - from
  await cluster.stop()
  return took
}

/** Virtual milliseconds from the healing to the answer, for a client that was cut off with the primary alone. */
export async function waitAfterHealing(cutMs: number): Promise<number> {
  const { cluster, run, now } = start(3, 1)
  const client = cluster.client({ timeoutMs: Number.POSITIVE_INFINITY })
  run(() => cluster.viewService.acknowledged() && cluster.view().backup !== null)
  let ended = 0
  const append = () =>
    client.submit({ op: 'append', key: 'log', value: 'x' }, () => {
      ended += 1
    })
  append()
  run(() => ended === 1)
  const primary = cluster.view().primary!
  const others = ['s1#1', 's2#1', 's3#1'].filter((id) => id !== primary)
  cluster.network.partition([primary, client.id], ['view-service', ...others])
  append()
  const healAt = now() + cutMs
  run(() => now() >= healAt)
  cluster.network.heal()
  run(() => ended === 2)
  const took = now() - healAt
  await cluster.stop()
  return took
}

function start(servers: number, seed: number, retransmitMaxMs = defaultTiming.retransmitMaxMs) {
  const scheduler = new VirtualTimeScheduler()
  const clock = schedulerClock(scheduler)
  const transport = createMemoryTransport({ delayMs: 1, scheduler })
  const cluster = createCluster({ servers, transport, clock, seed, timing: { retransmitMaxMs } })
  return {
    cluster,
    now: () => scheduler.now(),
    run: runner(scheduler),
  }
}

/** Passes virtual time, a millisecond at a step, until something is so. */
function runner(scheduler: VirtualTimeScheduler) {
  return (isDone: () => boolean): void => {
    const end = scheduler.now() + 5_000_000
    while (!isDone() && scheduler.now() < end) {
      scheduler.maxFrames = scheduler.now() + 1
      scheduler.flush()
      scheduler.frame = scheduler.maxFrames
    }
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
