/** Spans of operations: one trace on all nodes, with right parents, bounded memory, and nothing where there is no SDK. */
import { context, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api'
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SamplingDecision,
  SimpleSpanProcessor,
  StackContextManager,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { afterEach, describe, expect, test } from 'vitest'
import { createClient, type KeyValueClient, withKeyValueMethods } from '../../actors/client.ts'
import type { Observe } from '../../actors/ports.ts'
import { createServer, type ServerNode } from '../../actors/server.ts'
import { createViewService } from '../../actors/view-service.ts'
import type { KeyValueCommand, KeyValueResult } from '../../machines/application/key-value-store.ts'
import type { Message } from '../../machines/messages.ts'
import { createCluster } from '../../runtime/index.ts'
import { isSampled, traceIdOf } from '../../runtime/opentelemetry/derived-ids.ts'
import { createTracing, derivedIds, type TracingOptions } from '../../runtime/opentelemetry/index.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { createMemoryTransport } from '../../runtime/transport/memory.ts'
import { until } from '../serve/processes.ts'

const clock = schedulerClock()
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** An SDK of its own, as each process has one, and a sink that uses it. */
function createSdk(idGenerator: typeof derivedIds | null = derivedIds, options: TracingOptions = {}) {
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
    ...(idGenerator && { idGenerator }),
  })
  const tracing = createTracing({ tracerProvider, ...options })
  return { tracing, provider: tracerProvider, spans: () => exporter.getFinishedSpans() }
}

const named = (spans: readonly ReadableSpan[], name: string) => spans.filter((span) => span.name === name)
/** The one span of that name. */
const one = (spans: readonly ReadableSpan[], name: string): ReadableSpan => {
  const [found, ...others] = named(spans, name)
  if (found === undefined || others.length > 0)
    throw new Error(`expected one span ${name}, got ${spans.map((span) => span.name).join(', ')}`)
  return found
}
const parentOf = (span: ReadableSpan) => span.parentSpanContext?.spanId ?? null
const idOf = (span: ReadableSpan) => span.spanContext().spanId
const times = ({ startTime, endTime }: ReadableSpan) =>
  [startTime, endTime].map(([s, ns]) => s * 1000 + ns / 1e6)

const fourNames = ['standby apply', 'standby call', 'standby forward', 'standby request']

function expectFourSpans(spans: readonly ReadableSpan[]): void {
  expect(spans.map(({ name }) => name).sort()).toEqual(fourNames)
  const [apply, call, forward, request] = fourNames.map((name) => one(spans, name)) as [
    ReadableSpan,
    ReadableSpan,
    ReadableSpan,
    ReadableSpan,
  ]
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1)
  expect([request, forward, apply].map(parentOf)).toEqual([call, request, forward].map(idOf))
  expect([call, request, forward, apply].map(({ kind }) => kind)).toEqual([
    SpanKind.CLIENT,
    SpanKind.SERVER,
    SpanKind.CLIENT,
    SpanKind.SERVER,
  ])
  for (const [inner, outer] of [
    [request, call],
    [forward, request],
  ] as const) {
    const [[begun, ended], [from, to]] = [times(inner), times(outer)] as [[number, number], [number, number]]
    expect(begun).toBeGreaterThanOrEqual(from)
    expect(ended).toBeLessThanOrEqual(to)
  }
  expect(call.attributes).toMatchObject({ 'rpc.system': 'standby', 'rpc.method': 'put', 'standby.index': 0 })
  for (const { attributes } of spans)
    expect(attributes).toMatchObject({
      'standby.session': expect.any(Number),
      'standby.sequence': 1,
      'standby.view': 2,
    })
}

