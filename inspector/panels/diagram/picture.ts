/** The rows and the scene that the parts of the diagram share, as signals. */
import { computed, signal } from '@preact/signals'
import type { TraceStep } from '../../../runtime/trace/format.ts'
import { panelsIn } from '../../app/panels.ts'
import { currentRun, filters } from '../../app/state.ts'
import { rowsOf } from '../../model/rows.ts'
import { headHeight, sceneOf } from './scene.ts'
import { geometry, width } from './viewport.ts'

export const rows = computed(() => {
  const current = currentRun()
  return current === null ? null : rowsOf(current, filters.value.hiddenNodes)
})

export const scene = computed(() => {
  const [current, shape, inRows] = [currentRun(), geometry.value, rows.value]
  if (current === null || shape === null || inRows === null) return null
  return sceneOf(current, inRows, shape, filters.value, width.value)
})

/** Pixels of the window. */
export const windowHeight = signal(800)

/** Few rows get more room each, many rows less. */
export const rowHeight = computed(() => {
  const isDriven = panelsIn('drive').length > 0
  const room = windowHeight.value * (isDriven ? 0.37 : 0.52) - headHeight
  return Math.round(Math.min(76, Math.max(40, room / Math.max(1, rows.value?.rows.length ?? 1))))
})

export const height = computed(() => headHeight + (rows.value?.rows.length ?? 0) * rowHeight.value)

/** The middle of a row. */
export const rowY = (row: number) => headHeight + (row + 0.5) * rowHeight.value
/** Where a message that never arrives ends: on its way to the receiver. */
export function lostY(from: number, to: number): number {
  const [start, end] = [dotY(from), dotY(to)]
  return start + Math.sign(end - start || 1) * Math.min(30, Math.abs(end - start) * 0.6)
}

/** Where a step is drawn: in its row, but what is lost lies between two. */
export function stepY(step: TraceStep): number | null {
  const ofLane = rows.value?.ofLane
  const rowOf = (node: string | null) => ofLane?.[currentRun()?.lane(node)?.index ?? -1] ?? -1
  const row = rowOf(step.node)
  if (row < 0) return null
  const to = step.kind === 'drop' ? rowOf(step.message?.to ?? null) : -1
  return to < 0 ? dotY(row) : lostY(row, to)
}

/** Where the events of a row are, below the name of its state. */
export const dotY = (row: number) => rowY(row) + 5
