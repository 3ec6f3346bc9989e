/** The data folder of a process: made if it is not there, and locked against other processes. */
import { type FileSystem, refuseUnwritable } from '../store/file-system.ts'
import { lockFolder } from '../store/folder-lock.ts'

/**
 * Resolves with how to unlock it.
 * @throws StandbyError `invalidStore` if it cannot be made, or another process works in it
 */
export async function openDataFolder(folder: string, files: FileSystem): Promise<() => Promise<void>> {
  try {
    files.ensureFolder(folder)
    return await lockFolder(folder)
  } catch (error) {
    return refuseUnwritable(folder, error)
  }
}
