/** Where everything of a drawn chart goes: ELK places states and routes arrows, nothing here knows SVG. */
import ElkConstructor, { type ELK, type ElkExtendedEdge, type ElkNode } from 'elkjs/lib/elk.bundled.js'
import type { Arrow, DrawnChart, DrawnState, Reaction } from './chart-model.ts'
import { textWidth, wrap } from './text.ts'

export const fontSizes = { title: 14, text: 11.5 } as const
export const lineHeight = 16
const titleHeight = 24
const chipHeight = 22
const padding = 14
const stateWidth = 224
const bareStateWidth = 150
const labelWidth = 104
/** Room for the mark of an entry state, at its left. */
const entryRoom = 26

/** One line of text in a state, in pieces that are drawn differently. */
export interface Line {
  readonly pieces: readonly { readonly style: 'event' | 'guard' | 'action'; readonly text: string }[]
  readonly indent: number
}

export interface Box {
  readonly kind: 'region' | 'compound' | 'atomic' | 'anywhere'
  /** Entered first. */
  readonly isEntry: boolean
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly title: string
  readonly description: readonly string[]
  readonly tags: readonly string[]
  readonly lines: readonly Line[]
}

export interface Route {
  readonly points: readonly { readonly x: number; readonly y: number }[]
  readonly labels: readonly {
    readonly x: number
    readonly y: number
    readonly width: number
    readonly lines: readonly LabelLine[]
  }[]
}

export interface LabelLine {
  readonly style: 'event' | 'guard'
  readonly text: string
}

export interface Layout {
  readonly width: number
  readonly height: number
  readonly boxes: readonly Box[]
  readonly routes: readonly Route[]
}

/** How one chart wants to be laid out, where ELK's own choice is not the best one. */
export interface LayoutHints {
  readonly direction: 'DOWN' | 'RIGHT'
}

/** Lays out a chart. Regions of a parallel root stand below each other. */
export async function layOut(chart: DrawnChart, hints: LayoutHints): Promise<Layout> {
  const elk: ELK = new (ElkConstructor as unknown as new () => ELK)()
  const { root } = chart
  const regions = root.kind === 'parallel' ? root.children : [root]
  const boxes: Box[] = []
  const routes: Route[] = []
  const laidOut = []
  for (const region of regions) {
    laidOut.push({ region, graph: await elk.layout(graphOf(region, chart.arrows, hints)) })
  }
  const width = Math.max(...laidOut.map(({ graph }) => graph.width ?? 0), 560)
  let y = 0
  for (const { region, graph } of laidOut) {
    const head = headOf(region, regionTextWidth)
    const lines = linesOf(region)
    const headHeight = head.height + linesHeight(lines)
    const headWidth = widest(head.description, lines)
    const beside = regions.length > 1 && headWidth + (graph.width ?? 0) + 2 * padding <= width
    const left = beside ? width - (graph.width ?? 0) : (width - (graph.width ?? 0)) / 2
    const top = y + (beside ? 0 : headHeight + padding)
    const height = beside
      ? Math.max(headHeight + 2 * padding, graph.height ?? 0)
      : headHeight + padding + (graph.height ?? 0)
    boxes.push({ ...head, kind: 'region', isEntry: false, x: 0, y, width, height, lines })
    collect(graph, left, top, boxes, routes)
    y += height + (regions.length > 1 ? padding : 0)
  }
  return { width, height: y - (regions.length > 1 ? padding : 0), boxes, routes }
}

const regionTextWidth = 420

interface Head {
  readonly title: string
  readonly description: readonly string[]
  readonly tags: readonly string[]
  readonly height: number
}

function headOf({ key, description, tags }: DrawnState, width: number): Head {
  const kept = description.replace(/\([^)]*\)/g, (rules) => rules.replaceAll(' ', '\u00a0'))
  const lines = wrap(kept, width, fontSizes.text)
  const chips = tags.length > 0 ? chipHeight : 0
  return {
    title: key,
    description: lines,
    tags,
    height: padding + titleHeight - 8 + lines.length * lineHeight + chips,
  }
}

function linesHeight(lines: readonly Line[]): number {
  return lines.length > 0 ? 10 + lines.length * lineHeight : 0
}

/** What a node of ELK's graph stands for. */
interface Drawn extends ElkNode {
  box?: Omit<Box, 'x' | 'y' | 'width' | 'height'>
  children?: Drawn[]
  edges?: (ElkExtendedEdge & { container?: string })[]
}

const alignedAtTop = { 'elk.alignment': 'TOP' }

