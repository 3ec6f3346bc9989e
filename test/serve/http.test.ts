/** HTTP itself: targets as they were sent, bodies that are stored exactly or refused, and every answer that the OpenAPI document promises. */
import { request } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { StandbyError, type StandbyErrorCode } from '../../actors/errors.ts'
import type { Json } from '../../machines/application/application.ts'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import { type Gateway, gatewayRoutes } from '../../runtime/serve/http/gateway-routes.ts'
import { type HttpServer, startHttpServer } from '../../runtime/serve/http/http-server.ts'
import { isExact, jsonTextFault } from '../../runtime/serve/http/json-text.ts'
import { monitoringRoutes } from '../../runtime/serve/http/monitoring-routes.ts'
import { failures, HttpError } from '../../runtime/serve/http/problem.ts'
import { failuresOf, type Route } from '../../runtime/serve/http/route.ts'
import { createMetrics } from '../../runtime/serve/metrics/metrics.ts'

const token = 'a-token-of-many-letters'
const origin = 'https://app.example'
const servers: HttpServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close(0)
})

/** A gateway to a store in this process, whose next operation can be made to fail. */
async function serve(options: { readonly token?: string | null } = {}) {
  const logged: unknown[] = []
  let state: unknown = keyValueStore.initialState
  let [fault, isDraining, isReady, mayOpen]: [unknown, boolean, boolean, boolean] = [null, false, true, true]
  const execute = async (command: Json): Promise<Json> => {
    if (fault !== null) throw fault
    const [next, value] = keyValueStore.execute(state as never, command as never)
    state = next
    return value
  }
  const gateway = {
    application: keyValueStore,
    client: { execute } as unknown as Gateway['client'],
    sessions: {
      open: async () => {
        if (fault !== null) throw fault
        return 'session'
      },
      execute: (_session: string, _sequence: number, command: Json) => execute(command),
    },
    isDraining: () => isDraining,
    mayOpen: () => mayOpen,
  }
  const metrics = createMetrics()
  const status = () => {
    if (fault !== null) throw fault
    return { ready: isReady, verdict: null } as never
  }
  const monitoring = monitoringRoutes(
    { status },
    {
      ...metrics,
      read() {
        status()
        return metrics.read()
      },
    },
  )
  const routes = [...gatewayRoutes(gateway, metrics, monitoring), ...monitoring]
  const server = await startHttpServer({
    address: { host: '127.0.0.1', port: 0 },
    routes,
    token: options.token ?? null,
    origins: [origin],
    bodies: { bytesMax: 10_000, totalBytesMax: 15_000, depthMax: 200, valuesMax: 5000 },
    log: { write: (...line) => void logged.push(line) },
  })
  servers.push(server)
  const [host, port] = server.address.split(':')
  /** A request with its target as it is, which `fetch` would normalise. */
  const ask = (method: string, path: string, given: Ask = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { body, headers = {} } = given
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
      const sent = request({ host, port, method, path, headers: { ...length, ...headers } }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          const isJson = /json/.test(response.headers['content-type'] ?? '')
          resolve({
            status: response.statusCode!,
            headers: response.headers as Answer['headers'],
            body: text === '' || !isJson ? text : JSON.parse(text),
          })
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
  return {
    ask,
    routes,
    logged,
    address: server.address,
    fail: (next: unknown) => {
      fault = next
    },
    leave: () => {
      isDraining = true
    },
    unready: () => {
      isReady = false
    },
    closeToOpening: () => {
      mayOpen = false
    },
  }
}

interface Ask {
  readonly body?: string | Buffer
  readonly headers?: Record<string, string>
}
interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  // biome-ignore lint/suspicious/noExplicitAny: an answer of any type
  readonly body: any
}

describe('a key is what the target says', () => {
  test.each([
    ['.', '.'],
    ['%2e', '.'],
    ['..', '..'],
    ['%2E%2e', '..'],
    ['', ''],
    ['a%2Fb', 'a/b'],
    ['%252e', '%2e'],
    ['a+b', 'a+b'],
    ['%00', '\0'],
    ['__proto__', '__proto__'],
    ['%F0%9F%98%80', '😀'],
  ])('%s is the key %j', async (segment, key) => {
    const { ask } = await serve()
    await ask('PUT', `/v1/keys/${segment}`, { body: JSON.stringify(`under ${key}`) })
    const command = JSON.stringify({ op: 'get', key })

    expect((await ask('POST', '/v1/commands', { body: command })).body).toEqual({ result: `under ${key}` })
    expect((await ask('GET', `/v1/keys/${segment}`)).body).toEqual({ result: `under ${key}` })
  })

  test.each(['/v1/keys/a/../b', '/v1/keys/a/./append', '//v1/keys/a', '/v1/../v1/keys/a', '/v1/keys'])(
    '%s is no route',
    async (path) => {
      const { ask } = await serve()

      expect(await ask('GET', path)).toMatchObject({ status: 404, body: { code: 'notFound' } })
    },
  )

  test('with other bytes than UTF-8 is refused', async () => {
    const { ask } = await serve()

    expect(await ask('GET', '/v1/keys/%ff')).toMatchObject({ status: 400, body: { code: 'invalidRequest' } })
  })

  test('that is absent is 404 with a code, and a stored null is not', async () => {
    const { ask } = await serve()
    const absent = await ask('GET', '/v1/keys/a')
    await ask('PUT', '/v1/keys/a', { body: 'null' })

    expect(absent).toMatchObject({ status: 404, body: { code: 'keyNotFound', mayHaveExecuted: false } })
    expect(absent.headers['content-type']).toBe('application/problem+json')
    expect(await ask('GET', '/v1/keys/a')).toMatchObject({ status: 200, body: { result: null } })
  })
})

describe('a body is stored exactly or refused', () => {
  test.each([
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'invalidRequest'],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'invalidRequest'],
    ['an integer beyond a double', '12345678901234567890', 'inexactNumber'],
    ['one among others', '{"a":[1,2,{"b":9007199254740993}]}', 'inexactNumber'],
    ['a number that is too large', '1e400', 'inexactNumber'],
    ['a number that is too small', '[-1e-400]', 'inexactNumber'],
    ['too many digits', '0.1000000000000000055511151231257827', 'inexactNumber'],
    ['no JSON', '{a:1}', 'invalidRequest'],
    ['nothing', '', 'invalidRequest'],
    ['depth', '['.repeat(9000), 'invalidRequest'],
  ])('%s', async (_, body, code) => {
    const { ask } = await serve()

    expect(await ask('PUT', '/v1/keys/a', { body })).toMatchObject({ status: 400, body: { code } })
    expect((await ask('GET', '/v1/keys/a')).status).toBe(404)
  })

  test.each([
    '0.1',
    '1.50',
    '1e3',

    '9007199254740992',
    '5e-324',
    '1.7976931348623157e308',
    '"1e400"',
  ])('%s is kept', async (body) => {
    const { ask } = await serve()

    expect((await ask('PUT', '/v1/keys/a', { body })).status).toBe(200)
    expect((await ask('GET', '/v1/keys/a')).body.result).toEqual(JSON.parse(body))
  })

  test('an exact number is one whose text and JSON.stringify agree in value', () => {
    for (let i = 0; i < 2000; i++) {
      const value = (Math.random() - 0.5) * 10 ** Math.floor(Math.random() * 600 - 300)
      expect(isExact(JSON.stringify(value)), String(value)).toBe(true)
      expect(isExact(`${BigInt(Math.floor(value % 1000)) ** 2n * 4096n + 2n ** 64n + 1n}`)).toBe(false)
    }
  })

  test('what is wrong is known before the text is parsed, in one pass', () => {
    const bytes = (text: string) => new TextEncoder().encode(text)
    const limits = { depthMax: 3, valuesMax: 10 }

    expect(jsonTextFault(bytes('[[[]]]'), limits)).toBe(null)
    expect(jsonTextFault(bytes('[[],[],[],[],[],[],[],[],[]]'), limits)).toBe(null)
    expect(jsonTextFault(bytes('[[[['), limits)).toEqual({ kind: 'tooDeep' })
    expect(jsonTextFault(bytes('"[[[[\\"[[1e999"'), limits)).toBe(null)
    expect(jsonTextFault(bytes('[1,1,1,1,1,1,1,1,1,1,1]'), limits)).toEqual({ kind: 'tooManyValues' })
  })
})

