/** Replicated actors over a client: handles on instances, lists of them, and one as a child of a user's own chart. */
import type {
  ActorLogic,
  AnyEventObject,
  AnyStateMachine,
  EmittedFrom,
  EventFromLogic,
  InputFrom,
  Snapshot,
  SnapshotFrom,
} from 'xstate'
import type {
  ActorsCommand,
  InstanceResult,
  ListResult,
  ReplicatedActors,
  ReplicatedMachine,
} from '../../machines/application/replicated/index.ts'
import type { CallOptions, Client, ClientCore } from '../client.ts'
import { StandbyError } from '../errors.ts'
import { createHandle, type HandlePort, type ReplicatedActorRef } from './actor-handle.ts'

type Machines = Readonly<Record<string, AnyStateMachine>>

/** A handle on an instance of a machine. */
export type ActorOf<Machine extends AnyStateMachine> = ReplicatedActorRef<
  SnapshotFrom<Machine>,
  EventFromLogic<Machine>,
  InputFrom<Machine>,
  EmittedFrom<Machine>
>

/** Which instances are listed. */
export interface ListOptions<Name extends string = string> extends CallOptions {
  /** Default: all machines. */
  readonly machine?: Name
  /** What the ids begin with; only together with a machine. */
  readonly prefix?: string
  /** Instances per request, at most 1,000; default 100. */
  readonly pageSize?: number
}

/** The instances of an application. */
export interface Actors<Own extends Machines> {
  /** A handle on an instance; nothing is sent yet. */
  get<Name extends keyof Own & string>(machine: Name, id: string): ActorOf<Own[Name]>
  /** All instances, in the order of machine and id, page by page. */
  list(options?: ListOptions<keyof Own & string>): AsyncIterable<{
    readonly machine: keyof Own & string
    readonly id: string
    readonly status: 'active' | 'done' | 'error' | 'stopped'
  }>
}

// biome-ignore lint/suspicious/noExplicitAny: a client of any application; which one it is, its results show
type AnyClient = Pick<Client<any, any> & ClientCore, 'execute' | 'watchKeys' | 'clock'>

/**
 * The instances of `application` over a client of a cluster that runs it, over any transport.
 * @throws TypeError for what is no application of `replicatedActors`, or no client.
 * @example
 * const actors = actorsOf(cluster.client(), shop)
 * await actors.get('order', 'o-17').start({ input: { item: 'tea' } })
 */
export function actorsOf<Own extends Machines>(
  client: AnyClient,
  application: ReplicatedActors<Own>,
): Actors<Own> {
  if (typeof client?.execute !== 'function' || typeof client.watchKeys !== 'function')
    throw new TypeError('actorsOf: expected a client, such as cluster.client(), got something else')
  if (typeof application?.snapshotOf !== 'function' || application.machines === undefined)
    throw new TypeError(
      'actorsOf: expected the application of replicatedActors as second argument, got something else',
    )
  const execute = (command: ActorsCommand, options?: CallOptions) =>
    client.execute(command, options) as Promise<unknown>
  return {
    get(machine, id) {
      if (!Object.hasOwn(application.machines, machine))
        throw new TypeError(
          `actors.get: expected one of the machines ${Object.keys(application.machines).join(', ')}, got ${JSON.stringify(machine)}`,
        )
      if (typeof id !== 'string' || id === '')
        throw new TypeError(
          `actors.get: expected an id that is not empty, got ${id === '' ? 'none' : typeof id}`,
        )
      const port: HandlePort = {
        id,
        key: application.keyOf(machine, id),
        clock: client.clock,
        execute: (op, more, options) =>
          execute({ op, machine, id, ...more } as ActorsCommand, options) as Promise<InstanceResult>,
        watch: (keys, next) => client.watchKeys(keys, next),
        snapshotOf: (snapshot) => application.snapshotOf(machine, id, snapshot),
      }
      return createHandle(port) as never
    },
    async *list({ machine, prefix, pageSize = 100, ...options } = {}) {
      let after: string | null = null
      do {
        const command = {
          op: 'list' as const,
          ...(machine === undefined ? {} : { machine }),
          ...(prefix === undefined ? {} : { prefix }),
          after,
          limit: pageSize,
        }
        const page = (await execute(command, options)) as ListResult
        yield* page.entries as never[]
        after = page.next
      } while (after !== null)
    },
  }
}

