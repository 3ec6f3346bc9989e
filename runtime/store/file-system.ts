/** What a durable file needs of a file system, step by step, so that a test can end the process between any two of them. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { StandbyError } from '../../actors/errors.ts'

/** Every call is synchronous and throws what the operating system says. */
export interface FileSystem {
  /** The bytes of a file; null if there is none. */
  read(path: string): Uint8Array | null
  /** An empty file to write, in place of what was there. */
  create(path: string): OpenFile
  rename(from: string, to: string): void
  /** Makes what was created and renamed in a folder durable. */
  syncFolder(folder: string): void
  /** Creates a folder and those above it, durably; does nothing if it exists. */
  ensureFolder(folder: string): void
  remove(path: string): void
}

/** A file that is being written. */
export interface OpenFile {
  /** Writes all of it. */
  write(bytes: Uint8Array): void
  /** Makes what was written durable. */
  sync(): void
  close(): void
}

/** The file system of the operating system. */
export const nodeFileSystem: FileSystem = {
  read(path) {
    try {
      return readFileSync(path)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null
      throw error
    }
  },
  create(path) {
    const file = openSync(path, 'w', 0o600)
    return {
      write(bytes) {
        let written = 0
        while (written < bytes.length) written += writeSync(file, bytes, written)
      },
      sync: () => fsyncSync(file),
      close: () => closeSync(file),
    }
  },
  rename: (from, to) => renameSync(from, to),
  syncFolder(folder) {
    // Windows cannot open a folder, and makes a rename durable with the file.
    if (process.platform === 'win32') return
    const opened = openSync(folder, 'r')
    try {
      fsyncSync(opened)
    } finally {
      closeSync(opened)
    }
  },
  ensureFolder(folder) {
    for (const made of madeFolders(folder)) this.syncFolder(dirname(made))
  },
  remove: (path) => unlinkSync(path),
}

/** Creates a folder and those above it; the ones that are new. Node's own recursion never ends in places such as `/proc`. */
function madeFolders(folder: string): readonly string[] {
  const make = () => mkdirSync(folder, { mode: 0o700 })
  try {
    make()
    return [folder]
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && statSync(folder).isDirectory()) return []
    const above = dirname(folder)
    if (codeOf(error) !== 'ENOENT' || above === folder) throw error
    const made = madeFolders(above)
    make()
    return [...made, folder]
  }
}

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: 'free space on its disk, then start this process again: it resumes from its data',
  EDQUOT: 'raise the quota, then start this process again: it resumes from its data',
  EROFS: 'mount its disk for writing, or choose another data folder',
  EACCES: 'let this user write there, or choose another data folder',
  EPERM: 'let this user write there, or choose another data folder',
  ENOENT: 'choose a folder on a disk that can be written',
  ENOTDIR: 'choose another data folder; a file is in the way',
  EEXIST: 'choose another data folder; a file is in the way',
}

/**
 * What could not be written, why, and what to do.
 * @throws StandbyError `invalidStore` for an error of the operating system; any other error as it is
 */
export function refuseUnwritable(path: string, error: unknown): never {
  const code = codeOf(error)
  if (code === null || error instanceof StandbyError) throw error
  const remedy = remedies[code] ?? 'check its disk, then start this process again'
  throw new StandbyError(
    'invalidStore',
    `expected to write ${path}, got ${(error as Error).message}; ${remedy}`,
    { cause: error },
  )
}

/** The operating system's own word for an error, such as `ENOENT`. */
export function codeOf(error: unknown): string | null {
  return (error as NodeJS.ErrnoException | null)?.code ?? null
}
