/** A server store on files, by LevelDB: every batch is written whole or not at all, and flushed before it is answered (D1). */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { StandbyError } from '../../actors/errors.ts'
import type { Done, ServerStore } from '../../actors/ports.ts'

/** Where the files are, and whose they are. */
export interface LevelStoreOptions {
  /** A folder of its own; it is made if it is not there. */
  readonly folder: string
  /** Whose store it is, such as `{ system: 'standby', server: 's1' }`; another's is refused. */
  readonly owner: Readonly<Record<string, string>>
  /**
   * `flush` (the default) waits for the disk; `os` for the operating system, which keeps what it has when a process is
   * killed, and loses the last seconds when the machine stops.
   */
  readonly durability?: 'flush' | 'os'
  /** Characters of records after which a snapshot is due (D5); default 16 Mi. */
  readonly snapshotAfter?: number
}

/** A store that can be closed. */
export interface LevelStore extends ServerStore {
  /** Waits for what is being written, then lets go of the folder. Closing twice is harmless. */
  close(): Promise<void>
}

/** What the snapshot is made of. */
interface SnapshotEntry {
  readonly generation: number
  readonly pieces: number
  readonly covers: number
  readonly head: string
}

/** The version of the keys and values below. */
const version = 1

/** Keys sort as the numbers do. */
const padded = (number: number) => String(number).padStart(16, '0')
const recordKey = (number: number) => `record ${padded(number)}`
const pieceKey = (generation: number, index: number) => `piece ${padded(generation)} ${padded(index)}`

/**
 * Opens the store in a folder.
 * @throws StandbyError `invalidStore` if it is another's or of another version, in use, damaged, or cannot be written
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<LevelStore> {
  const { folder, owner, durability = 'flush', snapshotAfter = 16 * 1024 * 1024 } = options
  const sync = durability === 'flush'
  const db = await opened(folder)
  const read = (key: string): string | null => {
    try {
      const value = db.getSync(key)
      return value === undefined ? null : unsealed(value)
    } catch (cause) {
      throw damaged(folder, `${key} that does not match its checksum`, cause)
    }
  }
  try {
    await claim(db, read, folder, { version, ...owner })
  } catch (error) {
    await db.close()
    throw error
  }

  let life = 0
  let failed: Error | null = null
  /** The batch that is being written, and the number of its last record. */
  let writing: { readonly records: readonly string[]; readonly last: number } | null = null
  let tail: Promise<void> = Promise.resolve()
  let last = 0
  let durable = 0
  let generation = 0
  let pieces = 0

  /** Writes go one after another; the first that fails is the last (D4). */
  const write = (run: () => Promise<void>, done: Done) => {
    const own = life
    tail = tail.then(async () => {
      if (failed === null) await run().catch((cause) => (failed = unwritable(folder, cause)))
      const error = failed
      if (own === life) done(error)
    })
  }
  const snapshotEntry = () => {
    const text = read('snapshot')
    return text === null ? null : (JSON.parse(text) as SnapshotEntry)
  }
  function* recordsAfter(covers: number) {
    for (let number = covers + 1; number <= durable; number++) {
      const record = read(recordKey(number))
      if (record === null) throw damaged(folder, `no record ${number}, of ${durable}`)
      yield record
    }
    if (writing !== null) yield* writing.records
  }
  function* piecesOf({ generation: of, pieces: count }: SnapshotEntry) {
    for (let index = 0; index < count; index++) {
      const piece = read(pieceKey(of, index))
      if (piece === null) throw damaged(folder, `no piece ${index} of its snapshot, which has ${count}`)
      yield piece
    }
  }

  const store: LevelStore = {
    snapshotAfter,
    load() {
      life += 1
      const snapshot = snapshotEntry()
      last = writing === null ? durable : writing.last
      generation = Math.max(generation, snapshot?.generation ?? 0) + 1
      pieces = 0
      return {
        head: snapshot?.head ?? null,
        pieces: snapshot === null ? [] : piecesOf(snapshot),
        records: recordsAfter(snapshot?.covers ?? 0),
        last,
      }
    },
    append(records, done) {
      const first = last + 1
      last += records.length
      const own = { records, last }
      const isOf = life
      write(async () => {
        // A life that began meanwhile has not seen it.
        if (isOf !== life) return
        writing = own
        const puts = records.map((record, index) => put(recordKey(first + index), record))
        try {
          await db.batch(puts, { sync })
          durable = own.last
        } finally {
          writing = null
        }
      }, done)
    },
    savePiece(piece, done) {
      const key = pieceKey(generation, pieces++)
      write(() => db.batch([put(key, piece)], { sync }), done)
    },
    finishSnapshot(head, covers, done) {
      const own: SnapshotEntry = { generation, pieces, covers, head }
      const isOf = life
      generation += 1
      pieces = 0
      write(async () => {
        if (isOf !== life) return
        await db.batch([put('snapshot', JSON.stringify(own))], { sync })
        await db.clear({ gte: recordKey(0), lte: recordKey(covers) })
        await db.clear({ gte: pieceKey(0, 0), lt: pieceKey(own.generation, 0) })
      }, done)
    },
    async close() {
      life += 1
      await tail
      await db.close()
    },
  }
  try {
    durable = await lastRecord(db, snapshotEntry()?.covers ?? 0)
  } catch (error) {
    await db.close()
    throw error instanceof StandbyError ? error : unreadable(folder, error)
  }
  return store
}

