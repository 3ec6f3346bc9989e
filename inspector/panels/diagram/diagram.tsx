/** The space-time diagram: nodes as rows, messages as lines between them, one cursor. Draws what is in sight only. */
import { useEffect, useRef } from 'preact/hooks'
import { choose, goTo } from '../../app/moves.ts'
import { roveAmong } from '../../app/roving.ts'
import { axis, currentRun, cursor, node, pinned } from '../../app/state.ts'
import { titleOf } from '../../model/describe.ts'
import type { Run } from '../../model/run.ts'
import { glyphOf } from './glyphs.tsx'
import { FlyingEnds, LinkLabels, Links } from './links.tsx'
import { Overlay } from './overlay.tsx'
import { dotY, height, rowHeight, rows, rowY, scene, stepY, windowHeight } from './picture.ts'
import { type Band, headHeight, marksOf, type Scene } from './scene.ts'
import { geometry, panBy, width, zoomBy } from './viewport.ts'

export function Diagram() {
  const drawing = useRef<SVGSVGElement>(null)
  useEffect(() => watchWidth(drawing.current!), [])
  useEffect(() => interact(drawing.current!), [])
  return (
    <section class="diagram" aria-label="Space-time diagram">
      <RowNames />
      <svg
        ref={drawing}
        class="drawing"
        role="img"
        tabindex={0}
        height={height}
        aria-label="Space-time diagram; arrow keys move the cursor, the list of steps below says the same in words"
      >
        <Defs />
        <AxisMarks />
        <Bands />
        <Links />
        <Dots />
        <FlyingEnds />
        <LinkLabels />
        <Network />
        <Overlay />
      </svg>
    </section>
  )
}

function Defs() {
  return (
    <defs>
      <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <path d="M0 0V6" class="hatch" />
      </pattern>
    </defs>
  )
}

function RowNames() {
  const shown = rows.value?.rows ?? []
  const hasChosen = shown.some((row) => row.lanes.some((lane) => lane.id === node.value))
  return (
    <div
      class="row-names"
      role="toolbar"
      aria-label="Nodes"
      aria-orientation="vertical"
      style={{ paddingTop: `${headHeight}px` }}
      onKeyDown={(event) => roveAmong(event, 'button', ['ArrowUp', 'ArrowDown'])}
    >
      {shown.map((row, index) => {
        const id = idAtCursor(
          currentRun(),
          row.lanes.map((lane) => lane.id),
        )
        const isChosen = row.lanes.some((lane) => lane.id === node.value)
        return (
          <button
            type="button"
            key={row.name}
            class={`row-name ${isChosen ? 'chosen' : ''}`}
            style={{ height: `${rowHeight}px` }}
            aria-pressed={isChosen}
            tabIndex={isChosen || (index === 0 && !hasChosen) ? 0 : -1}
            title={`Show the state of ${id}`}
            onClick={() => choose(id)}
          >
            <b>{id}</b>
            <small>{row.machine ?? ''}</small>
          </button>
        )
      })}
    </div>
  )
}

/** Of several incarnations the one that lives at the cursor. */
function idAtCursor(current: Run | null, ids: readonly string[]): string {
  const started = ids.filter((id) => (current?.lane(id)?.steps[0] ?? 0) <= cursor.value)
  return started.at(-1) ?? ids[0]!
}

function AxisMarks() {
  const shape = geometry.value
  if (shape === null) return null
  return (
    <g class="axis">
      {marksOf(axis.value, shape).map(({ place, text }) => {
        const x = Math.round(shape.xOf(place)) + 0.5
        return (
          <g key={place}>
            <path d={`M${x} ${headHeight - 5}V${height.value}`} />
            <text x={x} y={headHeight - 10} text-anchor="middle">
              {text}
            </text>
          </g>
        )
      })}
    </g>
  )
}

function Bands() {
  const current = scene.value
  if (current === null) return null
  return (
    <g class="bands">
      {rows.value?.rows.map(({ index }) => (
        <path key={index} class="lane" d={`M0 ${rowY(index)}H${width.value}`} />
      ))}
      {current.bands.map((band) => (
        <BandBox key={`${band.lane.id} ${band.x} ${band.label}`} band={band} />
      ))}
      {current.isOverview ? <Density scene={current} /> : null}
    </g>
  )
}

function BandBox({ band: { row, x, width: length, label } }: { readonly band: Band }) {
  const y = rowY(row) - rowHeight.value / 2 + 2
  const text = label === null ? 'down' : label
  const at = Math.max(x, 0) + 6
  const room = x + length - at
  return (
    <g>
      <rect
        class={label === null ? 'band down' : `band tint-${tintOf(label)}`}
        x={x}
        y={y}
        width={length}
        height={rowHeight.value - 4}
        rx="3"
      />
      {room > 34 ? (
        <text class="band-label" x={at} y={y + 11}>
          {text.length * 5.9 > room ? `${text.slice(0, Math.max(1, Math.floor(room / 5.9) - 1))}…` : text}
        </text>
      ) : null}
    </g>
  )
}

/** One of eight tints for the outermost state, the same for the same name. */
export function tintOf(label: string): number {
  const known = tints[label.split('.')[0]!]
  if (known !== undefined) return known
  let hash = 7
  for (const character of label.split('.')[0]!) hash = (hash * 31 + character.charCodeAt(0)) | 0
  return Math.abs(hash) % 8
}

