/** OpenTelemetry: the spans of an operation across client, primary and backup, for whichever SDK is registered. */
export { derivedIds } from './derived-ids.ts'
export { createTracing, type Tracing, type TracingOptions } from './tracing.ts'
