/** A client as a live actor, with calls as promises: results, time limits, aborts and typed errors. */
/// <reference lib="esnext.disposable" preserve="true" />
import { type Actor, type AnyActorRef, createActor, type Snapshot } from 'xstate'
import type { Application, Json, JsonLike } from '../machines/application/application.ts'
import { copyJson, jsonCost, jsonSize, jsonValues } from '../machines/application/json.ts'
import type {
  KeyValueCommand,
  KeyValuePage,
  KeyValueResult,
  ListCommand,
  TransactCommand,
} from '../machines/application/key-value-store.ts'
import { rememberLast } from '../machines/application/remember-last.ts'
import {
  type Call,
  type CallFailure,
  type ClientContext,
  type ClientMachine,
  clientDefaults,
  createClientMachine,
  type ResumedSession,
  type Settle,
} from '../machines/client/index.ts'
import { isTimer } from '../machines/effects.ts'
import type { Message } from '../machines/messages.ts'
import type { NodeId } from '../machines/node-id.ts'
import type { PureAction } from '../machines/step.ts'
import { changed } from './charts.ts'
import { checked } from './checked.ts'
import { StandbyError } from './errors.ts'
import { type KeyChange, type WatchOptions, watchChanges } from './key-value-watch.ts'
import { knownOptions } from './known-options.ts'
import { nodeLogic, startNode } from './node.ts'
import { checkedLimits, checkedTiming, type LimitOptions, schemas } from './options.ts'
import { type CallEnd, PendingCalls } from './pending-calls.ts'
import type { TimeClock } from './ports.ts'
import { createRetransmission, type Retransmission } from './retransmission.ts'
import { type ActorOptions, commonOptions, declaredServers } from './view-service.ts'
import { createWatching, type News, type WatchedKeys, type Watching } from './watching.ts'

export type { CallEnd } from './pending-calls.ts'

/** How long one call waits, and what ends it early. */
export interface CallOptions {
  /** Ends the wait; it unsends nothing (C2). */
  readonly signal?: AbortSignal
  /** How long to wait, in milliseconds; default: the client's `timeoutMs`. */
  readonly timeoutMs?: number
}

/** What a client needs: the ports, its id, and optionally its bounds. */
export interface ClientActorOptions extends ActorOptions {
  /** `name#incarnation`, never used before by another life of this name (C3). */
  readonly id: NodeId
  /** Default `view-service`. */
  readonly viewService?: NodeId
  /** The names of the servers; others answer nothing (N6). Default: any name may be a server. */
  readonly servers?: readonly string[]
  /** Checks commands before they are sent, if the application can. */
  // biome-ignore lint/suspicious/noExplicitAny: any application will do here; its types are the client's own
  readonly application?: Pick<Application<any, any, any>, 'validate'>
  readonly limits?: LimitOptions
  /** How long a call waits for its result, in milliseconds; default 10,000, `Infinity` for ever. */
  readonly timeoutMs?: number
  /**
   * Goes on with a session of a former life of this id, if the caller counts its sequence numbers (S9); default: none
   * (C3). Calls must wait until the chart is `ready`: before, it would open a session.
   */
  readonly resume?: ResumedSession
}

/** The running chart of a client, as XState knows it. */
export type ClientActor = Actor<ClientMachine>

/** Sends commands to the current primary. Each executes at most once, even if messages are lost or repeated. */
export interface Client<Command, Result> {
  readonly id: NodeId
  readonly actor: ClientActor
  /**
   * Executes a command and resolves with its result, exactly once.
   * @throws StandbyError with a `code`, and `mayHaveExecuted`, true if the command may still take effect (C2).
   */
  execute(command: Command, options?: CallOptions): Promise<Result>
  /** Calls that are still pending. */
  pending(): number
  /** Rejects what is pending with `stopped` and leaves no timer behind. */
  stop(): void
  [Symbol.dispose](): void
}

/**
 * Starts a client. It looks for the view service at once and opens its session with the first call.
 * @throws StandbyError `invalidOption`, or `duplicateNode` when its id is taken.
 */
