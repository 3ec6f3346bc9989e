/**
 * The spans of one operation, at the client, the primary and the backup, with an OpenTelemetry SDK.
 *
 *     npx tsx examples/trace-operations.ts
 */
import './otel.mjs'
import { createCluster } from 'standby'
import { createTracing } from 'standby/opentelemetry'
import { createMemoryTransport } from 'standby/transport/memory'

const tracing = createTracing()
const transport = tracing.withArrivals(createMemoryTransport())
const cluster = createCluster({ transport, observe: tracing.observe })
await cluster.redundant()
await cluster.client().put('greeting', 'hello')
await cluster.stop()
