/** What ELK decides about a graph, as a list of numbers, and the boxes and edges that such a list makes of the same graph. */
import type { ElkNode } from 'elkjs/lib/elk-api.js'
import type { DrawnNode } from './chart-graph.ts'
import type { Box, ChartLayout, Edge, Point } from './chart-shapes.ts'

/**
 * In pixels from the drawing's corner: for each node with a box its x, y, width and height; for each edge how many points
 * it has, their x and y, and the corner of its label where it has one. Nodes and edges in the order of the graph.
 */
export type Places = readonly number[]

/** ELK's coordinates are relative to the container; those of a drawing are not. */
export function placesOf(laidOut: ElkNode): Places {
  const whole = laidOut as DrawnNode
  const graph: DrawnNode = { ...whole, width: Math.max(whole.width ?? 0, whole.leastWidth ?? 0) }
  const places: number[] = []
  const corners = new Map<string, Point>()
  const visit = (node: DrawnNode, x: number, y: number) => {
    corners.set(node.id, { x, y })
    if (node.box !== undefined) places.push(x, y, node.width ?? 0, node.height ?? 0)
    for (const child of node.children ?? []) visit(child, x + (child.x ?? 0), y + (child.y ?? 0))
  }
  visit(graph, 0, 0)
  for (const { arrow, sections = [], labels = [], container } of graph.edges ?? []) {
    const { x, y } = corners.get(container ?? graph.id) ?? { x: 0, y: 0 }
    const points = straightened(
      sections.flatMap(({ startPoint, bendPoints = [], endPoint }) =>
        [startPoint, ...bendPoints, endPoint].map((point) => ({
          x: round(point.x + x),
          y: round(point.y + y),
        })),
      ),
    )
    places.push(points.length, ...points.flatMap((point) => [point.x, point.y]))
    const [label] = labels
    const corner =
      label === undefined ? besideLongest(points) : { x: (label.x ?? 0) + x, y: (label.y ?? 0) + y }
    if (arrow.label !== null) places.push(corner.x, corner.y)
  }
  places.push(graph.width ?? 0, graph.height ?? 0)
  return places.map(round)
}

/** The graph drawn as its places say. */
export function placed(graph: DrawnNode, places: Places): Omit<ChartLayout, 'level'> {
  const boxes: Box[] = []
  const edges: Edge[] = []
  const numbers = places.values()
  const next = () => numbers.next().value ?? 0
  const point = (): Point => ({ x: next(), y: next() })
  const visit = ({ box, children = [] }: DrawnNode) => {
    if (box !== undefined) boxes.push({ ...box, ...point(), width: next(), height: next() })
    children.forEach(visit)
  }
  visit(graph)
  for (const { arrow } of graph.edges ?? []) {
    const points = Array.from({ length: next() }, point)
    edges.push({ ...arrow, points, label: arrow.label === null ? null : { ...arrow.label, ...point() } })
  }
  return { boxes, edges, width: next(), height: next() }
}

/** ELK leaves steps of a pixel or two in lines that could be straight: the end moves, which has a whole side to arrive at. */
function straightened(points: readonly Point[]): readonly Point[] {
  const [before, from, to, end, ...more] = points.slice(-4)
  if (end === undefined || more.length > 0) return points
  const [dx, dy] = [Math.abs(to!.x - from!.x), Math.abs(to!.y - from!.y)]
  if (Math.max(dx, dy) > 4 || Math.min(dx, dy) > 0) return points
  const straight = dx > 0 ? { x: before!.x, y: end.y } : { x: end.x, y: before!.y }
  return [...points.slice(0, -4), before!, straight]
}

/** Where a label lies that has no room of its own: at the middle of the arrow's longest part. */
function besideLongest(points: readonly Point[]): Point {
  let [longest, corner] = [0, points[0] ?? { x: 0, y: 0 }]
  for (const [index, point] of points.entries()) {
    const next = points[index + 1] ?? point
    const length = Math.abs(next.x - point.x) + Math.abs(next.y - point.y)
    if (length <= longest) continue
    longest = length
    corner = { x: round((point.x + next.x) / 2 + 6), y: round((point.y + next.y) / 2 - 8) }
  }
  return corner
}

/** To half a pixel. */
export function round(value: number): number {
  return Math.round(value * 2) / 2
}
