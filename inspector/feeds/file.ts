/** Feeds from files and texts: a trace, however large, read in pieces; or a run in the format of another tool, read whole. */
import {
  type ForeignFormat,
  headerFor,
  type NamedText,
  type ReaderTools,
} from '../../runtime/trace/imports/foreign-run.ts'
import { foreignFormats } from '../../runtime/trace/imports/formats.ts'
import { headLength, recognise, unknownFormat } from '../../runtime/trace/imports/recognise.ts'
import { createTraceLineReader, TraceError } from '../../runtime/trace/read.ts'
import type { Feed, FeedSink } from './feed.ts'
import { matchInWorker } from './log-worker.ts'

/** Milliseconds of work after which the page gets its turn. */
const sliceMs = 24

/** How a user wants foreign files to be read; each has a default. */
export type ReadingOptions = Omit<ReaderTools, 'match'>

/** Reads files that a user chose or dropped: one trace, or files of one run in the format of another tool. */
export function fileFeed(given: Blob | readonly Blob[], options: ReadingOptions = {}): Feed {
  const files = given instanceof Blob ? [given] : given
  return (sink) => {
    let isStopped = false
    void read(files, options, sink, () => isStopped)
    return () => {
      isStopped = true
    }
  }
}

async function read(
  files: readonly Blob[],
  options: ReadingOptions,
  sink: FeedSink,
  isStopped: () => boolean,
): Promise<void> {
  try {
    const inputs = await Promise.all(files.map(unpacked))
    const heads = await Promise.all(inputs.map((file) => file.slice(0, headLength).text()))
    const found =
      options.parser === undefined ? heads.map((head) => recognise(head)) : heads.map(() => logFormat)
    const format = oneFormat(files.map(nameOf), heads, found)
    if (format === 'trace') await readPieces(piecesOf(inputs[0]!), sink, isStopped)
    else await readForeign(files.map(nameOf), inputs, format, options, sink, isStopped)
  } catch (error) {
    sink.problem(sentence(error, 0))
  }
}

const logFormat = foreignFormats.find(({ id }) => id === 'log')!

/** The one format of all files. @throws Error that names the file that does not fit. */
function oneFormat(
  names: readonly string[],
  heads: readonly string[],
  found: readonly ReturnType<typeof recognise>[],
): 'trace' | ForeignFormat {
  for (const [index, format] of found.entries()) {
    const head = heads[index]!
    const name = names.length === 1 || names[index] === '' ? '' : `${names[index]}: `
    if (format === null && looksLikeTrace(head)) return 'trace'
    if (format === null) throw new Error(name + unknownFormat(head))
    const first = found[0]
    if (format !== first)
      throw new Error(
        `expected files of one run, got ${titleOf(first!)} in ${names[0]} and ${titleOf(format)} in ${names[index]}; open them one by one`,
      )
  }
  const [format] = found as ['trace' | ForeignFormat]
  if (found.length > 1 && (format === 'trace' || !format.joins))
    throw new Error(
      `expected one ${titleOf(format)}, got ${found.length}; open the others in the tab Compare`,
    )
  return format
}

/** Cut off within its header, or of another version: the reader of traces has the better sentence. */
function looksLikeTrace(head: string): boolean {
  return head.trim() === '' || /^\s*\{"format"/.test(head)
}

function titleOf(format: 'trace' | ForeignFormat): string {
  return format === 'trace' ? 'trace of ours' : format.title
}

function nameOf(file: Blob): string {
  return file instanceof File ? file.name : ''
}

/** The content of a file that gzip compressed, and any other file as it is. */
async function unpacked(file: Blob): Promise<Blob> {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer())
  if (first !== 0x1f || second !== 0x8b) return file
  return new Response(file.stream().pipeThrough(new DecompressionStream('gzip'))).blob()
}

async function readForeign(
  names: readonly string[],
  files: readonly Blob[],
  format: ForeignFormat,
  options: ReadingOptions,
  sink: FeedSink,
  isStopped: () => boolean,
): Promise<void> {
  const pause = createPause()
  let count = 0
  try {
    if (files.reduce((sum, file) => sum + file.size, 0) > sizeMax) {
      throw new Error(`expected at most ${sizeMax / 1024 / 1024} MB in this format; cut the file into parts`)
    }
    const texts: NamedText[] = await Promise.all(
      files.map(async (file, index) => ({ name: names[index]!, text: await file.text() })),
    )
    const run = await format.read(texts, { ...options, match: matchInWorker })
    for (const step of run.steps) {
      if (isStopped()) return
      if (count === 0) sink.header(headerFor(run))
      sink.step(step)
      count += 1
      if (pause.isDue()) await pause.take()
    }
    if (count === 0) throw new Error(`the ${format.title} has no events; nothing can be shown of it`)
    for (const note of run.notes) sink.problem(note)
    sink.end({ end: true, steps: count, dropped: 0 })
  } catch (error) {
    sink.problem(sentence(error, count))
  }
}

/** Reads a text: pasted, or embedded in the page. */
export function textFeed(text: string, options: ReadingOptions = {}): Feed {
  return fileFeed(new Blob([text]), options)
}

async function* piecesOf(file: Blob): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  const size = 1 << 20
  for (let at = 0; at < file.size; at += size) {
    yield decoder.decode(await file.slice(at, at + size).arrayBuffer(), { stream: true })
  }
  yield decoder.decode()
}

async function readPieces(
  pieces: AsyncIterable<string>,
  sink: FeedSink,
  isStopped: () => boolean,
): Promise<void> {
  const reader = createTraceLineReader()
  const take = (line: string, isCutOff: boolean) => {
    const read = reader.read(line, isCutOff)
    if (read.kind === 'header') sink.header(read.header)
    else if (read.kind === 'step') sink.step(read.step)
    else sink.end(read.end)
  }
  let rest = ''
  const pause = createPause()
  try {
    for await (const piece of pieces) {
      const lines = (rest + piece).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        if (isStopped()) return
        if (line.trim() !== '') take(line, false)
        if (pause.isDue()) await pause.take()
      }
      if (rest.length > sizeMax) throw new Error(tooLong)
    }
    if (rest.trim() !== '' || reader.steps === 0) take(rest, true)
    if (!reader.complete) {
      sink.problem(
        `The trace ends without its last line, after ${reader.steps} steps: the run was cut short. What is there is shown.`,
      )
    }
  } catch (error) {
    sink.problem(sentence(error, reader.steps))
  }
}

const sizeMax = 64 * 1024 * 1024
const tooLong = `expected lines of a trace, got one of more than ${sizeMax / 1024 / 1024} MB; is it a file that --trace wrote?`

function sentence(error: unknown, steps: number): string {
  if (error instanceof TraceError && error.code === 'truncated' && steps > 0) {
    return `The trace breaks off in the middle of line ${error.line}, after ${steps} steps: the run was cut short. What is there is shown.`
  }
  const text = error instanceof Error ? error.message : String(error)
  return steps === 0 ? `This cannot be shown: ${text}` : `Reading stopped after ${steps} steps: ${text}`
}

/** When it is the page's turn, and how to wait until it has had it. */
function createPause() {
  let since = performance.now()
  return {
    isDue: () => performance.now() - since >= sliceMs,
    async take() {
      await new Promise((resolve) => setTimeout(resolve))
      since = performance.now()
    },
  }
}
