/** A chart as an SVG file that stands by itself: for documents and for export. It needs no browser. */
import { renderToStaticMarkup } from 'preact-render-to-string'
import type { Json } from '../../machines/application/application.ts'
import type { MachineDescription } from '../../runtime/trace/definition.ts'
import { ChartDrawing } from './chart-drawing.tsx'
import { activeIds, valueText } from './chart-marks.ts'
import type { ChartLayout } from './chart-shapes.ts'
import { chartStyle, ownColours } from './chart-style.ts'
import { noMarks } from './drawing-props.ts'

const margin = 20

/**
 * @param active the state value to light up; default: none
 * @param title for readers that see no picture; default: the machine and its state
 */
export function svgOfChart(
  machine: MachineDescription,
  layout: ChartLayout,
  active: Json = null,
  title = active === null ? `Statechart of ${machine.id}` : `${machine.id}: ${valueText(active)}`,
): string {
  const width = Math.ceil(layout.width + 2 * margin)
  const height = Math.ceil(layout.height + 2 * margin)
  const marks = { ...noMarks, active: activeIds(machine, active), delays: machine.delays }
  return `${renderToStaticMarkup(
    <svg
      xmlns="http://www.w3.org/2000/svg"
      class="chart-drawing"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={title}
    >
      <title>{title}</title>
      <style dangerouslySetInnerHTML={{ __html: `${ownColours}${chartStyle}` }} />
      <rect width={width} height={height} rx={10} fill="var(--panel)" />
      <g transform={`translate(${margin} ${margin})`}>
        <ChartDrawing layout={layout} marks={marks} />
      </g>
    </svg>,
  ).replaceAll('><', '>\n<')}\n`
}