export function createClient<Command, Result>(
  options: ClientActorOptions,
): Client<Command, Result> & ClientCore {
  checked('createClient', schemas.ports, options)
  knownOptions('createClient', options, {
    ...commonOptions,
    id: true,
    viewService: true,
    servers: true,
    application: true,
    limits: true,
    timeoutMs: true,
    resume: true,
  })
  const { viewService = 'view-service', inspect, clock, observe } = options
  const id = checked('id', schemas.id, options.id)
  const timing = checkedTiming(options.timing)
  const { retryIntervalMs } = timing
  const limits = checkedLimits(options.limits)
  const timeoutMs = checked('timeoutMs', schemas.timeoutMs, options.timeoutMs ?? 10_000)
  const retries = createRetransmission(clock, retryIntervalMs, timing, { cutMaxMs: retryIntervalMs })
  const { clientQueueMax, batchMax, batchBytesMax } = limits
  const own = chartOf(retryIntervalMs, clientQueueMax, batchMax, batchBytesMax)
  const machine = changed(own, options.charts?.client)

  const pending = new PendingCalls()
  /** Rings when the next call is late. */
  let alarm: { readonly handle: unknown; readonly at: number } | null = null
  let unsent: Call[] = []
  let calls = 0
  let stopped = false
  let watching: Watching | null = null
  /** A call that is made after a watch takes effect after it too; but it does not wait for ever. */
  let isBehindWatches = false

  const node = {
    vectorEntriesMax: limits.vectorEntriesMax,
    ...options,
    id,
    roles: { own: 'client', viewService, servers: declaredServers(options.servers) } as const,
    begins: (self: AnyActorRef) => void retriesOf.set(self, retries),
    hears: (message: Message) => hear(message, retries),
    carryOut: ({ params }: PureAction) => {
      for (const { id: call, end } of (params as Settle).calls) settle(call, end)
    },
  }
  const logic = nodeLogic(machine, node)
  const actor: ClientActor = createActor(logic, {
    id,
    input: { id, viewService, resume: options.resume },
    clock,
    inspect,
  })
  startNode(actor, node, stop)

  function settle(call: number, end: CallEnd): void {
    const waiting = pending.take(call)
    if (waiting === null) return
    observe?.({
      kind: 'return',
      node: id,
      t: clock.now(),
      clock: null,
      call: { id: call, command: waiting.command, end },
    })
    waiting.done(end)
  }

  /** Calls made in one go reach the chart as one event, and so go out together. */
  function flush(): void {
    if (isBehindWatches) return
    const batch = unsent
    unsent = []
    if (!stopped && batch.length > 0) actor.send({ type: 'call', calls: batch })
  }

  function watchKeys(keys: WatchedKeys, next: (news: News) => void): () => void {
    if (stopped) throw stoppedError(id)
    watching ??= createWatching({
      transport: options.transport,
      clock,
      ...(observe === undefined ? {} : { observe }),
      client: id,
      viewService,
      retryIntervalMs,
      vectorEntriesMax: limits.vectorEntriesMax,
    })
    const end = watching.watch(keys, next)
    isBehindWatches = true
    let alarm: unknown = null
    const go = () => {
      if (alarm !== null) clock.clearTimeout(alarm)
      isBehindWatches = false
      if (unsent.length > 0) flush()
    }
    alarm = clock.setTimeout(go, retryIntervalMs * 20)
    watching.known().then(go)
    return end
  }

  /** A call that the chart does not know yet ends here, never transmitted. */
  function abandon(ids: readonly number[], code: 'timedOut' | 'aborted' | 'stopped'): void {
    const gone = new Set(ids)
    const isGone = (call: Call) => gone.has(call.id as number)
    const early = unsent.filter(isGone)
    unsent = unsent.filter((call) => !isGone(call))
    for (const call of early) settle(call.id as number, { failure: { code, mayHaveExecuted: false } })
    if (early.length < ids.length) actor.send({ type: 'abandon', ids, code })
  }

  function expire(): void {
    alarm = null
    const late = pending.marks(clock.now())
    if (late.length > 0) abandon(late, 'timedOut')
    setAlarm(pending.nextDeadline())
  }

  function setAlarm(at: number): void {
    if (at === Number.POSITIVE_INFINITY || (alarm !== null && alarm.at <= at)) return
    if (alarm !== null) clock.clearTimeout(alarm.handle)
    alarm = { at, handle: clock.setTimeout(expire, Math.max(0, at - clock.now())) }
  }

  function submit(command: unknown, done: (end: CallEnd) => void, limit: number = timeoutMs): number {
    if (stopped) throw stoppedError(id)
    const wrong = options.application?.validate?.(command) ?? null
    if (wrong !== null) throw new StandbyError('invalidCommand', wrong)
    const copy = copied(command)
    const bytes = jsonSize(copy)
    if (bytes > limits.commandBytesMax) {
      throw new StandbyError(
        'tooLarge',
        `expected a command of at most ${limits.commandBytesMax} bytes of JSON, got ${bytes}; raise limits.commandBytesMax or split it`,
      )
    }
    // No text has more values than half its length.
    const { commandValuesMax } = limits
    if (bytes > commandValuesMax && jsonValues(copy, commandValuesMax) > commandValuesMax) {
      throw new StandbyError(
        'tooLarge',
        `expected a command of at most ${commandValuesMax} JSON values, got more; raise limits.commandValuesMax or split it`,
      )
    }
    const call = ++calls
    const deadline = clock.now() + limit
    pending.add(call, { command: copy, deadline, done })
    setAlarm(deadline)
    observe?.({ kind: 'call', node: id, t: clock.now(), clock: null, call: { id: call, command: copy } })
    unsent.push({ id: call, command: copy, bytes: jsonCost(copy, bytes) })
    if (unsent.length === 1) clock.soon(flush)
    return call
  }

  function stop(): void {
    if (stopped) return
    stopped = true
    const hasFailed = (actor.getSnapshot() as Snapshot<unknown>).status === 'error'
    if (pending.size > 0 && !hasFailed) abandon(pending.marks(), 'stopped')
    if (alarm !== null) clock.clearTimeout(alarm.handle)
    alarm = null
    watching?.stop()
    actor.stop()
    // The chart settles nothing any more when it has failed, or is stopped within a step of its own.
    const failure = { code: 'stopped', mayHaveExecuted: true } as const
    for (const call of pending.marks()) settle(call, { failure })
    observe?.({ kind: 'stop', node: id, t: clock.now(), clock: null })
  }

  return {
    id,
    actor,
    submit,
    watchKeys,
    clock,
    abandon: (call) => void (pending.has(call) && abandon([call], 'aborted')),
    pending: () => pending.size,
    execute: (command, callOptions = noOptions) =>
      new Promise<Result>((resolve, reject) => {
        if (callOptions !== noOptions) checked('call options', schemas.call, callOptions)
        const { signal, timeoutMs: limit } = callOptions
        if (signal?.aborted)
          return reject(errorOf({ code: 'aborted', mayHaveExecuted: false }, signal.reason))
        let onAbort: (() => void) | null = null
        const ownLimit = limit === undefined ? timeoutMs : checked('timeoutMs', schemas.timeoutMs, limit)
        const call = submit(
          command,
          (end) => {
            if (onAbort !== null) signal?.removeEventListener('abort', onAbort)
            if ('value' in end) resolve(end.value as Result)
            else if ('error' in end)
              reject(new StandbyError(end.error.code, end.error.message, { mayHaveExecuted: true }))
            else reject(errorOf(end.failure, end.failure.code === 'aborted' ? signal?.reason : undefined))
          },
          ownLimit,
        )
        if (signal === undefined) return
        onAbort = () => {
          if (pending.has(call)) abandon([call], 'aborted')
        }
        signal.addEventListener('abort', onAbort, { once: true })
      }),
    stop,
    [Symbol.dispose]: stop,
  }
}

