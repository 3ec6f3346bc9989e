/** A whole system in one process: a view service, servers and clients on one transport. */
/// <reference lib="esnext.disposable" preserve="true" />
import { type InspectionEvent, type Observer, type Snapshot, waitFor } from 'xstate'
import type { Application } from '../machines/application/application.ts'
import {
  type KeyValueCommand,
  type KeyValueResult,
  keyValueStore,
} from '../machines/application/key-value-store.ts'
import { type NodeId, nodeId, parseNodeId } from '../machines/node-id.ts'
import type { View } from '../machines/view.ts'
import type { Charts } from './charts.ts'
import { checked } from './checked.ts'
import {
  type Client,
  type ClientCore,
  createClient,
  type KeyValueClient,
  withKeyValueMethods,
} from './client.ts'
import { storedId } from './durable-server.ts'
import { StandbyError } from './errors.ts'
import { knownOptions } from './known-options.ts'
import type { NodePorts } from './node.ts'
import { checkedLimits, checkedTiming, type LimitOptions, schemas, type TimingOptions } from './options.ts'
import type { ServerStore } from './ports.ts'
import { createServer, type Role, type ServerNode } from './server.ts'
import {
  createViewService,
  defaultViewServiceId,
  type ViewServiceActor,
  type ViewServiceNode,
} from './view-service.ts'

/** What a cluster consists of; all of it is optional. */
export interface ClusterOptions<State = unknown, Command = unknown, Result = unknown> {
  /** What is replicated; default: the key-value store. */
  readonly application?: Application<State, Command, Result>
  /** How many servers, or their names; default 3, named `s1`, `s2`, `s3`. Two hold the state, the others stand by. */
  readonly servers?: number | readonly string[]
  readonly timing?: TimingOptions
  readonly limits?: LimitOptions
  /**
   * The store of each server, by its name, and of `view-service`: with it a node goes on where it was, under the id that it
   * had (D1, V11), in a restart and in a cluster that is created later. It is asked for at each start; give the same store
   * for a name each time. Default: they keep nothing.
   */
  readonly store?: (name: string) => ServerStore
  /** XState's own inspection of every actor. */
  readonly inspect?: Observer<InspectionEvent> | ((event: InspectionEvent) => void)
}

/** What a cluster needs of the world, and charts to break on purpose. */
export interface ClusterPorts extends NodePorts {
  readonly charts?: Charts
}

/** A client of a cluster; all of it is optional. */
export interface ClusterClientOptions {
  /** Default `c1`, `c2` and so on. A name that was used before is a new incarnation, with a new session (C3). */
  readonly name?: string
  /** How long its calls wait, in milliseconds; default 10,000. */
  readonly timeoutMs?: number
}

/** One server of a cluster, through all its lives. */
export interface ClusterServer {
  readonly name: string
  /** The id of its newest life. */
  readonly id: NodeId
  readonly alive: boolean
  /** The node of its newest life. */
  readonly node: ServerNode
  readonly role: Role
  /** Nothing in flight is finished, nothing is sent any more. Crashing twice is harmless. */
  crash(): void
  /**
   * Starts it again, after a crash if it is alive: with a store it goes on under its id (D1), without one it is empty,
   * under the next incarnation (N2).
   */
  restart(): void
}

