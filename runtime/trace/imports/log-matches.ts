/** The events of a log, found by the regular expression that came with it. */
/** What a log holds, run by run. */
export interface LogMatches {
  readonly runs: readonly {
    /** Of the delimiter's group `trace`; empty without one. */
    readonly label: string
    /** The named groups of each event. */
    readonly events: readonly Readonly<Record<string, string | undefined>>[]
  }[]
  /** Lines with something in them that belong to no event. */
  readonly skipped: number
}

/** @throws Error for an invalid expression, and for a log that is too large for it. */
export type Matcher = (parser: string, delimiter: string, log: string) => Promise<LogMatches> | LogMatches

/** Uses nothing from outside of itself: the worker gets its text. */
export const matchesIn = (parser: string, delimiter: string, log: string): LogMatches => {
  const runs: { label: string; events: Record<string, string | undefined>[] }[] = []
  let skipped = 0
  const skip = (text: string) => {
    skipped += text.split('\n').filter((line) => line.trim() !== '').length
  }
  const take = (label: string, part: string) => {
    if (part.trim() === '') return
    const events: Record<string, string | undefined>[] = []
    let end = 0
    for (const { 0: all, index, groups } of part.matchAll(new RegExp(parser, 'gm'))) {
      if (all === '') throw new Error('it matches the empty text')
      if (events.push(groups ?? {}) > 1e6) throw new Error('it finds more than a million events')
      skip(part.slice(end, index))
      end = index + all.length
    }
    skip(part.slice(end))
    if (events.length > 0) runs.push({ label, events })
  }
  let [label, start] = ['', 0]
  if (delimiter !== '') {
    for (const { 0: all, index, groups } of log.matchAll(new RegExp(delimiter, 'gm'))) {
      if (all === '') continue
      take(label, log.slice(start, index))
      label = groups?.trace ?? ''
      start = index + all.length
    }
  }
  take(label, log.slice(start))
  return { runs, skipped }
}
