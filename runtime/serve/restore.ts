/** Putting the entries of a dump into a system that runs, in the open: a key says that it is under way until all of them are in. */
import { StandbyError } from '../../actors/errors.ts'
import type { Json } from '../../machines/application/application.ts'

/** The key that is there while a restore is under way, or was cut short; under it, which file. */
export const restoreMark = 'standby:restore-under-way'

/** What of a client it needs. */
export interface RestoreClient {
  get(key: string): Promise<unknown>
  put(key: string, value: Json): Promise<void>
  delete(key: string): Promise<boolean>
  compareAndSet(key: string, expected: Json, value: Json): Promise<boolean>
}

/** Puts that are under way at a time. */
const putsAtOnce = 512

/**
 * Puts all entries. A restore that is cut short leaves its mark: the same file goes on from there, another is refused.
 * @param digest which file it is
 * @throws StandbyError `invalidStore` where another restore is under way or was cut short
 */
export async function restoreEntries(
  client: RestoreClient,
  entries: readonly (readonly [string, Json])[],
  digest: string,
): Promise<void> {
  // The mark of a restore that was cut short is not to be restored as a value.
  const values = entries.filter(([key]) => key !== restoreMark)
  if (!(await client.compareAndSet(restoreMark, null, digest))) {
    const other = await client.get(restoreMark)
    if (other !== digest) {
      throw new StandbyError(
        'invalidStore',
        `expected no other restore, got one of the file with SHA-256 ${JSON.stringify(other)}, under way or cut short; restore that file first, or delete the key ${restoreMark} if you know that its half is not wanted`,
      )
    }
  }
  for (let at = 0; at < values.length; at += putsAtOnce) {
    await Promise.all(values.slice(at, at + putsAtOnce).map(([key, value]) => client.put(key, value)))
  }
  await client.delete(restoreMark)
}
