/** A laid-out chart as SVG, with what a moment of a run means for it. Pure: the holder decides what can be pressed. */
import { Arrow } from './chart-arrow.tsx'
import { type BoxProps, isFrame, keyOf, StateBox, Written } from './chart-box.tsx'
import { classes, round } from './chart-paths.ts'
import type { DrawingProps } from './drawing-props.ts'

/** Frames, arrows, what is written in frames, states: each lies over what stands before it. */
export function ChartDrawing(props: DrawingProps) {
  const { layout } = props
  const frames = layout.boxes.filter(isFrame)
  const leaves = layout.boxes.filter((box) => !isFrame(box))
  return (
    <>
      {frames.map((box) => (
        <StateBox key={keyOf(box)} box={box} {...props} />
      ))}
      {layout.edges.map((edge) => (
        <Arrow key={`${edge.from}\n${edge.to}`} edge={edge} {...props} />
      ))}
      {frames.map((box) => (
        <Written key={keyOf(box)} box={box} {...props} />
      ))}
      {leaves.map((box) => (
        <StateBox key={keyOf(box)} box={box} {...props} />
      ))}
      {layout.boxes.map((box) => (
        <Markers key={keyOf(box)} box={box} {...props} />
      ))}
    </>
  )
}

/** Nodes stand at the innermost of their active states. */
function Markers({ box, layout, marks: { markers }, scale = 1 }: BoxProps) {
  if (markers.length === 0 || box.kind === 'anywhere') return null
  const inner = layout.boxes.filter(({ parent, kind }) => parent === box.id && kind !== 'anywhere')
  const size = Math.min(1.8, Math.max(1, 0.9 / scale))
  const here = markers.filter(({ states }) => states.has(box.id) && !inner.some(({ id }) => states.has(id)))
  return (
    <>
      {here.map(({ label, title, colour, diverged }, index) => {
        const x = box.x + box.width - 8 - 25 * size * (here.length - 1 - index)
        return (
          <g
            key={title}
            class={classes('chart-marker', diverged && 'chart-diverged')}
            transform={`translate(${round(x)} ${box.y + box.height}) scale(${round(size)})`}
          >
            <title>{diverged ? `${title}: differs from the others` : title}</title>
            <circle r={11} fill={colour} />
            <text y={4}>{label}</text>
            {diverged && (
              <text class="chart-unequal" y={24}>
                ≠
              </text>
            )}
          </g>
        )
      })}
    </>
  )
}
