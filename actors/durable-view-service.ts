/** The record of a view service in a store: nothing is sent before it is durable (V11). */
import type { ViewRecord } from '../machines/view-service.ts'
import { viewRecord } from '../machines/view-service.ts'
import { StandbyError } from './errors.ts'
import { createGroupCommit } from './group-commit.ts'
import type { NodeOptions } from './node.ts'
import type { ServerStore } from './ports.ts'

/** Records are small: so many are kept before the newest takes the place of all. */
const recordsMax = 1000

/**
 * What the store holds, and how to keep what follows.
 * @throws StandbyError `invalidStore`
 */
export function durableViewService(store: ServerStore): {
  readonly record: ViewRecord | null
  readonly durably: NonNullable<NodeOptions['durably']>
} {
  const { head, records, last } = store.load()
  let kept = head
  for (const record of records) kept = record
  const record = kept === null ? null : recordIn(kept)
  let failed: ((error: unknown) => void) | null = null
  const commit = createGroupCommit(store, last, (error) => failed?.(error))
  let covered = last
  let isTaking = false
  const shorten = (text: string) => {
    const covers = commit.last
    if (isTaking || covers - covered < recordsMax) return
    isTaking = true
    commit.add(null, () =>
      store.finishSnapshot(text, covers, (error) => {
        if (error !== null) return failed?.(error)
        covered = covers
        isTaking = false
      }),
    )
  }
  return {
    record,
    durably({ after, tells }, proceed, fail) {
      failed = fail
      const next = viewRecord(after.context, after.hasTag('acknowledged'))
      const text = JSON.stringify(next)
      const isNew = next.view.number > 0 && text !== kept
      if (isNew) kept = text
      commit.add(isNew ? text : null, tells ? proceed : null)
      if (isNew) shorten(text)
    },
  }
}

function recordIn(text: string): ViewRecord {
  const given = JSON.parse(text) as Partial<ViewRecord>
  if (typeof given.view?.number === 'number' && Array.isArray(given.incarnations)) return given as ViewRecord
  throw new StandbyError(
    'invalidStore',
    'expected the record of a view service, got the state of another node; give each node a store of its own',
  )
}
