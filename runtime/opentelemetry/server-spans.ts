/** The spans of requests at servers: the primary's handling, its forwards, and what the backup does with them. */
import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { Message, Request } from '../../machines/messages.ts'
import type { ServerContext } from '../../machines/server/context.ts'
import { callSpanId, forwardSpanId } from './derived-ids.ts'
import { commonAttributes, type Seen, type Shared, sampledTraceOf } from './seen.ts'

type Of<Type extends Message['type']> = Message & { readonly type: Type }

/** The forward of a primary that is not acknowledged: one at a time (S6). */
interface Forwarded {
  readonly viewNumber: number
  readonly number: number
  readonly keys: readonly string[]
}

/** Spans of requests and forwards; a session that is being opened has no trace yet. */
export function createServerSpans(shared: Shared): (seen: Seen) => void {
  const { spans } = shared
  const forwards = new Map<string, Forwarded>()
  const requestKey = (
    node: string,
    client: string,
    { session, seq }: { session: number | null; seq: number },
  ) => `request ${session} ${seq} ${node} ${client}`
  const traceOf = (client: string, { session, seq }: { session: number | null; seq: number }) =>
    session === null ? null : sampledTraceOf(shared, { client, session, seq })

  const takeRequest = ({ observation, node, tracer, arrivedAt, now }: Seen, request: Of<'request'>): void => {
    const { from } = observation.envelope!
    const key = requestKey(node, from, request)
    const open = spans.get(key)
    if (open !== undefined) {
      open.addEvent('retransmission', { 'standby.view': request.viewNumber }, now)
      return
    }
    const traceId = isIgnored(observation) ? null : traceOf(from, request)
    if (traceId === null) return
    const attributes = {
      ...commonAttributes(shared, node),
      ...requestAttributes(request),
      'standby.view': request.viewNumber,
    }
    const options = { kind: SpanKind.SERVER, startTime: arrivedAt, attributes }
    const place = { traceId, spanId: null, parent: callSpanId(traceId, 0) }
    spans.start(tracer, key, { node, name: 'standby request', place, options })
  }

  const answer = ({ observation, node, now }: Seen, message: Of<'reply'> | Of<'refusal'>): void => {
    const key = requestKey(node, observation.envelope!.to, message)
    const span = spans.get(key)
    if (span === undefined) return
    if (message.type === 'refusal') span.addEvent('refusal', { 'standby.reason': message.reason }, now)
    span.setAttribute('standby.outcome', message.type === 'refusal' ? 'refused' : message.outcome.kind)
    spans.end(key, now)
  }

  const forward = ({ observation, node, tracer, now }: Seen, message: Of<'forward'>): void => {
    const { viewNumber, number, requests } = message
    const open = forwards.get(node)
    if (open?.viewNumber === viewNumber && open.number === number) {
      for (const key of open.keys) spans.get(key)?.addEvent('retransmission', {}, now)
      return
    }
    const keys = tracedIn(requests).map(({ request, traceId }) => {
      const key = `forward ${viewNumber} ${traceId} ${node}`
      const attributes = {
        ...commonAttributes(shared, node),
        ...requestAttributes(request),
        ...forwardAttributes(message),
        'standby.backup': observation.envelope!.to,
      }
      const options = { kind: SpanKind.CLIENT, startTime: now, attributes }
      const handling = spans.get(requestKey(node, request.client, request))?.spanContext()
      const place = {
        traceId,
        spanId: forwardSpanId(traceId, viewNumber),
        parent: handling ?? callSpanId(traceId, 0),
      }
      spans.start(tracer, key, { node, name: 'standby forward', place, options })
      return key
    })
    forwards.set(node, { viewNumber, number, keys })
  }

  const endForward = ({ node, now }: Seen, { viewNumber, number }: Of<'forwardAck'>): void => {
    const open = forwards.get(node)
    if (open?.viewNumber !== viewNumber || open.number !== number) return
    forwards.delete(node)
    for (const key of open.keys) spans.end(key, now)
  }

  const apply = ({ observation, node, tracer, arrivedAt, now }: Seen, message: Of<'forward'>): void => {
    const [before, after] = [observation.before, observation.after].map(
      (snapshot) => (snapshot?.context as ServerContext | undefined)?.applied,
    )
    if (after?.number !== message.number || before === after) return
    for (const { request, traceId } of tracedIn(message.requests)) {
      const attributes = {
        ...commonAttributes(shared, node),
        ...requestAttributes(request),
        ...forwardAttributes(message),
      }
      const options = { kind: SpanKind.SERVER, startTime: arrivedAt, attributes }
      const place = { traceId, spanId: null, parent: forwardSpanId(traceId, message.viewNumber) }
      spans.startAlone(tracer, { node, name: 'standby apply', place, options }).end(now)
    }
  }

  const tracedIn = (requests: readonly Request[]) =>
    requests.flatMap((request) => {
      const traceId = traceOf(request.client, request)
      return traceId === null ? [] : [{ request, traceId }]
    })

  /** S8: nothing is answered in the old view; a server that is no longer primary drops its queue. */
  const changeView = ({ node, now }: Seen, { view }: ServerContext): void => {
    for (const key of forwards.get(node)?.keys ?? []) {
      spans.get(key)?.setStatus({ code: SpanStatusCode.ERROR, message: 'the view has changed' })
      spans.end(key, now)
    }
    forwards.delete(node)
    if (view.primary !== node) spans.giveUpAll(node, 'no longer primary')
  }

  return (seen) => {
    const { kind, envelope, before, after } = seen.observation
    const message = envelope?.message
    if (kind === 'send') {
      if (message?.type === 'reply' || message?.type === 'refusal') answer(seen, message)
      else if (message?.type === 'forward') forward(seen, message)
      return
    }
    if (kind === 'stop' || kind === 'crash') {
      forwards.delete(seen.node)
      spans.giveUpAll(seen.node, 'the node has stopped')
      return
    }
    if (before !== undefined && before.context.view !== after?.context.view)
      changeView(seen, after!.context as ServerContext)
    if (kind !== 'receive') return
    if (message?.type === 'request') takeRequest(seen, message)
    else if (message?.type === 'forwardAck') endForward(seen, message)
    else if (message?.type === 'forward') apply(seen, message)
  }
}

function requestAttributes({
  session,
  seq,
  commands,
}: Pick<Request, 'session' | 'seq' | 'commands'>): Attributes {
  return { 'standby.session': session!, 'standby.sequence': seq, 'standby.commands': commands.length }
}

function forwardAttributes({ viewNumber, number, requests }: Of<'forward'>): Attributes {
  return { 'standby.view': viewNumber, 'standby.forward': number, 'standby.requests': requests.length }
}

function isIgnored({ ignored }: Seen['observation']): boolean {
  return ignored !== undefined && ignored.length > 0
}