describe('S4 the spans of one put', () => {
  test.each([
    ['with derived ids', derivedIds],
    ['with ids of the SDK', null],
  ])('are four in one trace, each with its parent, in one process, %s', async (_, idGenerator) => {
    const { tracing, spans } = createSdk(idGenerator)
    await using cluster = createCluster({ observe: tracing.observe })
    await cluster.redundant()
    await cluster.client().put('a', 1)

    expectFourSpans(spans())
    expect(parentOf(one(spans(), 'standby call')) === null).toBe(idGenerator !== null)
    expect({ open: tracing.open, givenUp: tracing.givenUp }).toEqual({ open: 0, givenUp: 0 })
  })

  test('are the same where client, primary and backup are processes of their own, which tell each other nothing of it', async () => {
    const sdks = { client: createSdk(), s1: createSdk(), s2: createSdk() }
    const transport = createMemoryTransport()
    const ports = (name: keyof typeof sdks) => ({
      clock,
      transport: sdks[name].tracing.withArrivals(transport),
      observe: sdks[name].tracing.observe,
    })
    const viewService = createViewService({ transport, clock })
    const servers: ServerNode[] = []
    const isServing = (state: string) => until(state, () => servers.at(-1)!.state() === state)
    servers.push(createServer({ id: 's1#1', ...ports('s1') }))
    await isServing('primary.serving')
    servers.push(createServer({ id: 's2#1', ...ports('s2') }))
    await isServing('backup.serving')
    await until('the transfer to be confirmed', () => servers[0]!.state() === 'primary.serving')
    const client = withKeyValueMethods(
      createClient<KeyValueCommand, KeyValueResult>({ id: 'c1#1', ...ports('client') }),
    )
    ends.push(() => {
      for (const node of [client, ...servers, viewService]) node.stop()
    })
    await client.put('a', 1)

    expect(sdks.client.spans().map(({ name }) => name)).toEqual(['standby call'])
    expect(sdks.s1.spans().map(({ name }) => name)).toEqual(['standby forward', 'standby request'])
    expect(sdks.s2.spans().map(({ name }) => name)).toEqual(['standby apply'])
    const all = Object.values(sdks).flatMap(({ spans }) => spans())
    expectFourSpans(all)
    const [begun, ended] = times(one(all, 'standby apply')) as [number, number]
    expect(ended).toBeGreaterThan(begun)
  })
})

test('S7 calls that go out together share a trace, and each has its span', async () => {
  const { tracing, spans } = createSdk()
  await using cluster = createCluster({ observe: tracing.observe })
  await cluster.redundant()
  const client = cluster.client()
  await client.put('a', 1)
  const before = spans().length
  await Promise.all([client.put('a', 2), client.append('a', 'x').catch(() => {}), client.get('a')])

  const later = spans().slice(before)
  const calls = named(later, 'standby call')
  expect(calls.map(({ attributes }) => attributes['rpc.method'])).toEqual(['put', 'append', 'get'])
  expect(calls.map(({ attributes }) => attributes['standby.index'])).toEqual([0, 1, 2])
  expect(new Set(later.map((span) => span.spanContext().traceId)).size).toBe(1)
  expect(parentOf(one(later, 'standby request'))).toBe(idOf(calls[0]!))
  expect(calls[1]!.status).toEqual({ code: SpanStatusCode.ERROR, message: 'applicationError' })
  expect(calls[1]!.attributes['error.type']).toBe('applicationError')
})

/** A client whose servers the test plays. */
function createPlayed(options: TracingOptions = {}) {
  const sdk = createSdk(derivedIds, options)
  const transport = createMemoryTransport()
  const requests: (Message & { type: 'request' })[] = []
  const send = (from: string, message: Message) =>
    transport.send({ from, to: 'c1#1', message, stamp: { lamport: 1, vector: {} } })
  const view = { number: 1, primary: 's1#1', backup: null }
  transport.attach('view-service', () => send('view-service', { type: 'viewReply', view }))
  transport.attach('s1#1', ({ message }) => {
    if (message.type !== 'request') return
    if (message.session !== null) requests.push(message)
    else send('s1#1', { type: 'reply', session: null, seq: 0, outcome: { kind: 'opened', session: 7 } })
  })
  const client = withKeyValueMethods(
    createClient<KeyValueCommand, KeyValueResult>({
      id: 'c1#1',
      transport,
      clock,
      timing: { retryIntervalMs: 20 },
      observe: sdk.tracing.observe,
    }),
  )
  ends.push(client.stop)
  return { ...sdk, client, requests, send: (message: Message) => send('s1#1', message) }
}

test('S3 C1 refusals and retransmissions are events of the call', async () => {
  const { client, requests, send, spans } = createPlayed()
  const put = client.put('a', 1)
  await until('a request', () => requests.length >= 1)
  send({ type: 'refusal', viewNumber: 1, session: 7, seq: 1, reason: 'overloaded' })
  await until('a copy', () => requests.length >= 2)
  send({ type: 'reply', session: 7, seq: 1, outcome: { kind: 'results', results: [{ value: null }] } })
  await put

  const { events, status } = one(spans(), 'standby call')
  const refusals = events.filter(({ name }) => name === 'refusal')
  expect(refusals.map(({ attributes }) => attributes)).toEqual([
    { 'standby.reason': 'overloaded', 'standby.from': 's1#1' },
  ])
  const copies = events.filter(({ name }) => name === 'retransmission')
  expect(copies.length).toBeGreaterThanOrEqual(1)
  expect(copies[0]!.attributes).toEqual({ 'standby.primary': 's1#1', 'standby.view': 1 })
  expect(status.code).toBe(SpanStatusCode.UNSET)
})

