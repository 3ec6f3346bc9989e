/** Options are checked where they come in: a wrong one is refused with what was expected and what to do. */
import * as v from 'valibot'
import { clientDefaults } from '../machines/client/index.ts'
import { isName, isNodeId, nameLengthMax } from '../machines/node-id.ts'
import { serverDefaults } from '../machines/server/context.ts'
import { checked } from './checked.ts'
import { StandbyError } from './errors.ts'

/** The message always says what was expected; `checked` adds what it got. */
const number = (expected: string, min: number, max: number) =>
  v.pipe(v.number(expected), v.minValue(min, expected), v.maxValue(max, expected))
const integer = (expected: string, min: number, max = Number.MAX_SAFE_INTEGER) =>
  v.pipe(number(expected, min, max), v.safeInteger(expected))
const group = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.partial(v.strictObject(entries, `expected an object with only ${Object.keys(entries).join(', ')}`))

const ms = number('expected milliseconds from 1 to 3600000', 1, 3_600_000)
const count = integer('expected a whole number from 1 on', 1)
const nameText = `expected a name of 1 to ${nameLengthMax} printable characters without #, which separates the incarnation`
const name = v.pipe(v.string(nameText), v.check(isName, nameText))
const idText = 'expected an id of printable characters, such as s1#1'
const id = v.pipe(v.string(idText), v.check(isNodeId, idText))

/** Intervals, in milliseconds, and bounds; all optional, all with the defaults of `defaultTiming` and `defaultLimits`. */
const timing = group({
  pingIntervalMs: ms,
  pingCheckIntervalMs: ms,
  pingTimeout: integer('expected a whole number from 2 to 1000', 2, 1000),
  resendIntervalMs: ms,
  retryIntervalMs: ms,
  retransmitMaxMs: ms,
})
const limits = group({
  queueMax: count,
  queueBytesMax: count,
  batchMax: count,
  batchBytesMax: count,
  transferBytesMax: count,
  sessionsMax: count,
  clientQueueMax: count,
  commandBytesMax: count,
  commandValuesMax: count,
  vectorEntriesMax: number('expected a number from 1 on, or Infinity', 1, Number.POSITIVE_INFINITY),
})

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
  /** A primary repeats a forward or a chunk of a state transfer this often at most; less often where answers take longer. */
  resendIntervalMs: 50,
  /** A client asks and sends again this often at most; less often where answers take longer. */
  retryIntervalMs: 50,
  /** Neither waits longer than this, however long answers take; at or below an interval, that interval is kept as it is. */
  retransmitMaxMs: 2000,
}

/** How much is too much by default. */
export const defaultLimits: Required<LimitOptions> = {
  queueMax: serverDefaults.queueMax,
  queueBytesMax: serverDefaults.queueBytesMax,
  batchMax: serverDefaults.batchMax,
  /** A forward of much more would make its receiver's pings late. */
  batchBytesMax: 256 * 1024,
  transferBytesMax: serverDefaults.transferBytesMax,
  sessionsMax: serverDefaults.sessionsMax,
  clientQueueMax: clientDefaults.queueMax,
  /** Bytes of JSON text in one command: what an event loop handles in a fifth of `pingCheckIntervalMs`. */
  commandBytesMax: 1280 * 1024,
  /** JSON values in one command, those inside others included: many small values take longer than one large text. */
  commandValuesMax: 8192,
  /** Client entries in a vector clock; `Infinity` drops nothing, not even dead incarnations (L6). */
  vectorEntriesMax: 16,
}

const someServers = 'expected how many servers, from 1 to 1000, or a list of names that differ'
const anApplication = 'expected an application, such as defineApplication makes, or replicated of a machine'
const method = v.function(anApplication)

const transport = v.object({ attach: method, send: method, close: method }, 'expected a Transport')
const clock = v.object(
  { now: method, setTimeout: method, clearTimeout: method, soon: method },
  'expected a TimeClock, such as schedulerClock()',
)

const namesText = 'expected a list of names that differ, such as [s1, s2, s3]'
const serverNames = v.pipe(
  v.array(name, namesText),
  v.minLength(1, namesText),
  v.maxLength(1000, 'expected at most 1000 names'),
  v.check((names) => new Set(names).size === names.length, namesText),
)

export const schemas = {
  timing,
  limits,
  name,
  serverNames,
  servers: v.union([integer(someServers, 1, 1000), serverNames], someServers),
  application: v.object({ execute: method, snapshot: method, restore: method }, anApplication),
  id,
  call: v.strictObject(
    {
      signal: v.optional(
        v.object(
          { aborted: v.boolean('expected an AbortSignal'), addEventListener: method },
          'expected an AbortSignal',
        ),
      ),
      timeoutMs: v.optional(v.unknown()),
    },
    'expected options such as { timeoutMs: 1000, signal }',
  ),
  /** What no node can do without. */
  ports: v.object({ transport, clock }, 'expected options with at least a transport and a clock'),
  client: v.strictObject(
    { name: v.optional(v.unknown()), timeoutMs: v.optional(v.unknown()) },
    'expected options such as { name, timeoutMs: 1000 }',
  ),
  cluster: v.strictObject(
    {
      application: v.optional(v.unknown()),
      servers: v.optional(v.unknown()),
      timing: v.optional(v.unknown()),
      limits: v.optional(v.unknown()),
      seed: v.optional(v.unknown()),
      observe: v.optional(v.function('expected a function')),
      inspect: v.optional(v.union([v.function(), v.looseObject({})], 'expected an observer or a function')),
      transport: v.optional(transport),
      clock: v.optional(clock),
      store: v.optional(v.unknown()),
    },
    'expected one of the options application, servers, timing, limits, seed, observe, inspect, transport, clock, store',
  ),
  store: v.object(
    { load: method, append: method, savePiece: method, finishSnapshot: method },
    'expected a store, such as createMemoryStore()',
  ),
  storeOf: v.optional(v.function('expected a function from the name of a server to its store')),
  seed: integer('expected a whole number', Number.MIN_SAFE_INTEGER),
  timeoutMs: v.union(
    [ms, v.literal(Number.POSITIVE_INFINITY)],
    'expected milliseconds from 1 to 3600000, or Infinity',
  ),
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
