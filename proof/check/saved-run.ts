/** What the trace of a checked run says of it: enough to repeat the run, and the verdict of its last step. */
import type { EventObject } from 'xstate'
import type { ReadTrace } from '../../runtime/trace/read.ts'
import type { MessageName } from '../stage/sent-messages.ts'

/** An action without what the charts know: of a message only its name. */
export type SavedHappening =
  | ({ readonly kind: 'deliver'; readonly kept?: true } & MessageName)
  | ({ readonly kind: 'lose' } & MessageName)
  | { readonly kind: 'timer'; readonly node: string; readonly event: EventObject }
  | { readonly kind: 'script'; readonly node: string }
  | { readonly kind: 'crash'; readonly node: string }
  | { readonly kind: 'restart'; readonly node: string; readonly id: string }

/** What the header of such a trace says under `options.check`: enough to repeat the run. */
export interface SavedRun {
  /** Of a scenario that ships with the checker; null for a system of your own. */
  readonly scenario: string | null
  /** The property that fails at the end; null for a run that shows something else. */
  readonly property: string | null
  readonly happenings: readonly SavedHappening[]
}

/** What a step of a trace has among its `verdicts` if a property fails. */
export interface TraceVerdict {
  readonly name: string
  readonly holds: false
  readonly reason: string
}

/** What a trace says of the run in it; null for a trace of something else, such as a simulation. */
export function savedRunIn({ header }: Pick<ReadTrace, 'header'>): SavedRun | null {
  const { check } = (header.options ?? {}) as { check?: Partial<SavedRun> }
  return Array.isArray(check?.happenings) && check.happenings.every(isSaved) ? (check as SavedRun) : null
}

function isSaved(value: unknown): value is SavedHappening {
  const { kind, node, to, from, type, nth, event, id } = (value ?? {}) as Record<string, unknown>
  switch (kind) {
    case 'deliver':
    case 'lose':
      return [from, to, type].every((part) => typeof part === 'string') && typeof nth === 'number'
    case 'timer':
      return typeof node === 'string' && typeof (event as EventObject | undefined)?.type === 'string'
    case 'restart':
      return typeof node === 'string' && typeof id === 'string'
    default:
      return (kind === 'script' || kind === 'crash') && typeof node === 'string'
  }
}
