/** A disk in memory that can end its process before any step, and then shows what a kill or a power cut may have left. It asserts nothing. */
import type { FileSystem, OpenFile } from '../../runtime/store/file-system.ts'

/** Thrown in place of the step at which the process ends. */
export class Ended extends Error {}

/** What of the steps that were not synced is left: all of it (a kill), none of it, or files torn in the middle. */
export const fates = ['killed', 'nothing unsynced', 'names only', 'files torn'] as const
export type Fate = (typeof fates)[number]

interface Contents {
  bytes: Uint8Array
  durable: Uint8Array
}

export interface CrashingDisk {
  readonly files: FileSystem
  /** Steps taken so far. */
  steps(): number
  /** The disk after the end, with no further end ahead unless given. */
  after(fate: Fate, endsAt?: number): CrashingDisk
  /** Puts bytes where they would not come by themselves. */
  put(path: string, bytes: Uint8Array): void
  get(path: string): Uint8Array | null
}

/** A disk whose process ends at step `endsAt` (from 1 on). What it is asked to leave out it does not do, as broken code would not. */
export function createCrashingDisk(
  endsAt = Number.POSITIVE_INFINITY,
  leavesOut: readonly (keyof FileSystem | keyof OpenFile)[] = [],
  names = new Map<string, Contents>(),
): CrashingDisk {
  let durableNames = new Map(names)
  let taken = 0
  const step = (name: keyof FileSystem | keyof OpenFile): boolean => {
    taken += 1
    if (taken >= endsAt) throw new Ended(`ended at step ${taken}, ${name}`)
    return !leavesOut.includes(name)
  }
  const files: FileSystem = {
    read: (path) => names.get(path)?.bytes ?? null,
    create(path) {
      step('create')
      const contents: Contents = { bytes: new Uint8Array(), durable: new Uint8Array() }
      names.set(path, contents)
      return {
        write(bytes) {
          for (const part of [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)]) {
            step('write')
            contents.bytes = Buffer.concat([contents.bytes, part])
          }
        },
        sync() {
          if (step('sync')) contents.durable = contents.bytes
        },
        close() {},
      }
    },
    rename(from, to) {
      step('rename')
      names.set(to, names.get(from)!)
      names.delete(from)
    },
    syncFolder() {
      if (step('syncFolder')) durableNames = new Map(names)
    },
    ensureFolder() {},
    remove(path) {
      step('remove')
      names.delete(path)
    },
  }
  return {
    files,
    steps: () => taken,
    after(fate, nextEndsAt) {
      const left = fate === 'nothing unsynced' ? durableNames : names
      const entries = [...left].map(([path, { bytes, durable }]): [string, Contents] => {
        const torn = bytes.subarray(0, Math.max(durable.length, bytes.length >> 1))
        const kept = fate === 'killed' ? bytes : fate === 'files torn' ? torn : durable
        return [path, { bytes: kept, durable: kept }]
      })
      return createCrashingDisk(nextEndsAt, leavesOut, new Map(entries))
    },
    put: (path, bytes) => void names.set(path, { bytes, durable: bytes }),
    get: (path) => names.get(path)?.bytes ?? null,
  }
}
