/** What can be chosen at a point of a run, as data for a page. */
import { type Choice, describeChoice } from './choice.ts'
import { type Inbox, inboxesOf } from './inbox.ts'
import type { StagedRun } from './staged-run.ts'

export interface Choices {
  readonly inboxes: readonly Inbox[]
  /** What happens by itself; null if nothing would. */
  readonly next: { readonly choice: Choice; readonly text: string } | null
  /** Virtual milliseconds. */
  readonly now: number
  /** Calls without an answer. */
  readonly pending: number
}

export function choicesOf(run: StagedRun): Choices {
  const next = run.next()
  return {
    inboxes: inboxesOf(run),
    next: next === null ? null : { choice: next, text: sentenceOf(run, next) },
    now: run.stage.now,
    pending: run.pending(),
  }
}

function sentenceOf({ stage }: StagedRun, next: Choice): string {
  if (next.kind !== 'deliver' && next.kind !== 'drop') return describeChoice(next)
  const held = stage.network.find(next.message, next.copy)
  if (held === undefined) return describeChoice(next)
  const { from, to, message } = held.envelope
  return next.kind === 'deliver'
    ? `${message.type} from ${from} arrives at ${to}`
    : `${message.type} from ${from} to ${to} is lost`
}
