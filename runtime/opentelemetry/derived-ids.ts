/** Trace and span ids that every process derives by itself, so that spans of several processes join. */
import { hash, randomFillSync } from 'node:crypto'

/** What makes a request one of a kind: no two have the same (S9). */
export interface RequestKey {
  readonly system: string
  /** The client's id. */
  readonly client: string
  readonly session: number
  readonly seq: number
}

/** The trace of a request: 16 bytes of a SHA-256, as 32 hexadecimal digits; the same on all nodes, and evenly spread. */
export function traceIdOf({ system, client, session, seq }: RequestKey): string {
  return hash('sha256', `standby ${system} ${session} ${seq} ${client}`, 'hex').slice(0, 32)
}

/** A span that others may refer to: 8 bytes of a SHA-256, as 16 hexadecimal digits. */
function spanIdOf(traceId: string, what: string): string {
  return hash('sha256', `${traceId} ${what}`, 'hex').slice(0, 16)
}

/** The span of the call that is number `index` of its request. */
export function callSpanId(traceId: string, index: number): string {
  return spanIdOf(traceId, `call ${index}`)
}

/** The parent of a trace's first spans if the SDK gives no derived ids: a span that is never exported. */
export function rootSpanId(traceId: string): string {
  return spanIdOf(traceId, 'root')
}

/** The span of the forward in that view, in which a request is forwarded once at most. */
export function forwardSpanId(traceId: string, viewNumber: number): string {
  return spanIdOf(traceId, `forward ${viewNumber}`)
}

/**
 * Whether a trace is among `ratio` of all; the same answer on all nodes, and that of the SDK's
 * `TraceIdRatioBasedSampler` of version 2.
 */
export function isSampled(traceId: string, ratio: number): boolean {
  if (ratio >= 1) return true
  let mixed = 0
  for (let at = 0; at < 32; at += 8) mixed ^= Number.parseInt(traceId.slice(at, at + 8), 16)
  return mixed >>> 0 < Math.floor(ratio * 0xffff_ffff)
}

/** Ids for the next span, in place of chance. */
interface NextIds {
  readonly traceId: string
  readonly spanId: string
}

/** One for all copies of this module in a process: the SDK may have been set up with another one than makes the spans. */
const slot = Symbol.for('standby.opentelemetry.nextIds')
const shared = globalThis as { [slot]?: NextIds | null }

/**
 * The id generator to give to an SDK (`idGenerator: derivedIds`): for the spans of `createTracing` it gives the derived
 * ids, by which processes know each other's spans, and random ones for all others.
 *
 * Without it the traces are the same, but a span whose parent is in another process names a parent that was never exported.
 */
export const derivedIds = {
  /** 16 bytes, as 32 hexadecimal digits. */
  generateTraceId: (): string => shared[slot]?.traceId ?? randomDigits(16),
  /** 8 bytes, as 16 hexadecimal digits. */
  generateSpanId: (): string => shared[slot]?.spanId ?? randomDigits(8),
}

/** Runs `start`, which starts one span, with these ids, if the SDK asks for them. */
export function withIds<Value>(ids: NextIds, start: () => Value): Value {
  shared[slot] = ids
  try {
    return start()
  } finally {
    shared[slot] = null
  }
}

const pool = Buffer.alloc(4096)
let taken = pool.length

/** Random bytes are drawn in bulk: one by one they cost more than the span. */
function randomDigits(bytes: number): string {
  if (taken + bytes > pool.length) {
    randomFillSync(pool)
    taken = 0
  }
  taken += bytes
  return pool.toString('hex', taken - bytes, taken)
}
