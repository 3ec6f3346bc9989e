/** The search as signals: what is looked for, what was found, and moving among it. */
import { computed, signal } from '@preact/signals'
import { find, nothingFound, parseQuery } from '../model/search.ts'
import { goTo, goToIn } from './moves.ts'
import { announcement, currentRun, cursor } from './state.ts'

export const searchText = signal('')

export const found = computed(() => {
  const query = parseQuery(searchText.value)
  const current = currentRun()
  return query === null || current === null ? nothingFound : find(current, query)
})

/** The same numbers, for asking about one. */
export const foundSet = computed<ReadonlySet<number>>(() => new Set(found.value.hits))

/** To the next or previous step that was found, around the ends. */
export function goToFound(direction: 1 | -1): void {
  const { hits } = found.value
  if (hits.length === 0) {
    announcement.value = 'Nothing was found.'
    return
  }
  if (!goToIn(hits, direction)) goTo(direction > 0 ? hits[0]! : hits.at(-1)!)
  announcement.value = `${hits.indexOf(cursor.value) + 1} of ${hits.length} found.`
}
