/** Which steps of a run are shown: by node, message, kind and change. */
import type { TraceStep } from '../../runtime/trace/format.ts'
import type { Run } from './run.ts'

export interface Filters {
  /** Names of rows that are hidden. */
  readonly hiddenNodes: readonly string[]
  /** Kinds of steps that are hidden. */
  readonly hiddenKinds: readonly string[]
  /** Types of messages that are hidden. */
  readonly hiddenMessages: readonly string[]
  /** Only steps that changed a state or a context. */
  readonly changesOnly: boolean
}

export const noFilters: Filters = { hiddenNodes: [], hiddenKinds: [], hiddenMessages: [], changesOnly: false }

/** Whether nothing is hidden. */
export function isEmpty({ hiddenNodes, hiddenKinds, hiddenMessages, changesOnly }: Filters): boolean {
  return !changesOnly && hiddenNodes.length + hiddenKinds.length + hiddenMessages.length === 0
}

/** Whether the step passes. */
export function passes(step: TraceStep, filters: Filters): boolean {
  const { hiddenNodes, hiddenKinds, hiddenMessages, changesOnly } = filters
  if (hiddenKinds.includes(step.kind)) return false
  if (step.message !== undefined && hiddenMessages.includes(step.message.type)) return false
  if (step.node !== null && hiddenNodes.includes(nameOf(step.node))) return false
  return !changesOnly || changes(step)
}

/** Whether the state or the context is another after the step. */
export function changes({ before, after, kind }: TraceStep): boolean {
  if (after === undefined) return ['crash', 'restart', 'partition', 'heal', 'stop'].includes(kind)
  if (before === undefined) return true
  return (after.patch?.length ?? 1) > 0 || JSON.stringify(before.value) !== JSON.stringify(after.value)
}

/** A node's name without its incarnation: what it shares a row with. */
export function nameOf(node: string): string {
  return node.replace(/#\d+$/, '')
}

/** The numbers of the steps that pass, ascending; null when none is hidden. */
export function visibleSteps(run: Run, filters: Filters): readonly number[] | null {
  if (isEmpty(filters)) return null
  const numbers: number[] = []
  for (let i = run.first; i < run.end; i++) if (passes(run.step(i)!, filters)) numbers.push(i)
  return numbers
}
