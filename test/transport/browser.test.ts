/** The browser's own WebSocket in a real Chromium: a page of a listed origin speaks, with keys; a page of another is turned away. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Envelope } from '../../actors/ports.ts'
import {
  type MeshTransport,
  openWebSocketTransport,
  sharedSecret,
} from '../../runtime/transport/websocket.ts'
import { type BrowserPages, startBrowserPages } from './browser-page.ts'
import { until } from './socket-ends.ts'

const secret = 'a secret that no one guesses'
const page = (address: string) => `
  import { openWebSocketTransport, sharedSecret } from './websocket-browser.ts'
  const stamp = { lamport: 1, vector: {} }
  const transport = await openWebSocketTransport({
    directory: { b: '${address}' },
    authentication: sharedSecret('${secret}'),
  })
  document.title = 'sent'
  transport.attach('page#1', ({ message }) => { document.title = 'answered ' + message.viewNumber })
  setInterval(() => transport.send({ from: 'page#1', to: 'b#1', message: { type: 'ping', viewNumber: 4 }, stamp }), 50)`

describe.skipIf(process.env.STANDBY_SKIP_BROWSER === '1')('a page', () => {
  let pages: BrowserPages
  let transport: MeshTransport
  const received: Envelope[] = []

  beforeAll(async () => {
    pages = await startBrowserPages()
    transport = await openWebSocketTransport({
      listen: { origins: [`http://127.0.0.1:${pages.port}`] },
      authentication: sharedSecret(secret),
    })
    transport.attach('b#1', (envelope) => {
      received.push(envelope)
      transport.send({
        from: 'b#1',
        to: envelope.from,
        message: { type: 'ping', viewNumber: 5 },
        stamp: envelope.stamp,
      })
    })
    await pages.serve(page(transport.address!))
  })
  afterAll(async () => {
    await pages?.close()
    await transport?.close()
  })

  test('of a listed origin speaks and is answered', async () => {
    const tab = await pages.browser.newPage()
    await tab.goto(`http://127.0.0.1:${pages.port}/`)
    await tab.waitForFunction(() => document.title === 'answered 5')
    await tab.close()

    expect(received[0]).toMatchObject({ from: 'page#1', message: { type: 'ping', viewNumber: 4 } })
  })

  test('of another origin is turned away', async () => {
    const { port } = pages
    const before = received.length
    const tab = await pages.browser.newPage()
    await tab.goto(`http://localhost:${port}/`).catch(() => tab.goto(`http://127.0.0.2:${port}/`))
    await until(() => transport.counters().refused.origin > 0, 'a refusal')
    await tab.close()

    expect(received.length).toBe(before)
  })
})
