/** NATS keeps the contract of every transport, against the real server: permissions, sizes, a server that is killed, and a system that lives through it. */
import { connect } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createClient, withKeyValueMethods } from '../../actors/client.ts'
import type { Envelope } from '../../actors/ports.ts'
import { createServer } from '../../actors/server.ts'
import { createViewService } from '../../actors/view-service.ts'
import type { KeyValueCommand, KeyValueResult } from '../../machines/application/key-value-store.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { type NatsTransport, openNatsTransport } from '../../runtime/transport/nats.ts'
import { type NatsServer, natsEnds, skipsNats, startNatsServer } from './nats-server.ts'
import { until } from './socket-ends.ts'
import { transportContract } from './transport.contract.ts'

const configuration = `
max_payload: 100000
authorization {
  users: [
    { user: all, password: all-of-it }
    { user: gateway, password: only-gateways, permissions: { publish: ["standby.*.*.*.*.gateway.>"], subscribe: ["standby.*.gateway.>"] } }
    { user: s1, password: only-s1, permissions: { publish: ["standby.*.*.*.s1.*"], subscribe: ["standby.*.s1.*.>"] } }
  ]
}`
const stamp = { lamport: 1, vector: {} }
const envelope = (from: string, to: string, viewNumber = 1): Envelope => ({
  from,
  to,
  message: { type: 'ping', viewNumber },
  stamp,
})

