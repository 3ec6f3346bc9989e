/** One process at a time in a data folder. The lock lies in the folder, and the kernel drops it with its holder, however that ends. */
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { StandbyError } from '../../actors/errors.ts'

/** The folder of the lock, within the data folder. */
const lockName = 'lock'

/**
 * Holds the folder, which must exist, until the returned function is called or the process ends: a lock of the operating
 * system on a file, as LevelDB takes it (fcntl, on Windows an exclusive handle). Two containers on one volume see the same
 * file. Nothing of ours lies in the database.
 * @throws StandbyError `invalidStore` if another process holds it, or the folder cannot be written.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(realpathSync(folder), lockName)
  const lock = new ClassicLevel(path)
  try {
    await lock.open()
  } catch (cause) {
    throw refusal(folder, path, (cause as Error).cause ?? cause)
  }
  return () => lock.close()
}

function refusal(folder: string, path: string, cause: unknown): StandbyError {
  const { code, message } = cause as { code?: string; message?: string }
  const what =
    code === 'LEVEL_LOCKED'
      ? `expected ${folder} to be free, got a process that works in it; stop that one first, or choose another data folder`
      : `expected to lock ${path}, got ${message}; look at the disk and the rights of the folder, or remove ${path} if no process works there`
  return new StandbyError('invalidStore', what, { cause })
}
