/** What the tellers of spans are given: an observation, and what it takes to make spans of it. */
import type { Attributes, Tracer } from '@opentelemetry/api'
import type { Observation } from '../../actors/observation.ts'
import { withoutSessionSecrets } from '../trace/session-names.ts'
import { isSampled, type RequestKey, traceIdOf } from './derived-ids.ts'
import type { OpenSpans } from './open-spans.ts'

/** One observation of a node. */
export interface Seen {
  readonly observation: Observation
  readonly node: string
  readonly tracer: Tracer
  /** Milliseconds since the epoch: now, and for a message that was received, when it arrived. */
  readonly now: number
  readonly arrivedAt: number
}

/** What all tellers share. */
export interface Shared {
  readonly spans: OpenSpans
  readonly system: string
  readonly ratio: number
}

/** The trace of a request; null if it is not traced. */
export function sampledTraceOf({ system, ratio }: Shared, key: Omit<RequestKey, 'system'>): string | null {
  if (ratio <= 0) return null
  const traceId = traceIdOf({ system, ...key })
  return isSampled(traceId, ratio) ? traceId : null
}

/** What every span says: whose it is, after the conventions for remote calls. */
export function commonAttributes({ system }: Shared, node: string): Attributes {
  return { 'rpc.system': 'standby', 'rpc.service': system, 'standby.node': withoutSessionSecrets(node) }
}
