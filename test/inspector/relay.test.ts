/** What apps send to `standby inspect --listen`: the run begun last reaches every page, early and late. */
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Served, servePage } from '../../runtime/serve/inspector/page-server.ts'
import { createRelay } from '../../runtime/serve/inspector/relay.ts'

const header = (seed: number) => JSON.stringify({ format: 'standby-trace', version: 1, seed })
const step = (i: number) => JSON.stringify({ i, kind: 'local' })

function page() {
  const got: string[] = []
  let restarts = 0
  let backlog = 0
  return {
    got,
    viewer: { send: (lines: string) => void got.push(...lines.split('\n')), waiting: () => backlog },
    restart: () => void restarts++,
    restarts: () => restarts,
    fallBehind: () => {
      backlog = 100 * 1024 * 1024
    },
  }
}
const sender = () => {
  let again = 0
  return { beginAgain: () => void again++, again: () => again }
}

test('a page that opens late gets the run from its header on', () => {
  const relay = createRelay()
  const [app, late] = [sender(), page()]
  relay.take(app, `${header(1)}\n${step(0)}`)
  relay.take(app, step(1))
  relay.source(late.viewer, late.restart)
  relay.take(app, step(2))
  expect(late.got).toEqual([header(1), step(0), step(1), step(2)])
})

test('another run makes pages connect again, and what the former app still sends is left out', () => {
  const relay = createRelay()
  const [first, second, early, late] = [sender(), sender(), page(), page()]
  relay.source(early.viewer, early.restart)
  relay.take(first, `${header(1)}\n${step(0)}`)
  relay.take(second, `${header(2)}\n${step(0)}`)
  relay.take(first, step(1))
  relay.source(late.viewer, late.restart)
  expect(early.restarts()).toBe(2)
  expect(late.got).toEqual([header(2), step(0)])
})

test('what comes before a header is left out, and so is the end of an app: the page waits for the next one', () => {
  const relay = createRelay()
  const [app, early] = [sender(), page()]
  relay.source(early.viewer, early.restart)
  relay.take(app, `${step(7)}\n\n`)
  relay.take(app, `${header(1)}\n${step(0)}\n{"end":true,"steps":1,"dropped":0}`)
  expect(early.got).toEqual([header(1), step(0)])
})

test('a page that falls behind begins again instead of being waited for', () => {
  const relay = createRelay()
  const [app, slow] = [sender(), page()]
  relay.take(app, header(1))
  relay.source(slow.viewer, slow.restart)
  slow.fallBehind()
  relay.take(app, step(0))
  expect([slow.restarts(), slow.got]).toEqual([1, [header(1)]])
})

test('a run too long to be kept is begun again from where the app stands', () => {
  const relay = createRelay()
  const app = sender()
  const long = JSON.stringify({ i: 0, kind: 'local', detail: 'x'.repeat(1024 * 1024) })
  relay.take(app, header(1))
  for (let sent = 0; sent < 64; sent++) relay.take(app, long)
  expect(app.again()).toBe(1)
  const late = page()
  relay.take(app, `${header(1)}\n${step(0)}`)
  relay.source(late.viewer, late.restart)
  expect(late.got).toEqual([header(1), step(0)])
})

let served: Served | null = null
afterEach(() => served?.close())

/** Whether a WebSocket opens. */
function opens(url: string, origin?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, origin === undefined ? {} : { origin })
    socket.on('open', () => {
      socket.close()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

test('programs and pages of this machine may send, pages of other sites may not, and no one where nothing listens', async () => {
  const relay = createRelay()
  served = await servePage({}, { kind: 'live', title: 'apps' }, relay.source, relay)
  const feed = `ws://${new URL(served.url).host}/feed`
  expect(await opens(feed)).toBe(true)
  expect(await opens(feed, 'http://localhost:5173')).toBe(true)
  expect(await opens(feed, 'https://example.com')).toBe(false)
  expect(await opens(feed, 'null')).toBe(false)
  expect(await opens(`${feed}?token=wrong`)).toBe(false)
  await served.close()
  served = await servePage({}, { kind: 'live', title: 'a trace' }, relay.source)
  expect(await opens(`ws://${new URL(served.url).host}/feed`)).toBe(false)
})
