/** Reads a trace back. What is wrong with it is said with the line, what was expected there, and what to do. */

import * as v from 'valibot'
import { knownOptions } from '../../actors/known-options.ts'
import { observationKinds } from '../../actors/observation.ts'
import { type TraceEnd, type TraceHeader, type TraceStep, traceFormat, traceVersion } from './format.ts'

/** A trace that has been read. */
export interface ReadTrace {
  readonly header: TraceHeader
  readonly steps: readonly TraceStep[]
  /** Whether the trace has its last line; without it steps may be missing at the end. */
  readonly complete: boolean
  /** Observations that found no room in the trace when it was written. */
  readonly dropped: number
}

/** How a trace is read. */
export interface ReadTraceOptions {
  /** Takes a trace whose end is missing, as a killed process leaves it; default false. */
  readonly partial?: boolean
}

/** A text that is not a whole trace of a version that can be read. */
export class TraceError extends Error {
  override readonly name = 'TraceError'
  readonly code: 'notATrace' | 'wrongVersion' | 'invalidLine' | 'truncated'
  /** Counted from 1. */
  readonly line: number

  constructor(code: TraceError['code'], line: number, message: string, cause?: unknown) {
    super(`line ${line}: ${message}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.line = line
  }
}

const id = v.string()
const list = (what: string) => v.array(v.unknown(), `Expected a list of ${what}`)
const stepSchema = v.looseObject({
  i: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  node: v.nullable(id),
  kind: v.picklist(observationKinds),
  t: v.number(),
  lamport: v.nullable(v.number()),
  vector: v.nullable(v.record(v.string(), v.number())),
  message: v.optional(v.looseObject({ id, copy: v.number(), type: id, from: id, to: id })),
  operations: list('operations'),
  verdicts: list('verdicts'),
})
const headerSchema = v.looseObject({ machines: list('machines'), nodes: list('nodes') })

/** One line of a trace: its header, one step, or its end. */
export type TraceLine =
  | { readonly kind: 'header'; readonly header: TraceHeader }
  | { readonly kind: 'step'; readonly step: TraceStep }
  | { readonly kind: 'end'; readonly end: TraceEnd }

/** Takes a trace line by line, in order, as a file or a live feed brings it. */
export interface TraceLineReader {
  /**
   * What the next line says. `isCutOff`: nothing may come after it, not even its line feed.
   * @throws TraceError for a line that is not as it should be.
   */
  read(line: string, isCutOff?: boolean): TraceLine
  /** Steps read so far. */
  readonly steps: number
  readonly complete: boolean
}

/** A reader for one trace. */
export function createTraceLineReader(): TraceLineReader {
  let [line, steps] = [0, 0]
  let complete = false
  return {
    read(text, isCutOff = false) {
      line += 1
      if (line === 1) return { kind: 'header', header: readHeader(text, isCutOff) }
      if (complete) {
        throw new TraceError(
          'invalidLine',
          line,
          `expected nothing after the end of the trace on line ${line - 1}, got more; are two traces in one file?`,
        )
      }
      const value = parsed(text)
      if (value === undefined && isCutOff) {
        throw truncated(line, steps, 'the trace ends in the middle of this line')
      }
      if (isEnd(value)) {
        const end = checkedEnd(value, line, steps)
        complete = true
        return { kind: 'end', end }
      }
      const step = checkedStep(value, text, line, steps)
      steps += 1
      return { kind: 'step', step }
    },
    get steps() {
      return steps
    },
    get complete() {
      return complete
    },
  }
}

/**
 * The header and the steps of a trace.
 * @throws TraceError for the first line that is not as it should be; `truncated` unless `partial` is set.
 */
export function readTrace(text: string, options: ReadTraceOptions = {}): ReadTrace {
  knownOptions('readTrace', options, { partial: true })
  const { partial = false } = options
  if (typeof text !== 'string')
    throw new TraceError(
      'notATrace',
      1,
      `expected the text of a trace, got ${String(text)}; read the file as utf8`,
    )
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const endsInALine = lines.at(-1) === ''
  while (lines.at(-1)?.trim() === '') lines.pop()
  if (lines.length === 0) lines.push('')

  const reader = createTraceLineReader()
  let header: TraceHeader | null = null
  let end: TraceEnd | null = null
  const steps: TraceStep[] = []
  try {
    for (const [index, text] of lines.entries()) {
      const line = reader.read(text, index === lines.length - 1 && !endsInALine)
      if (line.kind === 'header') header = line.header
      else if (line.kind === 'step') steps.push(line.step)
      else end = line.end
    }
  } catch (error) {
    const isTolerable =
      partial && header !== null && error instanceof TraceError && error.code === 'truncated'
    if (!isTolerable) throw error
  }
  if (end === null && !partial) {
    throw truncated(lines.length, steps.length, 'the trace ends here without its last line')
  }
  return { header: header!, steps, complete: end !== null, dropped: end?.dropped ?? 0 }
}

function readHeader(line: string, isCutOff: boolean): TraceHeader {
  if (line.trim() === '') throw new TraceError('notATrace', 1, 'expected the header of a trace, got nothing')
  const value = parsed(line)
  if (value === undefined && isCutOff && line.startsWith(`{"format":"${traceFormat}"`)) {
    throw truncated(1, 0, 'the trace ends in the middle of its header')
  }
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown }
  if (format !== traceFormat) {
    throw new TraceError(
      'notATrace',
      1,
      `expected a header with "format":"${traceFormat}", got ${shorten(line)}; is it a file that --trace wrote?`,
    )
  }
  if (version !== traceVersion) {
    const newer = typeof version === 'number' && version > traceVersion
    throw new TraceError(
      'wrongVersion',
      1,
      `expected version ${traceVersion}, got ${JSON.stringify(version) ?? 'none'}; ${
        newer ? 'update standby to read it' : 'record the run again'
      }`,
    )
  }
  const problem = problemIn(headerSchema, value)
  if (problem !== null) throw new TraceError('invalidLine', 1, `the header is wrong at ${problem}`)
  return value as TraceHeader
}

function checkedStep(value: unknown, line: string, number: number, expected: number): TraceStep {
  if (value === undefined) {
    throw new TraceError('invalidLine', number, `expected a step as one JSON object, got ${shorten(line)}`)
  }
  const problem = problemIn(stepSchema, value)
  if (problem !== null) throw new TraceError('invalidLine', number, `the step is wrong at ${problem}`)
  const step = value as TraceStep
  if (step.i !== expected) {
    throw new TraceError(
      'invalidLine',
      number,
      `expected step ${expected}, got step ${step.i}; a line is missing, twice there or in the wrong place`,
    )
  }
  return step
}

function checkedEnd(value: TraceEnd, number: number, steps: number): TraceEnd {
  if (value.steps === steps) return value
  throw new TraceError(
    'invalidLine',
    number,
    `expected ${value.steps} steps before the end, got ${steps}; lines were taken out`,
  )
}

function truncated(line: number, steps: number, what: string): TraceError {
  return new TraceError(
    'truncated',
    line,
    `${what}, after ${steps} whole steps; the run was cut short: read it with { partial: true }, or record it again`,
  )
}

function isEnd(value: unknown): value is TraceEnd {
  return typeof value === 'object' && value !== null && (value as { end?: unknown }).end === true
}

function problemIn(schema: v.GenericSchema, value: unknown): string | null {
  const { success, issues } = v.safeParse(schema, value, { abortEarly: true })
  if (success) return null
  const [issue] = issues
  return `${v.getDotPath(issue) ?? 'its root'}: ${issue.message}`
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function shorten(line: string): string {
  return line.length <= 60 ? line : `${line.slice(0, 57)}...`
}
