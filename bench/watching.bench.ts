/** What an inspector page costs the cluster that it shows: almost nothing without a page, little with one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createCluster } from '../runtime/index.ts'
import { type Inspector, serveInspector } from '../runtime/serve/inspector/index.ts'
import { type BenchOptions, interleaved, type Measurement, median, medianRatio } from './measurement.ts'

/** A page in a process of its own, as a browser is: it takes what comes and throws it away. */
const pageSource = `
import { WebSocket } from 'ws'
const { host, searchParams } = new URL(process.argv[1])
const socket = new WebSocket('ws://' + host + '/feed?token=' + searchParams.get('token'), { origin: 'http://' + host })
socket.on('message', () => {})
socket.on('close', () => process.exit())
`

/** About eleven observations each, and pings beside them: two thousand a second. */
const callsPerSecond = 180

type Watching = 'unwatched' | 'noPage' | 'page'

export async function watchingBench({ quick }: BenchOptions): Promise<Measurement[]> {
  const seconds = quick ? 1 : 3
  const rounds = quick ? 3 : 7
  const full = async (watching: Watching) => callsIn(watching, quick ? 300 : 1000)
  const busy = await interleaved(
    { unwatched: () => full('unwatched'), noPage: () => full('noPage'), page: () => full('page') },
    rounds,
  )
  const means: Record<'noPage' | 'page', number[]> = { noPage: [], page: [] }
  const paced = await interleaved(
    {
      noPage: () => pacedMs('noPage', seconds, means.noPage),
      page: () => pacedMs('page', seconds, means.page),
    },
    rounds,
  )
  return [
    {
      name: 'flat out: calls with no page / with an empty observer',
      value: medianRatio(busy.noPage, busy.unwatched),
      unit: 'times',
      target: { atLeast: 0.95 },
    },
    {
      name: 'flat out: calls with a page / with no page',
      value: medianRatio(busy.page, busy.noPage),
      unit: 'times',
    },
    {
      name: 'at 2,000 events a second: a call with a page / with none',
      value: medianRatio(paced.page, paced.noPage),
      unit: 'times',
      target: { atMost: 1.1 },
    },
    {
      name: 'at 2,000 events a second: the mean of calls, likewise',
      value: medianRatio(means.page, means.noPage),
      unit: 'times',
      target: { atMost: 1.1 },
    },
  ]
}

/** Calls a second while so many milliseconds pass, eight clients at once. */
function callsIn(watching: Watching, ms: number): Promise<number> {
  return inSystem(watching, async (call) => {
    const end = performance.now() + ms
    let calls = 0
    await Promise.all(
      Array.from({ length: 8 }, async (_, client) => {
        while (performance.now() < end) {
          await call(client)
          calls += 1
        }
      }),
    )
    return (calls * 1000) / ms
  })
}

/** The median duration of a call in milliseconds, at a steady rate; the mean goes to `means`. */
function pacedMs(watching: Watching, seconds: number, means: number[]): Promise<number> {
  return inSystem(watching, async (call) => {
    const start = performance.now()
    const durations: Promise<number>[] = []
    for (let n = 0; n < seconds * callsPerSecond; n++) {
      const wait = start + (n * 1000) / callsPerSecond - performance.now()
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
      const begun = performance.now()
      durations.push(call(n % 8).then(() => performance.now() - begun))
    }
    const all = await Promise.all(durations)
    means.push(all.reduce((sum, ms) => sum + ms, 0) / all.length)
    return median(all)
  })
}

async function inSystem(
  watching: Watching,
  run: (call: (client: number) => Promise<void>) => Promise<number>,
): Promise<number> {
  const inspector: Inspector | null = watching === 'unwatched' ? null : await serveInspector()
  const cluster = createCluster({ observe: inspector?.observe ?? (() => {}) })
  const clients = Array.from({ length: 8 }, () => cluster.client())
  await cluster.redundant()
  const page = watching === 'page' ? await openPage(inspector!) : null
  const call = (client: number) => clients[client]!.put('key', client)
  for (let n = 0; n < 200; n++) await call(n % 8)
  const value = await run(call)
  await cluster.stop()
  await inspector?.close()
  page?.kill()
  return value
}

async function openPage(inspector: Inspector): Promise<ChildProcess> {
  const page = spawn(process.execPath, ['--input-type=module', '-e', pageSource, inspector.url], {
    stdio: 'inherit',
  })
  while (inspector.pages === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  return page
}
