/** Options are checked where they come in: a wrong one is refused with what was expected and what to do. */
import * as v from 'valibot'
import { clientDefaults } from '../machines/client.ts'
import type { NodeId } from '../machines/node-id.ts'
import { serverDefaults } from '../machines/server-setup.ts'
import { StandbyError } from './errors.ts'

const ms = v.pipe(v.number(), v.minValue(1), v.maxValue(3_600_000))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
const name = v.pipe(
  v.string(),
  v.minLength(1, 'Expected a name of at least one character'),
  v.maxLength(200),
  v.check((text) => !text.includes('#'), 'Expected a name without #, which separates the incarnation'),
)

/** Intervals, in milliseconds, and bounds; all optional, all with the defaults of `defaultTiming` and `defaultLimits`. */
const timing = v.partial(
  v.strictObject({
    pingIntervalMs: ms,
    pingCheckIntervalMs: ms,
    pingTimeout: v.pipe(v.number(), v.safeInteger(), v.minValue(2), v.maxValue(1000)),
    resendIntervalMs: ms,
    retryIntervalMs: ms,
  }),
)
const limits = v.partial(
  v.strictObject({
    queueMax: count,
    queueBytesMax: count,
    batchMax: count,
    batchBytesMax: count,
    transferBytesMax: count,
    sessionsMax: count,
    clientQueueMax: count,
    commandBytesMax: count,
    vectorEntriesMax: v.pipe(v.number(), v.minValue(1)),
  }),
)

/** Intervals in milliseconds, 1 to 3,600,000; all optional, with the defaults of `defaultTiming`. */
export type TimingOptions = v.InferOutput<typeof timing>
/** Bounds; all optional, with the defaults of `defaultLimits`. Bytes are those of JSON text, nearly. */
export type LimitOptions = v.InferOutput<typeof limits>

/** How time passes by default: a failure is noticed within 300 ms. */
export const defaultTiming: Required<TimingOptions> = {
  /** A server pings this often; at most half of `pingCheckIntervalMs` (V7). */
  pingIntervalMs: 50,
  /** The view service counts this often. */
  pingCheckIntervalMs: 100,
  /** A server is dead at this many checks after its last ping. */
  pingTimeout: 2,
  /** A primary repeats a forward or a piece of a state transfer this often. */
  resendIntervalMs: 50,
  /** A client asks and sends again this often. */
  retryIntervalMs: 50,
}

/** How much is too much by default. */
export const defaultLimits: Required<LimitOptions> = {
  queueMax: serverDefaults.queueMax,
  queueBytesMax: serverDefaults.queueBytesMax,
  batchMax: serverDefaults.batchMax,
  batchBytesMax: serverDefaults.batchBytesMax,
  transferBytesMax: serverDefaults.transferBytesMax,
  sessionsMax: serverDefaults.sessionsMax,
  clientQueueMax: clientDefaults.queueMax,
  /** Bytes of JSON text in one command. */
  commandBytesMax: 16 * 1024 * 1024,
  /** Client entries in a vector clock; `Infinity` drops nothing, not even dead incarnations (L6). */
  vectorEntriesMax: 64,
}

export const schemas = {
  timing,
  limits,
  name,
  servers: v.union([
    v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1000)),
    v.pipe(
      v.array(name),
      v.minLength(1),
      v.check((names) => new Set(names).size === names.length, 'Expected names that differ'),
    ),
  ]),
  application: v.object(
    { execute: v.function(), snapshot: v.function(), restore: v.function() },
    'Expected an application, as defineApplication makes it',
  ),
  seed: v.pipe(v.number(), v.safeInteger()),
  timeoutMs: v.union([ms, v.literal(Number.POSITIVE_INFINITY)]),
}

/**
 * The value, if `schema` accepts it.
 * @throws StandbyError `invalidOption`, naming the option, what was expected and what was given.
 */
export function checked<Schema extends v.GenericSchema>(
  where: string,
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  const { success, output, issues } = v.safeParse(schema, value)
  if (success) return output
  const [issue] = issues
  const path = issue.path ? `.${v.getDotPath(issue)}` : ''
  throw new StandbyError(
    'invalidOption',
    `${where}${path}: ${issue.message}; see the option's documentation for its range`,
  )
}

/**
 * The id of a node: any text but the empty one.
 * @throws StandbyError `invalidOption`
 */
export function checkedId(where: string, value: unknown): NodeId {
  return checked(where, v.pipe(v.string(), v.minLength(1, 'Expected an id such as s1#1')), value)
}

/**
 * The timing with defaults, checked as a whole: pings must come at least twice in a check interval (V7).
 * @throws StandbyError `invalidOption`
 */
export function checkedTiming(given: unknown): Required<TimingOptions> {
  const result = { ...defaultTiming, ...withoutUndefined(checked('timing', timing, given ?? {})) }
  if (result.pingIntervalMs * 2 > result.pingCheckIntervalMs) {
    throw new StandbyError(
      'invalidOption',
      `timing: expected pingIntervalMs to be at most half of pingCheckIntervalMs (${result.pingCheckIntervalMs}), got ${result.pingIntervalMs}; otherwise one lost ping looks like a death`,
    )
  }
  return result
}

/**
 * The limits with defaults.
 * @throws StandbyError `invalidOption`
 */
export function checkedLimits(given: unknown): Required<LimitOptions> {
  return { ...defaultLimits, ...withoutUndefined(checked('limits', limits, given ?? {})) }
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]-?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as never
}
