/** The feed of a trace that is inside the page itself, as an exported story has it. */
import type { Feed } from './feed.ts'
import { textFeed } from './file.ts'

/** The id of the element that holds the trace as JSON lines: `<script type="application/jsonl" id="trace">`. */
export const embeddedId = 'trace'

/** A feed of the embedded trace; null where the page has none. */
export function embeddedFeed(page: Document): Feed | null {
  const text = page.getElementById(embeddedId)?.textContent?.trim() ?? ''
  return text === '' ? null : textFeed(`${text}\n`)
}
