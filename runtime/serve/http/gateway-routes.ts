/** An application over HTTP: its commands, and for the key-value store a route for each, with a session and a sequence number where a retry must be safe. */
import { StandbyError, type StandbyErrorCode } from '../../../actors/errors.ts'
import type { Json } from '../../../machines/application/application.ts'
import { type KeyValueCommand, keyValueStore } from '../../../machines/application/key-value-store.ts'
import type { GatewayProcess } from '../gateway-process.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { HttpError, type HttpReply, type HttpRequest, type HttpRoute } from './http-server.ts'
import { openApiOf } from './openapi.ts'

const timeoutDefaultMs = 10_000
const timeoutMaxMs = 60_000

/** What an error's code is in HTTP. */
const statuses: Readonly<Record<StandbyErrorCode, number>> = {
  timedOut: 504,
  aborted: 499,
  stopped: 503,
  overloaded: 503,
  sessionExpired: 410,
  sequenceReused: 409,
  replicaDiverged: 500,
  applicationError: 422,
  invalidCommand: 400,
  tooLarge: 413,
  invalidOption: 400,
  duplicateNode: 500,
  unknownNode: 500,
  invalidStore: 500,
}

/** The routes of a gateway. */
export function gatewayRoutes(gateway: GatewayProcess, metrics: Metrics): readonly HttpRoute[] {
  const { application } = gateway
  /** Executes a command as its headers say, and counts how it ended. */
  const run: Run = async (request, command) => {
    const wrong = application.validate?.(command) ?? null
    if (wrong !== null) throw new HttpError(400, 'invalidCommand', wrong)
    const begun = performance.now()
    let code = 'ok'
    try {
      const result = await execute(gateway, request, command)
      return { status: 200, body: { result } }
    } catch (error) {
      const known = httpError(error)
      code = known instanceof HttpError ? known.code : 'internal'
      throw known
    } finally {
      // The names of somebody else's commands are nobody's business here, and may be many.
      const op = application === keyValueStore ? (command as KeyValueCommand).op : 'command'
      metrics.operation(op, code, (performance.now() - begun) / 1000)
    }
  }
  return [
    ...(application === keyValueStore ? keyRoutes(run) : []),
    {
      method: 'POST',
      path: '/v1/commands',
      async handle(request) {
        const command = await request.json()
        if (command !== undefined) return run(request, command as Json)
        throw new HttpError(400, 'invalidRequest', 'expected a command as JSON in the body, got none')
      },
    },
    {
      method: 'POST',
      path: '/v1/sessions',
      async handle(request) {
        try {
          return { status: 201, body: { session: await gateway.sessions.open(timeoutOf(request)) } }
        } catch (error) {
          throw httpError(error)
        }
      },
    },
    {
      method: 'GET',
      path: '/openapi.json',
      open: true,
      handle: () => ({ status: 200, body: openApiOf(application) }),
    },
  ]
}

type Run = (request: HttpRequest, command: Json) => Promise<HttpReply>

function keyRoutes(run: Run): readonly HttpRoute[] {
  const key = (request: HttpRequest) => request.params.key!

  return [
    {
      method: 'GET',
      path: '/v1/keys/:key',
      handle: (request) => run(request, { op: 'get', key: key(request) }),
    },
    {
      method: 'PUT',
      path: '/v1/keys/:key',
      handle: async (request) =>
        run(request, { op: 'put', key: key(request), value: (await request.json()) as Json }),
    },
    {
      method: 'DELETE',
      path: '/v1/keys/:key',
      handle: (request) => run(request, { op: 'delete', key: key(request) }),
    },
    {
      method: 'POST',
      path: '/v1/keys/:key/append',
      async handle(request) {
        const { value } = await objectIn(request, ['value'])
        return run(request, { op: 'append', key: key(request), value: value as string })
      },
    },
    {
      method: 'POST',
      path: '/v1/keys/:key/compare-and-set',
      async handle(request) {
        const { expected, value } = await objectIn(request, ['expected', 'value'])
        return run(request, { op: 'compareAndSet', key: key(request), expected: expected!, value: value! })
      },
    },
  ]
}

function execute(gateway: GatewayProcess, request: HttpRequest, command: Json): Promise<Json> {
  if (gateway.status().draining)
    throw new HttpError(503, 'stopped', 'this gateway is about to leave; ask another one')
  const { 'standby-session': session, 'standby-sequence': sequence } = request.headers
  const timeoutMs = timeoutOf(request)
  if (session === undefined && sequence === undefined)
    return gateway.client.execute(command, { timeoutMs, signal: request.signal })
  if (typeof session !== 'string' || typeof sequence !== 'string') {
    const what = 'expected both Standby-Session and Standby-Sequence, got one of them; give both or neither'
    throw new HttpError(400, 'invalidRequest', what)
  }
  const number = /^\d+$/.test(sequence) ? Number(sequence) : Number.NaN
  return gateway.sessions.execute(session, number, command, timeoutMs)
}

function timeoutOf({ query }: HttpRequest): number {
  const text = query.get('timeoutMs')
  if (text === null) return timeoutDefaultMs
  const timeoutMs = Number(text)
  if (/^\d+$/.test(text) && timeoutMs >= 1 && timeoutMs <= timeoutMaxMs) return timeoutMs
  throw new HttpError(
    400,
    'invalidRequest',
    `timeoutMs: expected milliseconds from 1 to ${timeoutMaxMs}, got ${text}`,
  )
}

async function objectIn<Key extends string>(
  request: HttpRequest,
  keys: readonly Key[],
): Promise<{ readonly [K in Key]?: Json }> {
  const body = await request.json()
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body
  const fields = keys.map((key) => `"${key}": ...`).join(', ')
  throw new HttpError(400, 'invalidRequest', `expected a body such as {${fields}}`)
}

/** The library's error as one of HTTP; a stranger's stays what it is. */
function httpError(error: unknown): unknown {
  if (!(error instanceof StandbyError)) return error
  return new HttpError(statuses[error.code], error.code, error.message, error.mayHaveExecuted)
}
