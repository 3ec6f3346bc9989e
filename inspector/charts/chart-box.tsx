/** One state of a drawn chart: its frame, the mark of an initial state, and what is written in it. */
import { fontSizes } from './chart-content.ts'
import { LinesOfOne, transitionsIn } from './chart-lines.tsx'
import { classes, headOf, round } from './chart-paths.ts'
import type { Box, Point } from './chart-shapes.ts'
import type { DrawingProps } from './drawing-props.ts'
import { textWidth } from './text-width.ts'

export type BoxProps = DrawingProps & { readonly box: Box }

export function StateBox(props: BoxProps) {
  const { box, marks, stateProps } = props
  const { kind, x, y, width, height } = box
  const isHistory = kind === 'shallowHistory' || kind === 'deepHistory'
  const radius = kind === 'anywhere' || isHistory ? height / 2 : 8
  const name = classes(
    'chart-state',
    `chart-${isHistory ? 'history' : kind}`,
    box.parent === null && 'chart-root',
    box.isRegion && 'chart-region',
    kind !== 'anywhere' && marks.active.has(box.id) && 'chart-active',
  )
  return (
    <g class={name} {...(kind === 'anywhere' ? {} : { 'data-state': box.id, ...stateProps?.(box.id) })}>
      <rect class="chart-box" x={x} y={y} width={width} height={height} rx={radius} />
      {box.isInitial && <InitialMark x={x} y={y + Math.min(20, height / 2)} />}
      {isFrame(box) ? null : <Written {...props} />}
    </g>
  )
}

/** What is written in a box; for one with others in it, drawn over the arrows that pass. */
export function Written(props: BoxProps) {
  const { box, scale = 1 } = props
  const { x, y, width, description, chips, rule, lines } = box
  const halo = isFrame(box) ? 'chart-halo' : undefined
  return (
    <g transform={`translate(${x} ${y})`}>
      <Title box={box} scale={scale} />
      <g class="chart-leaf-text">
        {description.map((text) => (
          <text class={classes('chart-soft', halo)} x={text.x} y={text.y} key={text.y}>
            {text.text}
          </text>
        ))}
        {chips.map((chip) => (
          <g key={chip.text}>
            <rect class="chart-chip" x={chip.x} y={chip.y} width={chip.width} height={16} rx={8} />
            <text class="chart-chip-text" x={chip.x + 7} y={chip.y + 11.8}>
              {chip.text}
            </text>
          </g>
        ))}
        {rule !== null && <path class="chart-rule" d={`M0 ${rule}H${width}`} />}
        {transitionsIn(lines).map((group) => (
          <LinesOfOne key={group[0]!.y} {...props} lines={group} width={width - 2} halo={halo} />
        ))}
      </g>
    </g>
  )
}

function Title({ box, scale }: { readonly box: Box; readonly scale: number }) {
  const { kind, title, titleSize, width, height } = box
  if (kind === 'anywhere' || kind === 'shallowHistory' || kind === 'deepHistory') {
    return (
      <text class="chart-title" x={width / 2} y={height / 2 + 4.5} text-anchor="middle">
        {title}
      </text>
    )
  }
  const left = kind === 'final' ? 34 : 14
  const room = (width - left - 10) / textWidth(title, 1, 'bold')
  // From afar, and with nothing else to read, titles take the room that there is.
  const size = scale < 0.5 ? Math.max(titleSize, Math.min(13 / scale, room, 30)) : titleSize
  const isAlone = height < 50 || (scale < 0.5 && !isFrame(box))
  const y = isAlone ? height / 2 + size * 0.36 : 11 + size
  return (
    <>
      {kind === 'final' && <circle class="chart-icon" cx={21} cy={y - 5} r={7} />}
      {kind === 'final' && <circle class="chart-dot" cx={21} cy={y - 5} r={4} />}
      <text
        class={classes('chart-title', isFrame(box) && 'chart-halo')}
        x={left}
        y={round(y)}
        style={size === fontSizes.title ? undefined : `font-size:${round(size)}px`}
      >
        {title}
      </text>
    </>
  )
}

/** A dot and a short arrow that point at a state from its left. */
function InitialMark({ x, y }: Point) {
  return (
    <>
      <circle class="chart-dot" cx={x - 19} cy={y} r={4.5} />
      <path class="chart-path" d={`M${x - 15} ${y}H${x - 2}`} />
      <path class="chart-head" d={headOf({ x, y }, { x: x - 15, y })} />
    </>
  )
}

/** A state with others in it, and the root. */
export function isFrame({ kind, parent }: Box): boolean {
  return kind === 'compound' || kind === 'parallel' || parent === null
}

export function keyOf({ id, kind, parent }: Box): string {
  return `${kind === 'anywhere' ? `${parent}\n` : ''}${id}`
}
