/** The summary of a run: operations, longest waits, and what was checked. */
import type { Counted } from '../../runtime/observe/counters.ts'
import type { Judgement } from './judge.ts'
import type { WorkloadCounts } from './workload.ts'

export interface SummaryInput {
  readonly seconds: number
  readonly counts: WorkloadCounts
  readonly counted: Counted
  readonly judgement: Judgement
  /** How often a sink failed. */
  readonly failures: number
  readonly firstError: unknown
}

export interface Summary {
  /** Every check passed. */
  readonly ok: boolean
  readonly seconds: number
  readonly operations: WorkloadCounts['byOperation'] & {
    readonly answered: number
    readonly unanswered: number
    readonly perSecond: number
  }
  readonly views: number
  readonly failovers: number
  readonly crashes: number
  readonly longestWaitMs: number
  readonly medianWaitMs: number
  readonly linearizable: Judgement['linearizable']
  /** Operations whose history was judged, those included that read keys back at the end. */
  readonly judged: number
  /** Keys that could not be read back. */
  readonly unread: number
  /** What was checked, in sentences. */
  readonly checked: readonly string[]
  /** What is wrong, in sentences. */
  readonly problems: readonly string[]
}

export function summaryOf({ seconds, counts, counted: totals, judgement, ...rest }: SummaryInput): Summary {
  const { byOperation, answered, unanswered, waitMs } = counts
  const { linearizable, operations, unread } = judgement
  const problems = [...judgement.problems]
  if (unread > 0)
    problems.push(`${counted(unread, 'key')} could not be read back: no server that holds the state answers`)
  if (answered === 0) problems.push('no operation was answered at all; was the run too short?')
  if (rest.failures > 0)
    problems.push(`an observer failed ${rest.failures} times, first with: ${messageOf(rest.firstError)}`)
  return {
    ok: problems.length === 0,
    seconds: Math.round(seconds * 10) / 10,
    operations: {
      answered,
      ...byOperation,
      unanswered,
      perSecond: Math.round((answered / Math.max(seconds, 0.001)) * 10) / 10,
    },
    views: totals.viewChanges,
    failovers: totals.failovers,
    crashes: totals.crashes,
    longestWaitMs: Math.round(waitMs.max ?? 0),
    medianWaitMs: Math.round(waitMs.p50 ?? 0),
    linearizable,
    judged: operations,
    unread,
    checked: [
      `for each key, one order was sought that explains every answer, unanswered calls included (linearizability): ${operations} operations, keys read back at the end`,
    ],
    problems,
  }
}

/** The summary for people, in lines of at most `width` columns. */
export function formatSummary(summary: Summary, width: number): string[] {
  const { operations, problems, unread } = summary
  const { answered, unanswered, perSecond: _, ...kinds } = operations
  const isOnlyUnread = unread > 0 && problems.length === 1
  const verdict = summary.ok
    ? 'every check passed'
    : isOnlyUnread
      ? 'NOT EVERYTHING COULD BE CHECKED'
      : 'A CHECK FAILED'
  const indent = 17
  const row = (name: string, text: string) =>
    wrap(text, Math.max(20, width - indent)).map(
      (line, index) => `  ${(index === 0 ? name : '').padEnd(indent - 2)}${line}`,
    )
  const found = { ok: 'yes', illegal: 'NO', unknown: 'not decided in the time allowed' }[summary.linearizable]
  const byKind = Object.entries(kinds)
    .map(([op, count]) => `${count} ${op}`)
    .join(', ')
  return [
    `standby ran for ${summary.seconds} s: ${answered} operations answered, ${verdict}`,
    '',
    ...row('operations', `${answered} answered (${byKind}), ${unanswered} without an answer`),
    ...row(
      'failovers',
      `${summary.failovers}, in ${counted(summary.views, 'view')}; ${counted(summary.crashes, 'crash')}`,
    ),
    ...row('longest wait', `${summary.longestWaitMs} ms; half of all within ${summary.medianWaitMs} ms`),
    ...row('linearizable', found),
    '',
    ...summary.checked.flatMap((text, index) => row(index === 0 ? 'checked' : '', text)),
    ...problems.flatMap((text, index) => row(index === 0 ? 'PROBLEMS' : '', text)),
  ]
}

/** A number with its noun: `one server`, `3 servers`. */
export function counted(count: number, what: string): string {
  if (count === 1) return `one ${what}`
  return `${count} ${what}${what.endsWith('sh') ? 'es' : 's'}`
}

/** Text in lines of at most `width` columns, broken between words. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of text.split(' ')) {
    if (current !== '' && current.length + word.length + 1 > width) {
      lines.push(current)
      current = word
    } else current = current === '' ? word : `${current} ${word}`
  }
  return [...lines, current]
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