test('methods: HEAD is GET without a body, others are refused with Allow', async () => {
  const { ask } = await serve()
  await ask('PUT', '/v1/keys/a', { body: '1' })
  const head = await ask('HEAD', '/v1/keys/a')

  expect(head).toMatchObject({ status: 200, body: '' })
  expect((await ask('HEAD', '/v1/keys/none')).status).toBe(404)
  expect((await ask('PATCH', '/v1/keys/a')).headers.allow).toBe('GET, PUT, DELETE, HEAD')
  expect((await ask('OPTIONS', '/v1/sessions')).headers.allow).toBe('POST')
})

test('errors can be read by the pages that may ask, and by no others', async () => {
  const { ask, fail } = await serve()
  const headers = { origin }
  const statuses: number[] = []
  for (const [method, path, body] of [
    ['GET', '/v1/keys/none'],
    ['GET', '/nowhere'],
    ['PATCH', '/v1/keys/a'],
    ['PUT', '/v1/keys/a', '1e400'],
    ['PUT', '/v1/keys/a', 'x'.repeat(20_000)],
    ['GET', '/v1/keys/a?timeoutMs=0'],
  ] as const) {
    const answer = await ask(method, path, { headers, ...(body === undefined ? {} : { body }) })
    statuses.push(answer.status)
    expect(answer.headers['access-control-allow-origin']).toBe(origin)
  }
  fail(new Error('inside'))
  const broken = await ask('GET', '/v1/keys/a', { headers })
  const stranger = await ask('GET', '/v1/keys/a', { headers: { origin: 'https://evil.example' } })

  expect(statuses).toEqual([404, 404, 405, 400, 413, 400])
  expect([broken.status, broken.headers['access-control-allow-origin']]).toEqual([500, origin])
  expect([stranger.status, stranger.headers['access-control-allow-origin']]).toEqual([403, undefined])
})

