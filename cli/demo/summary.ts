/** What a run came to: how much was done, how long it took at worst, and what was checked. */
import type { Counted } from '../../runtime/observe/counters.ts'
import type { CheckedResult } from './checks.ts'
import type { WorkloadCounts } from './workload.ts'

export interface SummaryInput {
  readonly seconds: number
  readonly counts: WorkloadCounts
  readonly counted: Counted
  readonly checked: CheckedResult
  /** How often a sink failed. */
  readonly failures: number
  readonly firstError: unknown
}

export interface Summary {
  /** Every check passed. */
  readonly ok: boolean
  readonly seconds: number
  readonly operations: {
    readonly answered: number
    readonly puts: number
    readonly appends: number
    readonly gets: number
    readonly unanswered: number
    readonly perSecond: number
  }
  readonly views: number
  readonly failovers: number
  readonly crashes: number
  readonly longestWaitMs: number
  readonly medianWaitMs: number
  readonly lost: number
  /** How many acknowledged appends were looked for: fewer than there are where a journal could not be read back. */
  readonly lookedFor: number
  readonly duplicated: number
  readonly wrong: number
  readonly linearizable: CheckedResult['linearizable']
  /** What was checked, in sentences. */
  readonly checked: readonly string[]
  /** What is wrong, in sentences. */
  readonly problems: readonly string[]
}

export function summaryOf({ seconds, counts, counted: totals, checked, ...rest }: SummaryInput): Summary {
  const { puts, appends, gets, answered, unanswered } = counts
  const problems = [...checked.problems]
  if (checked.unverified > 0) {
    problems.push('the journal could not be read back at the end: no server that holds the state answers')
  }
  if (answered === 0) problems.push('no operation was answered at all; was the run too short?')
  if (rest.failures > 0) {
    problems.push(`an observer failed ${rest.failures} times, first with: ${messageOf(rest.firstError)}`)
  }
  const history = checked.historyIsWhole
    ? `all ${checked.historyOperations} operations`
    : `the first ${checked.historyOperations} operations`
  return {
    ok: checked.ok && problems.length === 0,
    seconds: Math.round(seconds * 10) / 10,
    operations: {
      answered,
      puts,
      appends,
      gets,
      unanswered,
      perSecond: Math.round((answered / Math.max(seconds, 0.001)) * 10) / 10,
    },
    views: totals.viewChanges,
    failovers: totals.failovers,
    crashes: totals.crashes,
    longestWaitMs: Math.round(counts.waitMs.max ?? 0),
    medianWaitMs: Math.round(counts.waitMs.p50 ?? 0),
    lost: checked.lost,
    lookedFor: checked.appends,
    duplicated: checked.duplicated,
    wrong: checked.wrong,
    linearizable: checked.linearizable,
    checked: [
      `the token of each of ${checked.appends} appends was looked for in what was read back, at the place its answer said`,
      `each of ${checked.reads} gets was compared with what had been acknowledged before it was called`,
      `for ${history}, unanswered ones included, one order was sought that explains every answer (linearizability)`,
    ],
    problems,
  }
}

/** The summary for people, in lines of at most `width` columns. */
export function formatSummary(summary: Summary, width: number): string[] {
  const { operations, problems } = summary
  const unread = Math.max(0, operations.appends - summary.lookedFor)
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
  return [
    `standby ran for ${summary.seconds} s: ${operations.answered} operations answered, ${verdict}`,
    '',
    ...row(
      'operations',
      `${operations.answered} answered (${operations.puts} put, ${operations.appends} append, ${operations.gets} get), ${operations.unanswered} without an answer`,
    ),
    ...row(
      'failovers',
      `${summary.failovers}, in ${counted(summary.views, 'view')}; ${counted(summary.crashes, 'crash')}`,
    ),
    ...row('longest wait', `${summary.longestWaitMs} ms; half of all within ${summary.medianWaitMs} ms`),
    ...row(
      'lost',
      unread === 0
        ? `${summary.lost} of ${counted(operations.appends, 'acknowledged append')}`
        : `${summary.lost} of the ${counted(summary.lookedFor, 'acknowledged append')} that could be read back; ${unread} could not`,
    ),
    ...row('duplicated', `${summary.duplicated}`),
    ...row('wrong answers', `${summary.wrong}`),
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