/** A running system, with a hand on each of its nodes. */
export interface Cluster<ClusterClient> {
  readonly viewService: ViewServiceNode
  readonly servers: readonly ClusterServer[]
  /** @throws StandbyError `unknownNode` */
  server(name: string): ClusterServer
  view(): View
  /** The primary of the current view, if it is alive. */
  primary(): ClusterServer | null
  backup(): ClusterServer | null
  /**
   * Resolves when the next crash can be survived: the view has a backup, and its acknowledgement says that the backup
   * holds the state (S1). Before that, what dies with the primary stops the system (V4).
   * @throws StandbyError `stopped`
   */
  redundant(): Promise<void>
  /** @throws StandbyError `invalidOption`, `duplicateNode` when that name is taken, `stopped` after `stop()`. */
  client(options?: ClusterClientOptions): ClusterClient
  /** Stops every node; pending calls reject with `stopped`. No timer is left. Stopping twice is harmless. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

type AnyClient = Client<unknown, unknown> & ClientCore

/**
 * Starts a cluster on the given ports.
 * @throws StandbyError `invalidOption`
 */
export function createCluster(
  options: ClusterOptions<never, KeyValueCommand, KeyValueResult> &
    ClusterPorts & { readonly application: Application<never, KeyValueCommand, KeyValueResult> },
): Cluster<KeyValueClient & ClientCore>
export function createCluster<State, Command, Result>(
  options: ClusterOptions<State, Command, Result> &
    ClusterPorts & { readonly application: Application<State, Command, Result> },
): Cluster<Client<Command, Result> & ClientCore>
// The last signature is the one that `ReturnType<typeof createCluster>` reads.
export function createCluster(
  options: ClusterOptions & ClusterPorts & { readonly application?: undefined },
): Cluster<KeyValueClient & ClientCore>
export function createCluster<State, Command, Result>(
  options: ClusterOptions<State, Command, Result> & ClusterPorts,
): Cluster<AnyClient> {
  checked('createCluster', schemas.ports, options)
  knownOptions('createCluster', options, {
    application: true,
    servers: true,
    timing: true,
    limits: true,
    store: true,
    inspect: true,
    transport: true,
    clock: true,
    observe: true,
    onRefused: true,
    charts: true,
  })
  const { transport, clock, observe, inspect, charts } = options
  const application = (options.application ?? keyValueStore) as Application
  const timing = checkedTiming(options.timing)
  const limits = checkedLimits(options.limits)
  const names = serverNames(options.servers)
  const storeOf = checked('store', schemas.storeOf, options.store) as ClusterOptions['store']
  const { vectorEntriesMax } = limits
  const common = {
    transport,
    clock,
    timing,
    servers: names,
    vectorEntriesMax,
    ...(observe === undefined ? {} : { observe }),
    ...(inspect === undefined ? {} : { inspect }),
    ...(charts === undefined ? {} : { charts }),
  }

  const incarnations = new Map<string, number>()
  const clients = new Map<string, AnyClient>()
  let stopped = false

  const nextId = (name: string): NodeId => {
    const incarnation = (incarnations.get(name) ?? 0) + 1
    incarnations.set(name, incarnation)
    return nodeId(name, incarnation)
  }
  /** What a store knows of was there before: the next life of that name is a later one (N2). */
  const used = (id: NodeId) => {
    const { name, incarnation } = parseNodeId(id)
    incarnations.set(name, Math.max(incarnations.get(name) ?? 0, incarnation))
  }
  const refuseIfStopped = () => {
    if (stopped) throw new StandbyError('stopped', 'the cluster has been stopped; create a new one')
  }

  const report = (kind: 'crash' | 'restart' | 'stop', id: NodeId, detail?: string) =>
    observe?.({ kind, node: id, t: clock.now(), clock: null, ...(detail === undefined ? {} : { detail }) })

  const createClusterServer = (name: string): ClusterServer => {
    const start = (isAgain: boolean) => {
      const store = storeOf?.(name)
      const id = (store === undefined ? null : storedId(store)) ?? nextId(name)
      used(id)
      if (isAgain) report('restart', id)
      return createServer({ ...common, id, application, limits, ...(store && { store }) })
    }
    let node = start(false)
    const isAlive = () => (node.actor.getSnapshot() as Snapshot<unknown>).status === 'active'
    const crash = () => {
      if (!isAlive()) return
      node.stop()
      report('crash', node.id, node.state())
    }
    return {
      name,
      get id() {
        return node.id
      },
      get alive() {
        return isAlive()
      },
      get node() {
        return node
      },
      get role() {
        return node.role()
      },
      crash,
      restart() {
        refuseIfStopped()
        crash()
        node = start(true)
      },
    }
  }

  const viewStore = storeOf?.(defaultViewServiceId)
  const viewService = createViewService({ ...common, ...(viewStore && { store: viewStore }) })
  const { view: known, incarnations: lives } = viewService.actor.getSnapshot().context
  for (const { name, incarnation } of lives) used(nodeId(name, incarnation))
  for (const id of [known.primary, known.backup]) if (id !== null) used(id)
  const servers: ClusterServer[] = []
  try {
    for (const name of names) servers.push(createClusterServer(name))
    for (const { node } of servers) for (const id of clientsKnownTo(node)) used(id)
  } catch (error) {
    for (const { node } of servers) node.stop()
    viewService.stop()
    throw error
  }
  const byId = (id: NodeId | null) => servers.find((server) => server.alive && server.id === id) ?? null
  const view = () => viewService.view()

  const stop = async () => {
    if (stopped) return
    stopped = true
    for (const client of clients.values()) client.stop()
    for (const { alive, id, node } of servers) {
      node.stop()
      if (alive) report('stop', id)
    }
    viewService.stop()
    report('stop', viewService.id)
    await transport.close()
  }

  return {
    viewService,
    servers,
    view,
    server(name) {
      const found = servers.find((server) => server.name === name)
      if (found !== undefined) return found
      throw new StandbyError(
        'unknownNode',
        `expected one of the servers ${names.join(', ')}, got ${JSON.stringify(name)}`,
      )
    },
    primary: () => byId(view().primary),
    backup: () => byId(view().backup),
    async redundant() {
      refuseIfStopped()
      const isRedundant = (snapshot: ReturnType<ViewServiceActor['getSnapshot']>) =>
        snapshot.hasTag('acknowledged') && snapshot.context.view.backup !== null
      await waitFor(viewService.actor, isRedundant).catch(refuseIfStopped)
    },
    client(clientOptions = {}) {
      refuseIfStopped()
      checked('client', schemas.client, clientOptions)
      const { name, timeoutMs } = clientOptions
      const own = name === undefined ? freeName(clients, names) : checked('client name', schemas.name, name)
      if (clients.has(own) || names.includes(own) || own === viewService.id) {
        throw new StandbyError(
          'duplicateNode',
          `expected a name that no running node has, got ${own}; stop that client first, or leave the name out`,
        )
      }
      const core = createClient({
        ...common,
        id: nextId(own),
        application,
        limits,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      })
      const stopClient = () => {
        clients.delete(own)
        core.stop()
      }
      const client = { ...core, stop: stopClient, [Symbol.dispose]: stopClient } as AnyClient
      clients.set(own, client)
      const isKeyValueStore = (application as unknown) === keyValueStore
      return isKeyValueStore ? (withKeyValueMethods(client as never) as unknown as AnyClient) : client
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** The clients whose sessions or requests a server has recovered. */
function clientsKnownTo({ actor }: ServerNode): readonly NodeId[] {
  const { replica, outstanding, queue } = actor.getSnapshot().context
  const sessions = [...(replica?.sessionOf.entriesAfter() ?? [])].map(([client]) => client)
  return [...sessions, ...[...(outstanding?.requests ?? []), ...queue].map(({ client }) => client)]
}

/** @throws StandbyError `invalidOption` */
function serverNames(option: unknown): readonly string[] {
  const given = checked('servers', schemas.servers, option ?? 3)
  const names =
    typeof given === 'number' ? Array.from({ length: given }, (_, index) => `s${index + 1}`) : given
  if (!names.includes(defaultViewServiceId)) return names
  throw new StandbyError(
    'invalidOption',
    `servers: expected names other than the view service's own, got ${defaultViewServiceId}; choose another`,
  )
}

function freeName(clients: ReadonlyMap<string, unknown>, names: readonly string[]): string {
  for (let number = clients.size + 1; ; number++) {
    const name = `c${number}`
    if (!clients.has(name) && !names.includes(name)) return name
  }
}
