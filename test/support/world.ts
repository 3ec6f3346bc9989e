/** A cluster on virtual time, with levers that speak of roles and a record of everything that happened. It asserts nothing. */
import { VirtualTimeScheduler } from 'rxjs'
import type { AnyMachineSnapshot } from 'xstate'
import type { CallEnd, ClientCore } from '../../actors/client.ts'
import type { Cluster, ClusterServer } from '../../actors/cluster.ts'
import type { Observation, ObservationKind } from '../../actors/observation.ts'
import { defaultTiming, type LimitOptions, type TimingOptions } from '../../actors/options.ts'
import type { Envelope, ServerStore, TimeClock } from '../../actors/ports.ts'
import type { Application } from '../../machines/application/application.ts'
import type { Replica } from '../../machines/application/at-most-once.ts'
import type { KeyValueState } from '../../machines/application/key-value-store.ts'
import type { Message, MessageType } from '../../machines/messages.ts'
import { parseNodeId } from '../../machines/node-id.ts'
import { createCluster } from '../../runtime/index.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import type { FaultRates, Faults } from '../../runtime/transport/faults.ts'
import { createMemoryTransport } from '../../runtime/transport/memory.ts'

export interface WorldOptions {
  readonly servers?: number | readonly string[]
  readonly timing?: TimingOptions
  readonly limits?: LimitOptions
  readonly seed?: number
  /** How long each message is under way; default 1, so that time tells messages apart. */
  readonly delayMs?: number
  // biome-ignore lint/suspicious/noExplicitAny: any application will do; its commands are the test's own
  readonly application?: Application<any, any, any>
  readonly store?: (name: string) => ServerStore
}

/** A client of a world with any application. */
export type WorldClient = ClientCore & {
  readonly id: string
  readonly actor: { getSnapshot(): AnyMachineSnapshot }
  pending(): number
  stop(): void
}

/** A call under way, and how often and how it ended. */
export interface WorldCall {
  readonly id: number
  readonly ends: readonly CallEnd[]
}

/** A server's name, or what the current view makes of it: `primary`, `backup`, `idle` (the first of them by name). */
export type Who = string

export interface World {
  readonly scheduler: VirtualTimeScheduler
  readonly clock: TimeClock
  readonly cluster: Cluster<WorldClient>
  readonly network: Faults
  readonly observations: Observation[]
  readonly timing: Required<TimingOptions>
  advance(ms: number): void
  /** Lets as many ping intervals pass. */
  pings(count: number): void
  /** Runs until the predicate holds, moment by moment; returns how many milliseconds that took. @throws Error past the bound. */
  until(what: string, predicate: () => boolean, boundMs?: number): number
  /** Runs until the current view has a serving primary that has confirmed it, with a backup if there can be one. */
  settle(boundMs?: number): number
  /** The client of that name, started when it is first named. */
  client(name?: string): WorldClient
  call(client: WorldClient, command: unknown, timeoutMs?: number): WorldCall
  /** Calls, and runs until it has ended. */
  execute(client: WorldClient, command: unknown): CallEnd
  /** Calls that have not ended, of all clients. */
  pending(): number
  server(who: Who): ClusterServer
  primary(): ClusterServer
  backup(): ClusterServer
  idle(): ClusterServer
  /** Sets rates for messages of a type, from and to a role or a name; roles are resolved now. */
  faults(rates: FaultRates, scope?: { from?: Who; to?: Who; type?: MessageType }): void
  drop(scope: { from?: Who; to?: Who; type?: MessageType }): void
  cut(from: Who, to: Who): void
  /** Cuts both ways between one node and all others. */
  isolate(who: Who, ...from: readonly Who[]): void
  replica(who: Who): Replica | null
  /** What a key-value store holds; null without state. */
  contents(who: Who): Record<string, unknown> | null
  /** What was observed of messages of a type (any, if none is given). */
  seen(kind: ObservationKind, type?: MessageType): readonly Observation[]
  /** The reasons why a node ignored events since observation number `since`. */
  ignored(node: string, since?: number): readonly string[]
  /** Puts an envelope into the network below the faults, as if it had been sent long ago. */
  inject(envelope: Omit<Envelope, 'stamp' | 'message'> & { message: unknown; stamp?: unknown }): void
}

/** Ports on virtual time, for nodes without a cluster. */
export function createPorts() {
  const scheduler = new VirtualTimeScheduler()
  const observations: Observation[] = []
  const transport = createMemoryTransport({ scheduler, delayMs: 1 })
  const clock = schedulerClock(scheduler)
  return {
    scheduler,
    observations,
    ports: { transport, clock, observe: (observation: Observation) => void observations.push(observation) },
    advance(ms: number) {
      scheduler.maxFrames = scheduler.frame + ms
      scheduler.flush()
      scheduler.frame = scheduler.maxFrames
    },
  }
}

/** The stamp of a sender that nothing is known of. */
export const strangerStamp = { lamport: 1, vector: {} } as const

