/** A laid-out chart as SVG, with what a moment of a run means for it. Pure: what can be pressed or focused is up to whoever holds it. */
import type { SVGAttributes } from 'preact'
import type { TransitionKey } from '../../runtime/trace/exports/chart-model.ts'
import { Arrow } from './chart-arrow.tsx'
import { type BoxProps, isFrame, keyOf, StateBox, Written } from './chart-box.tsx'
import type { ChartLayout } from './chart-layout.ts'
import type { Tried } from './chart-marks.ts'
import { classes, round } from './chart-paths.ts'

/** A node of the run, at the states that are active in it. */
export interface Marker {
  /** What is written in it: a digit or two. */
  readonly label: string
  /** The node. */
  readonly title: string
  readonly colour: string
  readonly states: ReadonlySet<string>
  /** It disagrees with others: marked by a sign and a dashed ring. */
  readonly diverged: boolean
}

/** What is drawn besides the chart itself. */
export interface ChartMarks extends Tried {
  readonly active: ReadonlySet<string>
  readonly enabled: ReadonlyMap<TransitionKey, string>
  readonly markers: readonly Marker[]
  /** The state whose arrows stand out. */
  readonly near: string | null
  /** The lengths of named delays, in milliseconds. */
  readonly delays: Readonly<Record<string, number>>
}

export const noMarks: ChartMarks = {
  active: new Set(),
  taken: new Set(),
  guards: new Map(),
  enabled: new Map(),
  markers: [],
  near: null,
  delays: {},
}

type Attributes = SVGAttributes<SVGGElement>

export interface DrawingProps {
  readonly layout: ChartLayout
  readonly marks: ChartMarks
  /** What makes a state, and a transition that can be fired, usable. */
  readonly stateProps?: (id: string) => Attributes
  readonly transitionProps?: (transition: TransitionKey) => Attributes
  /** Pixels of the screen for each of the layout; below 1 titles are drawn larger, as far as they have room. */
  readonly scale?: number
}

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
