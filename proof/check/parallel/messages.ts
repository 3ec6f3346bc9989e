/** What the coordinator of a parallel search and its workers say to each other. */
import type { MessagePort } from 'node:worker_threads'
import type { Violation } from '../engine/exploration.ts'
import type { Coverage } from '../engine/node-state.ts'
import type { SystemSource } from '../system.ts'
import type { SharedMemory } from './shared-memory.ts'

export interface WorkerStart {
  readonly source: SystemSource
  readonly reduction: 'sends' | 'none'
  /** See `Search`. */
  readonly stepwise: number
  readonly statesMax: number
  readonly memory: SharedMemory
  readonly index: SharedArrayBuffer
  /** To all other threads; see `SharedNumbers`. */
  readonly peers: readonly MessagePort[]
  readonly control: MessagePort
}

/** Explore the states that no worker has taken yet, up to `end`. */
export interface Order {
  readonly end: number
  /** The index from now on, where it has grown. */
  readonly index: SharedArrayBuffer | null
  /** What properties have read in any thread; see `Exploration.reads`. */
  readonly reads: readonly (readonly number[])[]
}

/** What a worker has to say when all states are taken, or no more are to be. Its counts are those since the beginning. */
export interface Report {
  readonly kind: 'report'
  readonly transitions: number
  /** Bytes that grow with the number of states, beside the shared ones. */
  readonly bytes: number
  readonly locals: number
  readonly snapshotSteps: number
  readonly violation: Violation | null
  readonly coverage: Coverage
  /** See `Exploration.sentReads`. */
  readonly sentReads: number
  readonly goals: readonly (number | null)[]
  readonly reads: readonly (readonly number[])[]
}

export type FromWorker = Report | { readonly kind: 'failed'; readonly message: string }
