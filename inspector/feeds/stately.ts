/** The wire of `@statelyai/inspect` (0.7) as a feed: actors, events and snapshots of an XState 5 app, without microsteps. */
import { createStatelyReader } from '../../runtime/trace/imports/stately.ts'
import type { Feed, Messages } from './feed.ts'

export { statelyConnected } from '../../runtime/trace/imports/stately.ts'

/** A feed of its messages. */
export function statelyFeed(messages: Messages): Feed {
  return (sink) => {
    const reader = createStatelyReader(sink)
    const stop = messages(reader.take)
    return () => {
      reader.stop()
      stop()
    }
  }
}
