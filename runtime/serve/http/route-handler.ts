/** A route as a handler of Hono: checks what a request brings, hands it on, and writes the answer. */
import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import type { Context } from 'hono'
import * as v from 'valibot'
import type { ProcessLog } from '../log.ts'
import { type BodyLimits, jsonBody } from './json-body.ts'
import { HttpError } from './problem.ts'
import { decodedSegment, type HttpEnv, rawPathOf, rawQueryOf } from './request-target.ts'
import type { Fields, Route, RouteReply } from './route.ts'

type Log = Pick<ProcessLog, 'write'>

/** @throws HttpError for a request that the route cannot take */
export function handlerOf(route: Route, bodies: BodyLimits, log: Log) {
  return async (context: Context<HttpEnv>): Promise<Response> => {
    const { incoming } = context.env
    const target = incoming.url ?? '/'
    const params = paramsOf(route.path, rawPathOf(target))
    const query = route.query === undefined ? {} : queryOf(rawQueryOf(target), route.query)
    const fields = fieldsOf(incoming.headers, route.headers ?? {})
    const body = route.body === undefined ? undefined : await bodyOf(context, route.body.schema, bodies)
    const { headers, socket } = incoming
    const caller = socket.remoteAddress ?? ''
    const { signal } = context.req.raw
    const reply = await route.handle({ params, query, fields, body, headers, caller, signal })
    return responseOf(reply, route, log)
  }
}

function paramsOf(path: string, rawPath: string): Readonly<Record<string, string>> {
  const given = rawPath.split('/')
  const params: Record<string, string> = {}
  for (const [index, part] of path.split('/').entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = decodedSegment(given[index] ?? '')
  }
  return params
}

function queryOf(given: URLSearchParams, fields: Fields): Record<string, unknown> {
  const names = Object.keys(fields)
  for (const name of given.keys()) {
    if (names.includes(name)) continue
    throw new HttpError(
      'invalidRequest',
      `query: expected ${names.join(', ') || 'nothing'}, got ${name.slice(0, 50)}`,
    )
  }
  return checkedFields(fields, (name) => given.get(name) ?? undefined)
}

function fieldsOf(headers: IncomingHttpHeaders, fields: Fields): Record<string, unknown> {
  return checkedFields(fields, (name) => headers[name] as string | undefined)
}

/** Absent parameters are left to the handler. */
function checkedFields(fields: Fields, read: (name: string) => string | undefined): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [name, { schema, isNumber }] of Object.entries(fields)) {
    const text = read(name)
    if (text === undefined) continue
    const value = isNumber ? numberIn(text) : text
    const { success, output, issues } = v.safeParse(schema, value)
    if (!success)
      throw new HttpError('invalidRequest', `${name}: ${issues[0].message}, got ${text.slice(0, 50)}`)
    values[name] = output
  }
  return values
}

function numberIn(text: string): number {
  return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
}

async function bodyOf(
  context: Context<HttpEnv>,
  schema: v.GenericSchema,
  bodies: BodyLimits,
): Promise<unknown> {
  const given = await jsonBody(context, bodies)
  const { success, output, issues } = v.safeParse(schema, given, { abortEarly: true })
  if (success) return output
  const [issue] = issues
  const place = v.getDotPath(issue)
  throw new HttpError('invalidRequest', `body${place === null ? '' : ` at ${place}`}: ${issue.message}`)
}

function responseOf(reply: RouteReply, { path }: Route, log: Log): Response {
  const { status, body, text, lines, headers = {} } = reply
  const own = { 'content-type': 'application/json', ...headers }
  if (lines !== undefined) {
    // A caller who hangs up gets no more; a source that fails cuts the answer, whose end is then missing.
    const stream = Readable.toWeb(Readable.from(logged(lines, path, log)).on('error', () => {}))
    return new Response(stream as ReadableStream, { status, headers: own })
  }
  return new Response(text ?? `${JSON.stringify(body)}\n`, { status, headers: own })
}

async function* logged(lines: AsyncIterable<string>, route: string, log: Log): AsyncGenerator<string> {
  try {
    yield* lines
  } catch (error) {
    log.write('error', 'an HTTP answer was cut short', {
      route,
      cause: String((error as Error).stack ?? error),
    })
    throw error
  }
}
