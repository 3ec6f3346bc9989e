/** Traces of OpenTelemetry (OTLP as JSON) and Jaeger: a lane for each span, or for each service if there are many. */
import type { Json } from '../../../machines/application/application.ts'
import type { TraceMessage, TraceStep } from '../format.ts'
import { type ForeignRun, type NamedText, plainStep } from './foreign-run.ts'

export function isSpans(head: string): boolean {
  return (
    /^\s*\{/.test(head) &&
    (/"resource_?[sS]pans"\s*:/.test(head) ||
      (/"data"\s*:\s*\[/.test(head) && /"(traceID|spans|processes)"\s*:/.test(head)))
  )
}

interface Span {
  readonly id: string
  readonly parent: string | null
  readonly name: string
  readonly service: string
  /** Milliseconds. */
  readonly start: number
  readonly end: number
  readonly attributes: Readonly<Record<string, Json>>
  readonly error: string | null
  readonly events: readonly { readonly t: number; readonly name: string }[]
}

/** Spans up to this number have a lane each. */
const lanesMax = 150

/** Reads spans. @throws Error if there are none. */
export async function readSpans(files: readonly NamedText[]): Promise<ForeignRun> {
  const spans = files.flatMap(({ text }) => spansIn(JSON.parse(text) as Record<string, unknown>))
  if (spans.length === 0) throw new Error('expected spans, got none; export the trace with its spans')
  const isWide = spans.length > lanesMax
  return {
    options: { origin: 'OpenTelemetry' },
    steps: stepsOf(spans, isWide),
    notes: isWide ? [`The trace has ${spans.length} spans: lanes are services.`] : [],
  }
}

function stepsOf(spans: readonly Span[], isWide: boolean): TraceStep[] {
  const lanes = new Map<string, string>()
  const taken = new Set<string>()
  for (const { id, service, name } of spans) {
    let lane = isWide ? service : `${service}: ${name}`
    for (let count = 2; !isWide && taken.has(lane); count++) lane = `${service}: ${name} (${count})`
    taken.add(lane)
    lanes.set(id, lane)
  }
  const origin = spans.reduce((least, { start }) => Math.min(least, start), Number.POSITIVE_INFINITY)
  const moments = spans.flatMap((span) => [
    { t: span.start, rank: 0, span, kind: 'start' as const, text: '' },
    ...span.events.map(({ t, name }) => ({ t, rank: 1, span, kind: 'local' as const, text: name })),
    { t: span.end, rank: 2, span, kind: 'stop' as const, text: '' },
  ])
  const depths = depthsOf(spans)
  const depth = ({ id }: Span) => depths.get(id)!
  // At one moment parents begin before their children, and end after them.
  moments.sort(
    (a, b) =>
      a.t - b.t ||
      a.rank - b.rank ||
      (a.rank === 2 ? depth(b.span) - depth(a.span) : depth(a.span) - depth(b.span)),
  )
  const begun = new Map<string, number>()
  return moments.map(({ t, span, kind, text }, i): TraceStep => {
    const { id, parent, name, attributes, error, end, start } = span
    const node = lanes.get(id)!
    const at = { t: Math.round((t - origin) * 1e6) / 1e6 }
    if (kind === 'local') return plainStep(i, node, { ...at, text })
    if (kind === 'stop') {
      const took = `${name} ends after ${Math.round((end - start) * 1000) / 1000} ms`
      if (isWide) return plainStep(i, node, { ...at, text: error === null ? took : `${took}: ${error}` })
      const detail = error ?? 'done'
      return plainStep(i, node, { ...at, kind: error === null ? 'stop' : 'crash', text: took, detail })
    }
    begun.set(id, i)
    const sentIn = parent === null ? undefined : begun.get(parent)
    const message: TraceMessage | null =
      sentIn === undefined || lanes.get(parent!) === node
        ? null
        : {
            id: `${sentIn}-${i}`,
            copy: 0,
            type: name,
            from: lanes.get(parent!)!,
            to: node,
            body: {},
            sentAt: null,
            sentIn,
          }
    const context = { service: span.service, span: id, ...attributes }
    return plainStep(i, node, {
      ...at,
      kind: message === null ? (isWide ? 'local' : 'start') : 'receive',
      text: `${name} begins`,
      after: { value: isWide ? '' : 'running', context },
      ...(message && { message }),
    })
  })
}

function depthsOf(spans: readonly Span[]): Map<string, number> {
  const byId = new Map(spans.map((span) => [span.id, span]))
  const depths = new Map<string, number>()
  for (const { id } of spans) {
    let depth = 0
    for (let at = byId.get(id); at?.parent != null && depth < spans.length; at = byId.get(at.parent))
      depth += 1
    depths.set(id, depth)
  }
  return depths
}

type Loose = Readonly<Record<string, unknown>>
const listIn = (value: unknown): readonly Loose[] => (Array.isArray(value) ? value : [])

function spansIn(file: Loose): Span[] {
  if ('data' in file) return listIn(file.data).flatMap(jaegerSpans)
  return listIn(file.resourceSpans ?? file.resource_spans).flatMap((resource) => {
    const attributes = otlpAttributes((resource.resource as Loose | undefined)?.attributes)
    const service = String(attributes['service.name'] ?? 'service')
    const scopes = listIn(resource.scopeSpans ?? resource.scope_spans ?? resource.instrumentationLibrarySpans)
    return scopes.flatMap((scope) => listIn(scope.spans).map((span) => otlpSpan(span, service)))
  })
}

function otlpSpan(span: Loose, service: string): Span {
  const { status, parentSpanId, events } = span
  const { code, message } = (status ?? {}) as { code?: unknown; message?: unknown }
  const isError = code === 2 || code === 'STATUS_CODE_ERROR'
  return {
    id: String(span.spanId),
    parent: typeof parentSpanId === 'string' && parentSpanId !== '' ? parentSpanId : null,
    name: String(span.name),
    service,
    start: nanoseconds(span.startTimeUnixNano),
    end: nanoseconds(span.endTimeUnixNano),
    attributes: otlpAttributes(span.attributes),
    error: isError ? String(message ?? 'error') : null,
    events: listIn(events).map(({ name, timeUnixNano }) => ({
      t: nanoseconds(timeUnixNano),
      name: String(name),
    })),
  }
}

/** Milliseconds of nanoseconds since 1970 as text, which a number does not hold exactly. */
function nanoseconds(value: unknown): number {
  return Number(BigInt(String(value ?? 0)) / 1000n) / 1000
}

function otlpAttributes(given: unknown): Record<string, Json> {
  const entries = listIn(given).map(({ key, value }) => [String(key), otlpValue(value as Loose)] as const)
  return Object.fromEntries(entries)
}

function otlpValue(value: Loose | undefined): Json {
  const [[kind, content] = []] = Object.entries(value ?? {})
  if (kind === 'intValue') return Number(content)
  if (kind === 'arrayValue') return listIn((content as Loose).values).map(otlpValue)
  if (kind === 'kvlistValue') return otlpAttributes((content as Loose).values)
  return (content ?? null) as Json
}

function jaegerSpans(trace: Loose): Span[] {
  const processes = (trace.processes ?? {}) as Readonly<Record<string, { serviceName?: string }>>
  return listIn(trace.spans).map((span): Span => {
    const tags = Object.fromEntries(listIn(span.tags).map(({ key, value }) => [String(key), value as Json]))
    const parent = listIn(span.references).find(
      ({ refType }) => refType === 'CHILD_OF' || refType === 'FOLLOWS_FROM',
    )
    const start = Number(span.startTime) / 1000
    const logs = listIn(span.logs).map(({ timestamp, fields }) => ({
      t: Number(timestamp) / 1000,
      name: listIn(fields)
        .map(({ key, value }) => `${key}: ${value}`)
        .join(', '),
    }))
    return {
      id: String(span.spanID),
      parent: parent === undefined ? null : String(parent.spanID),
      name: String(span.operationName),
      service: processes[String(span.processID)]?.serviceName ?? 'service',
      start,
      end: start + Number(span.duration) / 1000,
      attributes: tags,
      error: tags.error === true || tags.error === 'true' ? 'error' : null,
      events: logs,
    }
  })
}