const retriesOf = new WeakMap<AnyActorRef, Retransmission>()

/** Clients of a process are mostly alike, and then share one chart: it is larger than everything else that is theirs. */
const chartOf = rememberLast(
  (retryIntervalMs: number, queueMax: number, batchMax: number, batchBytesMax: number) =>
    createClientMachine({
      retryIntervalMs,
      queueMax,
      batchMax,
      batchBytesMax: Math.min(batchBytesMax, clientDefaults.batchBytesMax),
    }).provide({
      delays: {
        retryInterval: ({ context, event, self }) =>
          // A step outside the actor, as of a recorded life that is replayed, measures no round trips.
          retriesOf.get(self)?.sent(exchangeOf(context), isTimer(event)) ?? retryIntervalMs,
      },
    }),
)

const noOptions: CallOptions = {}

/** Calls without promises, for worlds in which nothing may happen between two steps. */
export interface ClientCore {
  /** @throws StandbyError for a command that is not sent at all. Returns the call's mark. */
  submit(command: unknown, done: (end: CallEnd) => void, timeoutMs?: number): number
  abandon(call: number): void
  /**
   * Calls `next` with decided changes of these keys, in order, each once, also through failovers (W1, W2); returns how
   * to end that. What is called next takes effect after the watch has begun.
   */
  watchKeys(keys: WatchedKeys, next: (news: News) => void): () => void
  /** The client's time. */
  readonly clock: TimeClock
}

