/** Logs for ShiViz and of GoVector as steps of a run. The clocks are those of the log; what was sent when is read off them. */
import { observationKinds } from '../../actors/observation.ts'
import type { Json } from '../../machines/application/application.ts'
import { entryOf } from '../../machines/clocks.ts'
import { createContextLog } from '../../runtime/trace/context-log.ts'
import { oneLine } from '../../runtime/trace/exports/text.ts'
import type { TraceMessage, TraceStep } from '../../runtime/trace/format.ts'
import { jsonText } from '../model/describe.ts'
import { inCausalOrder, type LoggedEvent } from './causal-order.ts'
import type { ForeignRun } from './feed.ts'
import { type LogMatches, type Matcher, matchInWorker } from './log-matches.ts'

/** As GoVector writes them, the text on the second line; and the other way round. */
const [textLast, textFirst] = [
  '(?<host>\\S+) (?<clock>\\{.*\\})\\n(?<event>.*)',
  '(?<event>.*)\\n(?<host>\\S+) (?<clock>\\{.*\\})',
]

/**
 * Reads a log: line 1 the parser, line 2 the delimiter of runs or empty, then the events; or the events alone, as GoVector
 * writes them. Of the groups `kind`, `state`, `t` and `lamport` are taken for what they are in our own exports where they
 * can be; the others are shown as they are.
 * @throws Error that says what to do.
 */
export async function readShiviz(text: string, match: Matcher = matchInWorker): Promise<ForeignRun> {
  const { parser, delimiter, log } = partsOf(text.trimStart().replaceAll('\r\n', '\n'))
  if (!groups.every((name) => parser.includes(`(?<${name}>`))) {
    throw new Error(`expected the groups ${groups.join(', ')} in the parser on line 1; add what is missing`)
  }
  let matches: LogMatches
  try {
    matches = await match(parser, delimiter, log)
  } catch (error) {
    throw new Error(`the parser on line 1 does not do for this log: ${(error as Error).message}; simplify it`)
  }
  const { runs, skipped } = matches
  const prefixes = prefixesOf(runs)
  const events = runs.flatMap((run, index) => run.events.map((found) => eventOf(found, prefixes[index]!)))
  const steps = stepsOf(events)
  if (steps.length === 0) throw new Error('the parser on line 1 finds no event; try it on a line of the log')
  const notes = [
    skipped > 0 && `Lines that belong to no event, as the parser has it, are not shown: ${skipped}.`,
    runs.length > 1 &&
      `The log has ${runs.length} runs. All are shown, each with hosts of its own, such as ${steps[0]!.node}.`,
  ]
  return { options: { origin: 'ShiViz' }, steps, notes: notes.filter((note) => note !== false) }
}

/** What a parser must tell apart. */
const groups = ['host', 'clock', 'event']

function partsOf(text: string): {
  readonly parser: string
  readonly delimiter: string
  readonly log: string
} {
  const [first = '', second = ''] = text.split('\n', 2)
  if (first.includes('(?<')) {
    // Some logs lack the second line.
    const delimiter = /\{".*\}/.test(second) ? '' : second
    const log = text.slice(first.length + 1 + delimiter.length)
    return { parser: first, delimiter: delimiter.trim(), log }
  }
  return { parser: /^\S+ \{.*\}\s*$/.test(first) ? textLast : textFirst, delimiter: '', log: text }
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

/** The counts of a clock as JSON; null for what is none. */
function vectorOf(clock: string, prefix: string): LoggedEvent['vector'] | null {
  let counts: [string, unknown][]
  try {
    counts = Object.entries(JSON.parse(clock) as object)
  } catch {
    return null
  }
  if (!counts.every(([, count]) => Number.isSafeInteger(count) && (count as number) >= 0)) return null
  return Object.fromEntries(counts.map(([host, count]) => [prefix + host, count as number]))
}

function stepsOf(events: readonly LogEvent[]): TraceStep[] {
  const contexts = createContextLog()
  const places = new Map<LogEvent, number>()
  const values = new Map<string, Json>()
  const steps: TraceStep[] = []
  for (const { event, causes } of inCausalOrder(events)) {
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
      // Our own exports have 0 where there is none.
      lamport: lamport || null,
      vector,
      ...(after && { after, ...(before !== undefined && { before: { value: before } }) }),
      operations: [],
      verdicts: [],
    })
  }
  return steps
}

/** Of these a state tells nothing of the host after it. */
const stateless: readonly TraceStep['kind'][] = ['crash', 'stop', 'drop', 'duplicate', 'delay']

function numberOf(text = ''): number | undefined {
  return text.trim() === '' || !Number.isFinite(Number(text)) ? undefined : Number(text)
}
