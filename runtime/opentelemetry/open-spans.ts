/** The spans that have begun and not ended, of all nodes of a process: bounded, and found by the ids that other nodes derive. */
import {
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type SpanOptions,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { rootSpanId, withIds } from './derived-ids.ts'

/** Where a span is in its trace. */
export interface Place {
  readonly traceId: string
  /** The id by which other processes know it; null: none refers to it. */
  readonly spanId: string | null
  /** The derived id of its parent, or the parent itself if known; null for a first span. */
  readonly parent: string | SpanContext | null
}

/** A span to begin. */
export interface SpanStart {
  readonly node: string
  readonly name: string
  readonly place: Place
  readonly options: SpanOptions
}

interface OpenSpan extends Pick<SpanStart, 'node' | 'place'> {
  readonly span: Span
}

/** Spans by key. Past `max` the oldest is given up. */
export class OpenSpans {
  givenUp = 0
  readonly #max: number
  readonly #byKey = new Map<string, OpenSpan>()
  /** What the SDK calls the spans that are open here, by their derived ids. */
  readonly #contexts = new Map<string, SpanContext>()
  /** Which SDKs take the ids that `derivedIds` has for them. */
  readonly #takesIds = new WeakMap<Tracer, boolean>()

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): Span | undefined {
    return this.#byKey.get(key)?.span
  }

  /** Begins a span that stays open until it is ended, or given up. */
  start(tracer: Tracer, key: string, given: SpanStart): Span {
    const { node, place } = given
    const span = this.startAlone(tracer, given)
    this.giveUp(key, 'begun once more')
    this.#byKey.set(key, { node, span, place })
    if (place.spanId !== null) this.#contexts.set(place.spanId, span.spanContext())
    if (this.#byKey.size > this.#max) this.giveUp(this.#byKey.keys().next().value!, 'too many spans are open')
    return span
  }

  /** Begins a span that its caller ends at once. */
  startAlone(tracer: Tracer, { name, place, options }: SpanStart): Span {
    const { traceId, spanId, parent } = place
    if (parent === null) return this.#startFirst(tracer, name, place, options)
    const known = typeof parent === 'string' ? this.#contexts.get(parent) : parent
    const context = trace.setSpanContext(ROOT_CONTEXT, known ?? remote(traceId, parent as string))
    if (spanId === null) return tracer.startSpan(name, options, context)
    return withIds({ traceId, spanId }, () => tracer.startSpan(name, options, context))
  }

  /** Ends a span, if it is open. @param at milliseconds since the epoch */
  end(key: string, at: number): void {
    this.#forget(key)?.span.end(at)
  }

  /** Ends an open span whose own end will not be observed: records why, and counts it. */
  giveUp(key: string, why: string): void {
    const open = this.#forget(key)
    if (open === undefined) return
    this.givenUp += 1
    open.span.setAttribute('standby.given_up', true)
    open.span.setStatus({ code: SpanStatusCode.ERROR, message: why })
    open.span.end()
  }

  /** Gives up all spans of one node. */
  giveUpAll(node: string, why: string): void {
    for (const [key, open] of [...this.#byKey]) if (open.node === node) this.giveUp(key, why)
  }

  #forget(key: string): OpenSpan | undefined {
    const open = this.#byKey.get(key)
    this.#byKey.delete(key)
    if (open !== undefined && open.place.spanId !== null) this.#contexts.delete(open.place.spanId)
    return open
  }

  /** Without derived ids the trace's own can only come from a parent, which then is never exported. */
  #startFirst(tracer: Tracer, name: string, { traceId, spanId }: Place, options: SpanOptions): Span {
    if (this.#takesIds.get(tracer) !== false) {
      const ids = { traceId, spanId: spanId ?? rootSpanId(traceId) }
      const span = withIds(ids, () => tracer.startSpan(name, options, ROOT_CONTEXT))
      const isTaken = span.spanContext().traceId === traceId
      this.#takesIds.set(tracer, isTaken)
      if (isTaken) return span
    }
    return tracer.startSpan(
      name,
      options,
      trace.setSpanContext(ROOT_CONTEXT, remote(traceId, rootSpanId(traceId))),
    )
  }
}

/** A span in another process, which is recorded there if its trace is recorded at all. */
function remote(traceId: string, spanId: string): SpanContext {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true }
}
