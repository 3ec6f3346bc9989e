/** What the parts of a drawn chart are given: its layout, the marks of a moment, and what can be pressed. */
import type { SVGAttributes } from 'preact'
import type { TransitionKey } from '../../runtime/trace/exports/chart-model.ts'
import type { Tried } from './chart-marks.ts'
import type { ChartLayout } from './chart-shapes.ts'

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

/** What is drawn in addition to the chart. */
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
