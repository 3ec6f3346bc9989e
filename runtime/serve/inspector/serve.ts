/** Serves the page and what it shows, on this machine: a running system, or a trace. */
/// <reference lib="esnext.disposable" preserve="true" />
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { WebSocketServer } from 'ws'
import { StandbyError } from '../../../actors/errors.ts'
import { checked } from '../../../actors/options.ts'
import type { Observe } from '../../../actors/ports.ts'
import { isLoopback } from '../../transport/address.ts'
import { createDriver, type Driver } from './driver.ts'
import { hasLocalOrigin, hasOwnHost, hasOwnOrigin, isToken } from './guard.ts'
import { control, createLiveFeed, type LiveFeed, type LiveFeedOptions, type Viewer } from './live-feed.ts'
import type { Relay } from './relay.ts'

/** Where the page is served and how much it is shown; all of it is optional. */
export interface InspectorOptions extends LiveFeedOptions {
  /** Default 0: any free port. */
  readonly port?: number
  /** Where to listen; default `127.0.0.1`, which no other machine reaches. */
  readonly host?: string
  /** What the page says that it shows; default `a running system`. */
  readonly title?: string
  /** Lets pages drive although other machines reach this address; default false. */
  readonly driveOverNetwork?: boolean
}

/** A served page. */
export interface Inspector {
  /** The address to open, with this run's token in it. Whoever has it sees the run. */
  readonly url: string
  /** Give it to `createCluster`. Costs next to nothing while no page is open. */
  readonly observe: Observe
  /**
   * Allows pages to crash, restart, cut and call; `onFault` is told before each fault.
   * @throws StandbyError `invalidOption` where other machines reach this address, unless `driveOverNetwork` is set.
   */
  drive(...of: Parameters<typeof createDriver>): void
  /** Pages that are open. */
  readonly pages: number
  /** Observations that pages were too slow for, of all pages there ever were; each page is told of its own. */
  readonly dropped: number
  /** Tells every page that the run is over, and stops serving. Twice is harmless. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** What a page is connected to: joins a viewer, returns how to stop that. `restart` makes the page connect anew. */
export type Source = (viewer: Viewer, restart: () => void) => () => void

const optionsSchema = v.strictObject(
  {
    port: v.optional(
      v.pipe(
        v.number('expected a port from 0 to 65535'),
        v.integer('expected a port from 0 to 65535'),
        v.minValue(0, 'expected a port from 0 to 65535'),
        v.maxValue(65_535, 'expected a port from 0 to 65535'),
      ),
    ),
    host: v.optional(v.string('expected a host')),
    title: v.optional(v.string('expected a text')),
    driveOverNetwork: v.optional(v.boolean('expected true or false')),
    options: v.optional(v.unknown()),
    pastMax: v.optional(v.number('expected a number')),
    queueMax: v.optional(v.number('expected a number')),
    sliceMs: v.optional(v.number('expected a number')),
  },
  'expected some of port, host, title, driveOverNetwork, options, pastMax, queueMax, sliceMs',
)

/**
 * Serves the inspector, for a system of your own.
 * @throws StandbyError `invalidOption` for an option that is wrong or unknown, a port that is taken or a page that was not built.
 * @example
 * const inspector = await serveInspector()
 * await using cluster = createCluster({ observe: inspector.observe })
 * console.log(inspector.url)
 */
export async function serveInspector(options: InspectorOptions = {}): Promise<Inspector> {
  checked('serveInspector', optionsSchema, options)
  const { title = 'a running system', driveOverNetwork = false } = options
  const feed: LiveFeed = createLiveFeed(options)
  const served = await servePage(options, { kind: 'live', title }, feed.join)
  const close = async () => {
    feed.end()
    await served.close()
  }
  return {
    url: served.url,
    observe: feed.observe,
    drive(...of) {
      if (!isLoopback(served.host) && !driveOverNetwork) {
        throw new StandbyError(
          'invalidOption',
          `expected a loopback address for driving a live cluster, got ${served.host}; other machines reach it: set driveOverNetwork if that is what you want`,
        )
      }
      served.driver = createDriver(...of)
    },
    get pages() {
      return served.pages
    },
    get dropped() {
      return feed.dropped
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

export interface Served {
  readonly url: string
  readonly host: string
  readonly pages: number
  /** Null: pages only look. */
  driver: Driver | null
  close(): Promise<void>
}

/** Pages and sending apps at once. */
const connectionsMax = 16
/** Bytes of one wish of a page, or of lines that an app sends at once. */
const messageMax = 8 * 1024 * 1024
/** Closes a page's connection so that it connects again. */
const pageRestart = 4000
/** How long pages have to take the rest when serving ends. */
const partingMs = 1000

/** Serves the page, and connects each that opens to `source`; apps of this machine that send runs are connected to `relay`. */
export async function servePage(
  { port: wanted = 0, host = '127.0.0.1' }: Pick<InspectorOptions, 'port' | 'host'>,
  hello: object,
  source: Source,
  relay: Relay | null = null,
): Promise<Served> {
  const page = readPage()
  const token = randomBytes(12).toString('base64url')
  const server = createServer((request, response) => answer(request, response, { page, host, port }))
  const sockets = new WebSocketServer({ noServer: true, maxPayload: messageMax, perMessageDeflate: false })
  let driver: Driver | null = null
  const greeting = () => control({ ...hello, drive: driver === null ? null : { servers: driver.servers } })

  server.on('upgrade', (request, socket, head) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://here')
    const isOurs =
      pathname === '/feed' && hasOwnHost(request, host, port) && sockets.clients.size < connectionsMax
    if (isOurs && relay !== null && !searchParams.has('token') && hasLocalOrigin(request)) {
      sockets.handleUpgrade(request, socket, head, (opened) => {
        const sender = { beginAgain: () => opened.close(1013, 'begin again') }
        opened.on('message', (data) => relay.take(sender, String(data)))
        opened.on('error', () => opened.terminate())
      })
      return
    }
    if (!isOurs || !hasOwnOrigin(request) || !isToken(searchParams.get('token'), token)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      const viewer: Viewer = { send: (lines) => opened.send(lines), waiting: () => opened.bufferedAmount }
      opened.send(greeting())
      const leave = source(viewer, () => opened.close(pageRestart, 'another run'))
      opened.on('close', leave)
      opened.on('error', leave)
      opened.on('message', (data) => void wish(String(data), viewer))
    })
  })

  const wish = async (text: string, viewer: Viewer) => {
    let id: unknown = null
    try {
      const asked = JSON.parse(text) as { id?: unknown; deed?: unknown }
      id = asked.id ?? null
      if (driver === null) throw new Error('the owner of this system does not let pages drive it')
      await driver.carryOut(asked.deed)
      viewer.send(control({ done: id }))
    } catch (error) {
      viewer.send(control({ failed: id, reason: (error as Error).message }))
    }
  }

  const { port } = await listening(server, wanted, host)
  let closing: Promise<void> | null = null
  const close = async () => {
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
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/?token=${token}`,
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
      closing ??= close()
      return closing
    },
  }
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { page, host, port }: { readonly page: string; readonly host: string; readonly port: number },
): void {
  const { pathname } = new URL(request.url ?? '/', 'http://here')
  const refuse = (code: number, why: string) =>
    response.writeHead(code, { 'content-type': 'text/plain' }).end(`${why}\n`)
  if (!hasOwnHost(request, host, port))
    refuse(403, 'this address is served to this machine only, under its own name')
  else if (pathname !== '/') refuse(404, 'there is only the page, at /')
  else if (request.method !== 'GET' && request.method !== 'HEAD') refuse(405, 'the page can only be read')
  else
    response
      .writeHead(200, headersFor(page, request.headers.host!))
      .end(request.method === 'HEAD' ? '' : page)
}

/** The page's own policy holds beside this one, which names the one address that it may connect to. */
function headersFor(page: string, host: string): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-length': String(Buffer.byteLength(page)),
    'content-security-policy': `default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src data: blob:; worker-src blob:; connect-src ws://${host}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  }
}

/** @throws StandbyError `invalidOption` where the page was not built. */
function readPage(): string {
  const folder = dirname(createRequire(import.meta.url).resolve('standby/package.json'))
  try {
    return readFileSync(join(folder, 'inspector.html'), 'utf8')
  } catch (cause) {
    const what = `expected the page inspector.html in ${folder}, got none; build it with npm run build:inspector`
    throw new StandbyError('invalidOption', what, { cause })
  }
}

function listening(
  server: ReturnType<typeof createServer>,
  port: number,
  host: string,
): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const what =
        cause.code === 'EADDRINUSE'
          ? `expected a free port, got ${port}, which is in use; choose another, or 0 for any`
          : `expected an address to listen on, got ${host}:${port} (${cause.message}); choose another`
      reject(new StandbyError('invalidOption', what, { cause }))
    })
    server.listen(port, host, () => resolve(server.address() as AddressInfo))
  })
}