test('a preflight of a page that may ask is answered', async () => {
  const { ask } = await serve({ token })
  const asks = { origin, 'access-control-request-method': 'PUT' }
  const { status, headers } = await ask('OPTIONS', '/v1/keys/a', { headers: asks })

  expect(status).toBe(204)
  expect(headers['access-control-allow-methods']).toContain('PUT')
  expect(headers['access-control-allow-headers']).toContain('standby-session')
})

test('a request that fails inside is 500, and its cause is in the log', async () => {
  const { ask, fail, logged } = await serve()
  fail(new Error('the disk of the gateway'))

  expect(await ask('GET', '/v1/keys/secret-key')).toMatchObject({
    status: 500,
    body: { code: 'internal', mayHaveExecuted: true },
  })
  expect(JSON.stringify(logged)).toContain('the disk of the gateway')
  expect(JSON.stringify(logged)).not.toContain('secret-key')
})

test('bodies under way are bounded together; past it there is 503 and Retry-After', async () => {
  const { ask, address } = await serve()
  const [host, port] = address.split(':')
  const headers = { 'content-length': '9000' }
  const first = request({ host, port, method: 'PUT', path: '/v1/keys/a', headers })
  const answered = new Promise<number>((resolve) =>
    first.on('response', (response) => resolve(response.resume().statusCode!)),
  )
  first.write('"')
  await expect
    .poll(async () => (await ask('PUT', '/v1/keys/b', { body: JSON.stringify('x'.repeat(8000)) })).status)
    .toBe(503)
  const refused = await ask('PUT', '/v1/keys/b', { body: JSON.stringify('x'.repeat(8000)) })
  first.end(`${'x'.repeat(8998)}"`)

  expect(refused).toMatchObject({ status: 503, body: { code: 'overloaded', mayHaveExecuted: false } })
  expect(refused.headers['retry-after']).toBe('1')
  expect(await answered).toBe(200)
  await expect
    .poll(async () => (await ask('PUT', '/v1/keys/b', { body: JSON.stringify('x'.repeat(8000)) })).status)
    .toBe(200)
})

