/** Logs for ShiViz and of GoVector as steps of a run. The clocks are those of the log; what was sent when is read off them. */
import { observationKinds } from '../../../actors/observation.ts'
import type { Json } from '../../../machines/application/application.ts'
import { entryOf } from '../../../machines/clocks.ts'
import { createContextLog } from '../context-log.ts'
import { oneLine } from '../exports/text.ts'
import type { TraceMessage, TraceStep } from '../format.ts'
import { jsonText } from '../json-text.ts'
import type { ForeignRun, NamedText, ReaderTools } from './foreign-run.ts'
import { type LogFault, type LoggedEvent, type Placed, placeEvents } from './log-clocks.ts'
import type { LogMatches } from './log-matches.ts'

/** Parsers for common logs; the first two are GoVector's, with the text on the second line or on the first. */
export const logParsers = [
  {
    title: 'GoVector: host and clock, then the text',
    parser: '(?<host>\\S+) (?<clock>\\{.*\\})\\n(?<event>.*)',
  },
  { title: 'the text, then host and clock', parser: '(?<event>.*)\\n(?<host>\\S+) (?<clock>\\{.*\\})' },
  { title: 'one line: host, clock, text', parser: '(?<host>\\S+) (?<clock>\\{.*?\\}) (?<event>.*)' },
  { title: 'one line: text, host, clock', parser: '(?<event>.*) (?<host>\\S+) (?<clock>\\{.*\\})$' },
] as const

