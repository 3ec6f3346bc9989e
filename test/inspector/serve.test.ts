/** The served page: to this machine's own pages only, with a token; looking for all of them, driving where the owner allows it. */
import { request } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createCluster } from '../../runtime/index.ts'
import { type Inspector, type InspectorOptions, serveInspector } from '../../runtime/serve/inspector/index.ts'
import { isLoopback } from '../../runtime/transport/address.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function serve(options: InspectorOptions = {}): Promise<Inspector> {
  const inspector = await serveInspector(options)
  open.push(inspector)
  return inspector
}

function get(url: string, { headers = {}, method = 'GET' } = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>(
    (resolve, reject) => {
      request(url, { method, headers }, (response) => {
        let text = ''
        response.on('data', (data) => (text += data))
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }))
      })
        .on('error', reject)
        .end()
    },
  )
}

interface Page {
  readonly lines: string[]
  readonly said: Record<string, unknown>[]
  ask(action: unknown): Promise<Record<string, unknown>>
  close(): void
}

/** A page as a browser connects it; rejects with the status where it is refused. */
function connect(
  url: string,
  { origin, host, token }: { origin?: string; host?: string; token?: string } = {},
): Promise<Page> {
  const { host: own, searchParams } = new URL(url)
  const socket = new WebSocket(`ws://${own}/feed?token=${token ?? searchParams.get('token')}`, {
    origin: origin ?? `http://${own}`,
    headers: host === undefined ? {} : { host },
  })
  open.push(socket)
  const page = { lines: [] as string[], said: [] as Record<string, unknown>[] }
  let ids = 0
  socket.on('message', (data) => {
    for (const line of String(data).split('\n')) {
      if (line.startsWith('{"inspector"')) page.said.push(JSON.parse(line).inspector)
      else page.lines.push(line)
    }
  })
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_, { statusCode }) => reject(new Error(`${statusCode}`)))
    socket.on('error', reject)
    socket.on('open', () =>
      resolve({
        ...page,
        async ask(action) {
          const id = ++ids
          socket.send(typeof action === 'string' ? action : JSON.stringify({ id, action }))
          const answer = () =>
            page.said.find(
              (one) => one.done === id || one.failed === id || ('failed' in one && one.failed === null),
            )
          await expect.poll(answer).toBeDefined()
          return answer()!
        },
        close: () => socket.close(),
      }),
    )
  })
}

describe('the page', () => {
  test('it is served under a policy that lets it connect to this address and nothing else', async () => {
    const { url } = await serve()
    const { status, headers, text } = await get(url)
    expect(status).toBe(200)
    expect(text).toContain('<title>standby inspector</title>')
    const { host } = new URL(url)
    expect(headers['content-security-policy']).toMatch(
      new RegExp(`^default-src 'none'.*connect-src ws://${host};`),
    )
    expect(headers['cache-control']).toBe('no-store')
  })

  test.each(['evil.example', '127.0.0.1:1', 'localhost.evil.example:80'])(
    'a request for the host "%s" is refused: a name that was made to point here',
    async (host) => {
      const { url } = await serve()
      expect((await get(url, { headers: { host } })).status).toBe(403)
    },
  )

  test('there is nothing else', async () => {
    const { url } = await serve()
    expect((await get(url.replace('/?', '/package.json?'))).status).toBe(404)
    expect((await get(url.replace('/?', '/../../etc/passwd?'))).status).toBe(404)
    expect((await get(url, { method: 'POST' })).status).toBe(405)
  })

  test('a port that is taken is said so', async () => {
    const { url } = await serve()
    await expect(serve({ port: Number(new URL(url).port) })).rejects.toMatchObject({
      code: 'invalidOption',
      message: expect.stringContaining('choose another'),
    })
  })

  test('closing twice is harmless, and frees the port', async () => {
    const inspector = await serve()
    await Promise.all([inspector.close(), inspector.close()])
    await expect(get(inspector.url)).rejects.toThrow(/ECONNREFUSED/)
  })
})

