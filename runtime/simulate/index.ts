/** Deterministic simulation: the live actors on virtual time, with faults from a seed. */
export * from './plan.ts'
export { type Reduction, reduce } from './reduce.ts'
export * from './simulate.ts'
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts'
export { type Breach, type Watch, watchInvariants } from './watch.ts'
