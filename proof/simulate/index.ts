/** Deterministic simulation: the live actors on virtual time, with faults from a seed. */
export type { Fault } from './fault-plan.ts'
export * from './plan.ts'
export { type Reduction, reduce } from './reduce.ts'
export * from './simulate.ts'
export { type Situation, situations } from './situations.ts'
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts'
export { type Breach, type Watch, type WatchOptions, watchInvariants } from './watch.ts'
export { type Answer, keyValueWorkload, type SimulatedOperation, type Workload } from './workload.ts'
