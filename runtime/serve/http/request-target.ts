/** The target of a request as it was sent: `.`, `..` and `%2e` are ordinary parts of a path, and nothing is normalised. */
import type { HttpBindings } from '@hono/node-server'
import { HttpError } from './problem.ts'

/** What Hono knows of each request: those of Node. */
export type HttpEnv = { readonly Bindings: HttpBindings }

/** The path of a raw request target such as `/v1/keys/%2e?x=1`, percent-encoding and dot segments untouched. */
export function rawPathOf(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?]*/i, '')
  const end = path.indexOf('?')
  return (end < 0 ? path : path.slice(0, end)) || '/'
}

/** The query of a raw request target. */
export function rawQueryOf(target: string): URLSearchParams {
  const start = target.indexOf('?')
  return new URLSearchParams(start < 0 ? '' : target.slice(start + 1))
}

/** A path segment without its percent-encoding. @throws HttpError `invalidRequest` unless it is UTF-8 */
export function decodedSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new HttpError(
      'invalidRequest',
      `expected a path in percent-encoded UTF-8, got ${segment.slice(0, 100)}; encode it with encodeURIComponent`,
    )
  }
}
