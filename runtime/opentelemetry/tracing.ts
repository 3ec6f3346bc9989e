/** A sink that makes OpenTelemetry spans of what it observes: of each request at the client, the primary and the backup, in one trace. */
import { ProxyTracerProvider, type Tracer, type TracerProvider, trace } from '@opentelemetry/api'
import * as v from 'valibot'
import { checked } from '../../actors/checked.ts'
import type { Envelope, Observe, Transport } from '../../actors/ports.ts'
import { type Sink, tee } from '../observe/tee.ts'
import { createClientSpans } from './client-spans.ts'
import { OpenSpans } from './open-spans.ts'
import { createServerSpans } from './server-spans.ts'

/** How traces are made; all of it is optional. */
export interface TracingOptions {
  /**
   * The name of the system, the same in all its processes: it is part of what ids are derived from. Default `standby`. Where
   * ids of clients are used again in another run, as in a cluster in one process, give it a name of the run.
   */
  readonly system?: string
  /** Which share of the requests is traced, from 0 to 1, the same in all processes: then they agree on which. Default 1. */
  readonly ratio?: number
  /** Spans that may be open; past it the oldest is given up, which is counted. Default 10,000. */
  readonly spansMax?: number
  /** Default: the one that is registered globally, whenever it comes. */
  readonly tracerProvider?: TracerProvider
}

/** The sink. It does nothing while no SDK is registered, and memory does not grow with the run. */
export interface Tracing extends Sink {
  /** Whether an SDK is registered. */
  readonly isActive: boolean
  /** Spans that are open now. */
  readonly open: number
  /** Spans that were ended because there were too many, or because their node lost its role or stopped. */
  readonly givenUp: number
  /**
   * `inner`, with the moments at which messages arrive: the spans of servers then begin at them. Without it they begin
   * when the message was dealt with, which is later by the time that this took.
   */
  withArrivals(inner: Transport): Transport
  /** Has the SDK export what has ended, if it can be asked for that. */
  flush(): Promise<void>
}

const optionsSchema = v.strictObject(
  {
    system: v.optional(v.pipe(v.string('expected a name'), v.minLength(1, 'expected a name'))),
    ratio: v.optional(v.pipe(v.number(ratioText()), v.minValue(0, ratioText()), v.maxValue(1, ratioText()))),
    spansMax: v.optional(
      v.pipe(
        v.number('expected a whole number from 1 on'),
        v.integer('expected a whole number from 1 on'),
        v.minValue(1, 'expected a whole number from 1 on'),
      ),
    ),
    tracerProvider: v.optional(
      v.looseObject({ getTracer: v.function('expected a TracerProvider') }, 'expected a TracerProvider'),
    ),
  },
  'expected some of system, ratio, spansMax, tracerProvider',
)

function ratioText(): string {
  return 'expected a number from 0 to 1'
}

/**
 * Makes spans of what it observes, in the scope `standby`:
 *
 * - `standby call` (client): from the call until it is settled; calls that go out in one request share its trace;
 * - `standby request` (server): at the primary, from the arrival of the request to its reply;
 * - `standby forward` (client): from the forward to its acknowledgement;
 * - `standby apply` (server): at the backup, from the arrival of the forward to its acknowledgement.
 *
 * Ids are derived from the system, the client, its session and sequence number (S9), so that the processes need not send
 * each other any; give `derivedIds` to the SDK, and parents are right across processes too. Refusals and
 * retransmissions are events. Attributes carry no keys and no values.
 * @throws StandbyError `invalidOption`
 * @example
 * const tracing = createTracing({ system: `demo-${randomUUID()}` })
 * await using cluster = createCluster({ observe: tracing.observe })
 */
export function createTracing(options: TracingOptions = {}): Tracing {
  checked('createTracing', optionsSchema, options)
  const { system = 'standby', ratio = 1, spansMax = 10_000, tracerProvider } = options
  const spans = new OpenSpans(spansMax)
  const shared = { spans, system, ratio }
  const [ofClients, ofServers] = [createClientSpans(shared), createServerSpans(shared)]
  const find = createFinder(tracerProvider)
  /** What arrived last, and when. */
  let arrival: { readonly envelope: Envelope; readonly at: number } | null = null

  const observe: Observe = (observation) => {
    const tracer = ratio > 0 ? find() : null
    if (tracer === null) return
    const { node, envelope, after } = observation
    const machine = after?.machine.id
    if (node === null || machine === 'viewService') return
    const now = epochNow()
    const arrivedAt = arrival !== null && arrival.envelope === envelope ? arrival.at : now
    const seen = { observation, node, tracer, now, arrivedAt }
    if (machine !== 'server') ofClients(seen)
    if (machine !== 'client') ofServers(seen)
  }
  return {
    // An SDK, or a processor of spans, that throws must not reach the node.
    observe: tee(observe).observe,
    get isActive() {
      return find() !== null
    },
    get open() {
      return spans.size
    },
    get givenUp() {
      return spans.givenUp
    },
    withArrivals: (inner) => ({
      attach: (id, receive) =>
        inner.attach(id, (envelope) => {
          if (find() !== null) arrival = { envelope, at: epochNow() }
          receive(envelope)
        }),
      send: (envelope) => inner.send(envelope),
      close: () => inner.close(),
    }),
    async flush() {
      const { forceFlush } = providerIn(tracerProvider) as { forceFlush?: () => Promise<void> }
      await forceFlush?.call(providerIn(tracerProvider))
    },
  }
}

/** Milliseconds since the epoch, with fractions. */
function epochNow(): number {
  return performance.timeOrigin + performance.now()
}

/** The SDK's provider; behind the API's own there may be none. */
function providerIn(given: TracerProvider | undefined): TracerProvider {
  const provider = given ?? trace.getTracerProvider()
  return provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider
}

/** Finds the SDK's tracer, whenever it is registered; until then nothing else is done. */
function createFinder(given: TracerProvider | undefined): () => Tracer | null {
  let known: { readonly provider: TracerProvider; readonly tracer: Tracer } | null = null
  return () => {
    const provider = given ?? trace.getTracerProvider()
    if (known?.provider === provider) return known.tracer
    const tracer =
      provider instanceof ProxyTracerProvider
        ? provider.getDelegateTracer('standby')
        : provider.getTracer('standby')
    known = tracer === undefined ? null : { provider, tracer }
    return tracer ?? null
  }
}
