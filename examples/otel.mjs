/**
 * An OpenTelemetry SDK for `standby serve`, loaded before it: one line on standard error for each span that has ended.
 *
 *     NODE_OPTIONS='--import ./examples/otel.mjs' npx standby serve server --name s1 ...
 *
 * To send spans to a collector put the OTLP exporter of `@opentelemetry/exporter-trace-otlp-http` in place of this one, and
 * a `BatchSpanProcessor` around it; or start the `NodeSDK` of `@opentelemetry/sdk-node` with the same `idGenerator`.
 */
import { trace } from '@opentelemetry/api'
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { derivedIds } from 'standby/opentelemetry'

const exporter = {
  export(spans, done) {
    for (const span of spans) {
      const { traceId, spanId } = span.spanContext()
      const ms = span.duration[0] * 1000 + span.duration[1] / 1e6
      const parent = span.parentSpanContext?.spanId ?? 'none'
      const where = span.attributes['standby.node']
      console.error(
        `span ${traceId} ${spanId} parent=${parent} ${span.name} at ${where}: ${ms.toFixed(2)} ms`,
      )
    }
    done({ code: 0 })
  },
  shutdown: () => Promise.resolve(),
}

// With these ids the spans of different processes know each other as parent and child.
const provider = new TracerProvider({
  idGenerator: derivedIds,
  spanProcessors: [new SimpleSpanProcessor({ exporter })],
})
trace.setGlobalTracerProvider(provider)