test('a caller that sends far too much sees the refusal', async () => {
  const { address } = await serve()
  const body = '['.repeat(15 * 1024 * 1024)
  const answer = await fetch(`http://${address}/v1/keys/a`, { method: 'PUT', body })

  expect(answer.status).toBe(413)
  expect(await answer.json()).toMatchObject({ code: 'tooLarge', mayHaveExecuted: false })
})

test('a body that says that it is compressed is refused, not stored as it is', async () => {
  const { ask } = await serve()

  const answer = await ask('PUT', '/v1/keys/a', { body: '1', headers: { 'content-encoding': 'gzip' } })

  expect(answer).toMatchObject({
    status: 400,
    body: { code: 'invalidRequest', detail: expect.stringContaining('Content-Encoding') },
  })
})

describe('a body whose length is not said', () => {
  /** Sends parts of a body, and ends or breaks off. */
  const inParts = (address: string, parts: readonly string[], isWhole = true): Promise<number | string> =>
    new Promise((resolve) => {
      const sent = request(`http://${address}/v1/keys/a`, { method: 'PUT' }, (response) => {
        response.resume()
        resolve(response.statusCode!)
      })
      sent.on('error', ({ message }) => resolve(message))
      for (const part of parts) sent.write(part)
      if (isWhole) sent.end()
      else setTimeout(() => sent.destroy(), 50)
    })

  test('is taken like any other', async () => {
    const { address, ask } = await serve()

    expect(await inParts(address, ['{"a"', ':[1,', '2]}'])).toBe(200)
    expect((await ask('GET', '/v1/keys/a')).body).toEqual({ result: { a: [1, 2] } })
  })

  test('is refused when it turns out to be too large', async () => {
    const { address, logged } = await serve()

    expect(await inParts(address, ['"', ...Array.from({ length: 20 }, () => 'x'.repeat(1000)), '"'])).toBe(
      413,
    )
    expect(logged).toEqual([])
  })

  test('and never ends is no fault of this program, and not in its log', async () => {
    const { address, ask, logged } = await serve()

    await inParts(address, ['"xxx'], false)

    expect((await ask('GET', '/v1/keys/a')).status).toBe(404)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(logged).toEqual([])
  })
})

test('unknown parameters and fields are refused', async () => {
  const { ask } = await serve()

  expect((await ask('GET', '/v1/keys/a?timeout=5')).body.detail).toContain('timeoutMs')
  expect((await ask('POST', '/v1/keys/a/append', { body: '{"value":"x","more":1}' })).status).toBe(400)
})

