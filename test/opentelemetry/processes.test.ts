/** Processes of `standby serve` with an SDK that was loaded before them: whose spans they are, and how many. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { trace } from '@opentelemetry/api'
import { BatchSpanProcessor, InMemorySpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterAll, expect, test } from 'vitest'
import { createClient, withKeyValueMethods } from '../../actors/client.ts'
import type { KeyValueCommand, KeyValueResult } from '../../machines/application/key-value-store.ts'
import { createTracing, derivedIds } from '../../runtime/opentelemetry/index.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { checkedConfig, type ProcessRole } from '../../runtime/serve/config/config.ts'
import { type RunningProcess, startProcess } from '../../runtime/serve/run-process.ts'
import { loadTracing, ratioIn } from '../../runtime/serve/tracing.ts'
import { openTcpTransport } from '../../runtime/transport/tcp.ts'
import { freePorts, until } from '../serve/processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'standby-spans-'))
afterAll(() => {
  trace.disable()
  rmSync(folder, { recursive: true, force: true })
})

test('nothing is observed where no SDK was loaded', async () => {
  expect(await loadTracing('standby', {})).toBe(null)
})

test('the spans of one put come from three processes, as one trace, and what is left is exported before they end', async () => {
  const exporter = new InMemorySpanExporter()
  // Nothing is exported before a caller asks for it.
  const processor = new BatchSpanProcessor({ exporter, scheduledDelayMillis: 600_000 })
  trace.setGlobalTracerProvider(new TracerProvider({ idGenerator: derivedIds, spanProcessors: [processor] }))
  const names = ['view-service', 's1', 's2']
  const ports = await freePorts(names.length)
  const peers = Object.fromEntries(names.map((name, index) => [name, `127.0.0.1:${ports[index]}`]))
  const start = (role: ProcessRole, name: string): Promise<RunningProcess> =>
    startProcess(
      checkedConfig(role, {
        name,
        peers,
        listen: peers[name],
        system: 'traced',
        data: join(folder, name),
        timing: { pingIntervalMs: 50, pingCheckIntervalMs: 400 },
        logLevel: 'error',
      }),
      { isNew: true, line: () => {}, onFailure: () => {} },
    )
  const processes = [await start('view-service', 'view-service'), await start('server', 's1')]
  const [viewService] = processes
  await until('a primary', () => viewService!.node.status().view.number === 1)
  processes.push(await start('server', 's2'))
  await until('a backup that is confirmed', () => {
    const { state, view } = viewService!.node.status()
    return view.backup !== null && state === 'acknowledged'
  })
  const transport = await openTcpTransport({ directory: peers, system: 'traced' })
  const { observe } = createTracing({ system: 'traced' })
  const client = withKeyValueMethods(
    createClient<KeyValueCommand, KeyValueResult>({
      id: 'c1#1',
      transport,
      clock: schedulerClock(),
      observe,
    }),
  )
  await client.put('a', 1)
  client.stop()
  await transport.close()
  expect(exporter.getFinishedSpans()).toEqual([])
  for (const { drain } of processes) await drain()

  const spans = exporter.getFinishedSpans()
  const of = (name: string) => spans.find((span) => span.name === `standby ${name}`)!
  const [call, request, forward, apply] = ['call', 'request', 'forward', 'apply'].map(of)
  expect(spans).toHaveLength(4)
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1)
  expect([request, forward, apply].map((span) => span!.parentSpanContext?.spanId)).toEqual(
    [call, request, forward].map((span) => span!.spanContext().spanId),
  )
  expect(call!.parentSpanContext).toBeUndefined()
  expect([request, apply].map((span) => String(span!.attributes['standby.node']).split('#')[0])).toEqual([
    's1',
    's2',
  ])
  expect(spans.map(({ attributes }) => attributes['rpc.service'])).toEqual(spans.map(() => 'traced'))
}, 60_000)

test.each([
  [{}, 1],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_always_on' }, 1],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }, 0.25],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: 'often' }, 1],
  // Such a sampler decides by the trace's id, without us.
  [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }, 1],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, 0],
])('with %j the share that is traced is %d', (env, ratio) => {
  expect(ratioIn(env)).toBe(ratio)
})
