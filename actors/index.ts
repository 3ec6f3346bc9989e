/** The charts as live XState actors on ports: bring your own transport and clock, or take those of the main entry. */
export type { Charts } from './charts.ts'
export * from './client.ts'
export * from './cluster.ts'
export * from './errors.ts'
export type { KeyChange, WatchOptions } from './key-value-watch.ts'
export * from './node.ts'
export * from './observation.ts'
export {
  checkedLimits,
  checkedTiming,
  defaultLimits,
  defaultTiming,
  type LimitOptions,
  type TimingOptions,
} from './options.ts'
export * from './ports.ts'
export type {
  ReplicatedActorRef,
  SnapshotObserver,
  Subscription,
  WaitOptions,
} from './replicated/actor-handle.ts'
export {
  type ActorOf,
  type Actors,
  actorOf,
  actorsOf,
  type ListOptions,
  replicatedActor,
} from './replicated/actors-of.ts'
export * from './server.ts'
export * from './view-service.ts'
export type { News, WatchedKeys } from './watching.ts'
