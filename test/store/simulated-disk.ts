/** A disk that loses, when its server crashes, what was not flushed: all of a write or none of it. */
import type { Done, ServerStore, TimeClock } from '../../actors/ports.ts'
import { createMemoryStore } from '../../runtime/store/memory-store.ts'

export interface SimulatedDiskOptions {
  readonly clock: TimeClock
  readonly random: () => number
  /** The longest time that a write takes, in milliseconds. */
  readonly writeMsMax: number
  /** As of a server store; default: none is ever due. */
  readonly snapshotAfter?: number
  /** Faults: a write that says that it is durable before it is (a negative control), or one that fails. */
  readonly fault?: 'lies' | 'fails'
}

export interface SimulatedDisk {
  readonly store: ServerStore
  /** What was not flushed reached the disk, or did not: any of it, in any order. */
  crash(): void
  /** Loses everything, as a disk that is replaced. */
  wipe(): void
  /** How many writes crashes have lost. */
  lost(): number
  /** How many writes there were. */
  flushes(): number
}

export function createSimulatedDisk(options: SimulatedDiskOptions): SimulatedDisk {
  const { clock, random, writeMsMax, fault, snapshotAfter = Number.POSITIVE_INFINITY } = options
  let inner = createMemoryStore()
  let life = 0
  let [lost, flushes] = [0, 0]
  let unfinished: (() => void)[] = []

  const finish = (apply: () => void) => {
    unfinished = unfinished.filter((other) => other !== apply)
    apply()
  }
  const write = (run: (done: Done) => void, done: Done) => {
    const own = life
    const apply = () => run(() => {})
    unfinished.push(apply)
    flushes += 1
    clock.setTimeout(() => {
      if (own !== life) return
      if (fault === 'fails') return done(new Error('ENOSPC: no space left on device'))
      if (fault !== 'lies') finish(apply)
      else if (unfinished.length > 8) finish(unfinished[0]!)
      done(null)
    }, random() * writeMsMax)
  }
  const crash = () => {
    life += 1
    for (const apply of unfinished) {
      if (random() < 0.5) apply()
      else lost += 1
    }
    unfinished = []
  }
  return {
    crash,
    store: {
      snapshotAfter,
      load() {
        crash()
        return inner.load()
      },
      append: (records, done) => write((end) => inner.append(records, end), done),
      savePiece: (piece, done) => write((end) => inner.savePiece(piece, end), done),
      finishSnapshot: (head, covers, done) => write((end) => inner.finishSnapshot(head, covers, end), done),
    },
    wipe() {
      life += 1
      unfinished = []
      inner = createMemoryStore()
    },
    lost: () => lost,
    flushes: () => flushes,
  }
}
