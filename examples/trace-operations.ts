/**
 * The spans of one operation, at the client, the primary and the backup, with an OpenTelemetry SDK.
 *
 *     npx tsx examples/trace-operations.ts
 */
import './otel.mjs'
import { randomUUID } from 'node:crypto'
import { createCluster } from 'standby'
import { createTracing } from 'standby/opentelemetry'
import { createMemoryTransport } from 'standby/transport/memory'

// Ids are derived from names, and those of a cluster in one process are the same in every run: its own name tells them apart.
const tracing = createTracing({ system: `demo-${randomUUID()}` })
const transport = tracing.withArrivals(createMemoryTransport())
const cluster = createCluster({ transport, observe: tracing.observe })
await cluster.redundant()
await cluster.client().put('greeting', 'hello')
await cluster.stop()