const options = {
  'elk.algorithm': 'layered',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.spacing.nodeNodeBetweenLayers': '28',
  'elk.layered.spacing.edgeNodeBetweenLayers': '18',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '14',
  'elk.spacing.nodeNode': '32',
  'elk.spacing.edgeNode': `${entryRoom}`,
  'elk.spacing.edgeEdge': '16',
  'elk.spacing.edgeLabel': '6',
  'elk.edgeLabels.inline': 'false',
  'elk.randomSeed': '1',
}

function graphOf(region: DrawnState, arrows: readonly Arrow[], hints: LayoutHints): Drawn {
  const node = compoundNode(region)
  const inside = arrows.filter(({ from }) => isWithin(from, region.path))
  const edges = inside.map((arrow, index) => {
    const from = isWithin(arrow.to, arrow.from) ? anywhere(node, arrow) : arrow.from
    return edgeOf(`arrow${index}`, from, arrow)
  })
  keepTogether(node, edges)
  return {
    ...node,
    layoutOptions: {
      ...options,
      'elk.direction': hints.direction,
      'elk.padding': pad(padding + 2, padding + 2, entryRoom),
    },
    edges,
  }
}

function compoundNode(state: DrawnState): Drawn {
  const head = headOf(state, 300)
  const lines = linesOf(state)
  const top = head.height + padding + linesHeight(lines)
  return {
    id: state.path,
    box: { kind: 'compound', isEntry: false, ...head, lines },
    layoutOptions: {
      ...alignedAtTop,
      'elk.padding': pad(padding + 2, top, entryRoom),
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${Math.ceil(widest(head.description, lines) + 2 * padding)}, 0)`,
    },
    children: state.children.map((child) => {
      const node = child.children.length > 0 ? compoundNode(child) : atomicNode(child)
      return { ...node, box: { ...node.box!, isEntry: child.path === state.initial } }
    }),
  }
}

function atomicNode(state: DrawnState): Drawn {
  const lines = linesOf(state)
  const title = textWidth(state.key, fontSizes.title, 'bold')
  const smallest = state.description === '' && lines.length === 0 ? bareStateWidth : stateWidth
  const width = Math.ceil(Math.max(smallest, title + 2 * padding, widest([], lines) + 2 * padding))
  const head = headOf(state, width - 2 * padding)
  return {
    id: state.path,
    width,
    height: head.height + linesHeight(lines) + padding - 4,
    box: { kind: 'atomic', isEntry: false, ...head, lines },
  }
}

/**
 * An arrow from a state to one inside it starts, in the drawing, beside its target: at a mark that says `from any` of the
 * state's children. Long arrows through everything are spared.
 */
function anywhere(graph: Drawn, { from, to }: Arrow): string {
  const parent = find(graph, to.split('.').slice(0, -1).join('.'))
  const id = `${parent.id}:from any ${from}`
  if (!parent.children!.some((child) => child.id === id)) {
    const title = `from any ${from.split('.').at(-1)}`
    parent.children!.unshift({
      id,
      width: Math.ceil(textWidth(title, fontSizes.text, 'bold') + 28),
      height: 26,
      box: { kind: 'anywhere', isEntry: false, title, description: [], tags: [], lines: [] },
    })
  }
  return id
}

/** A mark with a single arrow stays with the state that the arrow leads to: ELK sees the two as one node. */
function keepTogether(node: Drawn, edges: readonly ElkExtendedEdge[]): void {
  for (const child of node.children ?? []) keepTogether(child, edges)
  const { children = [] } = node
  const marks = children.filter(({ box }) => box?.kind === 'anywhere')
  for (const mark of marks) {
    const own = edges.filter(({ sources }) => sources[0] === mark.id)
    const target = children.find(({ id }) => own.length === 1 && id === own[0]!.targets[0])
    if (target === undefined || children.length <= 2) continue
    const others = node.children!.filter((child) => child !== mark && child !== target)
    const padding = pad(0, 0, target.box?.isEntry ? entryRoom : 0)
    const together = { id: `${mark.id}, together`, children: [mark, target] }
    node.children = [{ ...together, layoutOptions: { 'elk.padding': padding, ...alignedAtTop } }, ...others]
  }
}

function find(node: Drawn, path: string): Drawn {
  const child = node.children?.find(({ id }) => isWithin(path, id))
  return node.id === path || child === undefined ? node : find(child, path)
}

function edgeOf(id: string, from: string, { to, labels }: Arrow): ElkExtendedEdge {
  const lines = labels.flatMap(({ event, guard }, index): LabelLine[] => [
    ...(labels[index - 1]?.event === event ? [] : [{ style: 'event', text: event } as const]),
    ...wrap(guard === null ? '' : `[${words(guard)}]`, labelWidth, fontSizes.text).map(
      (text) => ({ style: 'guard', text }) as const,
    ),
  ])
  const width = Math.max(
    ...lines.map(({ text, style }) =>
      textWidth(text, fontSizes.text, style === 'event' ? 'bold' : 'regular'),
    ),
  )
  const label = {
    width: Math.ceil(width) + 8,
    height: lines.length * lineHeight,
    text: JSON.stringify(lines),
  }
  return {
    id,
    sources: [from],
    targets: [to],
    labels: [{ ...label, layoutOptions: { 'elk.edgeLabels.placement': 'CENTER' } }],
  }
}

/** ELK's coordinates are relative to the container; a drawing's are not. */
function collect(graph: Drawn, left: number, top: number, boxes: Box[], routes: Route[]): void {
  const corners = new Map<string, { x: number; y: number }>()
  const visit = (node: Drawn, x: number, y: number) => {
    corners.set(node.id, { x, y })
    if (node !== graph && node.box !== undefined) {
      boxes.push({
        ...node.box,
        x: round(x),
        y: round(y),
        width: round(node.width!),
        height: round(node.height!),
      })
    }
    for (const child of node.children ?? []) visit(child, x + child.x!, y + child.y!)
  }
  visit(graph, left, top)
  for (const { sections = [], labels = [], container } of graph.edges ?? []) {
    const { x, y } = corners.get(container ?? graph.id) ?? { x: left, y: top }
    const moved = (point: { x: number; y: number }) => ({ x: round(point.x + x), y: round(point.y + y) })
    routes.push({
      points: sections.flatMap(({ startPoint, bendPoints = [], endPoint }) =>
        [startPoint, ...bendPoints, endPoint].map(moved),
      ),
      labels: labels.map((label) => ({
        x: round(label.x! + x),
        y: round(label.y! + y),
        width: label.width!,
        lines: JSON.parse(label.text!) as LabelLine[],
      })),
    })
  }
}

/** What happens inside a state: its entry actions, then each event with the reactions to it. */
function linesOf({ entry, inner }: DrawnState): Line[] {
  const lines: Line[] = []
  if (entry.length > 0) {
    lines.push({ indent: 0, pieces: [event('on entry'), action(` ${entry.join(', ')}`)] })
  }
  for (const name of new Set(inner.map((reaction) => reaction.event))) {
    const reactions = inner.filter((reaction) => reaction.event === name)
    const [only] = reactions
    if (reactions.length === 1 && only!.guard === null) {
      lines.push({ indent: 0, pieces: [event(name), action(` ${doneBy(only!)}`)] })
      continue
    }
    lines.push({ indent: 0, pieces: [event(name)] })
    for (const reaction of reactions) {
      const pieces = [
        ...(reaction.guard === null ? [] : [guardPiece(reaction.guard)]),
        action(doneBy(reaction)),
      ]
      lines.push({ indent: 10, pieces })
    }
  }
  return lines
}

function doneBy({ actions, reenters }: Reaction): string {
  return [...(actions.length > 0 ? [actions.join(', ')] : []), ...(reenters ? ['↻'] : [])].join(' ')
}

const event = (text: string) => ({ style: 'event', text }) as const
const action = (text: string) => ({ style: 'action', text }) as const
const guardPiece = (text: string) => ({ style: 'guard', text: `[${words(text)}] ` }) as const

/** `namesMeBackup` as `names me backup`. */
export function words(name: string): string {
  return name.replace(/[a-z][A-Z]/g, ([low, high]) => `${low} ${high!.toLowerCase()}`)
}

export function lineWidth({ pieces, indent }: Line): number {
  return pieces.reduce(
    (sum, { text, style }) => sum + textWidth(text, fontSizes.text, style === 'event' ? 'bold' : 'regular'),
    indent,
  )
}

function widest(description: readonly string[], lines: readonly Line[]): number {
  return Math.max(0, ...description.map((text) => textWidth(text, fontSizes.text)), ...lines.map(lineWidth))
}

function isWithin(path: string, ancestor: string): boolean {
  return ancestor === '' ? path !== '' : path.startsWith(`${ancestor}.`) || path === ancestor
}

function pad(all: number, top: number, left: number): string {
  return `[top=${top},left=${left},bottom=${all},right=${all}]`
}

function round(value: number): number {
  return Math.round(value * 2) / 2
}
