/** The browser's own WebSocket in a real Chromium: a page of a listed origin speaks, with keys; a page of another is turned away. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Envelope } from '../../actors/ports.ts'
import {
  type MeshTransport,
  openWebSocketTransport,
  sharedSecret,
} from '../../runtime/transport/websocket.ts'
import { findChromium } from '../inspector/browser/chromium.ts'
import { until } from './socket-ends.ts'

const secret = 'a secret that nobody guesses'
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
  let browser: Browser
  let transport: MeshTransport
  let script = ''
  const pages = createServer((_, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<!doctype html><title>none</title><script type="module">${script}</script>`)
  })
  const received: Envelope[] = []

  beforeAll(async () => {
    await new Promise<void>((resolve) => void pages.listen(0, '127.0.0.1', resolve))
    const { port } = pages.address() as AddressInfo
    transport = await openWebSocketTransport({
      listen: { origins: [`http://127.0.0.1:${port}`] },
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
    const resolveDir = fileURLToPath(new URL('../../runtime/transport', import.meta.url))
    const { outputFiles } = await build({
      stdin: { contents: page(transport.address!), resolveDir, loader: 'ts' },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
    })
    script = outputFiles[0]!.text
    browser = await chromium.launch({
      executablePath: findChromium(),
      args: ['--no-sandbox', '--disable-gpu'],
    })
  })
  afterAll(async () => {
    await browser?.close()
    await transport?.close()
    pages.close()
    pages.closeAllConnections()
  })

  test('of a listed origin speaks and is answered', async () => {
    const { port } = pages.address() as AddressInfo
    const tab = await browser.newPage()
    await tab.goto(`http://127.0.0.1:${port}/`)
    await tab.waitForFunction(() => document.title === 'answered 5')
    await tab.close()

    expect(received[0]).toMatchObject({ from: 'page#1', message: { type: 'ping', viewNumber: 4 } })
  })

  test('of another origin is turned away', async () => {
    const { port } = pages.address() as AddressInfo
    const before = received.length
    const tab = await browser.newPage()
    await tab.goto(`http://localhost:${port}/`).catch(() => tab.goto(`http://127.0.0.2:${port}/`))
    await until(() => transport.counters().refused.origin > 0, 'a refusal')
    await tab.close()

    expect(received.length).toBe(before)
  })
})
