/** One arrow of a drawn chart, with its label. */

import { LinesOfOne, transitionsIn } from './chart-lines.tsx'
import { classes, headOf, pathOf } from './chart-paths.ts'
import type { Edge } from './chart-shapes.ts'
import type { DrawingProps } from './drawing-props.ts'

export function Arrow(props: DrawingProps & { readonly edge: Edge }) {
  const { edge, marks, layout } = props
  const { from, to, points, label, transitions } = edge
  const isTaken = transitions.some((transition) => marks.taken.has(transition))
  const isNear = marks.near !== null && (from === marks.near || to === marks.near)
  const name = classes(
    'chart-edge',
    isTaken && 'chart-taken',
    transitions.some((transition) => marks.enabled.has(transition)) && 'chart-open',
    layout.level === 'map' && 'chart-floating',
    isNear && 'chart-near',
  )
  const [end, before] = [points.at(-1), points.at(-2)]
  return (
    <g class={name}>
      <path class="chart-path" d={pathOf(points)} />
      {end !== undefined && before !== undefined && <path class="chart-head" d={headOf(end, before)} />}
      <path
        class="chart-reach"
        d={pathOf(points)}
        fill="none"
        stroke="transparent"
        stroke-width={12}
        pointer-events="stroke"
      />
      {label !== null && (
        <g class="chart-label" transform={`translate(${label.x} ${label.y})`}>
          <rect class="chart-plate" x={-2} y={-3} width={label.width + 4} height={label.height + 6} rx={4} />
          {transitionsIn(label.lines).map((group) => (
            <LinesOfOne key={group[0]!.y} {...props} lines={group} width={label.width - 2} />
          ))}
        </g>
      )}
    </g>
  )
}