async function opened(folder: string): Promise<ClassicLevel<string, string>> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw unwritable(folder, cause)
  }
  const db = new ClassicLevel<string, string>(folder, { compression: false })
  try {
    await db.open()
    return db
  } catch (error) {
    const cause = (error as Error).cause ?? error
    const { code } = cause as { code?: string }
    if (code === 'LEVEL_LOCKED')
      throw invalid(
        `expected ${folder} to be free, got a process that works in it; stop that one first, or choose another data folder`,
        cause,
      )
    throw isOfDisk(cause) ? unwritable(folder, cause) : unreadable(folder, cause)
  }
}

/** A new store becomes this owner's; an old one must be. */
async function claim(
  db: ClassicLevel<string, string>,
  read: (key: string) => string | null,
  folder: string,
  own: Readonly<Record<string, string | number>>,
): Promise<void> {
  const found = read('owner')
  if (found === null) {
    for await (const key of db.keys({ limit: 1 }))
      throw damaged(folder, `no owner, but ${JSON.stringify(key)}`)
    return db.batch([put('owner', JSON.stringify(own))], { sync: true }).catch((cause) => {
      throw unwritable(folder, cause)
    })
  }
  const others = JSON.parse(found) as Readonly<Record<string, unknown>>
  for (const [key, value] of Object.entries(own)) {
    if (others[key] === value) continue
    const remedy =
      key === 'version'
        ? 'start the build of standby that wrote it'
        : 'give each server a data folder of its own'
    throw invalid(
      `expected ${folder} to be of the ${key} ${JSON.stringify(value)}, got one of ${JSON.stringify(others[key])}; ${remedy}`,
    )
  }
}

async function lastRecord(db: ClassicLevel<string, string>, covers: number): Promise<number> {
  for await (const key of db.keys({ gt: recordKey(covers), lt: 'record ~', reverse: true, limit: 1 }))
    return Number(key.slice('record '.length))
  return covers
}

const put = (key: string, value: string) => ({ type: 'put', key, value: sealed(value) }) as const

/** LevelDB checks what it reads back from a log, and not from its tables. */
function sealed(text: string): string {
  return `${checksum(text)}${text}`
}

function unsealed(value: string): string {
  const text = value.slice(16)
  if (value.slice(0, 16) !== checksum(text)) throw new Error('the checksum differs')
  return text
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** Whether a store lies in this folder. */
export function hasLevelStore(folder: string): boolean {
  return existsSync(join(folder, 'CURRENT'))
}

const startAnew =
  'move it away to start as a new server, which gets the state from the others, or, if no server has it, restore a dump'

function damaged(folder: string, got: string, cause?: unknown): StandbyError {
  return invalid(
    `expected ${folder} to hold all that was written, got ${got}: it is damaged; ${startAnew}`,
    cause,
  )
}

function unreadable(folder: string, cause: unknown): StandbyError {
  return invalid(`expected to read ${folder}, got ${messageOf(cause)}; ${startAnew}`, cause)
}

function unwritable(folder: string, cause: unknown): StandbyError {
  return invalid(`expected to write ${folder}, got ${messageOf(cause)}; ${remedyFor(cause)}`, cause)
}

/** LevelDB gives the words of the operating system, and no code. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [
    /no space left|ENOSPC|quota/i,
    'free space on its disk, then start this process again: it goes on where it was',
  ],
  [/read-only|EROFS/i, 'mount its disk for writing, or choose another data folder'],
  [
    /permission denied|not permitted|EACCES|EPERM/i,
    'let this user write there, or choose another data folder',
  ],
  [/not a directory|file exists|ENOTDIR|EEXIST/i, 'choose another data folder; a file is in the way'],
]

function remedyFor(cause: unknown): string {
  const message = messageOf(cause)
  const found = remedies.find(([pattern]) => pattern.test(message))
  return found?.[1] ?? 'check its disk, then start this process again'
}

function isOfDisk(cause: unknown): boolean {
  return remedies.some(([pattern]) => pattern.test(messageOf(cause)))
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

function invalid(message: string, cause?: unknown): StandbyError {
  return new StandbyError('invalidStore', message, cause === undefined ? {} : { cause })
}
