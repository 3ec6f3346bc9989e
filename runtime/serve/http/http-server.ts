/** HTTP for a process: a few routes, JSON in and out, with bounds, a token and a look at where a request comes from. It knows no system. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { isLoopback } from '../../transport/listening.ts'
import { type Address, formatAddress } from '../config/address.ts'

/** A request, as far as a route is concerned. */
export interface HttpRequest {
  /** What stands in the path where the pattern has `:name`, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  /** The body as JSON; undefined where there is none. @throws HttpError 400, 413 */
  json(): Promise<unknown>
  /** Ends when whoever asked hangs up. */
  readonly signal: AbortSignal
}

/** What a route answers; a `body` that is no string goes as JSON. */
export interface HttpReply {
  readonly status: number
  readonly body?: unknown
  /** Texts that follow one another, in place of a body; the next is asked for when the last has left. */
  readonly lines?: AsyncIterable<string>
  readonly headers?: Readonly<Record<string, string>>
}

/** One path and method. */
export interface HttpRoute {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Such as `/v1/keys/:key`. */
  readonly path: string
  /** Whether anybody may ask, without the token: for probes. */
  readonly open?: true
  handle(request: HttpRequest): Promise<HttpReply> | HttpReply
}

/** A request that cannot be served, and the status that says so. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  readonly code: string
  readonly mayHaveExecuted: boolean

  constructor(status: number, code: string, message: string, mayHaveExecuted = false) {
    super(message)
    this.status = status
    this.code = code
    this.mayHaveExecuted = mayHaveExecuted
  }
}

/** Where to listen, and for whom. */
export interface HttpServerOptions {
  readonly address: Address
  readonly routes: readonly HttpRoute[]
  /** What a request must carry as `Authorization: Bearer ...`; null: nothing. */
  readonly token: string | null
  /** Origins whose pages may ask; pages of all others are refused. */
  readonly origins: readonly string[]
  readonly bodyBytesMax: number
}

/** HTTP that is being served. */
export interface HttpServer {
  readonly address: string
  /** Takes no new connection; those that are idle are closed, the others when they are answered or the grace is over. */
  close(graceMs: number): Promise<void>
}

/** @throws the system's error where it cannot listen */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { address, routes } = options
  const patterns = routes.map((route) => ({ route, parts: route.path.split('/') }))
  const isLocal = isLoopback(address.host)
  let isClosing = false

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<HttpReply> => {
    const url = urlOf(`http://host${request.url ?? '/'}`)
    if (url === null) throw new HttpError(400, 'invalidRequest', 'expected a path')
    const cors = refuseStrangers(request, options, isLocal)
    if (request.method === 'OPTIONS' && cors !== null)
      return { status: 204, headers: { ...cors, ...preflight } }
    const { route, params } = routed(patterns, request.method ?? '', url.pathname)
    if (options.token !== null && route.open !== true) refuseWithoutToken(request, options.token)
    const hungUp = new AbortController()
    response.once('close', () => hungUp.abort())
    const { headers } = request
    const json = () => jsonBody(request, options.bodyBytesMax)
    const reply = await route.handle({
      params,
      query: url.searchParams,
      headers,
      json,
      signal: hungUp.signal,
    })
    return cors === null ? reply : { ...reply, headers: { ...reply.headers, ...cors } }
  }

  const server = createServer({ requestTimeout: 60_000, headersTimeout: 10_000 }, (request, response) => {
    answer(request, response)
      .catch(errorReply)
      .then((reply) => send(response, reply, isClosing))
  })
  server.maxConnections = 4096
  await listening(server, address)
  const bound = server.address() as AddressInfo
  return {
    address: formatAddress({ host: bound.address, port: bound.port }),
    close: (graceMs) =>
      new Promise((resolve) => {
        isClosing = true
        const over = setTimeout(() => server.closeAllConnections(), graceMs)
        server.close(() => {
          clearTimeout(over)
          resolve()
        })
        server.closeIdleConnections()
      }),
  }
}

