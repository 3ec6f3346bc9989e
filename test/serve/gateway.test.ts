/** The gateway over HTTP: what it answers, what it refuses, and that asking again is safe, at this gateway, at another, after a restart. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ClientCore, KeyValueClient } from '../../actors/client.ts'
import type { Cluster } from '../../actors/cluster.ts'
import { createCluster } from '../../actors/cluster.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { checkedConfig, type ProcessConfig } from '../../runtime/serve/config/config.ts'
import { type GatewayProcess, startGatewayProcess } from '../../runtime/serve/gateway-process.ts'
import { bodyLimitsOf } from '../../runtime/serve/http/body-limits.ts'
import { type HttpServer, startHttpServer } from '../../runtime/serve/http/http-server.ts'
import { createProcessLog } from '../../runtime/serve/log.ts'
import { createMetrics, type Metrics } from '../../runtime/serve/metrics/metrics.ts'
import { createStaleReplies } from '../../runtime/serve/stale-replies.ts'
import { tapped } from '../../runtime/serve/tapped-transport.ts'
import { type FaultyTransport, withFaults } from '../../runtime/transport/faults.ts'
import { createMemoryTransport } from '../../runtime/transport/memory.ts'

const clock = schedulerClock()
/** Sessions that the servers remember. */
const sessionsMax = 20
let transport: FaultyTransport
let cluster: Cluster<KeyValueClient & ClientCore>
const ends: (() => Promise<void>)[] = []

beforeEach(async () => {
  transport = withFaults(createMemoryTransport(), { clock, random: () => 0 })
  // As the process of a server does.
  const staleReplies = createStaleReplies(
    (id) => cluster.servers.find(({ node }) => node?.id === id)?.node?.actor ?? null,
    (envelope) => transport.send(envelope),
  )
  cluster = createCluster({ transport: tapped(transport, staleReplies), clock, limits: { sessionsMax } })
  await cluster.redundant()
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await cluster.stop()
})

