/** HTTP for a process: routes on Hono, with bounds, a token, CORS, and a check of where a request comes from. It knows no system. */
import { type Context, Hono } from 'hono'
import { cors } from 'hono/cors'
import { HTTPException } from 'hono/http-exception'
import { type Address, formatAddress } from '../config/address.ts'
import type { ProcessLog } from '../log.ts'
import { requireToken } from './authorization.ts'
import { type BodyLimits, limitBodies } from './json-body.ts'
import { listen } from './listen.ts'
import { HttpError, problemResponse } from './problem.ts'
import { refuseForeignHosts, refuseForeignOrigins } from './request-origin.ts'
import { type HttpEnv, rawPathOf } from './request-target.ts'
import type { Route } from './route.ts'
import { handlerOf } from './route-handler.ts'

/** Where to listen, and for whom. */
export interface HttpServerOptions {
  readonly address: Address
  readonly routes: readonly Route[]
  /** What a request must carry as `Authorization: Bearer ...`; null: nothing. */
  readonly token: string | null
  /** Origins whose pages may ask; pages of all others are refused. */
  readonly origins: readonly string[]
  readonly bodies: BodyLimits
  /** Gets the cause of every answer 500. */
  readonly log: Pick<ProcessLog, 'write'>
}

/** HTTP that is being served. */
export interface HttpServer {
  readonly address: string
  /** Takes no new connection; closes idle ones at once, the others when they are answered or after `graceMs`. */
  close(graceMs: number): Promise<void>
}

type App = Hono<HttpEnv>

/** @throws the system's error if it cannot listen */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  let isClosing = false
  const app = createApp(options, () => isClosing)
  const { server, address } = await listen(app, options.address)
  return {
    address: formatAddress(address),
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

function createApp(options: HttpServerOptions, isClosing: () => boolean): App {
  const { address, routes, token, origins, bodies, log } = options
  const app: App = new Hono<HttpEnv>({
    getPath: (_request, { env } = {}) => rawPathOf((env as HttpEnv['Bindings']).incoming.url ?? '/'),
  })
  app.onError((error, context) => {
    const known = knownError(error)
    if (known.code === 'internal') {
      const { method, routePath } = context.req
      log.write('error', 'an HTTP request failed', { method, route: routePath, cause: causeOf(error) })
    }
    return problemResponse(known)
  })
  app.notFound((context) =>
    problemResponse(
      new HttpError('notFound', `no route for ${context.req.path.slice(0, 200)}; see /openapi.json`),
    ),
  )
  app.use(async (context, next) => {
    await next()
    context.header('cache-control', 'no-store')
    context.header('x-content-type-options', 'nosniff')
    // Not after 413: what the caller still sends is read and dropped, or it would not see the answer.
    if (isClosing()) context.header('connection', 'close')
  })
  if (token === null) app.use(refuseForeignHosts(address.host))
  app.use(refuseForeignOrigins(origins))
  if (origins.length > 0) app.use(crossOrigin(origins))
  const authorize = requireToken(token)
  const bounded = limitBodies(bodies)

  for (const [path, ofPath] of byPath(routes)) {
    for (const route of ofPath) {
      app.on(
        [route.method],
        [pattern(path)],
        ...(route.open ? [] : authorize),
        ...(route.body === undefined ? [] : bounded),
        handlerOf(route, bodies, log),
      )
    }
    app.all(pattern(path), (context) => refuseMethod(context, ofPath))
  }
  return app
}

/** Routes by path, in the order in which they were given. */
function byPath(routes: readonly Route[]): ReadonlyMap<string, readonly Route[]> {
  const paths = new Map<string, Route[]>()
  for (const route of routes) paths.set(route.path, [...(paths.get(route.path) ?? []), route])
  return paths
}

/** A parameter may be empty: the empty key is a key. */
function pattern(path: string): string {
  return path.replaceAll(/:\w+/g, '$&{[^/]*}')
}

function refuseMethod(context: Context, routes: readonly Route[]): never {
  const methods = routes.map(({ method }) => method as string)
  if (methods.includes('GET')) methods.push('HEAD')
  const allow = methods.join(', ')
  throw new HttpError('wrongMethod', `expected ${allow}, got ${context.req.method}; use one of these`, {
    headers: { allow },
  })
}

const exposed = ['Retry-After', 'Allow']

function crossOrigin(origins: readonly string[]) {
  const answer = cors({
    origin: [...origins],
    allowMethods: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
    allowHeaders: ['authorization', 'content-type', 'standby-session', 'standby-sequence'],
    exposeHeaders: exposed,
    maxAge: 600,
  })
  return async (context: Context, next: () => Promise<void>) => {
    const { req } = context
    // OPTIONS without an origin is a method like any other.
    return req.header('origin') === undefined ? next() : answer(context, next)
  }
}

/** Errors of Hono's own middleware, and unexpected errors. */
function knownError(error: Error): HttpError {
  if (error instanceof HttpError) return error
  if (error instanceof HTTPException && (error.status === 401 || error.status === 400)) {
    return new HttpError('unauthorized', 'expected the header Authorization: Bearer TOKEN with the token', {
      headers: { 'www-authenticate': 'Bearer' },
    })
  }
  return new HttpError('internal', "the request failed; the process's log has the cause", {
    mayHaveExecuted: true,
    cause: error,
  })
}

/** With its stack: a request that fails inside is a fault of this program or of an application. */
function causeOf(error: Error): string {
  return error.stack ?? String(error)
}