/** Whether a text begins with a parser, or with a host and its clock on the first or the second line. */
export function isLog(head: string): boolean {
  const text = head.trimStart().replaceAll(/\r\n?/g, '\n')
  return /^(.*\(\?<(host|clock|event)>|([^\n]*\n)?\S+ \{\\?".*\}\s*(\n|$))/.test(text)
}

/**
 * Reads logs of one run: line 1 the parser, line 2 the delimiter of runs or empty, then the events; or the events alone,
 * as GoVector writes them, a file for each process. Of the groups `kind`, `state`, `t` and `lamport` are taken for what
 * they are in our own exports if they can be; the others are shown as they are.
 * @throws Error that says what to do.
 */
export async function readShiviz(files: readonly NamedText[], tools: ReaderTools): Promise<ForeignRun> {
  const logs: { readonly runs: LogMatches['runs']; readonly skipped: number }[] = []
  for (const { text } of files) logs.push(await matchesOf(text, tools))
  const isOneRun = logs.every(({ runs }) => runs.length <= 1)
  const runs = isOneRun
    ? [{ label: '', events: logs.flatMap((log) => log.runs.flatMap((run) => run.events)) }]
    : logs.flatMap((log) => log.runs)
  const prefixes = prefixesOf(runs)
  const events = runs.flatMap((run, index) => run.events.map((found) => eventOf(found, prefixes[index]!)))
  const placed = placeEvents(events)
  const steps = stepsOf(placed)
  if (steps.length === 0) throw new Error('the parser on line 1 finds no event; try it on a line of the log')
  const skipped = logs.reduce((sum, log) => sum + log.skipped, 0)
  const notes = [
    skipped > 0 && `Lines that belong to no event, as the parser has it, are not shown: ${skipped}.`,
    runs.length > 1 &&
      `The log has ${runs.length} runs. All are shown, each with hosts of its own, such as ${steps[0]!.node}.`,
    ...faultNotes(placed),
  ]
  return { options: { origin: 'ShiViz' }, steps, notes: notes.filter((note) => note !== false) }
}

/** One sentence for each kind of fault of each host: the first of them, and how many more there are. */
function faultNotes(placed: readonly Placed<LogEvent>[]): string[] {
  const causes = new Map<string, { readonly i: number; readonly fault: LogFault; count: number }>()
  for (const [i, { event, fault }] of placed.entries()) {
    if (fault === null) continue
    const key = `${fault.kind} ${event.host}`
    const known = causes.get(key)
    if (known === undefined) causes.set(key, { i, fault, count: 1 })
    else known.count += 1
  }
  return [...causes.values()].map(({ i, fault, count }) => {
    const more = count === 1 ? '' : `; ${count - 1} more like it`
    return `The clock of step ${i} is wrong (${fault.kind}): ${fault.text}${more}.`
  })
}

/** What a parser must distinguish. */
const groups = ['host', 'clock', 'event']

async function matchesOf(text: string, { match, parser: wanted, delimiter: cut }: ReaderTools) {
  const found = partsOf(
    text
      .replace(/^\uFEFF/, '')
      .trimStart()
      .replaceAll(/\r\n?/g, '\n'),
  )
  const parser = wanted ?? found.parser
  if (!groups.every((name) => parser.includes(`(?<${name}>`))) {
    throw new Error(`expected the groups ${groups.join(', ')} in the parser on line 1; add what is missing`)
  }
  try {
    return await match(parser, cut ?? found.delimiter, found.log)
  } catch (error) {
    throw new Error(`the parser on line 1 does not do for this log: ${(error as Error).message}; simplify it`)
  }
}

/** The parser, the delimiter and the events of a log, as it says them itself. */
export function partsOf(text: string): {
  readonly parser: string
  readonly delimiter: string
  readonly log: string
} {
  const [first = '', second = ''] = text.split('\n', 2)
  if (first.includes('(?<')) {
    // Some logs lack the second line.
    const delimiter = /\{\\?".*\}/.test(second) ? '' : second
    const log = text.slice(first.length + 1 + delimiter.length)
    return { parser: first, delimiter: delimiter.trim(), log }
  }
  const textIsLast = /^\S+ \{.*\}\s*$/.test(first)
  return { parser: logParsers[textIsLast ? 0 : 1].parser, delimiter: '', log: text }
}

/** What hosts of each run begin with, so that those of different runs have different names. */
function prefixesOf(runs: LogMatches['runs']): string[] {
  const taken = new Set([''])
  return runs.map(({ label }, index) => {
    let name = label
    if (runs.length > 1) for (let n = index + 1; taken.has(name); n++) name = `${label || 'run'} ${n}`
    taken.add(name)
    return runs.length > 1 ? `${name}/` : ''
  })
}

interface LogEvent extends LoggedEvent {
  readonly text: string
  /** The other groups. */
  readonly fields: Readonly<Record<string, string | undefined>>
}

function eventOf(
  { host = '', clock = '', event = '', ...fields }: LogEvent['fields'],
  prefix: string,
): LogEvent {
  const vector = vectorOf(clock, prefix)
  const own = entryOf(vector ?? {}, prefix + host)
  if (vector === null || own < 1) {
    throw new Error(
      `expected the clock of ${host || 'a host'} with its own count, got ${jsonText(clock)} at ${jsonText(event)}; mend the log or its parser`,
    )
  }
  return { host: prefix + host, own, vector, text: oneLine(event), fields }
}

/** The counts of a clock, also with escaped quotes or counts as strings; null for anything else. */
function vectorOf(clock: string, prefix: string): LoggedEvent['vector'] | null {
  const counts = entriesIn(clock) ?? entriesIn(clock.replaceAll('\\"', '"'))
  if (counts === null) return null
  const numbers = counts.map(([host, count]) => {
    const isText = typeof count === 'string' && /^\d+$/.test(count)
    return [prefix + host, isText ? Number(count) : count] as const
  })
  if (!numbers.every(([, count]) => Number.isSafeInteger(count) && (count as number) >= 0)) return null
  return Object.fromEntries(numbers as [string, number][])
}

function entriesIn(clock: string): [string, unknown][] | null {
  try {
    return Object.entries(JSON.parse(clock) as object)
  } catch {
    return null
  }
}

function stepsOf(placed: readonly Placed<LogEvent>[]): TraceStep[] {
  const contexts = createContextLog()
  const places = new Map<LogEvent, number>()
  const values = new Map<string, Json>()
  const steps: TraceStep[] = []
  for (const { event, causes, fault } of placed) {
    const { host, vector, text, fields } = event
    const i = steps.length
    places.set(event, i)
    const [message, ...joined] = causes.map((cause): TraceMessage => {
      const sentIn = places.get(cause)!
      const sender = steps[sentIn]!
      if (sender.kind === 'local') steps[sentIn] = { ...sender, kind: 'send' }
      return {
        id: `${sentIn}-${i}`,
        copy: 0,
        type: '',
        from: cause.host,
        to: host,
        body: {},
        sentAt: null,
        sentIn,
      }
    })
    const shown = { ...fields }
    const take = <Value>(name: string, value: Value): Value => {
      if (value !== undefined) delete shown[name]
      return value
    }
    const kind = take(
      'kind',
      observationKinds.find((known) => known === fields.kind),
    )
    const t = take('t', numberOf(fields.t))
    const lamport = take('lamport', numberOf(fields.lamport))
    const state = take('state', fields.state)
    const hasFields = Object.keys(shown).length > 0
    const hasState = state !== undefined && state !== '-' && !stateless.includes(kind!)
    const after = (hasState || hasFields) && {
      value: hasState ? oneLine(state) : '',
      ...(hasFields && contexts.entryFor(host, shown, !values.has(host))),
    }
    const before = values.get(host)
    if (after) values.set(host, after.value)
    steps.push({
      i,
      node: host,
      kind: kind ?? (message === undefined ? 'local' : 'receive'),
      text,
      ...(message && { message }),
      ...(joined.length > 0 && { joined }),
      t: t ?? 0,
      // Our own exports have 0 if there is no clock.
      lamport: lamport || null,
      vector,
      ...(fault !== null && { clockFault: `${fault.kind}: ${fault.text}` }),
      ...(after && { after, ...(before !== undefined && { before: { value: before } }) }),
      operations: [],
      verdicts: [],
    })
  }
  return steps
}

/** Kinds whose state says nothing of the host after the step. */
const stateless: readonly TraceStep['kind'][] = ['crash', 'stop', 'drop', 'duplicate', 'delay']

function numberOf(text = ''): number | undefined {
  return text.trim() === '' || !Number.isFinite(Number(text)) ? undefined : Number(text)
}
