/** What a drawn chart says of single transitions, with what a step did to them. */
import { type Line, lineHeight } from './chart-content.ts'
import type { ChartMarks, DrawingProps } from './drawing-props.ts'

type LinesProps = Pick<DrawingProps, 'marks' | 'transitionProps'> & {
  readonly lines: readonly Line[]
  readonly width: number
  readonly halo?: string | undefined
}

/** The lines of one transition, which show whether it was tried, taken, or can be. */
export function LinesOfOne({ lines, marks, width, halo, transitionProps }: LinesProps) {
  const [{ transition, y }] = lines as [Line]
  const isTaken = transition !== null && marks.taken.has(transition)
  const canFire = transition !== null && marks.enabled.has(transition)
  const said = transition === null ? undefined : marks.guards.get(transition)
  const guard = lines.find(({ pieces }) => pieces[0]?.style === 'guard')
  return (
    <g {...(canFire ? { class: 'chart-enabled', ...transitionProps?.(transition) } : {})}>
      {(isTaken || canFire) && (
        <rect
          class={isTaken ? 'chart-taken-line' : 'chart-plate'}
          x={1}
          y={y - 12}
          width={width}
          height={lineHeight * lines.length}
          rx={4}
        />
      )}
      {said !== undefined && guard !== undefined && (
        <text class={said ? 'chart-yes' : 'chart-no'} x={guard.x - 11.5} y={guard.y}>
          {said ? '✓' : '✗'}
        </text>
      )}
      {lines.map((line) => (
        <text class={halo} x={line.x} y={line.y} key={line.y}>
          {line.pieces.map(({ style, text }, index) => (
            <>
              {index > 0 && ' '}
              <tspan class={`chart-${style}`}>{style === 'delay' ? delayText(text, marks) : text}</tspan>
            </>
          ))}
        </text>
      ))}
    </g>
  )
}

/** Lines that stand together because they describe the same transition. */
export function transitionsIn(lines: readonly Line[]): readonly (readonly Line[])[] {
  const groups: Line[][] = []
  for (const line of lines) {
    const last = groups.at(-1)
    if (last !== undefined && line.transition !== null && last[0]!.transition === line.transition)
      last.push(line)
    else groups.push([line])
  }
  return groups
}

function delayText(name: string, { delays }: ChartMarks): string {
  return Object.hasOwn(delays, name) ? `${delays[name]} ms` : ''
}
