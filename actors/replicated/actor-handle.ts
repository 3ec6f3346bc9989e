/** One replicated instance as its users see it: start, send, read, subscribe, wait. */
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import type {
  InstanceChange,
  InstanceResult,
  PersistedActor,
} from '../../machines/application/replicated/index.ts'
import type { CallOptions } from '../client.ts'
import { StandbyError } from '../errors.ts'
import type { News, WatchedKeys } from '../watching.ts'

/** How long `waitFor` waits, and what ends it early. */
export interface WaitOptions {
  readonly signal?: AbortSignal
  /** In milliseconds; default: for ever. */
  readonly timeoutMs?: number
}

/** An observer, as XState and RxJS know it. */
export interface SnapshotObserver<Snapshot> {
  readonly next?: (snapshot: Snapshot) => void
  readonly error?: (error: unknown) => void
  readonly complete?: () => void
}

/** What a subscriber can end. */
export interface Subscription {
  unsubscribe(): void
}

/** A replicated instance. Nothing is sent before it is asked for something. */
export interface ReplicatedActorRef<
  Snapshot = AnyMachineSnapshot,
  Event extends EventObject = EventObject,
  Input = unknown,
  Emitted extends EventObject = EventObject,
> {
  readonly id: string
  /** Starts it, unless it is started already; says whether it was this call that did. */
  start(options?: { readonly input?: Input } & CallOptions): Promise<{ readonly created: boolean }>
  /** Decides an event on both replicas; resolves with the snapshot after it. */
  send(event: Event, options?: CallOptions): Promise<Snapshot>
  /** The snapshot as of now, decided like any command; null if it is not started. */
  read(options?: CallOptions): Promise<Snapshot | null>
  /** The newest snapshot that is known here; undefined before the first. */
  getSnapshot(): Snapshot | undefined
  /** Calls the observer with the present snapshot and each later one, in order, also through failovers (W1, W2). */
  subscribe(observer: SnapshotObserver<Snapshot> | ((snapshot: Snapshot) => void)): Subscription
  /** Calls the handler with what the machine emits from now on; `*` is every event. */
  on<Type extends Emitted['type'] | '*'>(
    type: Type,
    handler: (event: Type extends '*' ? Emitted : Extract<Emitted, { readonly type: Type }>) => void,
  ): Subscription
  /**
   * Resolves with the first snapshot, from the present one on, for which `predicate` holds.
   * @throws StandbyError `timedOut`, `aborted`, or `stopped` if the instance ends before that.
   */
  waitFor(predicate: (snapshot: Snapshot) => boolean, options?: WaitOptions): Promise<Snapshot>
  /** Stops it and removes it: effects under way are aborted. Says whether there was something to stop. */
  stop(options?: CallOptions): Promise<{ readonly stopped: boolean }>
}

/** What a handle needs of its application and its client. */
export interface HandlePort {
  readonly id: string
  readonly key: string
  execute(
    op: 'start' | 'send' | 'read' | 'stop',
    more: object,
    options?: CallOptions,
  ): Promise<InstanceResult>
  watch(keys: WatchedKeys, next: (news: News) => void): () => void
  snapshotOf(snapshot: PersistedActor): AnyMachineSnapshot
  readonly clock: { setTimeout(run: () => void, ms: number): unknown; clearTimeout(handle: unknown): void }
}

type Observer = SnapshotObserver<AnyMachineSnapshot>

