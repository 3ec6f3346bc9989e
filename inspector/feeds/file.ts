/** Feeds from a trace as text: a file, however large, read piece by piece, or a text that was pasted or embedded. */
import { createTraceLineReader, TraceError } from '../../runtime/trace/read.ts'
import type { Feed, FeedSink } from './feed.ts'
import { type ForeignReader, foreignReader, headerFor } from './foreign-run.ts'

/** Milliseconds of work after which the page gets its turn. */
const sliceMs = 24

/** Reads a file that a person chose or dropped: a trace, or a run in the format of another tool. */
export function fileFeed(file: Blob): Feed {
  return (sink) => {
    let isStopped = false
    void read(file, sink, () => isStopped)
    return () => {
      isStopped = true
    }
  }
}

async function read(file: Blob, sink: FeedSink, isStopped: () => boolean): Promise<void> {
  const foreign = foreignReader(await file.slice(0, headBytes).text())
  await (foreign === null
    ? readPieces(piecesOf(file), sink, isStopped)
    : readForeign(file, foreign, sink, isStopped))
}

/** What is looked at to know the format of a file. */
const headBytes = 8192

async function readForeign(
  file: Blob,
  foreign: ForeignReader,
  sink: FeedSink,
  isStopped: () => boolean,
): Promise<void> {
  const pause = createPause()
  let count = 0
  try {
    if (file.size > lineMax) {
      throw new Error(`expected at most ${lineMax / 1024 / 1024} MB in this format; cut the file into parts`)
    }
    const run = await foreign(await file.text())
    for (const step of run.steps) {
      if (isStopped()) return
      if (count === 0) sink.header(headerFor(run))
      sink.step(step)
      count += 1
      if (pause.isDue()) await pause.take()
    }
    for (const note of run.notes) sink.problem(note)
    sink.end({ end: true, steps: count, dropped: 0 })
  } catch (error) {
    sink.problem(sentence(error, count))
  }
}

/** Reads a text: pasted, or embedded in the page. */
export function textFeed(text: string): Feed {
  return fileFeed(new Blob([text]))
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
      if (rest.length > lineMax) throw new Error(tooLong)
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

const lineMax = 64 * 1024 * 1024
const tooLong = `expected lines of a trace, got one of more than ${lineMax / 1024 / 1024} MB; is it a file that --trace wrote?`

const parserHint =
  '. A log for ShiViz begins with its parser, such as (?<host>\\S*) (?<clock>{.*}) (?<event>.*)'

function sentence(error: unknown, steps: number): string {
  if (error instanceof TraceError && error.code === 'truncated' && steps > 0) {
    return `The trace breaks off in the middle of line ${error.line}, after ${steps} steps: the run was cut short. What is there is shown.`
  }
  let text = error instanceof Error ? error.message : String(error)
  if (error instanceof TraceError && error.code === 'notATrace') text += parserHint
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