/** A client of the key-value store: the commands as methods. */
export interface KeyValueClient extends Client<KeyValueCommand, KeyValueResult> {
  /** The value under `key`, or null. */
  get<Value = Json>(key: string, options?: CallOptions): Promise<Value | null>
  /** With `ttlMs` the key expires after so many milliseconds; a later put without it keeps it for good. */
  put<Value>(key: string, value: Value & JsonLike<Value>, options?: PutOptions): Promise<void>
  /** Appends to the string under `key` (absent: the empty one); resolves with the new length. */
  append(key: string, value: string, options?: CallOptions): Promise<number>
  /** Resolves with whether there was something to delete. */
  delete(key: string, options?: CallOptions): Promise<boolean>
  /** Sets `value` if the present one equals `expected` (null: absent); resolves with whether it did. */
  compareAndSet<Expected, Value>(
    key: string,
    expected: Expected & JsonLike<Expected>,
    value: Value & JsonLike<Value>,
    options?: CallOptions,
  ): Promise<boolean>
  /** One page of keys with their values and revisions, in code-unit order. */
  list(options?: Omit<ListCommand, 'op'> & CallOptions): Promise<KeyValuePage>
  /** Runs all of `then` if all comparisons hold, else all of `else`, with nothing of others in between. */
  transact(
    transaction: Omit<TransactCommand, 'op'>,
    options?: CallOptions,
  ): Promise<{ readonly succeeded: boolean; readonly results: readonly KeyValueResult[] }>
  /**
   * Decided changes of a key, or of all keys with a prefix, in order, each once, also through failovers (W1, W2).
   * @example
   * for await (const { key, value, deleted } of client.watch({ prefix: 'orders/' })) console.log(key, value, deleted)
   */
  watch(options: WatchOptions): AsyncIterableIterator<KeyChange>
  /**
   * Sets what `change` makes of the present value (null: absent), with nothing of others in between; resolves with it. It is a
   * `get` and a `compareAndSet`, again as often as another client was faster: `change` may run several times, and does
   * nothing but compute. `options` hold for each of these calls. If it rejects with `mayHaveExecuted`, the value may be set.
   * @example
   * const visits = await client.update('visits', (count: number | null) => (count ?? 0) + 1)
   */
  update<Value = Json>(
    key: string,
    change: (present: Value | null) => Value & JsonLike<Value>,
    options?: CallOptions,
  ): Promise<Value>
}

/** How a value is put. */
export interface PutOptions extends CallOptions {
  /** Milliseconds until the key expires, from 1 on; default: never. */
  readonly ttlMs?: number
}

