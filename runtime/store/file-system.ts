/** What a durable file needs of a file system, step by step, so that a test can end the process between any two of them. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** Every call is synchronous and throws what the operating system says. */
export interface FileSystem {
  /** The bytes of a file; null if there is none. */
  read(path: string): Uint8Array | null
  /** An empty file to write, in place of what was there. */
  create(path: string): OpenFile
  rename(from: string, to: string): void
  /** Makes what was created and renamed in a folder durable. */
  syncFolder(folder: string): void
  /** Creates a folder and those above it, durably; does nothing where it is. */
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
    const first = mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (let at = folder; first !== undefined; at = dirname(at)) {
      this.syncFolder(dirname(at))
      if (at === first || at === dirname(at)) return
    }
  },
  remove: (path) => unlinkSync(path),
}

/** The operating system's own word for an error, such as `ENOENT`. */
export function codeOf(error: unknown): string | null {
  return (error as NodeJS.ErrnoException | null)?.code ?? null
}