export function createWorld(options: WorldOptions = {}): World {
  const { seed = 1, delayMs = 1, ...rest } = options
  const scheduler = new VirtualTimeScheduler()
  const clock = schedulerClock(scheduler)
  const observations: Observation[] = []
  const inner = createMemoryTransport({ scheduler, delayMs })
  const cluster = createCluster({
    ...rest,
    seed,
    clock,
    transport: inner,
    observe: (observation: Observation) => void observations.push(observation),
  } as never) as unknown as Cluster<WorldClient> & { network: Faults }
  const { network } = cluster
  const timing = { ...defaultTiming, ...options.timing }
  const clients = new Map<string, WorldClient>()

  const runTo = (frame: number) => {
    scheduler.maxFrames = frame
    scheduler.flush()
    scheduler.frame = frame
  }
  const until = (what: string, predicate: () => boolean, boundMs = 20_000): number => {
    const start = scheduler.frame
    while (!predicate()) {
      const next = scheduler.actions[0]?.delay
      if (next === undefined || next > start + boundMs) {
        throw new Error(`expected ${what} within ${boundMs} ms of ${start} ms; it has not come about`)
      }
      runTo(next)
    }
    return scheduler.frame - start
  }

  const nameOf = (who: Who): string => {
    const { primary, backup } = cluster.view()
    if (who === 'primary' || who === 'backup') {
      const id = who === 'primary' ? primary : backup
      if (id === null) throw new Error(`expected a ${who} in view ${cluster.view().number}; there is none`)
      return parseNodeId(id).name
    }
    if (who !== 'idle') return who
    const free = cluster.servers.find(({ alive, id }) => alive && id !== primary && id !== backup)
    if (free === undefined) throw new Error('expected an idle server; there is none')
    return free.name
  }
  const server = (who: Who) => cluster.server(nameOf(who))
  const scoped = ({ from, to, type }: { from?: Who; to?: Who; type?: MessageType }) => ({
    ...(from === undefined ? {} : { from: nameOf(from) }),
    ...(to === undefined ? {} : { to: nameOf(to) }),
    ...(type === undefined ? {} : { type }),
  })

  const isSettled = () => {
    const { primary, backup } = cluster.view()
    const node = cluster.servers.find(({ alive, id }) => alive && id === primary)?.node
    const snapshot = node?.actor.getSnapshot()
    const spare = cluster.servers.some(({ alive, id }) => alive && id !== primary)
    return (
      snapshot !== undefined &&
      cluster.viewService.acknowledged() &&
      snapshot.context.view.number === cluster.view().number &&
      snapshot.hasTag('answersClients') &&
      (backup === null ? !spare : cluster.servers.some(({ alive, id }) => alive && id === backup))
    )
  }

  const call = (client: WorldClient, command: unknown, timeoutMs = Number.POSITIVE_INFINITY): WorldCall => {
    const ends: CallEnd[] = []
    const id = client.submit(command, (end) => void ends.push(end), timeoutMs)
    return { id, ends }
  }

  const replica = (who: Who): Replica | null => server(who).node.actor.getSnapshot().context.replica

  return {
    scheduler,
    clock,
    cluster,
    network,
    observations,
    timing,
    advance: (ms) => runTo(scheduler.frame + ms),
    pings: (count) => runTo(scheduler.frame + count * timing.pingIntervalMs),
    until,
    settle: (boundMs) => until('a settled view', isSettled, boundMs),
    client(name = 'c1') {
      const client = clients.get(name) ?? cluster.client({ name, timeoutMs: Number.POSITIVE_INFINITY })
      clients.set(name, client)
      return client
    },
    call,
    execute(client, command) {
      const { ends } = call(client, command)
      until('an end of the call', () => ends.length > 0)
      return ends[0]!
    },
    pending: () => [...clients.values()].reduce((sum, client) => sum + client.pending(), 0),
    server,
    primary: () => server('primary'),
    backup: () => server('backup'),
    idle: () => server('idle'),
    faults: (rates, scope = {}) => network.set(rates, scoped(scope)),
    drop: (scope) => network.set({ drop: 1 }, scoped(scope)),
    cut: (from, to) => network.cut(nameOf(from), nameOf(to)),
    isolate(who, ...from) {
      const name = nameOf(who)
      for (const other of from.map(nameOf)) {
        network.cut(name, other)
        network.cut(other, name)
      }
    },
    replica,
    contents(who) {
      const state = replica(who)?.state as KeyValueState | undefined
      return state === undefined ? null : Object.fromEntries(state.entriesAfter())
    },
    seen: (kind, type) =>
      observations.filter(
        (seen) =>
          seen.kind === kind && (type === undefined || (seen.envelope?.message as Message)?.type === type),
      ),
    ignored: (node, since = 0) =>
      observations.slice(since).flatMap((seen) => (seen.node === node ? (seen.ignored ?? []) : [])),
    inject: ({ stamp = strangerStamp, ...envelope }) => inner.send({ ...envelope, stamp } as Envelope),
  }
}

export const put = (key: string, value: unknown) => ({ op: 'put', key, value })
export const get = (key: string) => ({ op: 'get', key })
export const append = (key: string, value: string) => ({ op: 'append', key, value })
