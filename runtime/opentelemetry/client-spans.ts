/** The spans of calls, at the client: from the call until it is settled. */
import {
  type Attributes,
  context,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { ClientContext } from '../../machines/client/index.ts'
import type { Message } from '../../machines/messages.ts'
import { withoutSessionSecrets } from '../trace/session-names.ts'
import { callSpanId } from './derived-ids.ts'
import { commonAttributes, type Seen, type Shared, sampledTraceOf } from './seen.ts'

/** A call that waits to be transmitted, or to be settled. */
interface Waiting {
  readonly calledAt: number
  /** The span within which it was called. */
  readonly links: readonly Link[]
  readonly method: string
  /** It was transmitted, in a request that is not traced. */
  isUntraced: boolean
}

/** The request of a client that is under way. */
interface Outstanding {
  readonly session: number
  readonly seq: number
  readonly keys: readonly string[]
  isSent: boolean
}

/** Calls of which the beginning is remembered. */
const callsMax = 65_536

/** Spans of calls. A call gets a trace when it becomes part of a request; its span begins when the call was made. */
export function createClientSpans(shared: Shared): (seen: Seen) => void {
  const { spans } = shared
  const waiting = new Map<string, Waiting>()
  const requests = new Map<string, Outstanding>()
  const keyOf = (node: string, call: unknown) => `call ${call} ${node}`

  const begin = ({ node, tracer }: Seen, { session, seq, outstanding }: ClientContext): void => {
    const traceId = sampledTraceOf(shared, { client: node, session: session!, seq })
    const keys: string[] = []
    for (const [index, { id }] of outstanding!.entries()) {
      const key = keyOf(node, id)
      const call = waiting.get(key)
      if (call === undefined) continue
      if (traceId === null) {
        call.isUntraced = true
        continue
      }
      waiting.delete(key)
      keys.push(key)
      const attributes = {
        ...commonAttributes(shared, node),
        'rpc.method': call.method,
        'standby.session': session!,
        'standby.sequence': seq,
        'standby.index': index,
      }
      const options = { kind: SpanKind.CLIENT, startTime: call.calledAt, links: [...call.links], attributes }
      const place = { traceId, spanId: callSpanId(traceId, index), parent: null }
      spans.start(tracer, key, { node, name: 'standby call', place, options })
    }
    requests.set(node, { session: session!, seq, keys, isSent: false })
  }

  const event = ({ node, now }: Seen, name: string, attributes: Attributes): void => {
    for (const key of requests.get(node)?.keys ?? []) spans.get(key)?.addEvent(name, attributes, now)
  }

  const sent = (
    seen: Seen,
    to: string,
    { viewNumber, session, seq }: Message & { type: 'request' },
  ): void => {
    const request = requests.get(seen.node)
    if (request?.session !== session || request.seq !== seq) return
    const attributes = { 'standby.primary': to, 'standby.view': viewNumber }
    if (request.isSent) event(seen, 'retransmission', attributes)
    else for (const key of request.keys) spans.get(key)?.setAttributes(attributes)
    request.isSent = true
  }

  const settle = ({ observation: { call }, node, tracer, now }: Seen): void => {
    const key = keyOf(node, call?.id)
    const never = waiting.get(key)
    waiting.delete(key)
    const open = spans.get(key)
    const span = open ?? (never?.isUntraced === false ? untransmitted(node, tracer, never) : undefined)
    const failure = failureOf(call?.end)
    if (failure !== null) {
      span?.setAttribute('error.type', failure)
      span?.setStatus({ code: SpanStatusCode.ERROR, message: failure })
    }
    if (open === undefined) span?.end(now)
    else spans.end(key, now)
  }

  /** No other node knows of it, and it is in no trace but its own. */
  const untransmitted = (node: string, tracer: Tracer, { calledAt, links, method }: Waiting): Span => {
    const attributes = { ...commonAttributes(shared, node), 'rpc.method': method }
    return tracer.startSpan('standby call', {
      kind: SpanKind.CLIENT,
      root: true,
      startTime: calledAt,
      links: [...links],
      attributes,
    })
  }

  return (seen) => {
    const { observation, node, now } = seen
    const { kind, call, before, after, envelope } = observation
    const message = envelope?.message
    if (kind === 'call') {
      if (waiting.size >= callsMax) {
        spans.givenUp += 1
        return
      }
      const within = trace.getSpanContext(context.active())
      const links = within === undefined ? [] : [{ context: within }]
      waiting.set(keyOf(node, call?.id), {
        calledAt: now,
        links,
        method: methodOf(call?.command),
        isUntraced: false,
      })
    } else if (kind === 'return') settle(seen)
    else if (kind === 'stop' || kind === 'crash') requests.delete(node)
    else if (kind === 'send') {
      if (message?.type === 'request' && message.session !== null) sent(seen, envelope!.to, message)
    } else if (after !== undefined) {
      const [old, own] = [before?.context as ClientContext | undefined, after.context as ClientContext]
      const isNew = old?.outstanding == null || old.seq !== own.seq || old.session !== own.session
      if (own.outstanding !== null && isNew) begin(seen, own)
      else if (kind === 'receive' && message?.type === 'refusal' && isOf(requests.get(node), message))
        event(seen, 'refusal', { 'standby.reason': message.reason, 'standby.from': envelope!.from })
    }
  }
}

function isOf(request: Outstanding | undefined, { session, seq }: Message & { type: 'refusal' }): boolean {
  return request !== undefined && request.session === session && request.seq === seq
}

/** The error code of a call that failed; null for a result. */
function failureOf(end: unknown): string | null {
  const { failure, error } = (end ?? {}) as { failure?: { code: string }; error?: { code: string } }
  return failure?.code ?? error?.code ?? null
}

/** The name of a command, if it has one, as commands of the key-value store have. */
function methodOf(command: unknown): string {
  const op = (command as { op?: unknown } | null)?.op
  return typeof op === 'string' ? withoutSessionSecrets(op.slice(0, 64)) : 'execute'
}
