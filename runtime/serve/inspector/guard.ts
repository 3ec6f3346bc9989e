/** Admits only this machine's own pages to the page and its feed, by `Host` and `Origin`. */
import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Names under which a loopback address is reached without a look into any directory that others can write. */
const loopbackNames = ['127.0.0.1', 'localhost', '[::1]']

/**
 * Whether a request names the host that it was meant for. A page of another site whose name was made to point here
 * (DNS rebinding) names its own.
 */
export function hasOwnHost({ headers }: IncomingMessage, host: string, port: number): boolean {
  const names = [...loopbackNames, host.includes(':') ? `[${host}]` : host]
  return names.some((name) => headers.host === `${name}:${port}`)
}

/** Whether it comes from a page that this server has served. Browsers always name the origin of a WebSocket. */
export function hasOwnOrigin({ headers }: IncomingMessage): boolean {
  return headers.origin === `http://${headers.host}`
}

/** Compares in constant time. */
export function isToken(given: string | null, token: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Whether it comes from a program, which names no origin, or from a page that this machine serves. */
export function hasLocalOrigin({ headers: { origin } }: IncomingMessage): boolean {
  if (origin === undefined) return true
  const { protocol, hostname } = URL.canParse(origin) ? new URL(origin) : { protocol: '', hostname: '' }
  return (protocol === 'http:' || protocol === 'https:') && loopbackNames.includes(hostname)
}