function listening(server: Server, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function routed(
  patterns: readonly { readonly route: HttpRoute; readonly parts: readonly string[] }[],
  method: string,
  pathname: string,
): { readonly route: HttpRoute; readonly params: Record<string, string> } {
  const allowed: string[] = []
  for (const { route, parts } of patterns) {
    const params = matched(parts, pathname.split('/'))
    if (params === null) continue
    if (route.method === method) return { route, params }
    allowed.push(route.method)
  }
  if (allowed.length === 0)
    throw new HttpError(404, 'notFound', `expected a path of /openapi.json, got ${pathname}`)
  throw new HttpError(405, 'wrongMethod', `expected ${allowed.join(' or ')} at ${pathname}, got ${method}`)
}

function matched(parts: readonly string[], given: readonly string[]): Record<string, string> | null {
  if (parts.length !== given.length) return null
  const params: Record<string, string> = {}
  for (const [index, part] of parts.entries()) {
    const text = given[index]!
    if (!part.startsWith(':')) {
      if (part !== text) return null
      continue
    }
    try {
      params[part.slice(1)] = decodeURIComponent(text)
    } catch {
      throw new HttpError(400, 'invalidRequest', `expected a path in percent-encoded UTF-8, got ${text}`)
    }
  }
  return params
}

const preflight = {
  'access-control-allow-methods': 'GET, PUT, POST, DELETE',
  'access-control-allow-headers': 'authorization, content-type, standby-session, standby-sequence',
  'access-control-max-age': '600',
}

/** A page of another origin, or of a name that was made to lead here, is refused; for one that may ask, what its browser wants to hear. */
function refuseStrangers(
  { headers }: IncomingMessage,
  { origins, token }: HttpServerOptions,
  isLocal: boolean,
): Record<string, string> | null {
  const host = urlOf(`http://${headers.host ?? ''}`)?.hostname.replace(/^\[|\]$/g, '') ?? ''
  if (isLocal && token === null && !isLoopback(host))
    throw new HttpError(
      403,
      'forbidden',
      `expected a request to this machine by its own name, got one to ${host}`,
    )
  const { origin } = headers
  if (origin === undefined) return null
  if (!origins.includes(origin))
    throw new HttpError(403, 'forbidden', `expected an origin that is allowed, got ${origin}; see --origin`)
  return { 'access-control-allow-origin': origin, vary: 'origin' }
}

function urlOf(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null
}

function refuseWithoutToken({ headers }: IncomingMessage, token: string): void {
  const given = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
  if (timingSafeEqual(digest(given), digest(token))) return
  throw new HttpError(401, 'unauthorized', 'expected the header Authorization: Bearer TOKEN with the token')
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

async function jsonBody(request: IncomingMessage, bytesMax: number): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bytesMax) throw new HttpError(413, 'tooLarge', `expected a body of at most ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  if (bytes === 0) return undefined
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw new HttpError(400, 'invalidRequest', `expected a body of JSON, got ${(error as Error).message}`)
  }
}

function errorReply(error: unknown): HttpReply {
  const known =
    error instanceof HttpError
      ? error
      : new HttpError(500, 'internal', 'the request failed; see the log', true)
  const { status, code, message, mayHaveExecuted } = known
  return {
    status,
    body: { error: { code, message, mayHaveExecuted } },
    headers: status === 503 ? { 'retry-after': '1' } : status === 401 ? { 'www-authenticate': 'Bearer' } : {},
  }
}

function send(
  response: ServerResponse,
  { status, body, lines, headers = {} }: HttpReply,
  isLast: boolean,
): void {
  if (response.headersSent || response.destroyed) return
  const text = body === undefined ? '' : typeof body === 'string' ? body : `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(isLast || status === 413 ? { connection: 'close' } : {}),
    ...headers,
  })
  if (lines === undefined) response.end(text)
  // Whoever hangs up gets no more; a source that fails cuts the answer, which has an end to be missed.
  else
    Readable.from(lines)
      .on('error', () => response.destroy())
      .pipe(response)
}
