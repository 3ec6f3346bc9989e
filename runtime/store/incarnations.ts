/** Which life of a server this is: a counter on disk, advanced before the life begins, so that no id is ever used twice (N2). */
import { join } from 'node:path'
import * as v from 'valibot'
import { StandbyError } from '../../actors/errors.ts'
import { type NodeId, nodeId } from '../../machines/node-id.ts'
import { createFileStore } from './file-store.ts'
import type { FileSystem } from './file-system.ts'
import type { Store } from './store.ts'

/** What the counter's file holds. */
export interface LastIncarnation {
  readonly name: string
  readonly incarnation: number
}

/** Incarnations have at most 15 digits. */
const incarnationMax = 10 ** 15 - 1

const schema = v.strictObject({
  name: v.string(),
  incarnation: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(incarnationMax)),
})

/** The counter as the file `incarnation.json` in `folder`. */
export function incarnationFile(folder: string, files?: FileSystem): Store<LastIncarnation> {
  const format = 'standby-incarnation'
  return createFileStore({
    path: join(folder, 'incarnation.json'),
    format,
    version: 1,
    schema,
    ...(files && { files }),
  })
}

/**
 * The id of the incarnation that begins now: one more than the last. Without a counter it begins at `now`, the
 * milliseconds of the calendar, and not at 1: a machine that was set up again must not return as a former incarnation.
 * @throws StandbyError `invalidStore` if the counter is another server's, or cannot be trusted.
 */
export function nextLife(store: Store<LastIncarnation>, name: string, now: number): NodeId {
  const last = store.load()
  if (last !== null && last.name !== name) {
    throw new StandbyError(
      'invalidStore',
      `expected the data folder of ${name}, got that of ${last.name}; give each server a folder of its own`,
    )
  }
  const incarnation = last === null ? Math.max(1, Math.trunc(now)) : last.incarnation + 1
  if (incarnation > incarnationMax)
    throw new StandbyError(
      'invalidStore',
      `expected ${name} to have lives left, got none; choose another name`,
    )
  store.save({ name, incarnation })
  return nodeId(name, incarnation)
}
