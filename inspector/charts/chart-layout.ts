/** Where everything of a drawn chart goes, as plain JSON: ELK places states and routes arrows, nothing here knows SVG. */
import {
  atLevel,
  type DrawnChart,
  type DrawnState,
  isWithin,
  type Level,
} from '../../runtime/trace/exports/chart-model.ts'
import { contentOf } from './chart-content.ts'
import { type Direction, type DrawnNode, graphOf } from './chart-graph.ts'
import { type Places, placed, placesOf, round } from './chart-places.ts'
import type { Box, ChartLayout, Edge, LayoutEngine, Point } from './chart-shapes.ts'

const gap = 14

/** Lays out a chart; regions of a parallel root are laid out each by itself and packed in rows. */
export async function layOut(
  chart: DrawnChart,
  level: Level,
  engine: LayoutEngine,
  direction: Direction = 'DOWN',
): Promise<ChartLayout> {
  return assembled(chart, level, await placesIn(chart, level, engine, direction), direction)
}

/** What an engine decides about a chart, as numbers: one list for each graph that it was given. */
export async function placesIn(
  chart: DrawnChart,
  level: Level,
  engine: LayoutEngine,
  direction: Direction = 'DOWN',
): Promise<readonly Places[]> {
  const places: Places[] = []
  for (const graph of graphsOf(atLevel(chart, level), level, direction)) {
    places.push(placesOf(await engine.layout(graph)))
  }
  return places
}

/** The layout that an engine's numbers make of a chart. */
export function assembled(
  whole: DrawnChart,
  level: Level,
  places: readonly Places[],
  direction: Direction = 'DOWN',
): ChartLayout {
  const chart = atLevel(whole, level)
  const { root } = chart
  const parts = graphsOf(chart, level, direction).map((graph, index): ChartLayout => {
    return { level, ...placed(graph, places[index]!) }
  })
  if (!isSplit(chart)) return { ...parts[0]!, boxes: inDocumentOrder(chart, parts[0]!.boxes) }
  const head = contentOf(root, level, 460)
  const rows = packed(parts, head.width - 2 * gap)
  const width = Math.max(head.width, Math.max(...rows.map((row) => row.width)) + 2 * gap)
  const boxes: Box[] = []
  const edges: Edge[] = []
  let y = head.height
  for (const row of rows) {
    let x = gap
    for (const [index, region] of row.regions.entries()) {
      const isLast = index === row.regions.length - 1
      const size = { width: isLast ? width - gap - x : region.width, height: row.height }
      const [frame, ...inner] = region.boxes.map((box) => moved(box, x, y))
      boxes.push({ ...frame!, ...size, isRegion: true, parent: root.id }, ...inner)
      edges.push(...region.edges.map((edge) => movedEdge(edge, x, y)))
      x += region.width + gap
    }
    y += row.height + gap
  }
  const frame: Box = {
    ...head.content,
    ...{ id: root.id, parent: null, kind: root.kind, isRegion: false, isInitial: false },
    ...{ x: 0, y: 0, width, height: y },
  }
  return { level, width, height: y, boxes: inDocumentOrder(chart, [frame, ...boxes]), edges }
}

/** The regions of a parallel root each by itself, where no arrow joins them; otherwise the chart as a whole. */
function graphsOf(chart: DrawnChart, level: Level, direction: Direction): readonly DrawnNode[] {
  const tops = isSplit(chart) ? chart.root.children : [chart.root]
  return tops.map((top) => graphOf(chart, top, { direction, level }))
}

function isSplit(chart: DrawnChart): boolean {
  return chart.root.kind === 'parallel' && !chart.arrows.some((arrow) => joinsRegions(chart, arrow))
}

/** Whether an arrow leads from inside one region of the root into another. */
function joinsRegions(
  chart: DrawnChart,
  { from, to }: { readonly from: string; readonly to: string },
): boolean {
  if (from === chart.root.id || to === chart.root.id) return to === chart.root.id
  return !chart.root.children.some(({ id }) => isWithin(chart, from, id) && isWithin(chart, to, id))
}

interface Row {
  regions: ChartLayout[]
  width: number
  height: number
}

/** In rows about as wide as the widest region, or wide enough for a picture that is about as wide as high. */
function packed(regions: readonly ChartLayout[], least: number): readonly Row[] {
  const area = regions.reduce((sum, { width, height }) => sum + (width + gap) * (height + gap), 0)
  const limit = Math.max(least, Math.sqrt(area * 1.1), ...regions.map(({ width }) => width))
  const rows: Row[] = []
  for (const region of regions) {
    const row = rows.at(-1)
    if (row !== undefined && row.width + gap + region.width <= limit) {
      row.regions.push(region)
      row.width += gap + region.width
      row.height = Math.max(row.height, region.height)
    } else rows.push({ regions: [region], width: region.width, height: region.height })
  }
  return rows
}

/** The order of the machine, which is the order in which a reader of the screen goes. */
function inDocumentOrder({ root }: DrawnChart, boxes: readonly Box[]): readonly Box[] {
  const order = new Map<string, number>()
  const visit = (state: DrawnState) => {
    order.set(state.id, order.size)
    for (const child of state.children) visit(child)
  }
  visit(root)
  const marks = boxes.filter(({ kind }) => kind === 'anywhere')
  const states = boxes.filter(({ kind }) => kind !== 'anywhere')
  return [...states.sort((a, b) => order.get(a.id)! - order.get(b.id)!), ...marks]
}

function moved<T extends Point>(thing: T, x: number, y: number): T {
  return { ...thing, x: round(thing.x + x), y: round(thing.y + y) }
}

function movedEdge(edge: Edge, x: number, y: number): Edge {
  return {
    ...edge,
    points: edge.points.map((point) => moved(point, x, y)),
    label: edge.label === null ? null : moved(edge.label, x, y),
  }
}
