/** The line of all steps: where the cursor is, what is marked, and the buttons to move. */
import { useRef } from 'preact/hooks'
import { runCommand } from '../app/commands.ts'
import { goTo } from '../app/moves.ts'
import { roveAmong } from '../app/roving.ts'
import { found } from '../app/search.ts'
import { currentRun, cursor, following, live, loading, pinned, playing, speed, step } from '../app/state.ts'
import { geometry, width } from './diagram/viewport.ts'

export function Scrubber() {
  const current = currentRun()
  if (current === null) return null
  const last = Math.max(current.first, current.end - 1)
  return (
    <footer class="scrubber">
      <div
        class="buttons"
        role="toolbar"
        aria-label="Move"
        onKeyDown={(event) => roveAmong(event, 'button', ['ArrowLeft', 'ArrowRight'])}
      >
        <Control id="step.first" label="First step" path="M4 3V13M13 3L6 8L13 13Z" />
        <Control id="step.previous" label="Previous step" path="M11 3L4 8L11 13Z" />
        <Control
          id="play"
          label={playing.value ? 'Pause' : 'Play'}
          path={playing.value ? 'M4 3H7V13H4ZM9 3H12V13H9Z' : 'M4 2.5L13 8L4 13.5Z'}
          isMain
        />
        <Control id="step.next" label="Next step" path="M5 3L12 8L5 13Z" />
        <Control id="step.last" label="Last step" path="M3 3L10 8L3 13ZM12 3V13" />
        <label class="speed">
          <span class="sr-only">Steps a second</span>
          <select value={speed.value} onChange={(event) => (speed.value = Number(event.currentTarget.value))}>
            {[0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512].map((one) => (
              <option key={one} value={one}>
                {one}/s
              </option>
            ))}
          </select>
        </label>
      </div>
      <Track first={current.first} last={last} />
      <Position last={last} />
    </footer>
  )
}

function Control({
  id,
  label,
  path,
  isMain = false,
}: {
  readonly id: string
  readonly label: string
  readonly path: string
  readonly isMain?: boolean
}) {
  return (
    <button
      type="button"
      class={`control ${isMain ? 'main' : ''}`}
      tabIndex={isMain ? 0 : -1}
      aria-label={label}
      title={label}
      onClick={() => runCommand(id)}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={path} />
      </svg>
    </button>
  )
}

function Track({ first, last }: { readonly first: number; readonly last: number }) {
  const box = useRef<HTMLDivElement>(null)
  const part = (i: number) => placeOf(i, first, last)
  const seek = (event: PointerEvent) => {
    const { left, width } = box.current!.getBoundingClientRect()
    goTo(Math.round(first + ((event.clientX - left) / width) * (last - first)))
  }
  return (
    <div
      ref={box}
      class="track"
      role="slider"
      tabIndex={0}
      aria-label="Step"
      aria-valuemin={first}
      aria-valuemax={last}
      aria-valuenow={cursor.value}
      aria-valuetext={`step ${cursor.value} of ${last}`}
      onPointerDown={(event) => {
        box.current!.setPointerCapture(event.pointerId)
        seek(event)
      }}
      onPointerMove={(event) => {
        if (event.buttons === 1) seek(event)
      }}
    >
      <Marks first={first} last={last} />
      <FoundMarks first={first} last={last} />
      <Window first={first} last={last} />
      {pinned.value === null ? null : <span class="pin" style={{ left: part(pinned.value) }} />}
      <span class="done" style={{ width: part(cursor.value) }} />
      <span class="thumb" style={{ left: part(cursor.value) }} />
    </div>
  )
}

interface Span {
  readonly first: number
  readonly last: number
}

function placeOf(i: number, first: number, last: number): string {
  return `${(100 * (i - first)) / Math.max(1, last - first)}%`
}

/** Violations above, faults and repairs below, view changes across: one path each, however many there are. */
function Marks({ first, last }: Span) {
  const marks = currentRun()?.marks ?? []
  const shown =
    marks.length > 600
      ? marks.filter(
          (mark, index) => mark.kind === 'violation' || index % Math.ceil(marks.length / 600) === 0,
        )
      : marks
  return (
    <>
      {shown.slice(-1200).map((mark) => (
        <span
          key={`${mark.i}`}
          class={`mark ${mark.kind}`}
          style={{ left: placeOf(mark.i, first, last) }}
          title={`${mark.i}: ${mark.text}`}
        />
      ))}
    </>
  )
}

/** What the search has found, as one drawing. */
function FoundMarks({ first, last }: { readonly first: number; readonly last: number }) {
  const { hits } = found.value
  if (hits.length === 0) return null
  const every = Math.ceil(hits.length / 2000)
  const ticks = hits
    .filter((_, index) => index % every === 0)
    .map((i) => `M${(1000 * (i - first)) / Math.max(1, last - first)} 0V6`)
  return (
    <svg class="found-marks" viewBox="0 0 1000 6" preserveAspectRatio="none" aria-hidden="true">
      <path d={ticks.join('')} />
    </svg>
  )
}

/** What the diagram has in sight, when its axis goes by the order of steps. */
function Window({ first, last }: Span) {
  const shape = geometry.value
  if (shape === null || shape.end - shape.start <= 0) return null
  const total = shape.end - shape.start
  const from = Math.max(0, (shape.from - shape.start) / total)
  const to = Math.min(1, (shape.to - shape.start) / total)
  if (from <= 0 && to >= 1) return null
  void width.value
  const left = placeOf(first + from * (last - first), first, last)
  return <span class="window" style={{ left, width: `${(to - from) * 100}%` }} />
}

function Position({ last }: { readonly last: number }) {
  const current = currentRun()
  const here = step.value
  const start = current?.step(current.first)?.t ?? 0
  return (
    <div class="position">
      <span>
        <b>{cursor.value}</b> / {last}
      </span>
      <span>{here === null ? '' : `${Math.round((here.t - start) * 1000) / 1000} ms`}</span>
      {loading.value ? <span class="forgotten">reading …</span> : null}
      {live.value ? (
        <button
          type="button"
          class={`live ${following.value ? 'on' : ''}`}
          aria-pressed={following.value}
          onClick={() => runCommand('follow')}
        >
          live
        </button>
      ) : null}
      {current !== null && current.first > 0 ? (
        <span class="forgotten" title="The oldest steps make way for new ones.">
          {current.first.toLocaleString('en')} forgotten
        </span>
      ) : null}
    </div>
  )
}
