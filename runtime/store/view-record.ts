/** The record of a view service on disk, and when a view service may start without one: never, but for the first (V11). */
import { join } from 'node:path'
import * as v from 'valibot'
import { StandbyError } from '../../actors/errors.ts'
import { noView } from '../../machines/view.ts'
import type { ViewRecord } from '../../machines/view-service.ts'
import { createFileStore } from './file-store.ts'
import type { FileSystem } from './file-system.ts'
import type { Store } from './store.ts'

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const server = v.nullable(v.pipe(v.string(), v.minLength(1)))
const schema = v.pipe(
  v.strictObject({
    view: v.strictObject({ number: count, primary: server, backup: server }),
    acknowledged: v.boolean(),
    incarnations: v.array(v.strictObject({ name: v.string(), incarnation: count })),
  }),
  v.check(
    ({ view }) => (view.number === 0) === (view.primary === null),
    'Expected a primary in every view but view 0',
  ),
)

/** The record of a system that has had no view yet. */
const firstRecord: ViewRecord = { view: noView, acknowledged: false, incarnations: [] }

/** The view service's record as the file `view.json` in `folder`. */
export function viewRecordFile(folder: string, files?: FileSystem): Store<ViewRecord> {
  const format = 'standby-view'
  return createFileStore({
    path: join(folder, 'view.json'),
    format,
    version: 2,
    schema,
    ...(files && { files }),
  })
}

/**
 * The record to go on from. A new system has none and gets one at once, so that the second start is like every other.
 *
 * Losing the record must be noticed: an empty one would found a second view 1 beside the first. So no start but that of
 * a new system does without, and no start of a new system passes over one.
 * @throws StandbyError `invalidStore`
 */
export function openViewRecord(store: Store<ViewRecord>, { isNew }: { readonly isNew: boolean }): ViewRecord {
  const record = store.load()
  if (record === null && !isNew) {
    throw new StandbyError(
      'invalidStore',
      'expected the record of the views so far, got none; restore the data folder of this view service, or, for the very first start of a new system, add --new-system',
    )
  }
  if (record !== null && isNew) {
    throw new StandbyError(
      'invalidStore',
      `expected no record of a system that is new, got one of view ${record.view.number}; leave out --new-system to go on with it`,
    )
  }
  if (record !== null) return record
  store.save(firstRecord)
  return firstRecord
}