/** A handle on one instance. */
export function createHandle(port: HandlePort): ReplicatedActorRef {
  const observers = new Set<Observer>()
  const handlers = new Set<{ readonly type: string; readonly handler: (event: EventObject) => void }>()
  let newest: { readonly revision: number; readonly snapshot: AnyMachineSnapshot } | null = null
  let endWatch: (() => void) | null = null

  /** The snapshot of a result or a change, unless a newer one is known. */
  const learnt = (revision: number, snapshot: PersistedActor): AnyMachineSnapshot => {
    if (newest !== null && newest.revision === revision) return newest.snapshot
    const decoded = port.snapshotOf(snapshot)
    if (newest === null || revision > newest.revision) newest = { revision, snapshot: decoded }
    return decoded
  }

  const hear = ({ revision: upTo, snapshot: isSnapshot, entries }: News) => {
    for (const { revision, value } of entries) {
      if (value === undefined) {
        newest = null
        for (const observer of [...observers]) observer.complete?.()
        continue
      }
      const { snapshot, emitted } = value as unknown as InstanceChange
      const decoded = learnt(isSnapshot ? upTo : revision, snapshot)
      for (const event of emitted as unknown as EventObject[]) {
        for (const { type, handler } of [...handlers]) if (type === '*' || type === event.type) handler(event)
      }
      for (const observer of [...observers]) observer.next?.(decoded)
    }
  }
  /** One watch serves all; it ends with the last who looks. */
  const look = () => {
    endWatch ??= port.watch({ key: port.key, prefix: false, after: null }, hear)
  }
  const lookAway = () => {
    if (observers.size + handlers.size > 0) return
    endWatch?.()
    endWatch = null
  }

  const subscribe = (given: Observer | ((snapshot: AnyMachineSnapshot) => void)): Subscription => {
    const observer: Observer = typeof given === 'function' ? { next: given } : given
    observers.add(observer)
    look()
    return {
      unsubscribe() {
        observers.delete(observer)
        lookAway()
      },
    }
  }

  return {
    id: port.id,
    async start({ input, ...options } = {}) {
      const more = input === undefined ? {} : { input }
      const { created, snapshot, revision } = await port.execute('start', more, options)
      if (snapshot !== null) learnt(revision, snapshot)
      return { created: created === true }
    },
    async send(event, options) {
      const { snapshot, revision } = await port.execute('send', { event }, options)
      return learnt(revision, snapshot!)
    },
    async read(options) {
      const { snapshot, revision } = await port.execute('read', {}, options)
      return snapshot === null ? null : learnt(revision, snapshot)
    },
    getSnapshot: () => newest?.snapshot,
    subscribe,
    on(type, handler) {
      const entry = { type, handler: handler as (event: EventObject) => void }
      handlers.add(entry)
      look()
      return {
        unsubscribe() {
          handlers.delete(entry)
          lookAway()
        },
      }
    },
    waitFor: (predicate, { signal, timeoutMs } = {}) =>
      new Promise((resolve, reject) => {
        let isOver = false
        let subscription: Subscription | null = null
        let alarm: unknown = null
        const over = (end: () => void) => {
          if (isOver) return
          isOver = true
          if (alarm !== null) port.clock.clearTimeout(alarm)
          signal?.removeEventListener('abort', abort)
          subscription?.unsubscribe()
          end()
        }
        const fail = (code: 'timedOut' | 'aborted' | 'stopped', message: string) =>
          over(() => reject(new StandbyError(code, `${port.key}: ${message}`, { cause: signal?.reason })))
        const abort = () => fail('aborted', 'waiting was aborted')
        const check = (snapshot: AnyMachineSnapshot) => {
          try {
            if (predicate(snapshot)) return over(() => resolve(snapshot))
          } catch (error) {
            return over(() => reject(error))
          }
          if (snapshot.status !== 'active')
            fail('stopped', `it is ${snapshot.status}, and what was waited for has not come`)
        }
        if (signal?.aborted) return abort()
        signal?.addEventListener('abort', abort, { once: true })
        if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY)
          alarm = port.clock.setTimeout(
            () => fail('timedOut', `what was waited for has not come within ${timeoutMs} ms`),
            timeoutMs,
          )
        const isWatched = endWatch !== null
        subscription = subscribe({
          next: check,
          complete: () => fail('stopped', 'it was stopped before what was waited for came'),
        })
        if (isOver) subscription.unsubscribe()
        else if (isWatched && newest !== null) check(newest.snapshot)
      }),
    async stop(options) {
      const { stopped } = await port.execute('stop', {}, options)
      newest = null
      return { stopped: stopped === true }
    },
  }
}
