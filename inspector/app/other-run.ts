/** The second run, to compare with: opened, swapped with the first, closed. */
import { batch } from '@preact/signals'
import { growth, openPanels, other, otherSource, run, source } from './state.ts'

/** What was the second run is looked at, and the other way round; the cursor stays. */
export function swapRuns(): void {
  const [first, second] = [run.value, other.value]
  const [name, otherName] = [source.value, otherSource.value]
  if (first === null || second === null) return
  batch(() => {
    run.value = second
    other.value = first
    source.value = otherName
    otherSource.value = name
    growth.value += 1
  })
}

export function closeOther(): void {
  other.value = null
  otherSource.value = ''
}

/** Opens the panel that compares. */
export function showComparison(): void {
  openPanels.value = { ...openPanels.value, below: 'compare' }
}