describe.skipIf(skipsNats)('with a nats-server', () => {
  let server: NatsServer
  const opened: NatsTransport[] = []
  let systems = 0
  let system = 'test-0'
  const open = async (user = 'all', pass = 'all-of-it', options = {}) => {
    const connection = { servers: server.url, user, pass, reconnectTimeWait: 20, reconnectJitter: 10 }
    const transport = await openNatsTransport({ connection, system, ...options })
    opened.push(transport)
    return transport
  }
  beforeAll(async () => {
    server = await startNatsServer(configuration)
  })
  afterAll(() => server?.stop())
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((transport) => transport.close()))
    system = `test-${++systems}`
  })

  transportContract('over NATS', {
    open: async () => natsEnds(await open(), await open()),
  })

  test('a permission to publish for one name speaks for that name only', async () => {
    const there = await open()
    const received: Envelope[] = []
    there.attach('b#1', (arrived) => void received.push(arrived))
    await there.ready()
    const s1 = await open('s1', 'only-s1')

    s1.send(envelope('s2#1', 'b#1'))
    s1.send(envelope('s1#1', 'b#1'))
    await until(() => received.length === 1, 'what is permitted')

    expect(received[0]!.from).toBe('s1#1')
    const raw = await connect({ servers: server.url, user: 's1', pass: 'only-s1' })
    raw.publish(`standby.${system}.b.1.s1.1`, JSON.stringify(envelope('s2#1', 'b#1')))
    await until(
      () => there.counters().refused.foreignSender === 1,
      'a refusal of another sender than the subject says',
    )
    await raw.close()
  })

  test('what is larger than max_payload goes in parts, also several at once', async () => {
    const [here, there] = [await open(), await open()]
    const sizes: number[] = []
    there.attach(
      'b#1',
      ({ message }) => void sizes.push((message as unknown as { text: string }).text.length),
    )
    await there.ready()

    for (const size of [10, 99_000, 400_000, 1_000_000, 20])
      here.send({ ...envelope('a#1', 'b#1'), message: { type: 'large', text: 'ä'.repeat(size) } as never })
    await until(() => sizes.length === 5, 'all of them')

    expect(sizes).toEqual([10, 99_000, 400_000, 1_000_000, 20])
    // Each ä is two bytes.
    expect(here.counters().sentBytes).toBeGreaterThan(2 * 1_499_030)
    expect(there.counters().receivedBytes).toBeGreaterThan(2 * 1_499_030)
  })

  test('parts are joined per sender: a user that may not speak for s1 splices nothing into its messages', async () => {
    const there = await open('all', 'all-of-it', { servers: ['s1', 'b'] })
    const received: Envelope[] = []
    there.attach('b#1', (arrived) => void received.push(arrived))
    await there.ready()
    const s1 = await open('all', 'all-of-it', { servers: ['s1', 'b'] })
    s1.attach('s1#1', () => {})
    // It sees which process s1 is, as any reader of its subject would, and uses the same digits.
    const raw = await connect({ servers: server.url, user: 'gateway', pass: 'only-gateways' })
    const spy = await connect({ servers: server.url, user: 'all', pass: 'all-of-it' })
    let digits = ''
    spy.subscribe(`standby.${system}.>`, {
      callback: (_, { data }) => {
        digits ||= /^P ([0-9a-f]{16}) /.exec(String.fromCharCode(...data.subarray(0, 40)))?.[1] ?? ''
      },
    })
    await spy.flush()
    const text = 'x'.repeat(300_000)
    const forged = JSON.stringify(envelope('s1#1', 'b#1', 666))
    const subject = `standby.${system}.server.b.1.gateway.evil.1`

    for (let number = 0; number < 20; number++) {
      s1.send({ ...envelope('s1#1', 'b#1'), message: { type: 'large', text, number } as never })
      for (const [index, count] of [
        [0, 4],
        [1, 4],
        [3, 4],
        [0, 1],
      ] as const)
        raw.publish(subject, `P ${digits || '0'.repeat(16)} ${index} ${count}\n${forged}`)
      await raw.flush()
    }
    await until(() => received.length >= 20, 'all twenty')
    await raw.flush()
    await there.ready()
    await Promise.all([raw.close(), spy.close()])

    expect(digits).not.toBe('')
    expect(received.map(({ message }) => (message as unknown as { number?: number }).number)).toEqual(
      Array.from({ length: 20 }, (_, number) => number),
    )
    expect(there.counters().refused.foreignSender).toBeGreaterThan(0)
  })

  test('a flood of first parts from many senders pushes out no text of another', async () => {
    const there = await open('all', 'all-of-it', { servers: ['s1', 'b'] })
    let arrived = 0
    there.attach('b#1', () => {
      arrived += 1
    })
    await there.ready()
    const s1 = await open('all', 'all-of-it', { servers: ['s1', 'b'] })
    s1.attach('s1#1', () => {})
    const raw = await connect({ servers: server.url, user: 'gateway', pass: 'only-gateways' })
    let floods = 0
    const flood = setInterval(() => {
      for (let sender = 0; sender < 100; sender++) {
        floods += 1
        raw.publish(`standby.${system}.server.b.1.gateway.g${floods}.1`, `P ${'a'.repeat(16)} 0 9\n1`)
      }
    }, 1)

    try {
      for (let number = 0; number < 20; number++) {
        s1.send({
          ...envelope('s1#1', 'b#1'),
          message: { type: 'large', text: 'x'.repeat(1_000_000) } as never,
        })
        await s1.ready()
      }
      await until(() => arrived === 20, 'all twenty')
    } finally {
      clearInterval(flood)
      await raw.close()
    }
    expect(floods).toBeGreaterThan(100)
  })

  test.each([1024, 4196])('a server whose max_payload is %i is refused at the start', async (max) => {
    const small = await startNatsServer(`max_payload: ${max}`)
    try {
      await expect(openNatsTransport({ connection: { servers: small.url } })).rejects.toThrow(
        /^NATS: expected max_payload to be at least 16384 bytes, got \d+; raise it/,
      )
    } finally {
      await small.stop()
    }
  })

  test('what the server does not permit is a problem with a name, until it does', async () => {
    const reports: string[] = []
    const own = await startNatsServer(
      'authorization { users: [{ user: g, password: p, permissions: { publish: ["x"], subscribe: ["x"] } }] }',
    )
    const connection = { servers: own.url, user: 'g', pass: 'p', reconnectTimeWait: 20, reconnectJitter: 10 }
    const transport = await openNatsTransport({
      connection,
      servers: ['s1'],
      observe: ({ kind, detail }) => void (kind === 'refuse' && reports.push(detail!)),
    })
    try {
      expect(transport.problem()).toBeNull()
      transport.attach('gateway-1#1', () => {})
      await until(() => transport.problem() !== null, 'a problem')
      expect(transport.problem()).toMatch(/may not subscribe to standby\.standby\.gateway\.gateway-1\.1\.>/)
      transport.send(envelope('gateway-1#1', 's1#1'))
      await until(() => reports.some((detail) => /publish/i.test(detail)), 'a line on publishing')

      await own.kill()
      await until(() => transport.problem() === 'no connection to NATS', 'another problem')
      await own.start('authorization { users: [{ user: g, password: p }] }')
      await until(() => transport.problem() === null, 'the end of the problems', 25_000)

      expect(reports.filter((detail) => detail.includes('subscribe to'))[0]).toContain(
        'look at the permissions',
      )
      expect(reports).toContain('NATS: the connection is lost; dials again')
      expect(reports).toContain('NATS: connected again')
    } finally {
      await transport.close()
      await own.stop()
    }
  }, 40_000)

  test('a queue that is full loses what comes, and counts it', async () => {
    const here = await open('all', 'all-of-it', { limits: { sendBytesMax: 10_000 } })
    const text = 'x'.repeat(4000)

    for (let number = 0; number < 20; number++)
      here.send({ ...envelope('a#1', 'b#1'), message: { type: 'large', text } as never })

    expect(here.counters().lost.queueFull).toBe(17)
  })

  test('a wrong password is refused, and not reported', async () => {
    const secret = 'not-the-password'

    const error = await open('all', secret).catch((reason: Error) => reason)

    expect(error).toBeInstanceOf(Error)
    expect(String(error)).not.toContain(secret)
  })

  test('a server that comes back and knows no one at first is dialed until it does', async () => {
    const own = await startNatsServer('authorization { token: "the token of before" }')
    const connection = {
      servers: own.url,
      token: 'the token of before',
      reconnectTimeWait: 20,
      reconnectJitter: 10,
    }
    const transport = await openNatsTransport({ connection })
    try {
      await own.kill()
      await own.start('authorization { token: "another token" }')
      await until(() => own.log().split('authentication error').length > 3, 'three refusals')
      await own.kill()
      await own.start()

      await until(() => transport.connected(), 'a connection')
    } finally {
      await transport.close()
      await own.stop()
    }
  })

  test('a system goes on after its nats-server was killed and has come back', async () => {
    const clock = schedulerClock()
    const timing = { pingIntervalMs: 50, pingCheckIntervalMs: 150 }
    const ports = async () => ({ transport: await open(), clock, timing })
    const viewService = createViewService(await ports())
    const servers = [
      createServer({ ...(await ports()), id: 's1#1' }),
      createServer({ ...(await ports()), id: 's2#1' }),
    ]
    const core = createClient<KeyValueCommand, KeyValueResult>({
      ...(await ports()),
      id: 'c1#1',
      timeoutMs: 20_000,
    })
    const client = withKeyValueMethods(core)
    try {
      await until(() => viewService.acknowledged() && viewService.view().backup !== null, 'a backup')
      await client.append('k', 'a')

      await server.kill()
      const during = client.append('k', 'b')
      await new Promise((resolve) => setTimeout(resolve, 30))
      await server.start()
      await during
      await client.append('k', 'c')

      expect(await client.get('k')).toBe('abc')
    } finally {
      client.stop()
      for (const one of servers) one.stop()
      viewService.stop()
    }
  })
})
