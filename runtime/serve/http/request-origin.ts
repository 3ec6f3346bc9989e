/** Where a request comes from: pages of other origins are refused, and so are host names that lead here by DNS rebinding. */
import type { MiddlewareHandler } from 'hono'
import { isLoopback } from '../../transport/address.ts'
import { HttpError } from './problem.ts'

/** A server on loopback that asks for no token answers to loopback names only. */
export function refuseForeignHosts(listensOn: string): MiddlewareHandler {
  const isLocal = isLoopback(listensOn)
  return async (context, next) => {
    const host = hostnameOf(`http://${context.req.header('host') ?? ''}`)
    if (isLocal && !isLoopback(host)) {
      throw new HttpError(
        'forbidden',
        `expected a Host of this machine, such as localhost, got ${host.slice(0, 100)}; a token allows others`,
      )
    }
    await next()
  }
}

/** A browser names the origin of the page that asks; programs name none. */
export function refuseForeignOrigins(origins: readonly string[]): MiddlewareHandler {
  return async (context, next) => {
    const origin = context.req.header('origin')
    if (origin !== undefined && !origins.includes(origin)) {
      throw new HttpError(
        'forbidden',
        `expected an allowed origin, got ${origin.slice(0, 100)}; allow it with --origin`,
      )
    }
    await next()
  }
}

/** The host of a URL, an IPv6 address without its brackets; empty for a text that is no URL. */
export function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : ''
}
