/** What moves with the cursor, drawn over the scene: its line and ring, the pinned step, the light cones, and the chain that proves. */
import { found } from '../../app/search.ts'
import { currentRun, cursor, lens, pinned, step } from '../../app/state.ts'
import { conesOf } from '../../model/causality.ts'
import { proof } from '../causality-panel.tsx'
import { dotY, height, rowHeight, rows, rowY, stepY } from './picture.ts'
import { headHeight } from './scene.ts'
import { geometry, width } from './viewport.ts'

export function Overlay() {
  return (
    <g class="overlay">
      {lens.value ? <Cones /> : null}
      <Hits />
      <Chain />
      <StepMark i={pinned.value} name="pinned" />
      <StepMark i={cursor.value} name="cursor" />
    </g>
  )
}

function StepMark({ i, name }: { readonly i: number | null; readonly name: string }) {
  const [shape, current] = [geometry.value, currentRun()]
  const one = i === null ? undefined : current?.step(i)
  if (shape === null || one === undefined) return null
  const x = Math.round(shape.x(one.i))
  const y = stepY(one)
  const label = name === 'pinned' ? `pinned ${one.i}` : String(one.i)
  return (
    <g class={name}>
      <path d={`M${x} ${headHeight - 5}V${height.value}`} />
      <rect x={x - label.length * 3.8 - 4} y={0} width={label.length * 7.6 + 8} height={headHeight - 5} />
      <text x={x} y={14} text-anchor="middle">
        {label}
      </text>
      {y === null ? null : <circle cx={x} cy={y} r="9" />}
    </g>
  )
}

/** Past and future of the cursor's step, row by row; between them lies what is concurrent. */
function Cones() {
  const [current, shape, here] = [currentRun(), geometry.value, step.value]
  if (current === null || shape === null || here === null || here.node === null) return null
  const half = rowHeight.value / 2
  const right = width.value
  const stretches = conesOf(current, here).flatMap(({ lane, past, concurrent, future, unknown }) => {
    const row = rowOf(lane.id)
    if (row < 0) return []
    const isOwn = lane.id === here.node
    const lastPast = lane.steps[(isOwn ? past + 1 : past) - 1]
    const firstFuture = future === 0 ? undefined : lane.steps[lane.steps.length - future]
    const from = lastPast === undefined ? 0 : shape.x(lastPast) + (isOwn ? 0 : 6)
    const to = firstFuture === undefined ? right + 10 : shape.x(firstFuture) - (isOwn ? 0 : 6)
    return [
      {
        row,
        from,
        to,
        concurrent,
        unknown,
        hasPast: lastPast !== undefined,
        hasFuture: firstFuture !== undefined,
      },
    ]
  })
  return (
    <g class="cones">
      {stretches.map(({ row, from, to, concurrent, unknown, hasPast, hasFuture }) => {
        const [top, tall] = [rowY(row) - half + 1, 2 * half - 2]
        const middle = Math.max(from, 0)
        return (
          <g key={row}>
            {hasPast && from > 0 ? <rect class="past" x={0} y={top} width={from} height={tall} /> : null}
            {hasFuture && to < right ? (
              <rect class="future" x={to} y={top} width={right - to} height={tall} />
            ) : null}
            {concurrent > 0 && to > middle ? (
              <rect
                class="concurrent"
                x={middle}
                y={top}
                width={Math.max(0, Math.min(to, right) - middle)}
                height={tall}
              />
            ) : null}
            <Caption x={from - 6} y={top + tall - 5} anchor="end" text={hasPast && from > 60 ? 'past' : ''} />
            <Caption
              x={middle + 6}
              y={top + tall - 5}
              anchor="start"
              text={concurrent > 0 && to - middle > 80 ? (unknown > 0 ? 'unknown' : 'concurrent') : ''}
            />
            <Caption
              x={to + 6}
              y={top + tall - 5}
              anchor="start"
              text={hasFuture && to < right - 50 ? 'future' : ''}
            />
          </g>
        )
      })}
    </g>
  )
}

function Caption({
  x,
  y,
  anchor,
  text,
}: {
  readonly x: number
  readonly y: number
  readonly anchor: 'start' | 'end'
  readonly text: string
}) {
  return text === '' ? null : (
    <text class="caption" x={x} y={y} text-anchor={anchor}>
      {text}
    </text>
  )
}

/** The chain of messages from the earlier to the later of both steps. */
function Chain() {
  const [shape, current, result] = [geometry.value, currentRun(), proof.value]
  if (shape === null || current === null || result === null || result.path.length < 2) return null
  const points = result.path.flatMap((i) => {
    const row = rowOf(current.step(i)?.node ?? null)
    return row < 0 ? [] : [`${shape.x(i)} ${dotY(row)}`]
  })
  return points.length < 2 ? null : <path class="chain" d={`M${points.join('L')}`} />
}

/** A ring around everything that the search has found and that is in sight. */
function Hits() {
  const [shape, current] = [geometry.value, currentRun()]
  const { hits } = found.value
  if (shape === null || current === null || hits.length === 0) return null
  const rings: string[] = []
  for (const i of hits) {
    const x = shape.x(i)
    const row = rowOf(current.step(i)?.node ?? null)
    if (x < -10 || x > width.value + 10 || row < 0) continue
    rings.push(`M${x - 10} ${dotY(row)}a10 10 0 1 0 20 0a10 10 0 1 0 -20 0Z`)
    if (rings.length > 1000) break
  }
  return <path class="hits" d={rings.join('')} />
}

function rowOf(node: string | null): number {
  return rows.value?.ofLane[currentRun()?.lane(node)?.index ?? -1] ?? -1
}