describe('its feed', () => {
  test('it shows a cluster from the start', async () => {
    const inspector = await serve({ title: 'mine' })
    await using cluster = createCluster({ observe: inspector.observe })
    const page = await connect(inspector.url)
    await cluster.redundant()
    expect(page.said[0]).toEqual({ kind: 'live', title: 'mine', drive: null })
    await expect.poll(() => page.lines.length).toBeGreaterThan(10)
    expect(JSON.parse(page.lines[0]!)).toMatchObject({ format: 'standby-trace' })
    expect(JSON.parse(page.lines[1]!)).toMatchObject({ i: 0, kind: 'start' })
    expect(inspector.pages).toBe(1)
  })

  test.each<[string, Parameters<typeof connect>[1]]>([
    ['from another site', { origin: 'http://evil.example' }],
    ['without an origin', { origin: '' }],
    ['under another name', { host: 'evil.example' }],
    ['with a wrong token', { token: 'wrong' }],
    ['without a token', { token: '' }],
  ])('a connection %s is refused', async (_, options) => {
    const { url } = await serve()
    await expect(connect(url, options)).rejects.toThrow('403')
  })

  test('each run has a token of its own', async () => {
    const [a, b] = [await serve(), await serve()]
    const tokenOf = ({ url }: Inspector) => new URL(url).searchParams.get('token')!
    expect(tokenOf(a)).toMatch(/^[\w-]{16}$/)
    expect(tokenOf(a)).not.toBe(tokenOf(b))
    await expect(connect(a.url, { token: tokenOf(b) })).rejects.toThrow('403')
  })

  test('a page that goes away is forgotten', async () => {
    const inspector = await serve()
    const page = await connect(inspector.url)
    page.close()
    await expect.poll(() => inspector.pages).toBe(0)
  })
})

describe('driving', () => {
  test('it is refused unless the owner allows it', async () => {
    const inspector = await serve()
    await using cluster = createCluster({ observe: inspector.observe })
    const page = await connect(inspector.url)
    expect(await page.ask({ kind: 'crash', node: 's1' })).toMatchObject({
      reason: expect.stringContaining('does not let'),
    })
    expect(cluster.server('s1').alive).toBe(true)
  })

  test('crash, restart, cut, heal and call', async () => {
    const inspector = await serve()
    await using cluster = createCluster({ observe: inspector.observe })
    let faults = 0
    inspector.drive(cluster, () => void faults++)
    await cluster.redundant()
    const page = await connect(inspector.url)
    expect(page.said[0]).toMatchObject({ drive: { servers: ['s1', 's2', 's3'] } })
    expect(await page.ask({ kind: 'crash', node: 's3' })).toHaveProperty('done')
    expect(cluster.server('s3').alive).toBe(false)
    await page.ask({ kind: 'restart', node: 's3' })
    expect(cluster.server('s3').id).toBe('s3#2')
    await page.ask({ kind: 'cut', from: 's1', to: 's2' })
    expect(cluster.network.connected('s1#1', 's2#1')).toBe(false)
    await page.ask({ kind: 'heal' })
    expect(cluster.network.connected('s1#1', 's2#1')).toBe(true)
    expect(faults).toBe(4)
    expect(
      await page.ask({ kind: 'call', command: { op: 'put', key: 'a', value: 'by the page' } }),
    ).toHaveProperty('done')
    expect(await cluster.client().get('a')).toBe('by the page')
    expect(faults).toBe(4)
  })

  test.each<[string, unknown, RegExp]>([
    ['a server that is not there', { kind: 'crash', node: 's9' }, /expected one of the servers/],
    ['an unknown action', { kind: 'erase' }, /expected something that can be done/],
    ['an action with more in it', { kind: 'heal', all: true }, /expected something that can be done/],
    ['no JSON', 'nonsense', /JSON/],
    ['a wrong command', { kind: 'call', command: { op: 'fly' } }, /expected/],
  ])('%s is refused with its reason', async (_, action, reason) => {
    const inspector = await serve()
    await using cluster = createCluster({ observe: inspector.observe })
    inspector.drive(cluster)
    const page = await connect(inspector.url)
    expect(await page.ask(action)).toMatchObject({ reason: expect.stringMatching(reason) })
  })

  test('it is not allowed where other machines reach the address, unless that is wanted', async () => {
    await using cluster = createCluster()
    const inspector = await serve({ host: '0.0.0.0' })
    expect(() => inspector.drive(cluster)).toThrow(/expected a loopback address/)
    const open = await serve({ host: '0.0.0.0', driveOverNetwork: true })
    expect(() => open.drive(cluster)).not.toThrow()
  })

  test('loopback addresses', () => {
    expect(['127.0.0.1', '127.8.8.8', 'localhost', '::1'].map(isLoopback)).toEqual([true, true, true, true])
    expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.evil.example'].map(isLoopback)).toEqual([
      false,
      false,
      false,
      false,
    ])
  })
})