const tints: Readonly<Record<string, number>> = {
  idle: 0,
  primary: 1,
  backup: 2,
  stopped: 3,
  awaitingFirstPing: 0,
  awaitingAcknowledgement: 4,
  acknowledged: 2,
  ready: 0,
  locating: 4,
  openingSession: 5,
  awaitingReply: 1,
}

function Density({ scene: { density } }: { readonly scene: Scene }) {
  const most = Math.max(1, ...density.map((line) => Math.max(...line)))
  return (
    <g class="density">
      {density.map((line, row) => {
        const base = rowY(row) + rowHeight.value / 2 - 4
        const path = line.map((count, at) =>
          count === 0
            ? ''
            : `M${at * 4 + 1.5} ${base}v${-Math.max(1.5, (count / most) * (rowHeight.value - 22))}`,
        )
        return <path key={row} d={path.join('')} />
      })}
    </g>
  )
}

function Dots() {
  const current = scene.value
  const all = currentRun()
  if (current === null || all === null) return null
  return (
    <g class="dots">
      {current.dots.map(({ i, x, row }) => {
        const one = all.step(i)
        if (one === undefined) return null
        const { path, filled } = glyphOf(one.kind)
        const odd = one.refused === undefined ? '' : 'refused'
        return (
          <path
            key={i}
            d={path}
            transform={`translate(${x} ${stepY(one) ?? dotY(row)})`}
            class={`dot ${one.kind} ${filled ? 'filled' : 'hollow'} ${odd}`}
            data-step={i}
          >
            <title>{`${i}: ${one.node} ${titleOf(one)}`}</title>
          </path>
        )
      })}
    </g>
  )
}

/** What happens to the network as a whole: a line through all rows. */
function Network() {
  const shape = geometry.value
  const current = currentRun()
  if (shape === null || current === null) return null
  const places = current.network.map((i) => ({ i, x: shape.x(i) }))
  const shown = places.filter(({ x }) => x >= -4 && x <= width.value + 4)
  return (
    <g class="network">
      {shown.map(({ i, x }, index) => {
        const one = current.step(i)!
        const text = titleOf(one)
        const room = (shown[index + 1]?.x ?? width.value) - x - 8
        return (
          <g key={i} class={one.kind}>
            <path d={`M${x} ${headHeight}V${height.value}`} />
            {room < text.length * 5.8 ? null : (
              <text x={x + 4} y={height.value - 6}>
                {text}
              </text>
            )}
          </g>
        )
      })}
    </g>
  )
}

function watchWidth(drawing: SVGSVGElement): () => void {
  const observer = new ResizeObserver(([entry]) => {
    const next = Math.round(entry!.contentRect.width)
    if (next > 0) width.value = next
  })
  observer.observe(drawing)
  const resize = () => {
    windowHeight.value = innerHeight
  }
  resize()
  addEventListener('resize', resize)
  return () => {
    observer.disconnect()
    removeEventListener('resize', resize)
  }
}

/** Wheel pans, with Ctrl zooms; dragging pans; a click takes the nearest event, with Shift it is pinned. */
function interact(drawing: SVGSVGElement): () => void {
  const wheel = (event: WheelEvent) => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault()
      zoomBy(Math.exp(-event.deltaY / 300), event.offsetX)
      return
    }
    const isTall = drawing.parentElement!.scrollHeight > drawing.parentElement!.clientHeight + 1
    const amount = event.shiftKey || !isTall ? event.deltaY + event.deltaX : event.deltaX
    if (amount === 0) return
    event.preventDefault()
    panBy(amount)
  }
  let held: { x: number; moved: boolean } | null = null
  const down = (event: PointerEvent) => {
    if (event.button === 0) held = { x: event.clientX, moved: false }
  }
  const move = (event: PointerEvent) => {
    if (held === null) return
    const dx = event.clientX - held.x
    if (!held.moved && Math.abs(dx) < 4) return
    if (!held.moved) drawing.setPointerCapture(event.pointerId)
    held = { x: event.clientX, moved: true }
    panBy(-dx)
  }
  const up = (event: PointerEvent) => {
    const wasClick = held !== null && !held.moved
    held = null
    if (!wasClick) return
    const box = drawing.getBoundingClientRect()
    const found = nearest(event.clientX - box.left, event.clientY - box.top)
    if (found === null) return
    if (event.shiftKey) pinned.value = found
    else goTo(found)
  }
  drawing.addEventListener('wheel', wheel, { passive: false })
  drawing.addEventListener('pointerdown', down)
  drawing.addEventListener('pointermove', move)
  drawing.addEventListener('pointerup', up)
  return () => {
    drawing.removeEventListener('wheel', wheel)
    drawing.removeEventListener('pointerdown', down)
    drawing.removeEventListener('pointermove', move)
    drawing.removeEventListener('pointerup', up)
  }
}

/** The step nearest to a point: an event close by, else the last step of the run before it. */
function nearest(x: number, y: number): number | null {
  const [current, shape, all] = [scene.value, geometry.value, currentRun()]
  if (current === null || shape === null || all === null) return null
  let best: { i: number; distance: number } | null = null
  for (const dot of current.dots) {
    const distance = Math.hypot(dot.x - x, ((stepY(all.step(dot.i)!) ?? dotY(dot.row)) - y) * 0.7)
    if (distance < 24 && (best === null || distance < best.distance)) best = { i: dot.i, distance }
  }
  if (best !== null) return best.i
  let closest: { i: number; distance: number } | null = null
  for (let i = all.first; i < all.end; i++) {
    const distance = Math.abs(shape.x(i) - x)
    if (closest === null || distance < closest.distance) closest = { i, distance }
  }
  return closest?.i ?? null
}
