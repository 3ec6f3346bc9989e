/** What `standbyInspector` costs the app that it watches: its turns with a large context, with and without it. */
import { assign, createActor, setup } from 'xstate'
import { standbyInspector } from '../inspector/feeds/standby-inspector.ts'
import { type BenchOptions, interleaved, type Measurement, medianRatio } from './measurement.ts'

const rowCount = 1000
const events = 200

/** A socket that is open and takes everything. */
class Socket {
  readyState = 1
  bufferedAmount = 0
  onopen: (() => void) | null = null
  constructor() {
    queueMicrotask(() => this.onopen?.())
  }
  send() {}
  close() {}
}

interface Row {
  readonly id: number
  readonly name: string
  readonly tags: readonly string[]
  readonly isChosen: boolean
  readonly distance: number
}

const table = setup({
  types: { context: {} as { readonly rows: readonly Row[]; readonly last: number }, events: {} as Choose },
}).createMachine({
  id: 'table',
  context: {
    rows: Array.from({ length: rowCount }, (_, id) => ({
      id,
      name: `row ${id}`,
      tags: [`tag ${id % 7}`],
      isChosen: false,
      distance: id,
    })),
    last: -1,
  },
  on: {
    choose: {
      actions: assign({
        rows: ({ context, event }) =>
          context.rows.map((row) => ({
            ...row,
            isChosen: row.id === event.id,
            distance: Math.abs(row.id - event.id),
          })),
        last: ({ event }) => event.id,
      }),
    },
  },
})
type Choose = { readonly type: 'choose'; readonly id: number }

export async function inspectingBench({ quick }: BenchOptions): Promise<Measurement[]> {
  const waits: Record<'bare' | 'watched', number[]> = { bare: [], watched: [] }
  const inLoop = await interleaved({ bare: () => loopMs(false), watched: () => loopMs(true) }, quick ? 7 : 15)
  for (let round = 0; round < (quick ? 3 : 7); round++) {
    waits.bare.push(await spreadMs(false))
    waits.watched.push(await spreadMs(true))
  }
  const of = `${events} events on ${rowCount.toLocaleString('en')} rows`
  return [
    {
      name: `${of}, one after another: the app's turn watched / bare`,
      value: medianRatio(inLoop.watched, inLoop.bare),
      unit: 'times',
      target: { atMost: 1.3 },
    },
    {
      name: `${of}, each in a turn of its own: all turns watched / bare`,
      value: medianRatio(waits.watched, waits.bare),
      unit: 'times',
    },
  ]
}

/** How long the app is busy with its events: what the inspector does in later turns does not count. */
async function loopMs(isWatched: boolean): Promise<number> {
  return watched(isWatched, (send) => {
    const begun = performance.now()
    for (let n = 0; n < events; n++) send(n)
    return performance.now() - begun
  })
}

/** How long the app's own turns take with the inspector's turns between them. */
async function spreadMs(isWatched: boolean): Promise<number> {
  return watched(isWatched, async (send) => {
    let sum = 0
    for (let n = 0; n < events; n++) {
      const begun = performance.now()
      send(n)
      sum += performance.now() - begun
      await new Promise((resolve) => setTimeout(resolve))
    }
    return sum
  })
}

async function watched(
  isWatched: boolean,
  run: (send: (n: number) => void) => number | Promise<number>,
): Promise<number> {
  const inspect = isWatched ? standbyInspector({ to: 'ws://127.0.0.1:1/feed', WebSocket: Socket }) : undefined
  const actor = createActor(table, inspect === undefined ? {} : { inspect }).start()
  const send = (n: number) => actor.send({ type: 'choose', id: (n * 37) % rowCount })
  // Compiled, and the first picture of the table sent.
  for (let n = 0; n < 20; n++) send(n)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const ms = await run(send)
  actor.stop()
  inspect?.stop()
  return ms
}
