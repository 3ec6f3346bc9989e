/** The rows and the scene that the parts of the diagram share, as signals. */
import { computed } from '@preact/signals'
import { filters, growth, run } from '../../app/state.ts'
import { rowsOf } from '../../model/rows.ts'
import { headHeight, rowHeight, sceneOf } from './scene.ts'
import { geometry, width } from './viewport.ts'

export const rows = computed(() => {
  growth.value
  const current = run.value
  return current === null ? null : rowsOf(current, filters.value.hiddenNodes)
})

export const scene = computed(() => {
  const [current, shape, inRows] = [run.value, geometry.value, rows.value]
  if (current === null || shape === null || inRows === null) return null
  return sceneOf(current, inRows, shape, filters.value, width.value)
})

export const height = computed(() => headHeight + (rows.value?.rows.length ?? 0) * rowHeight)

/** The middle of a row. */
export const rowY = (row: number) => headHeight + row * rowHeight + rowHeight / 2
/** Where the events of a row are, below the name of its state. */
export const dotY = (row: number) => rowY(row) + 5
