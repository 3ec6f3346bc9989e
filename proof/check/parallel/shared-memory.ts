/** What the threads of one search share: memory for its states, and counters. Plain data, so that it can be posted to a thread. */

export interface SharedMemory {
  /** See `counters`. */
  readonly counters: SharedArrayBuffer
  /** The rows of all states that there may be; the system gives memory only to what has been written. */
  readonly segments: readonly SharedArrayBuffer[]
}

/** Places of counters that all threads read and change. */
export const counters = {
  /** States that have been entered. */
  states: 0,
  /** The next state that no worker has taken yet. */
  next: 1,
  /** Not 0: no worker takes more; see `stops`. */
  stop: 2,
  /** Parcels of news; see `SharedNumbers`. */
  news: 3,
  snapshots: 4,
  locals: 5,
  observed: 6,
  lock: 7,
} as const

/** Why no worker takes more: the index must grow, or the search is over. */
export const stops = { index: 1, over: 2 } as const

export const segmentBits = 20

/** @param width integers of a state @param statesMax states that there may be */
export function sharedMemory(width: number, statesMax: number): SharedMemory {
  const bytes = 4 * (width + 1) * 2 ** segmentBits
  return {
    counters: new SharedArrayBuffer(4 * Object.keys(counters).length),
    segments: Array.from(
      { length: Math.ceil(statesMax / 2 ** segmentBits) },
      () => new SharedArrayBuffer(bytes),
    ),
  }
}

/** Runs `act` while no other thread runs one. Blocks; a futex as by Drepper: 0 is free, 1 is taken, 2 is waited for. */
export function exclusively<Result>(shared: Int32Array, act: () => Result): Result {
  if (Atomics.compareExchange(shared, counters.lock, 0, 1) !== 0) {
    while (Atomics.exchange(shared, counters.lock, 2) !== 0) Atomics.wait(shared, counters.lock, 2)
  }
  try {
    return act()
  } finally {
    if (Atomics.exchange(shared, counters.lock, 0) === 2) Atomics.notify(shared, counters.lock, 1)
  }
}
