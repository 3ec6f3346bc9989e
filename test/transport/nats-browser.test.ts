/** NATS over WebSocket, as browsers speak it: the contract of every transport, and a page in a real Chromium that is a client of a system. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createServer } from '../../actors/server.ts'
import { createViewService } from '../../actors/view-service.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { openNatsTransport } from '../../runtime/transport/nats.ts'
import { openNatsTransport as openInBrowser } from '../../runtime/transport/nats-browser.ts'
import type { NatsTransport } from '../../runtime/transport/nats-transport.ts'
import { type BrowserPages, startBrowserPages } from './browser-page.ts'
import { type NatsServer, natsEnds, skipsNats, startNatsServer } from './nats-server.ts'
import { until } from './socket-ends.ts'
import { transportContract } from './transport.contract.ts'

const token = 'the token of all'
/** `origin` may dial in, and programs without an origin. */
const configuration = (origin: string) => `
authorization { token: "${token}" }
websocket { host: "127.0.0.1", port: -1, no_tls: true, allowed_origins: ["${origin}"] }`
/** In the place of the browser's own, which Node 20 lacks. */
const wsFactory = async (url: string) => ({ socket: new WebSocket(url), encrypted: false })

describe.skipIf(skipsNats)('with a nats-server', () => {
  let server: NatsServer
  const opened: NatsTransport[] = []
  let systems = 0
  const open = async (system: string) => {
    const transport = await openInBrowser({
      system,
      connection: { servers: server.webSocketUrl, token, wsFactory },
    })
    opened.push(transport)
    return transport
  }
  beforeAll(async () => {
    server = await startNatsServer(configuration('https://app.example'))
  })
  afterAll(() => server?.stop())
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((transport) => transport.close()))
  })

  transportContract('over NATS over WebSocket', {
    open: async () => {
      const system = `test-${++systems}`
      return natsEnds(await open(system), await open(system))
    },
  })
})

const page = (servers: string) => `
  import { createClient, withKeyValueMethods } from '../../actors/index.ts'
  import { schedulerClock } from '../schedulers.ts'
  import { openNatsTransport } from './nats-browser.ts'
  try {
    const transport = await openNatsTransport({ connection: { servers: '${servers}', token: '${token}' } })
    const client = withKeyValueMethods(createClient({ id: 'page#1', transport, clock: schedulerClock() }))
    await client.put('greeting', 'hello')
    await client.append('greeting', ' from a page')
    document.title = await client.get('greeting')
  } catch (error) {
    document.title = 'refused: ' + error.message
  }`

// STANDBY_SKIP_BROWSER=1 leaves it out where there is no Chromium.
describe.skipIf(skipsNats || process.env.STANDBY_SKIP_BROWSER === '1')('a page', () => {
  let pages: BrowserPages
  let server: NatsServer
  const transports: NatsTransport[] = []
  const stops: (() => void)[] = []

  beforeAll(async () => {
    pages = await startBrowserPages()
    server = await startNatsServer(configuration(`http://127.0.0.1:${pages.port}`))
    await pages.serve(page(server.webSocketUrl))
    const ports = async () => {
      const transport = await openNatsTransport({ connection: { servers: server.url, token } })
      transports.push(transport)
      return { transport, clock: schedulerClock() }
    }
    const viewService = createViewService(await ports())
    const servers = [
      createServer({ ...(await ports()), id: 's1#1' }),
      createServer({ ...(await ports()), id: 's2#1' }),
    ]
    stops.push(...[viewService, ...servers].map((node) => () => node.stop()))
    await until(() => viewService.acknowledged() && viewService.view().backup !== null, 'a backup')
  }, 60_000)
  afterAll(async () => {
    await pages?.close()
    for (const stop of stops) stop()
    await Promise.all(transports.map((transport) => transport.close()))
    await server?.stop()
  })

  const titleOf = async () => {
    const tab = await pages.browser.newPage()
    await tab.goto(`http://127.0.0.1:${pages.port}/`)
    await tab.waitForFunction(() => document.title !== 'none')
    const title = await tab.title()
    await tab.close()
    return title
  }

  test('puts, appends and gets', async () => {
    expect(await titleOf()).toBe('hello from a page')
  }, 30_000)

  test('of another origin is turned away', async () => {
    await pages.moveElsewhere()

    expect(await titleOf()).toContain('allowed_origins')
  }, 30_000)
})
