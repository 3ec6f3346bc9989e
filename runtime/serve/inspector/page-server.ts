/** The page over HTTP and its feed over WebSocket, for this machine's own pages and apps. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
import { Hono } from 'hono'
import { type WebSocket, WebSocketServer } from 'ws'
import { StandbyError } from '../../../actors/errors.ts'
import { formatAddress } from '../config/address.ts'
import { listen } from '../http/listen.ts'
import { type HttpEnv, rawPathOf, rawQueryOf } from '../http/request-target.ts'
import type { Driver } from './driver.ts'
import { hasLocalOrigin, hasOwnHost, hasOwnOrigin, isToken } from './guard.ts'
import { pageHeaders, readPage } from './page.ts'
import type { Relay } from './relay.ts'
import { control, type Source, type Viewer } from './source.ts'

/** Where the page is served. */
export interface PageAddress {
  /** Default 0: any free port. */
  readonly port?: number | undefined
  /** Default `127.0.0.1`. */
  readonly host?: string | undefined
}

/** A page that is served. */
export interface Served {
  readonly url: string
  readonly host: string
  readonly pages: number
  /** null: pages only look. */
  driver: Driver | null
  close(): Promise<void>
}

/** Pages and sending apps at once. */
const connectionsMax = 16
/** Bytes of one request of a page, or of lines that an app sends at once. */
const messageMax = 8 * 1024 * 1024
/** Closes a page's connection so that it connects again. */
const pageRestart = 4000
/** How long pages have to take the rest when serving ends. */
const partingMs = 1000

/**
 * Serves the page, and connects each that opens to `source`; apps of this machine that send runs are connected to `relay`.
 * @throws StandbyError `invalidOption` for a page that was not built, or an address that cannot be listened on
 */
export async function servePage(
  { port: wanted = 0, host = '127.0.0.1' }: PageAddress,
  hello: object,
  source: Source,
  relay: Relay | null = null,
): Promise<Served> {
  const page = readPage()
  const token = randomBytes(12).toString('base64url')
  const sockets = new WebSocketServer({ noServer: true, maxPayload: messageMax, perMessageDeflate: false })
  let port = 0
  let driver: Driver | null = null
  const greeting = () => control({ ...hello, drive: driver === null ? null : { servers: driver.servers } })
  const isOwn = (request: IncomingMessage) => hasOwnHost(request, host, port)
  const server = await listenOn(createApp(page, isOwn), { host, port: wanted })
  port = (server.address() as { port: number }).port

  server.on('upgrade', (request, socket, head) => {
    const target = request.url ?? '/'
    const given = rawQueryOf(target).get('token')
    const isFeed = rawPathOf(target) === '/feed' && sockets.clients.size < connectionsMax && isOwn(request)
    const isApp = relay !== null && given === null && hasLocalOrigin(request)
    if (!isFeed || !(isApp || (hasOwnOrigin(request) && isToken(given, token)))) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, isApp ? joinApp : joinPage)
  })

  const joinApp = (opened: WebSocket) => {
    const sender = { beginAgain: () => opened.close(1013, 'begin again') }
    opened.on('message', (data) => relay!.take(sender, String(data)))
    opened.on('error', () => opened.terminate())
  }
  const joinPage = (opened: WebSocket) => {
    const viewer: Viewer = { send: (lines) => opened.send(lines), waiting: () => opened.bufferedAmount }
    opened.send(greeting())
    const leave = source(viewer, () => opened.close(pageRestart, 'another run'))
    opened.on('close', leave)
    opened.on('error', leave)
    opened.on('message', (data) => void act(String(data), viewer))
  }
  const act = async (text: string, viewer: Viewer) => {
    let id: unknown = null
    try {
      const asked = JSON.parse(text) as { id?: unknown; action?: unknown }
      id = asked.id ?? null
      if (driver === null) throw new Error('the owner of this system does not let pages control it')
      await driver.carryOut(asked.action)
      viewer.send(control({ done: id }))
    } catch (error) {
      viewer.send(control({ failed: id, reason: (error as Error).message }))
    }
  }

  let closing: Promise<void> | null = null
  return {
    url: `http://${formatAddress({ host, port })}/?token=${token}`,
    host,
    get pages() {
      return sockets.clients.size
    },
    get driver() {
      return driver
    },
    set driver(next) {
      driver = next
      for (const client of sockets.clients) client.send(greeting())
    },
    close() {
      closing ??= closeAll(server, sockets)
      return closing
    },
  }
}

/** The page, and nothing else. */
function createApp(page: string, isOwn: (request: IncomingMessage) => boolean): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>({
    getPath: (_request, { env } = {}) => rawPathOf((env as HttpEnv['Bindings']).incoming.url ?? '/'),
  })
  app.use(async (context, next) => {
    if (isOwn(context.env.incoming)) return next()
    return context.text('this address is served to this machine only, under its own name\n', 403)
  })
  app.get('/', (context) => context.body(page, 200, pageHeaders(context.env.incoming.headers.host!)))
  app.all('/', (context) => context.text('the page can only be read\n', 405, { allow: 'GET, HEAD' }))
  app.notFound((context) => context.text('there is only the page, at /\n', 404))
  return app
}

async function listenOn(app: Hono<HttpEnv>, address: { host: string; port: number }): Promise<Server> {
  try {
    return (await listen(app, address)).server
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const what =
      code === 'EADDRINUSE'
        ? `expected a free port, got ${address.port}, which is in use; choose another, or 0 for any`
        : `expected an address to listen on, got ${formatAddress(address)} (${message}); choose another`
    throw new StandbyError('invalidOption', what, { cause })
  }
}

async function closeAll(server: Server, sockets: WebSocketServer): Promise<void> {
  const open = [...sockets.clients]
  const gone = open.map((client) => new Promise((resolve) => client.once('close', resolve)))
  for (const client of open) client.close(1001, 'the run has ended')
  const late = setTimeout(() => {
    for (const client of open) client.terminate()
  }, partingMs)
  await Promise.all(gone)
  clearTimeout(late)
  sockets.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
