/** Group commit: steps proceed in their order, each after its record is durable; one flush serves all that wait (D2). */
import type { Done, ServerStore } from './ports.ts'

/** The steps of one life. */
export interface GroupCommit {
  /**
   * Adds a step.
   * @param record what it adds to the log; null: nothing
   * @param proceed null if nothing waits for the step: its record is written with the next one that something waits for
   */
  add(record: string | null, proceed: (() => void) | null): void
  /** The number of the last record that was added. */
  readonly last: number
}

/**
 * @param last the number of the last record that is in the store
 * @param fail is called with the first flush that failed; nothing proceeds after that, and no flush is tried again (D4)
 */
export function createGroupCommit(
  store: Pick<ServerStore, 'append'>,
  last: number,
  fail: (error: Error) => void,
): GroupCommit {
  let number = last
  let records: string[] = []
  let waiting: (() => void)[] = []
  let isFlushing = false
  let hasFailed = false

  const flush = () => {
    while (waiting.length > 0 && !isFlushing && !hasFailed) {
      const proceeds = waiting
      const written = records
      waiting = []
      records = []
      isFlushing = true
      const done: Done = (error) => {
        hasFailed = error !== null
        if (error !== null) return fail(error)
        for (const proceed of proceeds) proceed()
        isFlushing = false
        flush()
      }
      if (written.length === 0) done(null)
      else store.append(written, done)
    }
  }

  return {
    add(record, proceed) {
      if (record !== null) {
        number += 1
        records.push(record)
      }
      if (proceed === null || hasFailed) return
      if (records.length === 0 && !isFlushing) return proceed()
      waiting.push(proceed)
      flush()
    },
    get last() {
      return number
    },
  }
}
