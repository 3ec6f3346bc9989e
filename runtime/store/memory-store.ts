/** A server store in memory: it outlives the servers of its process, and not the process. */
import type { Done, ServerStore } from '../../actors/ports.ts'

/** What a store in memory can be given. */
export interface MemoryStoreOptions {
  /** Characters of records after which a snapshot is due (D5); default 1 Mi. */
  readonly snapshotAfter?: number
}

/** A store whose every write is durable at once, for tests and for clusters whose servers restart within the process. */
export function createMemoryStore({ snapshotAfter = 1024 * 1024 }: MemoryStoreOptions = {}): ServerStore {
  let head: string | null = null
  let pieces: readonly string[] = []
  let draft: string[] = []
  let records: string[] = []
  let first = 1
  return {
    snapshotAfter,
    load() {
      draft = []
      return { head, pieces, records: [...records], last: first + records.length - 1 }
    },
    append(more, done: Done) {
      records.push(...more)
      done(null)
    },
    savePiece(piece, done) {
      draft.push(piece)
      done(null)
    },
    finishSnapshot(next, covers, done) {
      head = next
      pieces = draft
      draft = []
      records = records.slice(Math.max(0, covers - first + 1))
      first = Math.max(first, covers + 1)
      done(null)
    },
  }
}
