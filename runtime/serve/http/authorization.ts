/** The bearer token of a request. Hono's check takes the letters of RFC 6750 only, so it is shown digests: a token may be any text. */
import { createHash } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import type { HttpEnv } from './request-target.ts'

/** Refuses a request without the token; null: no token is needed. */
export function requireToken(token: string | null): readonly MiddlewareHandler<HttpEnv>[] {
  if (token === null) return []
  const digestGiven: MiddlewareHandler<HttpEnv> = async ({ req }, next) => {
    const given = /^Bearer +(.+)$/i.exec(req.header('authorization') ?? '')?.[1]
    if (given !== undefined) req.raw.headers.set('authorization', `Bearer ${digestOf(given)}`)
    await next()
  }
  return [digestGiven, bearerAuth({ token: digestOf(token) })]
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