/** The one instance of `replicated(machine)`. It is always started, and cannot be stopped. */
export function actorOf<Machine extends AnyStateMachine, Selected>(
  client: AnyClient,
  application: ReplicatedMachine<Machine, Selected>,
): ActorOf<Machine> {
  if (typeof client?.execute !== 'function' || typeof client.watchKeys !== 'function')
    throw new TypeError('actorOf: expected a client, such as cluster.client(), got something else')
  if (typeof application?.snapshotOf !== 'function' || application.machine === undefined)
    throw new TypeError(
      'actorOf: expected the application of replicated as second argument, got something else',
    )
  const port: HandlePort = {
    id: application.name,
    key: application.key,
    clock: client.clock,
    async execute(op, more, options) {
      if (op === 'stop')
        throw new StandbyError(
          'invalidCommand',
          'expected an instance of replicatedActors to stop, got the one machine of replicated; it lives as long as its cluster',
        )
      const command = op === 'send' ? { op, ...more } : { op: 'read' }
      return (await client.execute(command as never, options)) as InstanceResult
    },
    watch: (keys, next) => client.watchKeys(keys, next),
    snapshotOf: (snapshot) => application.snapshotOf(snapshot),
  }
  return createHandle(port) as never
}

const known = 'standby.snapshot'

/**
 * A replicated instance as actor logic, for `invoke` and `spawn` in a chart of your own: its snapshot is the replicated
 * one, and events that it is sent are sent to the instance. When the instance is done, so is it, with the same output.
 * @param options `input` starts the instance if it is not started yet
 * @example
 * invoke: { src: replicatedActor(actors, 'order', 'o-17'), onDone: 'delivered' }
 */
export function replicatedActor<Own extends Machines, Name extends keyof Own & string>(
  actors: Actors<Own>,
  machine: Name,
  id: string,
  options?: { readonly input?: InputFrom<Own[Name]> },
): ActorLogic<SnapshotFrom<Own[Name]> & Snapshot<unknown>, EventFromLogic<Own[Name]>, undefined> {
  const handle = actors.get(machine, id)
  const subscriptions = new WeakMap<object, { unsubscribe(): void }>()
  const failed = (error: unknown, self: { send(event: AnyEventObject): void }) =>
    self.send({ type: 'standby.failed', error })
  const logic: ActorLogic<Snapshot<unknown>, AnyEventObject, undefined> = {
    getInitialSnapshot: () =>
      (handle.getSnapshot() ?? {
        status: 'active',
        output: undefined,
        error: undefined,
      }) as Snapshot<unknown>,
    start(_, { self }) {
      const next = (snapshot: unknown) => self.send({ type: known, snapshot })
      subscriptions.set(self, handle.subscribe({ next, complete: () => next(ended) }))
      if (options !== undefined) handle.start(options as never).catch((error) => failed(error, self))
    },
    transition(snapshot, event, { self }) {
      if (event.type === 'xstate.stop') {
        subscriptions.get(self)?.unsubscribe()
        return { ...snapshot, status: 'stopped', output: undefined, error: undefined }
      }
      if (event.type === 'standby.failed')
        return { ...snapshot, status: 'error', output: undefined, error: event.error }
      if (event.type !== known) {
        handle.send(event as never).catch((error) => failed(error, self))
        return snapshot
      }
      const replicated = event.snapshot as Snapshot<unknown>
      if (replicated.status !== 'active') subscriptions.get(self)?.unsubscribe()
      return replicated
    },
    getPersistedSnapshot: (snapshot) => snapshot,
    restoreSnapshot: (snapshot) => snapshot as Snapshot<unknown>,
  }
  return logic as never
}

const ended: Snapshot<unknown> = { status: 'stopped', output: undefined, error: undefined }