describe('every answer of the OpenAPI document is sent', () => {
  /** How an answer of this code is brought about, of any route that may give it. */
  const ways: Record<string, (system: System, route: Route) => Promise<Answer>> = {
    invalidRequest: (system, route) => {
      if (route.query !== undefined) return send(system, route, { query: '?timeoutMs=0' })
      return send(system, route, { path: '/%ff' })
    },
    invalidCommand: async (system, route) => {
      if (route.path === '/v1/commands') return send(system, route, { body: '{"op":"none"}' })
      return failing(system, route, 'invalidCommand')
    },
    inexactNumber: (system, route) => send(system, route, { body: '{"value":1e999}' }),
    unauthorized: (system, route) => send(system, route, { headers: { authorization: 'Bearer wrong' } }),
    forbidden: (system, route) => send(system, route, { headers: { origin: 'https://evil.example' } }),
    wrongMethod: (system, route) => send(system, route, { method: 'PATCH' }),
    tooLarge: (system, route) => send(system, route, { body: JSON.stringify('x'.repeat(20_000)) }),
    keyNotFound: (system, route) => send(system, route),
    tooManySessions: (system, route) => {
      system.closeToOpening()
      return send(system, route)
    },
    stopped: (system, route) => {
      system.leave()
      return send(system, route)
    },
    internal: (system, route) => {
      system.fail(new TypeError('a fault of the gateway'))
      return send(system, route)
    },
  }
  type System = Awaited<ReturnType<typeof serve>>
  const bodies: Record<string, string> = {
    append: '{"value":"x"}',
    compareAndSet: '{"expected":null,"value":1}',
    execute: '{"op":"get","key":"a"}',
  }
  const send = (
    { ask }: System,
    route: Route,
    given: Ask & Partial<{ method: string; query: string; path: string }> = {},
  ) =>
    ask(
      given.method ?? route.method,
      `${route.path.replace(':key', 'a')}${given.path ?? ''}${given.query ?? ''}`,
      {
        ...(route.body && { body: given.body ?? bodies[route.id] ?? '1' }),
        headers: { authorization: `Bearer ${token}`, ...given.headers },
      },
    )
  const failing = (system: System, route: Route, code: string) => {
    const isOurs = code === 'staleSequence' || code === 'sessionExpired'
    system.fail(
      isOurs
        ? new HttpError(code as 'staleSequence', code)
        : new StandbyError(code as StandbyErrorCode, code, { mayHaveExecuted: true }),
    )
    return send(system, route)
  }

  test('of each operation', async () => {
    const { routes, ask } = await serve({ token })
    const { body: document } = await ask('GET', '/openapi.json')
    const seen: string[] = []
    for (const route of routes) {
      const path = route.path.replace(':key', '{key}')
      const { responses } = document.paths[path][route.method.toLowerCase()]
      for (const status of Object.keys(route.answers)) expect(Object.keys(responses)).toContain(status)
      for (const code of failuresOf(route)) {
        const system = await serve({ token })
        const { status } = failures[code]
        // `/openapi.json` and the probe of life hold nothing that could fail.
        if (code === 'internal' && ['openApi', 'isAlive'].includes(route.id)) continue
        const answer = await (ways[code]?.(system, route) ?? failing(system, route, code))

        expect([route.id, code, answer.status]).toEqual([route.id, code, status])
        expect(answer.body).toMatchObject({
          code,
          status,
          title: expect.any(String),
          detail: expect.any(String),
        })
        expect(answer.headers['content-type']).toBe('application/problem+json')
        const documented =
          responses[status].content['application/problem+json'].schema.allOf[1].properties.code.enum
        expect(documented).toContain(code)
        seen.push(`${route.id} ${status}`)
        await servers.pop()!.close(0)
      }
    }

    expect(new Set(seen).size).toBeGreaterThan(60)
  }, 60_000)

  /** Whether an operation answers with the status that is documented for success. */
  const sends = async (system: System, id: string): Promise<boolean> => {
    const route = system.routes.find((one) => one.id === id)!
    return (await send(system, route)).status === Number(Object.keys(route.answers)[0])
  }

  test('and those that are no errors', async () => {
    const system = await serve({ token })
    const { append } = bodies
    const authorization = `Bearer ${token}`
    await system.ask('POST', '/v1/keys/a/append', { body: append!, headers: { authorization } })
    for (const id of ['append', 'get', 'put', 'compareAndSet', 'delete', 'execute', 'openSession'])
      expect(await sends(system, id)).toBe(true)
    for (const id of ['isAlive', 'isReady', 'status', 'metrics', 'openApi'])
      expect(await sends(system, id)).toBe(true)
    system.unready()
    expect((await system.ask('GET', '/readyz')).status).toBe(503)
  })
})
