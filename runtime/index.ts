/** The main entry: a replicated system in five lines, in one process by default. */

import { checked } from '../actors/checked.ts'
import type { Client, ClientCore, KeyValueClient } from '../actors/client.ts'
import {
  type Cluster,
  type ClusterOptions,
  createCluster as createClusterOnPorts,
} from '../actors/cluster.ts'
import { schemas } from '../actors/options.ts'
import type { Observe, TimeClock, Transport } from '../actors/ports.ts'
import type { Application } from '../machines/application/application.ts'
import type { KeyValueCommand, KeyValueResult } from '../machines/application/key-value-store.ts'
import { schedulerClock, seededRandom } from './schedulers.ts'
import { type Faults, withFaults } from './transport/faults.ts'
import { createMemoryTransport } from './transport/memory.ts'

export type { CallOptions, Client, KeyValueClient } from '../actors/client.ts'
export type { Cluster, ClusterClientOptions, ClusterServer } from '../actors/cluster.ts'
export * from '../actors/errors.ts'
export type { KeyChange, WatchOptions } from '../actors/key-value-watch.ts'
export type { Observation, ObservationKind } from '../actors/observation.ts'
export { defaultLimits, defaultTiming, type LimitOptions, type TimingOptions } from '../actors/options.ts'
export type { Observe, ServerStore, TimeClock, Transport } from '../actors/ports.ts'
export type { ReplicatedActorRef, WaitOptions } from '../actors/replicated/actor-handle.ts'
export {
  type ActorOf,
  type Actors,
  actorOf,
  actorsOf,
  replicatedActor,
} from '../actors/replicated/actors-of.ts'
export {
  type Application,
  type Chunk,
  defineApplication,
  type Json,
  type JsonLike,
} from '../machines/application/application.ts'
export { type KeyValueCommand, keyValueStore } from '../machines/application/key-value-store.ts'
export {
  type ReplicatedActors,
  type ReplicatedMachine,
  type ReplicatedResult,
  replicated,
  replicatedActors,
} from '../machines/application/replicated/index.ts'
export type { View } from '../machines/view.ts'
export * from './observe/index.ts'
export { schedulerClock, seededRandom } from './schedulers.ts'
export { createMemoryStore } from './store/memory-store.ts'
export type { FaultRates, FaultScope, Faults } from './transport/faults.ts'

/** What `createCluster` can be given; all of it is optional. */
export interface StandbyOptions<State = unknown, Command = unknown, Result = unknown>
  extends ClusterOptions<State, Command, Result> {
  /** Default: in memory, within this process. */
  readonly transport?: Transport
  /** Default: real time. */
  readonly clock?: TimeClock
  /** Receives every observation; see `observe`'s sinks. */
  readonly observe?: Observe
  /** For the network's faults, if any; default 1. */
  readonly seed?: number
}

/** A cluster whose network has levers for faults. */
export type StandbyCluster<ClusterClient> = Cluster<ClusterClient> & { readonly network: Faults }

/**
 * Starts a replicated system: a view service, servers, and clients on demand. In one process and in memory unless
 * `transport` says otherwise.
 * @throws StandbyError `invalidOption` for an option out of range.
 * @example
 * await using cluster = createCluster()
 * const client = cluster.client()
 * await client.put('greeting', 'hello')
 * await client.append('greeting', ' again')
 * console.log(await client.get('greeting')) // hello again
 */
export function createCluster<State>(
  options: StandbyOptions<State, KeyValueCommand, KeyValueResult> & {
    readonly application: Application<State, KeyValueCommand, KeyValueResult>
  },
): StandbyCluster<KeyValueClient & ClientCore>
export function createCluster<State, Command, Result>(
  options: StandbyOptions<State, Command, Result> & {
    readonly application: Application<State, Command, Result>
  },
): StandbyCluster<Client<Command, Result> & ClientCore>
// The last signature is the one that `ReturnType<typeof createCluster>` reads.
export function createCluster(
  options?: StandbyOptions & { readonly application?: undefined },
): StandbyCluster<KeyValueClient & ClientCore>
export function createCluster(options: StandbyOptions = {}): StandbyCluster<never> {
  checked('createCluster', schemas.cluster, options)
  const { seed: given = 1, ...rest } = options
  const { clock = schedulerClock(), observe } = options
  const seed = checked('seed', schemas.seed, given)
  const transport = withFaults(options.transport ?? createMemoryTransport(), {
    clock,
    random: seededRandom(seed),
    ...(observe === undefined ? {} : { observe }),
  })
  const cluster = createClusterOnPorts({ ...rest, transport, clock } as never) as Cluster<never>
  return { ...cluster, network: transport.faults }
}