test('S3 S6 at the servers: a refusal, a copy of a request, and a forward that is sent once more', async () => {
  const { tracing, spans } = createSdk()
  const transport = createMemoryTransport()
  const send = (from: string, message: Message) =>
    transport.send({ from, to: 's1#1', message, stamp: { lamport: 1, vector: {} } })
  const view = { number: 1, primary: 's1#1', backup: 's2#1' }
  const [forwards, replies]: [(Message & { type: 'forward' })[], Message[]] = [[], []]
  transport.attach('view-service', () => send('view-service', { type: 'viewReply', view }))
  transport.attach('s2#1', ({ message }) => {
    if (message.type === 'stateTransfer') send('s2#1', { type: 'stateTransferAck', viewNumber: 1, index: 0 })
    else if (message.type === 'forward') forwards.push(message)
  })
  transport.attach('c1#1', ({ message }) => replies.push(message))
  const timing = { resendIntervalMs: 20 }
  const server = createServer({ id: 's1#1', transport, clock, timing, observe: tracing.observe })
  ends.push(server.stop)
  await until('a primary', () => server.state() === 'primary.serving')
  const request = { type: 'request', viewNumber: 1, session: null, seq: 0, commands: [], bytes: 0 } as const
  const acknowledge = () => {
    const { number } = forwards.at(-1)!
    // Anything that the digest says, the forward is acknowledged.
    send('s2#1', { type: 'forwardAck', viewNumber: 1, number, digest: '' })
  }

  const own = { ...request, session: 1, seq: 1, commands: [{ op: 'get', key: 'a' }] }
  send('c1#1', { ...own, viewNumber: 0 })
  await until('a refusal', () => replies.length === 1)
  send('c1#1', own)
  send('c1#1', own)
  await until('a forward that was sent twice', () => forwards.length >= 2)
  acknowledge()
  await until('the end of the forward', () => named(spans(), 'standby forward').length === 1)

  const [refused, diverged] = named(spans(), 'standby request')
  expect(refused!.attributes['standby.outcome']).toBe('refused')
  expect(refused!.events).toMatchObject([{ name: 'refusal', attributes: { 'standby.reason': 'wrongView' } }])
  expect(one(spans(), 'standby forward').events[0]).toMatchObject({ name: 'retransmission' })
  expect(diverged!.events.map(({ name }) => name)).toEqual(['retransmission', 'refusal'])
})

test('S8 what a view change leaves open is ended: the forward, and the requests of a former primary', async () => {
  const { tracing, spans } = createSdk()
  await using cluster = createCluster({ observe: tracing.observe })
  await cluster.redundant()
  const client = cluster.client()
  await client.put('a', 1)
  const primary = cluster.primary()!
  cluster.network.cut(primary.name, cluster.backup()!.name)
  cluster.network.cut(primary.name, 'view-service')
  const put = client.put('a', 2)
  await put
  cluster.network.heal()
  await until('the former primary to learn of it', () => primary.role !== 'primary')

  const failed = spans().filter(({ status }) => status.code === SpanStatusCode.ERROR)
  expect(failed.map(({ name, status }) => `${name}: ${status.message}`).sort()).toEqual([
    'standby forward: the view has changed',
    'standby request: no longer primary',
  ])
  expect(
    one(
      spans()
        .slice(4)
        .filter(({ status }) => status.code === 0),
      'standby call',
    ),
  ).toBeDefined()
  expect(tracing.open).toBe(0)
  expect(tracing.givenUp).toBe(1)
})

test('spans that are open are bounded, and those that were given up are counted', async () => {
  const { client, requests, tracing, spans } = createPlayed({ spansMax: 10 })
  const calls = Array.from({ length: 100 }, () => client.get('a').catch(({ code }) => code))
  await until('a request', () => requests.length >= 1)

  expect(tracing.open).toBe(10)
  expect(tracing.givenUp).toBe(90)
  expect(spans()).toHaveLength(90)
  expect(spans()[0]!.attributes['standby.given_up']).toBe(true)
  client.stop()
  expect(await Promise.all(calls)).toEqual(calls.map(() => 'stopped'))
  expect(tracing.open).toBe(0)
  expect(spans()).toHaveLength(100)
})

test('C2 a call that was never transmitted has a trace of its own', async () => {
  const { client, requests, spans } = createPlayed()
  const first = client.get('a').catch(() => {})
  await until('a request', () => requests.length >= 1)
  await expect(client.put('b', 1, { timeoutMs: 10 })).rejects.toMatchObject({ mayHaveExecuted: false })

  const call = one(spans(), 'standby call')
  expect(call.attributes).toMatchObject({ 'rpc.method': 'put', 'error.type': 'timedOut' })
  expect(call.attributes).not.toHaveProperty('standby.session')
  client.stop()
  await first
})

