/** The field of the search, with how much was found. */
import { found, goToFound, searchText } from './search.ts'
import { cursor } from './state.ts'

export function SearchField() {
  const { hits, pairs } = found.value
  const place = hits.indexOf(cursor.value)
  const count =
    searchText.value.trim() === ''
      ? ''
      : pairs.length > 0
        ? `${pairs.length} pairs`
        : `${place < 0 ? '' : `${place + 1} of `}${hits.length}`
  return (
    <div class="search" role="search">
      <input
        id="search"
        type="search"
        aria-label="Search steps"
        placeholder="ping s1 · A then B · #12"
        spellcheck={false}
        value={searchText.value}
        onInput={(event) => (searchText.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return
          event.preventDefault()
          goToFound(event.shiftKey ? -1 : 1)
        }}
      />
      <span class="found" aria-live="polite">
        {count}
      </span>
    </div>
  )
}
