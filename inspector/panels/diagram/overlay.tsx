/** What moves with the cursor, drawn over the scene: the cursor's line and ring, and the pinned step. */
import { cursor, pinned, run } from '../../app/state.ts'
import { dotY, height, rows } from './picture.ts'
import { headHeight } from './scene.ts'
import { geometry } from './viewport.ts'

export function Overlay() {
  return (
    <g class="overlay">
      <StepMark i={pinned.value} name="pinned" />
      <StepMark i={cursor.value} name="cursor" />
    </g>
  )
}

function StepMark({ i, name }: { readonly i: number | null; readonly name: string }) {
  const [shape, current] = [geometry.value, run.value]
  const one = i === null ? undefined : current?.step(i)
  if (shape === null || one === undefined) return null
  const x = Math.round(shape.x(one.i))
  const row = rows.value?.ofLane[current?.lane(one.node)?.index ?? -1] ?? -1
  return (
    <g class={name}>
      <path d={`M${x} ${headHeight - 5}V${height.value}`} />
      <text x={x} y={10} text-anchor="middle">
        {name === 'pinned' ? `pinned ${one.i}` : one.i}
      </text>
      {row < 0 ? null : <circle cx={x} cy={dotY(row)} r="9" />}
    </g>
  )
}