test('a call within a span of its caller links to it', async () => {
  const { tracing, spans, provider } = createSdk()
  const manager = new StackContextManager().enable()
  context.setGlobalContextManager(manager)
  ends.push(() => context.disable())
  await using cluster = createCluster({ observe: tracing.observe })
  await cluster.redundant()
  const client = cluster.client()
  const outer = provider.getTracer('an application').startSpan('a page')
  await context.with(trace.setSpan(context.active(), outer), () => client.put('a', 1))
  outer.end()

  expect(one(spans(), 'standby call').links.map(({ context: { spanId } }) => spanId)).toEqual([
    outer.spanContext().spanId,
  ])
})

describe('ids', () => {
  const ids = Array.from({ length: 2000 }, (_, seq) =>
    traceIdOf({ system: 'standby', client: 'c1#1', session: 5, seq }),
  )

  test('S9 are those of a system, a client, a session and a sequence number, and of nothing else', () => {
    const key = { system: 'a', client: 'c1#1', session: 5, seq: 7 }
    const others = [{ system: 'b' }, { client: 'c1#2' }, { session: 6 }, { seq: 8 }, { session: 57, seq: 7 }]

    expect(traceIdOf({ ...key })).toBe(traceIdOf(key))
    expect(new Set([key, ...others.map((other) => ({ ...key, ...other }))].map(traceIdOf)).size).toBe(6)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.filter((id) => !/^[0-9a-f]{32}$/.test(id))).toEqual([])
  })

  test.each([0, 0.1, 0.5, 1])(
    'a share of %d is sampled, the same that a sampler of the SDK takes',
    (ratio) => {
      const sampler = new TraceIdRatioBasedSampler(ratio)
      const sampled = ids.filter((id) => isSampled(id, ratio))
      const bySdk = ids.filter(
        (id) => sampler.shouldSample(context.active(), id).decision === SamplingDecision.RECORD_AND_SAMPLED,
      )

      expect(sampled).toEqual(bySdk)
      expect(Math.abs(sampled.length / ids.length - ratio)).toBeLessThan(0.05)
    },
  )

  test('of other spans stay random', () => {
    const drawn = Array.from({ length: 1000 }, () => [
      derivedIds.generateTraceId(),
      derivedIds.generateSpanId(),
    ])

    expect(new Set(drawn.flat()).size).toBe(2000)
    expect(drawn.filter(([traceId, spanId]) => traceId!.length !== 32 || spanId!.length !== 16)).toEqual([])
  })

  test('with a ratio below 1 other requests leave nothing behind', async () => {
    const { tracing, spans } = createSdk(derivedIds, { ratio: 0.5 })
    await using cluster = createCluster({ observe: tracing.observe })
    await cluster.redundant()
    const client = cluster.client()
    for (let n = 0; n < 20; n++) await client.put('a', n)

    const expected = Array.from({ length: 20 }, (_, n) =>
      traceIdOf({ system: 'standby', client: client.id, session: sessionOf(client), seq: n + 1 }),
    ).filter((id) => isSampled(id, 0.5))
    expect(new Set(spans().map((span) => span.spanContext().traceId))).toEqual(new Set(expected))
    expect(spans()).toHaveLength(expected.length * 4)
    expect(tracing.open).toBe(0)
  })
})

const sessionOf = (client: KeyValueClient) => client.actor.getSnapshot().context.session!

describe('without an SDK', () => {
  test('an observation is not even looked at, and one that is registered later is found', async () => {
    const tracing = createTracing()
    const looked: string[] = []
    const watched =
      (observe: Observe): Observe =>
      (observation) => {
        const proxy = new Proxy(observation, {
          get(target, key) {
            looked.push(String(key))
            return Reflect.get(target, key)
          },
        })
        observe(proxy)
      }
    await using cluster = createCluster({ observe: watched(tracing.observe) })
    await cluster.redundant()
    const client = cluster.client()
    await client.put('a', 1)

    expect(looked).toEqual([])
    expect([tracing.isActive, tracing.open]).toEqual([false, 0])
    await tracing.flush()

    const { provider, spans } = createSdk()
    trace.setGlobalTracerProvider(provider)
    ends.push(() => trace.disable())
    await client.put('a', 2)
    expect(tracing.isActive).toBe(true)
    expect(
      spans()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(fourNames)
    expect(spans()[0]!.spanContext().traceFlags).toBe(TraceFlags.SAMPLED)
  })
})

test.each([
  [{ ratio: 2 }, 'ratio: expected a number from 0 to 1, got 2'],
  [{ spansMax: 0 }, 'spansMax: expected a whole number from 1 on, got 0'],
  [{ system: 5 }, 'system: expected a name, got 5'],
  [{ tracerProvider: {} }, 'tracerProvider.getTracer: expected a TracerProvider'],
  [{ sytem: 'a' }, 'expected one of the options system, ratio, spansMax, tracerProvider'],
])('a wrong option is refused by name: %j', (options, what) => {
  expect(() => createTracing(options as TracingOptions)).toThrow(what)
})
