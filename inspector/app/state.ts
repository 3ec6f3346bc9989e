/** What the page shows, as signals: one cursor over every view. What is shown where is up to the panels. */
import { computed, signal } from '@preact/signals'
import { type Filters, noFilters, visibleSteps } from '../model/filters.ts'
import type { Axis } from '../model/places.ts'
import type { Run } from '../model/run.ts'

/** Where the run comes from, as the URL names it, such as `file:t7.jsonl`; empty without a run. */
export const source = signal('')
/** What the run is called, for a person; empty: as its source. */
export const runTitle = signal('')
export const run = signal<Run | null>(null)
/** Changes each time the run grows. */
export const growth = signal(0)
/** The run, for views that must update when it grows. */
export function currentRun(): Run | null {
  growth.value
  return run.value
}

/** A second run, to compare with. */
export const other = signal<Run | null>(null)
export const otherSource = signal('')
/** Whether more steps are expected to come. */
export const live = signal(false)
/** Whether a trace is still being read. */
export const loading = signal(false)
/** Whether the cursor stays with the newest step. */
export const following = signal(false)

/** The number of the step that all views show. */
export const cursor = signal(0)
/** A second step to compare with. */
export const pinned = signal<number | null>(null)
/** The node that was chosen; null follows the cursor. */
export const chosenNode = signal<string | null>(null)
export const filters = signal<Filters>(noFilters)
/** Watched parts of contexts, as paths. */
export const watches = signal<readonly string[]>([])
/** Shades past, future and what is concurrent with the cursor. */
export const lens = signal(false)

export const axis = signal<Axis>('order')
/** Pixels for each step, on average over the run. */
export const scale = signal(24)
/** The place on the axis at the left edge. */
export const offset = signal(0)

export type Theme = 'auto' | 'light' | 'dark'
export const theme = signal<Theme>('auto')
/** The open panel of each place, by the place's name. */
export const openPanels = signal<Readonly<Record<string, string>>>({})

export const playing = signal(false)
/** Steps a second. */
export const speed = signal(8)

export const palette = signal<'closed' | 'commands' | 'keys'>('closed')
/** Said by the live region. */
export const announcement = signal('')
/** What went wrong, for a person; the latest last. */
export const problems = signal<readonly string[]>([])

export const step = computed(() => {
  growth.value
  return run.value?.step(cursor.value) ?? null
})

/** The node whose state is shown. */
export const node = computed(() => chosenNode.value ?? step.value?.node ?? run.value?.lanes[0]?.id ?? null)

/** The numbers of the steps that pass the filters, ascending; null when all do. */
export const visible = computed(() => {
  growth.value
  const current = run.value
  return current === null ? null : visibleSteps(current, filters.value)
})

export function report(problem: string): void {
  problems.value = [...problems.value.slice(-2), problem]
}
