/** A chart as a graph for ELK: nodes with the room that their content takes, edges with labels. It places nothing. */
import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js'
import {
  type Arrow,
  type DrawnChart,
  type DrawnState,
  isWithin,
  type Level,
} from '../../runtime/trace/exports/chart-model.ts'
import { contentOf, fontSizes, type Label, labelOf, type Measured } from './chart-content.ts'
import type { Box, Edge } from './chart-shapes.ts'
import { inReadingOrder, type Ordered } from './reading-order.ts'
import { textWidth } from './text-width.ts'

/** Which way arrows lead where nothing stands against it. */
export type Direction = 'DOWN' | 'RIGHT'

/** A node of ELK's graph with what it stands for; a node that only holds others together has no box. */
export interface DrawnNode extends ElkNode {
  box?: Omit<Box, 'x' | 'y' | 'width' | 'height'>
  /** Room for what is written at the top. */
  leastWidth?: number
  children?: DrawnNode[]
  edges?: DrawnEdge[]
}

interface DrawnEdge extends ElkExtendedEdge {
  arrow: Pick<Edge, 'from' | 'to' | 'transitions'> & { readonly label: Label | null }
  container?: string
}

const padding = 16
const historySize = 26
/** Room for the mark of an initial state, at its left. */
const initialRoom = { width: 26, height: 12 }

const options = {
  'elk.algorithm': 'layered',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
  'elk.layered.spacing.nodeNodeBetweenLayers': '28',
  'elk.layered.spacing.edgeNodeBetweenLayers': '18',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '14',
  'elk.spacing.nodeNode': '32',
  'elk.spacing.edgeNode': `${initialRoom.width}`,
  'elk.spacing.edgeEdge': '16',
  'elk.spacing.edgeLabel': '6',
  'elk.edgeLabels.inline': 'false',
  'elk.randomSeed': '1',
}

export interface GraphOptions {
  readonly direction: Direction
  readonly level: Level
}

/** A graph with one state and all that is in it, with the arrows that start and end there. */
export function graphOf(chart: DrawnChart, top: DrawnState, { direction, level }: GraphOptions): DrawnNode {
  const node = nodeOf(top, null, false, { ordered: inReadingOrder(chart), direction, level })
  const edges = chart.arrows
    .filter(({ to }) => isWithin(chart, to, top.id))
    .map((arrow, index): DrawnEdge => {
      const from = isWithin(chart, arrow.to, arrow.from) ? anywhere(chart, node, arrow) : arrow.from
      return edgeOf(`\narrow ${index}`, from, arrow, level)
    })
  keepTogether(node, edges)
  const layoutOptions = { ...options, 'elk.direction': direction }
  // An arrow cannot end at the graph itself: it then becomes a node of one around it.
  const endsAtTop = edges.some(({ targets }) => targets[0] === top.id)
  if (endsAtTop) return { id: '\ngraph', layoutOptions, children: [node], edges }
  // ELK takes the least width of a graph for its height as well; the reader of the layout corrects it.
  const { 'elk.nodeSize.constraints': _, 'elk.nodeSize.minimum': __, ...own } = node.layoutOptions ?? {}
  return { ...node, layoutOptions: { ...layoutOptions, ...own }, edges }
}

function nodeOf(
  state: DrawnState,
  parent: DrawnState | null,
  isInitial: boolean,
  how: GraphOptions & { readonly ordered: Ordered },
): DrawnNode {
  const isHistory = state.kind === 'shallowHistory' || state.kind === 'deepHistory'
  const measured = isHistory
    ? historyMark(state)
    : contentOf(state, how.level, state.children.length > 0 ? 320 : state.description === '' ? 0 : 230)
  const { content } = measured
  const box = {
    ...content,
    ...{ id: state.id, parent: parent?.id ?? null, kind: state.kind },
    ...{ isRegion: parent?.kind === 'parallel', isInitial },
  }
  const size = { width: measured.width, height: measured.height }
  if (state.children.length === 0) return withRoom({ id: state.id, ...size, box })
  return withRoom({
    id: state.id,
    box,
    leastWidth: size.width,
    layoutOptions: {
      'elk.alignment': 'TOP',
      'elk.padding': pad(padding, size.height + 6, initialRoom.width + 8),
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      // ELK measures along and across the arrows.
      'elk.nodeSize.minimum': how.direction === 'DOWN' ? `(0, ${size.width})` : `(${size.width}, 0)`,
    },
    children: how.ordered(state).map((child) => nodeOf(child, state, child.id === state.initial, how)),
  })
}

