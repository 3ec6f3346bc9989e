/** A run as commands take it: a trace of ours, or files of one run in the format of another tool. */
import { basename } from 'node:path'
import { allFormats } from '../runtime/trace/imports/all-formats.ts'
import { type ForeignFormat, headerFor, type NamedText } from '../runtime/trace/imports/foreign-run.ts'
import { matchesIn } from '../runtime/trace/imports/log-matches.ts'
import { headLength, recognise, unknownFormat } from '../runtime/trace/imports/recognise.ts'
import { parseXml } from '../runtime/trace/imports/xml.ts'
import { type ReadTrace, readTrace } from '../runtime/trace/read.ts'
import { readInput } from './input.ts'

/** A run, and what to know of how it was read. */
export interface RunInput {
  readonly trace: ReadTrace
  /** The name of its format; null for a trace of ours. */
  readonly format: string | null
  readonly notes: readonly string[]
}

/** What is said in the help of each command that reads runs. */
export const inputHelp =
  'a trace as --trace writes it, or files of another tool: logs with vector clocks, ITF, TLC, P, Jepsen, OpenTelemetry, Jaeger, @statelyai/inspect, machines as JSON, SCXML or source; several files are one run; gzip is unpacked; - reads standard input'

/**
 * Reads the run of these files: a trace of ours at once, other formats in their time.
 * @throws Error that names the file, what was expected of it, and what to do.
 */
export function readRun(paths: readonly string[], { partial = false } = {}): RunInput | Promise<RunInput> {
  const files = paths.map(
    (path): NamedText => ({ name: path === '-' ? 'standard input' : path, text: readInput(path) }),
  )
  const found = files.map(({ text }) => recognise(text.slice(0, headLength), allFormats))
  const [first] = found
  const [file] = files as [NamedText]
  const inFile = ({ name }: NamedText, error: Error) => {
    error.message = `${basename(name)}: ${error.message}`
    return error
  }
  const misfit = found.findIndex((format) => format !== first)
  if (misfit > 0)
    throw new Error(
      `expected files of one run, got ${titleOf(first!)} in ${file.name} and ${titleOf(found[misfit]!)} in ${files[misfit]!.name}`,
    )
  if (first === null && !/^\s*(\{"format"|$)/.test(file.text.slice(0, 100)))
    throw inFile(file, new Error(unknownFormat(file.text.slice(0, headLength), allFormats)))
  if (first === null || first === 'trace' || first === undefined) {
    if (files.length > 1) throw new Error(`expected one trace, got ${files.length}; give them one by one`)
    return { trace: readTrace(file.text, { partial }), format: null, notes: [] }
  }
  if (files.length > 1 && !first.joins)
    throw new Error(`expected one ${first.title}, got ${files.length}; give them one by one`)
  return readForeign(first, files).catch((error: Error) => {
    throw inFile(file, error)
  })
}

async function readForeign(format: ForeignFormat, files: readonly NamedText[]): Promise<RunInput> {
  const run = await format.read(files, { match: matchesIn, parseXml })
  const trace = { header: headerFor(run), steps: [...run.steps], complete: true, dropped: 0 }
  if (trace.steps.length === 0) throw new Error(`expected events in the ${format.title}, got none`)
  return { trace, format: format.title, notes: run.notes }
}

function titleOf(format: ReturnType<typeof recognise>): string {
  if (format === null) return 'a file of no known format'
  return format === 'trace' ? 'a trace of ours' : `a ${format.title}`
}
