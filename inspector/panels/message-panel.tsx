/** The message of the cursor's step: sender, receiver, fate and content. */
import type { Json } from '../../machines/application/application.ts'
import { goTo } from '../app/moves.ts'
import { currentRun, step } from '../app/state.ts'
import { fateOf, type Track } from '../model/messages.ts'
import { JsonTree } from './json-tree.tsx'

export function MessagePanel() {
  const here = step.value
  const message = here?.message
  const track = here === null ? null : (currentRun()?.messages.of(here) ?? null)
  if (message === undefined || track === null) return <p class="empty">This step has no message.</p>
  return (
    <div class="message-panel">
      <p class="message-line">
        <b>{message.type || 'message'}</b> from {message.from} to {message.to}{' '}
        <span class={`fate ${fateOf(track).replace(' ', '-')}`}>{fateOf(track)}</span>
      </p>
      <Life track={track} />
      <JsonTree
        label={`Content of ${message.type}`}
        before={message.body as Json}
        after={message.body as Json}
      />
    </div>
  )
}

function Life({ track }: { readonly track: Track }) {
  const events = [
    ...(track.sentIn === null ? [] : [{ i: track.sentIn, what: 'sent' }]),
    ...track.duplicatedIn.map((i) => ({ i, what: 'duplicated' })),
    ...track.delayedIn.map((i) => ({ i, what: 'delayed' })),
    ...track.droppedIn.map((i) => ({ i, what: 'lost' })),
    ...track.receivedIn.map((i, copy) => ({
      i,
      what: copy === 0 ? 'received' : `copy ${copy + 1} received`,
    })),
    ...track.refusedIn.map((i) => ({ i, what: 'not taken' })),
  ].sort((a, b) => a.i - b.i)
  return (
    <ol class="life">
      {events.map(({ i, what }) => (
        <li key={`${i} ${what}`}>
          <button
            type="button"
            class={`plain ${i === step.value?.i ? 'current' : ''}`}
            onClick={() => goTo(i)}
          >
            {what} in {i}
          </button>
        </li>
      ))}
    </ol>
  )
}