function historyMark({ kind }: DrawnState): Measured {
  const title = kind === 'deepHistory' ? 'H*' : 'H'
  const content = { title, titleSize: fontSizes.title, description: [], chips: [], rule: null, lines: [] }
  return { content, width: historySize, height: historySize }
}

/** An initial state has its mark outside, at its left, where nothing else must be: for ELK it is a label. */
function withRoom(node: DrawnNode): DrawnNode {
  if (node.box?.isInitial !== true) return node
  const layoutOptions = { 'elk.nodeLabels.placement': 'OUTSIDE H_LEFT V_TOP' }
  return { ...node, labels: [{ text: '', ...initialRoom, layoutOptions }] }
}

/**
 * An arrow from a state to one inside it starts, in the drawing, beside its target: at a mark that says `from any` of the
 * state's children. Long arrows through everything are spared.
 */
function anywhere(chart: DrawnChart, graph: DrawnNode, { from, to }: Arrow): string {
  const parent = find(graph, chart.parents.get(to) ?? graph.id)
  const id = `${parent.id}\nfrom any ${from}`
  if (!parent.children!.some((child) => child.id === id)) {
    const key = find(graph, from).box?.title ?? chart.root.key
    const title = from === chart.root.id ? 'from any state' : `from any ${key}`
    const mark = { title, titleSize: fontSizes.text, description: [], chips: [], rule: null, lines: [] }
    parent.children!.unshift({
      id,
      width: Math.ceil(textWidth(title, fontSizes.text, 'bold') + 28),
      height: 26,
      box: { ...mark, id: from, parent: parent.id, kind: 'anywhere', isRegion: false, isInitial: false },
    })
  }
  return id
}

/** A mark with a single arrow stays with the state that the arrow leads to: ELK sees the two as one node. */
function keepTogether(node: DrawnNode, edges: readonly ElkExtendedEdge[]): void {
  for (const child of node.children ?? []) keepTogether(child, edges)
  const { children = [] } = node
  const marks = children.filter(({ box }) => box?.kind === 'anywhere')
  for (const mark of marks) {
    const own = edges.filter(({ sources }) => sources[0] === mark.id)
    const target = children.find(({ id }) => own.length === 1 && id === own[0]!.targets[0])
    if (target === undefined || children.length <= 2) continue
    const others = node.children!.filter((child) => child !== mark && child !== target)
    const room = pad(0, 0, target.box?.isInitial ? initialRoom.width : 0)
    const layoutOptions = { 'elk.padding': room, 'elk.alignment': 'TOP' }
    node.children = [{ id: `${mark.id}, together`, children: [mark, target], layoutOptions }, ...others]
  }
}

function find(node: DrawnNode, id: string): DrawnNode {
  if (node.id === id) return node
  for (const child of node.children ?? []) {
    const found = find(child, id)
    if (found.id === id) return found
  }
  return node
}

function edgeOf(id: string, source: string, { from, to, reactions }: Arrow, level: Level): DrawnEdge {
  const label = labelOf(reactions)
  const transitions = reactions.map(({ transition }) => transition)
  const edge = { id, sources: [source], targets: [to], arrow: { from, to, transitions, label } }
  if (label === null || level === 'map') return edge
  const layoutOptions = { 'elk.edgeLabels.placement': 'CENTER' }
  return { ...edge, labels: [{ text: ' ', width: label.width, height: label.height, layoutOptions }] }
}

function pad(all: number, top: number, left: number): string {
  return `[top=${top},left=${left},bottom=${all},right=${all}]`
}
