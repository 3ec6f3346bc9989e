/** The list of panels, and the slots that other parts of the page fill: charts, and the cards of the first screen. */
import { signal } from '@preact/signals'
import type { ComponentType } from 'preact'
import type { Json } from '../../machines/application/application.ts'
import type { TraceMachine, TraceStep } from '../../runtime/trace/format.ts'

/** `details`: tabs on the right; `below`: tabs under the diagram; `drive`: above the scrubber, for what acts on a system. */
export type Place = 'details' | 'below' | 'drive'

export interface PanelEntry {
  readonly id: string
  readonly title: string
  readonly place: Place
  /** Ascending within the place. */
  readonly order: number
  readonly Panel: ComponentType
  /** Whether there is anything to show; default: always. */
  applies?(): boolean
}

export const panels = signal<readonly PanelEntry[]>([])

/** Adds panels; one with a known id takes the place of the former. */
export function registerPanels(...added: readonly PanelEntry[]): void {
  const ids = new Set(added.map(({ id }) => id))
  panels.value = [...panels.value.filter(({ id }) => !ids.has(id)), ...added].sort(
    (a, b) => a.order - b.order,
  )
}

/** The panels of a place that have something to show. */
export function panelsIn(place: Place): readonly PanelEntry[] {
  return panels.value.filter((panel) => panel.place === place && (panel.applies?.() ?? true))
}

/** What a drawing of one node's statechart is given. */
export interface ChartSlotProps {
  readonly node: string
  readonly machine: TraceMachine
  /** The state value after the cursor's step; null before the node has started. */
  readonly value: Json
  /** The node's last step, with the transitions that it tried. */
  readonly last: TraceStep | null
}

/** Draws a statechart; null until charts are there, and the outline of states stands in. */
export const chartSlot = signal<ComponentType<ChartSlotProps> | null>(null)

/** What can be done to a node right now, where the page drives a system. */
export interface ChartActions {
  /** Types of the events that can be given to the node at the cursor; empty where none can. */
  eventsOf(node: string): readonly string[]
  /** Gives one of them to the node. */
  fire(node: string, event: string): void
}

/** Makes transitions pressable; null while the page only looks at a run. */
export const chartActions = signal<ChartActions | null>(null)

/** A card of the first screen. */
export interface Scenario {
  readonly id: string
  readonly title: string
  readonly text: string
  /** The key that opens it on the first screen. */
  readonly key?: string
  /** Shows a chart that is broken on purpose. */
  readonly isBroken?: boolean
  open(): void
}

export const scenarios = signal<readonly Scenario[]>([])