interface Gateway {
  readonly url: string
  readonly node: GatewayProcess
  readonly metrics: Metrics
  /** Status and body of a request; a body goes as JSON. */
  ask(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<[number, unknown]>
  stop(): Promise<void>
}

async function startGateway(given: Record<string, unknown> = {}): Promise<Gateway> {
  const config: ProcessConfig = checkedConfig('client-gateway', {
    peers: { 'view-service': '127.0.0.1:1' },
    http: '127.0.0.1:0',
    ...given,
  })
  const metrics = createMetrics()
  const log = createProcessLog({
    level: 'error',
    format: 'text',
    node: 'gateway',
    line: () => {},
    now: () => 0,
  })
  const node = startGatewayProcess(config, { transport, clock, log, metrics, onFailure: () => {} })
  const http: HttpServer = await startHttpServer({
    address: config.http!,
    routes: node.routes(),
    token: config.httpToken,
    origins: config.origins,
    bodies: bodyLimitsOf({ ...config.limits, commandBytesMax: 10_000 }),
    log,
  })
  const url = `http://${http.address}`
  const stop = async () => {
    await node.stop()
    await http.close(100)
  }
  ends.push(stop)
  return {
    url,
    node,
    metrics,
    stop,
    async ask(method, path, body, headers = {}) {
      const response = await fetch(url + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return [response.status, text === '' ? null : JSON.parse(text)]
    },
  }
}

const result = (value: unknown) => [200, { result: value }]
const failure = (status: number, code: string) => [
  status,
  {
    title: expect.any(String),
    status,
    detail: expect.any(String),
    code,
    mayHaveExecuted: expect.any(Boolean),
  },
]
/** Pushes every session out of the table of the servers, which holds few. */
const pushOut = async (of: typeof cluster) => {
  for (let i = 0; i < sessionsMax; i++) await of.client().put('other', i)
}
const openSession = async ({ ask }: Gateway) =>
  ((await ask('POST', '/v1/sessions')) as [number, { session: string }])[1].session
const numbered = (session: string, sequence: number | string) => ({
  'standby-session': session,
  'standby-sequence': String(sequence),
})

describe('operations', () => {
  test('each command is a route', async () => {
    const { ask } = await startGateway()

    expect(await ask('GET', '/v1/keys/a')).toEqual(failure(404, 'keyNotFound'))
    expect(await ask('PUT', '/v1/keys/a', { n: [1, null] })).toEqual(result(null))
    expect(await ask('GET', '/v1/keys/a')).toEqual(result({ n: [1, null] }))
    expect(await ask('POST', '/v1/keys/b/append', { value: 'xy' })).toEqual(result(2))
    expect(await ask('POST', '/v1/keys/b/compare-and-set', { expected: 'xy', value: 'z' })).toEqual(
      result(true),
    )
    expect(await ask('DELETE', '/v1/keys/b')).toEqual(result(true))
    expect(await ask('DELETE', '/v1/keys/b')).toEqual(result(false))
    expect(await ask('POST', '/v1/commands', { op: 'append', key: 'c', value: 'z' })).toEqual(result(1))
  })

  test('a key is any text', async () => {
    const { ask } = await startGateway()
    for (const key of ['a/b', '__proto__', 'ü 😀', '%', '.', '']) {
      const path = `/v1/keys/${key === '.' ? '%2E%20' : encodeURIComponent(key)}`
      await ask('PUT', path, key)

      expect(await ask('GET', path)).toEqual(result(key))
    }
  })

  test.each([
    ['PUT', '/v1/keys/a', undefined, 400, 'invalidRequest'],
    ['POST', '/v1/keys/a/append', { value: 7 }, 400, 'invalidRequest'],
    ['POST', '/v1/keys/a/append', [], 400, 'invalidRequest'],
    ['POST', '/v1/keys/a/compare-and-set', { value: 7 }, 400, 'invalidRequest'],
    ['PUT', '/v1/keys/a', 'x'.repeat(20_000), 413, 'tooLarge'],
    ['POST', '/v1/commands', undefined, 400, 'invalidRequest'],
    ['POST', '/v1/commands', { op: 'none' }, 400, 'invalidCommand'],
    ['GET', '/v1/keys/%ff', undefined, 400, 'invalidRequest'],
    ['GET', '/v1/keys/a?timeoutMs=0', undefined, 400, 'invalidRequest'],
    ['GET', '/v1/nothing', undefined, 404, 'notFound'],
    ['DELETE', '/v1/sessions', undefined, 405, 'wrongMethod'],
  ])('%s %s with %j is refused', async (method, path, body, status, code) => {
    const { ask } = await startGateway()

    expect(await ask(method, path, body)).toEqual(failure(status, code))
  })

  test('the error of a command is its result', async () => {
    const { ask } = await startGateway()
    await ask('PUT', '/v1/keys/a', 5)

    expect(await ask('POST', '/v1/keys/a/append', { value: 'x' })).toEqual(failure(422, 'applicationError'))
  })

  test('without a primary that answers, it says so in time', async () => {
    const { ask } = await startGateway()
    for (const server of cluster.servers) server.crash()

    expect(await ask('PUT', '/v1/keys/a?timeoutMs=100', 1)).toEqual(failure(504, 'timedOut'))
  })
})

describe('S9 operations of a session', () => {
  test('asked for twice, take effect once, and are answered alike', async () => {
    const gateway = await startGateway()
    const session = await openSession(gateway)
    const append = (sequence: number) =>
      gateway.ask('POST', '/v1/keys/a/append', { value: 'x' }, numbered(session, sequence))

    expect(await Promise.all([append(1), append(1)])).toEqual([result(1), result(1)])
    expect(await append(2)).toEqual(result(2))
    expect(await append(2)).toEqual(result(2))
    expect(await gateway.ask('GET', '/v1/keys/a')).toEqual(result('xx'))
  })

  test('are safe to repeat at another gateway, and after a restart', async () => {
    const first = await startGateway()
    const session = await openSession(first)
    const append = (gateway: Gateway, sequence: number) =>
      gateway.ask('POST', '/v1/keys/a/append', { value: 'x' }, numbered(session, sequence))
    await append(first, 1)
    await append(first, 2)
    await first.stop()
    const second = await startGateway()

    expect(await append(second, 2)).toEqual(result(2))
    expect(await append(second, 3)).toEqual(result(3))
    expect(await second.ask('GET', '/v1/keys/a')).toEqual(result('xxx'))
  })

  test('are safe to repeat after no answer came in time, across a failover', async () => {
    const gateway = await startGateway()
    const session = await openSession(gateway)
    const append = (timeoutMs: number) =>
      gateway.ask('POST', `/v1/keys/a/append?timeoutMs=${timeoutMs}`, { value: 'x' }, numbered(session, 1))
    transport.faults.set({ drop: 1 }, { type: 'reply' })

    expect(await append(150)).toEqual(failure(504, 'timedOut'))
    transport.faults.clear()
    cluster.primary()!.crash()

    expect(await append(10_000)).toEqual(result(1))
    expect(await gateway.ask('GET', '/v1/keys/a')).toEqual(result('x'))
  })

  test('a number is for one operation, and an older one is gone', async () => {
    const gateway = await startGateway()
    const session = await openSession(gateway)
    const put = (sequence: number | string, value: number) =>
      gateway.ask('PUT', '/v1/keys/a', value, numbered(session, sequence))
    await put(5, 1)

    expect(await put(5, 2)).toEqual(failure(409, 'sequenceReused'))
    expect(await put(4, 2)).toEqual(failure(409, 'staleSequence'))
    for (const odd of [0, -1, 1.5, 'x', '1e3', 2 ** 53]) {
      expect(await put(odd, 2)).toEqual(failure(400, 'invalidRequest'))
    }
    expect(await gateway.ask('GET', '/v1/keys/a')).toEqual(result(1))
  })

  test('go to and fro between gateways, and are answered at once', async () => {
    const gateways = [await startGateway(), await startGateway()]
    const session = await openSession(gateways[0]!)
    for (let sequence = 1; sequence <= 20; sequence++) {
      const { ask } = gateways[sequence % 2]!
      const path = '/v1/keys/a/append?timeoutMs=1000'

      expect(await ask('POST', path, { value: 'x' }, numbered(session, sequence))).toEqual(result(sequence))
    }
  })

  test('give way to the next one when their caller has gone', async () => {
    const [first, second] = [await startGateway(), await startGateway()]
    const session = await openSession(first)
    transport.faults.set({ drop: 1 }, { type: 'request' })
    const gone = fetch(`${first.url}/v1/keys/a`, {
      method: 'PUT',
      body: '1',
      headers: numbered(session, 1),
      signal: AbortSignal.timeout(200),
    })
    await expect(gone).rejects.toThrow()
    transport.faults.clear()

    expect(await second.ask('PUT', '/v1/keys/a', 1, numbered(session, 1))).toEqual(result(null))
    expect(await first.ask('PUT', '/v1/keys/a', 2, numbered(session, 2))).toEqual(result(null))
    expect(await second.ask('PUT', '/v1/keys/a', 1, numbered(session, 1))).toEqual(
      failure(409, 'staleSequence'),
    )
  })

  test('of two at once the second waits for the first', async () => {
    const { ask, ...gateway } = await startGateway()
    const session = await openSession({ ask, ...gateway })
    const append = (sequence: number) =>
      ask('POST', '/v1/keys/a/append', { value: String(sequence) }, numbered(session, sequence))

    expect(await Promise.all([append(1), append(2), append(3)])).toEqual([result(1), result(2), result(3)])
    expect(await ask('GET', '/v1/keys/a')).toEqual(result('123'))
  })

  test('an older number is refused by a gateway that has never learned of it, too, as others are answered', async () => {
    const [first, second] = [await startGateway(), await startGateway()]
    const session = await openSession(first)
    for (const sequence of [1, 2, 3]) {
      await first.ask('PUT', '/v1/keys/a', sequence, numbered(session, sequence))
    }
    await first.stop()

    expect(await second.ask('PUT', '/v1/keys/a', 2, numbered(session, 2))).toEqual(
      failure(409, 'staleSequence'),
    )
    expect(await second.ask('PUT', '/v1/keys/a', 4, numbered(session, 4))).toEqual(result(null))
    expect(await second.ask('GET', '/v1/keys/a')).toEqual(result(4))
  })

  test('a number that another gateway has used for another operation is refused by the servers', async () => {
    const [first, second] = [await startGateway(), await startGateway()]
    const session = await openSession(first)
    await first.ask('PUT', '/v1/keys/a', 1, numbered(session, 1))
    await first.stop()

    expect(await second.ask('PUT', '/v1/keys/a', 2, numbered(session, 1))).toEqual(
      failure(409, 'sequenceReused'),
    )
  })

  test('S10 a session that the servers have forgotten, or never knew, is refused and executes nothing', async () => {
    const gateway = await startGateway()
    const session = await openSession(gateway)
    const strangers = [session.replace(/-\d+$/, '-999'), `${'0'.repeat(32)}-${session.split('-')[1]}`]
    for (const other of strangers) {
      expect(await gateway.ask('PUT', '/v1/keys/a', 1, numbered(other, 1))).toEqual(
        failure(410, 'sessionExpired'),
      )
    }
    expect(await gateway.ask('PUT', '/v1/keys/a', 1, numbered('guess', 1))).toEqual(
      failure(400, 'invalidRequest'),
    )
    expect(await gateway.ask('GET', '/v1/keys/a')).toEqual(failure(404, 'keyNotFound'))
  })

  test('S10 an expired session says that nothing was executed where that is certain', async () => {
    const [first, second] = [await startGateway(), await startGateway()]
    const session = await openSession(first)
    const put = (gateway: Gateway, sequence: number) =>
      gateway.ask('PUT', '/v1/keys/a', 1, numbered(session, sequence))
    await put(first, 1)
    await pushOut(cluster)

    // The second has not seen what was answered before: an earlier copy may have been executed.
    expect((await put(second, 2))[1]).toMatchObject({ code: 'sessionExpired', mayHaveExecuted: true })
    expect((await put(first, 2))[1]).toMatchObject({ code: 'sessionExpired', mayHaveExecuted: false })
    expect(await first.ask('GET', '/v1/keys/a')).toEqual(result(1))
  })

  test('a session without a number, or a number without a session, is refused', async () => {
    const { ask } = await startGateway()

    expect(await ask('GET', '/v1/keys/a', undefined, { 'standby-sequence': '1' })).toEqual(
      failure(400, 'invalidRequest'),
    )
  })
})

describe('safe by default', () => {
  test('a token, where there is one, is asked of everything but probes', async () => {
    const { ask } = await startGateway({ httpToken: 'correct horse battery' })
    const authorization = 'Bearer correct horse battery'

    expect(await ask('GET', '/v1/keys/a')).toEqual(failure(401, 'unauthorized'))
    expect(await ask('GET', '/status', undefined, { authorization: 'Bearer wrong' })).toEqual(
      failure(401, 'unauthorized'),
    )
    expect(await ask('GET', '/v1/keys/a', undefined, { authorization })).toEqual(failure(404, 'keyNotFound'))
    expect((await ask('GET', '/healthz'))[0]).toBe(200)
  })

  test('pages of other origins are refused, those of a given origin are not', async () => {
    const { ask } = await startGateway({ origins: ['https://app.example'] })

    expect(await ask('GET', '/v1/keys/a', undefined, { origin: 'https://evil.example' })).toEqual(
      failure(403, 'forbidden'),
    )
    expect(await ask('GET', '/v1/keys/a', undefined, { origin: 'https://app.example' })).toEqual(
      failure(404, 'keyNotFound'),
    )
  })
})

describe('watching', () => {
  test('health, readiness and status', async () => {
    const { ask, node } = await startGateway()
    await ask('GET', '/v1/keys/a')

    expect(await ask('GET', '/readyz')).toEqual([200, { ready: true, verdict: null }])
    expect(await ask('GET', '/status')).toEqual([
      200,
      expect.objectContaining({ node: node.id, role: 'gateway' }),
    ])
    await node.drain()
    expect(await ask('GET', '/readyz')).toEqual([503, { ready: false, verdict: null }])
    expect(await ask('GET', '/v1/keys/a')).toEqual(failure(503, 'stopped'))
  })

  test('metrics count operations, their ends and their latencies', async () => {
    const { ask, url } = await startGateway()
    await ask('PUT', '/v1/keys/a', 5)
    await ask('POST', '/v1/keys/a/append', { value: 'x' })

    const text = await (await fetch(`${url}/metrics`)).text()

    expect(text).toContain('standby_operations_total{op="put",code="ok"} 1')
    expect(text).toContain('standby_operations_total{op="append",code="applicationError"} 1')
    expect(text).toContain('standby_operation_seconds_count{op="put"} 1')
    expect(text).toContain('standby_messages_sent_total{type="request"}')
    expect(text).toContain('standby_view_number 2')
  })

  test('the OpenAPI document names every route, and every reference in it leads somewhere', async () => {
    const gateway = await startGateway()
    const [, document] = (await gateway.ask('GET', '/openapi.json')) as [
      number,
      { paths: Record<string, object> },
    ]
    const routes = gateway.node.routes()
    const named = routes.map(({ method, path }) => `${method.toLowerCase()} ${path.replace(':key', '{key}')}`)
    const documented = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((method) => method !== 'parameters')
        .map((method) => `${method} ${path}`),
    )
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, path]) => path!,
    )
    const found = references.map((path) =>
      path.split('/').reduce<unknown>((at, part) => (at as Record<string, unknown>)?.[part], document),
    )

    expect(documented.sort()).toEqual(named.sort())
    expect(found.filter((target) => target === undefined)).toEqual([])
    expect(references.length).toBeGreaterThan(5)
  })
})
