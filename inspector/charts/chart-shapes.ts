/** A laid-out chart as plain JSON: boxes, edges and labels with their places. Types only. */
import type { ElkNode } from 'elkjs/lib/elk-api.js'
import type { DrawnState, Level, TransitionKey } from '../../runtime/trace/exports/chart-model.ts'
import type { Content, Line } from './chart-content.ts'

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Rectangle extends Point {
  readonly width: number
  readonly height: number
}

/** `anywhere` is a mark from which arrows of an outer state start: it stands for every state within. */
export type BoxKind = DrawnState['kind'] | 'anywhere'

export interface Box extends Rectangle, Content {
  /** Of its state; of a mark, of the state whose arrows start there. */
  readonly id: string
  /** Id of the state around it; null for the root, and for that only. */
  readonly parent: string | null
  readonly kind: BoxKind
  /** One of those that are active together. */
  readonly isRegion: boolean
  /** Entered first. */
  readonly isInitial: boolean
}

export interface Edge {
  readonly from: string
  readonly to: string
  /** Every transition that it stands for. */
  readonly transitions: readonly TransitionKey[]
  readonly points: readonly Point[]
  /** At level `map` it lies over the drawing, and is shown when it is asked for. */
  readonly label: (Rectangle & { readonly lines: readonly Line[] }) | null
}

/** A laid-out chart. Boxes stand in document order, each after the one that it is in. */
export interface ChartLayout {
  readonly level: Level
  readonly width: number
  readonly height: number
  readonly boxes: readonly Box[]
  readonly edges: readonly Edge[]
}

/** As much of ELK as is needed. */
export interface LayoutEngine {
  layout(graph: ElkNode): Promise<ElkNode>
}
