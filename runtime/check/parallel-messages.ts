/** What the coordinator of a parallel search and its workers say to each other. */
import type { MessagePort } from 'node:worker_threads'
import type { Happening } from './locals.ts'
import type { CheckedSystem, SystemSource } from './system.ts'
import type { News } from './translation.ts'

export interface WorkerStart {
  readonly source: SystemSource
  readonly reduction: 'sends' | 'none'
  readonly prefix: readonly Happening[]
  readonly index: number
  readonly count: number
  /** To the other workers, by index; none to itself. */
  readonly peers: readonly (MessagePort | null)[]
  readonly control: MessagePort
  /** See `slots`. */
  readonly shared: SharedArrayBuffer
  readonly statesMax: number
}

/** Places in the shared memory: counters that everyone reads, then a mailbox counter for each worker. */
export const slots = { states: 0, stop: 1, explored: 2, mail: 3 } as const

export type ToWorker =
  | { readonly kind: 'level' }
  | { readonly kind: 'tell'; readonly state: number; readonly to: number | null }

/** What a worker has to say at the end of a level; numbers of states are those of the whole search. */
export interface LevelEnd {
  readonly kind: 'levelEnd'
  readonly states: number
  /** States that are to be explored in the next level. */
  readonly frontier: number
  readonly transitions: number
  readonly bytes: number
  readonly locals: number
  readonly snapshotSteps: number
  readonly violation: {
    readonly name: string
    readonly reason: string
    readonly state: number
    readonly to: number | null
  } | null
  readonly goals: readonly (number | null)[]
}

/** One state, for the coordinator. */
export interface Told {
  readonly kind: 'told'
  readonly state: Int32Array
  readonly to: number | null
  readonly parent: number
  readonly news: News
}

export type FromWorker = LevelEnd | Told | { readonly kind: 'failed'; readonly message: string }

/** Between workers: states for the other one, or the end of the level. */
export type BetweenWorkers =
  | { readonly kind: 'states'; readonly rows: Int32Array; readonly count: number; readonly news: News }
  | { readonly kind: 'end' }

export async function systemFrom({ module, name, args = [] }: SystemSource) {
  const exported = ((await import(module)) as Record<string, unknown>)[name]
  if (typeof exported !== 'function')
    throw new TypeError(
      `expected ${module} to export a function ${name}, got ${typeof exported}; it must return the system`,
    )
  return exported(...args) as CheckedSystem
}
