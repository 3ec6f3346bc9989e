/** Drives a system by hand: what is next, its properties, an inbox for each node, calls, and the story's sentence. */
import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { cursor } from '../../app/state.ts'
import { CallForm } from './call-form.tsx'
import { InboxView } from './inbox-view.tsx'
import { Properties } from './properties.tsx'
import { choices, choose, runOn, world, worldVersion } from './session.ts'

export function DrivePanel() {
  worldVersion.value
  const current = world.value
  const here = choices.value
  if (current === null || here === null) return null
  const { clients } = current.info
  return (
    <div class="drive-panel">
      <div class="drive-head">
        <NextThing />
        <RunUntil />
        {clients.length === 0 ? null : (
          <CallForm
            clients={clients}
            call={(client, command) => choose({ kind: 'call', client, commands: [command as never] })}
          />
        )}
      </div>
      <Caption />
      <Properties />
      <Inboxes />
    </div>
  )
}

function NextThing() {
  const { next, now } = choices.value!
  const isPast = !world.value!.isAtEnd
  return (
    <div class="next-thing">
      <button
        type="button"
        class="primary"
        disabled={next === null}
        onClick={() => choose({ kind: 'next' })}
        title="Let it happen (m)"
      >
        next
      </button>
      <p>
        <small>
          at {Math.round(now * 10) / 10} ms, by itself{isPast ? '; anything else begins a branch' : ''}
        </small>
        <b>{next === null ? 'nothing will happen' : next.text}</b>
      </p>
    </div>
  )
}

function RunUntil() {
  const { aims } = world.value!.info
  const aim = useSignal(aims[0]?.id ?? 'ms')
  const go = () => (aim.value === 'ms' ? runOn(null, { ms: 100 }) : runOn(aim.value))
  return (
    <div class="run-until">
      <label>
        run until{' '}
        <select value={aim.value} onChange={(event) => (aim.value = event.currentTarget.value)}>
          {aims.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
          <option value="ms">100 ms have passed</option>
        </select>
      </label>
      <button type="button" onClick={go} title="Run by itself (r repeats until the view changes)">
        run
      </button>
    </div>
  )
}

function Caption() {
  const current = world.value!
  const caption = current.captionAt(cursor.value)
  const { captions, ends } = current.branch
  if (captions.length === 0) return null
  const number = caption === null ? 0 : captions.indexOf(caption) + 1
  const goTo = (index: number) => {
    const target = captions[index]
    if (target !== undefined) cursor.value = Math.max(0, ends[target.at]! - 1)
  }
  return (
    <div class="caption">
      <button
        type="button"
        aria-label="Sentence before"
        disabled={number <= 1}
        onClick={() => goTo(number - 2)}
        title="Sentence before (:)"
      >
        ‹
      </button>
      <p>
        <small>
          {number}/{captions.length}
        </small>{' '}
        {caption === null
          ? `${current.info.title}. Go on sentence by sentence, or step by step.`
          : caption.text}
      </p>
      <button
        type="button"
        aria-label="Next sentence"
        disabled={number >= captions.length}
        onClick={() => goTo(number)}
        title="Next sentence (;)"
      >
        ›
      </button>
    </div>
  )
}

/** One tab stop for all inboxes: arrows go through them, up and down within one, left and right to the next. */
function Inboxes() {
  const { inboxes, now } = choices.value!
  const box = useRef<HTMLDivElement>(null)
  const move = (event: KeyboardEvent) => {
    const by = moves[event.key]
    if (by === undefined || !(event.target instanceof HTMLElement)) return
    const columns = [...box.current!.children].map((column) => [
      ...column.querySelectorAll<HTMLElement>('[data-drive]'),
    ])
    const column = columns.findIndex((items) => items.includes(event.target as HTMLElement))
    if (column < 0) return
    event.preventDefault()
    event.stopPropagation()
    const row = columns[column]!.indexOf(event.target)
    const next = columns[(column + by[0] + columns.length) % columns.length]!
    const target =
      by[0] === 0 ? next[(row + by[1] + next.length) % next.length] : next[Math.min(row, next.length - 1)]
    target?.focus()
  }
  return (
    <div
      class="inboxes"
      ref={box}
      role="group"
      aria-label="Inboxes: arrows move, Enter chooses"
      tabIndex={0}
      onKeyDown={move}
      onFocus={(event) => {
        if (event.target === box.current) box.current?.querySelector<HTMLElement>('[data-drive]')?.focus()
      }}
    >
      {inboxes.map((inbox, index) => (
        <InboxView key={inbox.name} inbox={inbox} now={now} color={index} />
      ))}
    </div>
  )
}

const moves: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}