/** Adds the commands of the key-value store, as methods, to a client. */
export function withKeyValueMethods<Core extends Client<KeyValueCommand, KeyValueResult> & ClientCore>(
  client: Core,
): Core & KeyValueClient {
  return {
    ...client,
    get: <Value>(key: string, options?: CallOptions) =>
      client.execute({ op: 'get', key }, options) as Promise<Value | null>,
    put: (key, value, { ttlMs, ...options } = {}) =>
      client
        .execute(
          { op: 'put', key, value: value as Json, ...(ttlMs === undefined ? {} : { ttlMs }) },
          Object.keys(options).length === 0 ? undefined : options,
        )
        .then(() => undefined),
    list: ({ signal, timeoutMs, ...page } = {}) =>
      client.execute({ op: 'list', ...page } as never, callOptionsOf({ signal, timeoutMs })) as never,
    transact: (transaction, options) =>
      client.execute({ op: 'transact', ...transaction } as never, options) as never,
    watch: (options) => watchChanges(options, client.watchKeys),
    append: (key, value, options) => client.execute({ op: 'append', key, value }, options) as Promise<number>,
    delete: (key, options) => client.execute({ op: 'delete', key }, options) as Promise<boolean>,
    compareAndSet: (key, expected, value, options) =>
      client.execute(
        { op: 'compareAndSet', key, expected: expected as Json, value: value as Json },
        options,
      ) as Promise<boolean>,
    async update<Value>(key: string, change: (present: Value | null) => Value, options?: CallOptions) {
      for (;;) {
        const expected = await client.execute({ op: 'get', key }, options)
        const value = change(expected as Value | null)
        const command = { op: 'compareAndSet', key, expected, value: value as Json } as const
        if (await client.execute(command, options)) return value
      }
    },
  }
}

function callOptionsOf({ signal, timeoutMs }: CallOptions): CallOptions | undefined {
  if (signal === undefined && timeoutMs === undefined) return undefined
  return { ...(signal === undefined ? {} : { signal }), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
}

/** What a client waits for: a view, its session, or the answer to its request. */
function exchangeOf({ view, outstanding, session, seq }: ClientContext): string {
  if (view.primary === null) return 'view'
  return outstanding === null ? 'null/0' : `${session}/${seq}`
}

function hear(message: Message, retries: Retransmission): void {
  if (message.type === 'reply') retries.answered(`${message.session}/${message.seq}`)
  // `overloaded` is no reason to come again soon, and a view that is not new brings no new primary.
  else if (message.type === 'refusal' && message.reason !== 'overloaded') retries.heard()
  else if (message.type === 'viewReply' && message.view.primary === null) retries.heard()
  else if (message.type === 'viewReply') retries.heardOther()
}

function copied(command: unknown): Json {
  try {
    return copyJson(command)
  } catch (cause) {
    throw new StandbyError('invalidCommand', `command: ${(cause as Error).message}`, { cause })
  }
}

function stoppedError(id: NodeId): StandbyError {
  return new StandbyError('stopped', `client ${id} has been stopped; create a new one`)
}

const explanations: Record<CallFailure['code'], string> = {
  timedOut: 'no answer within the time limit; retry, or give it a longer timeoutMs',
  aborted: 'the call was aborted',
  stopped: 'the client was stopped before the call was answered',
  overloaded: "the client's queue is full; make fewer calls at once or raise limits.clientQueueMax",
  sessionExpired: 'the session expired at the servers while the call was under way; raise limits.sessionsMax',
  sequenceReused: 'the servers know this sequence number with other commands; is the client id in use twice?',
  replicaDiverged:
    'the replicas disagree about an outcome and have stopped; the application is not deterministic',
}

function errorOf({ code, mayHaveExecuted }: CallFailure, cause?: unknown): StandbyError {
  const fate = mayHaveExecuted ? 'the command may have been executed' : 'the command was never transmitted'
  return new StandbyError(code, `${explanations[code]} (${fate})`, { mayHaveExecuted, cause })
}
