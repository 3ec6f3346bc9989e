/** `standby inspect`: serves the inspector with a trace, or for apps that send to it, and prints its address. */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Source } from '../runtime/serve/inspector/source.ts'
import { traceText } from '../runtime/trace/exports/index.ts'
import { headLength, recognise } from '../runtime/trace/imports/recognise.ts'
import { createTraceLineReader, TraceError } from '../runtime/trace/read.ts'
import { wholeNumber } from './options.ts'
import { inputHelp, readRun } from './run-input.ts'

/** Where `standbyInspector()` sends to, by default. */
const defaultInspectorPort = 4711

interface InspectOptions {
  readonly port?: number
  readonly listen?: true
  readonly open?: true
}

/** Adds the command to the program. */
export function registerInspect(program: Command): void {
  program
    .command('inspect')
    .argument('[trace...]', inputHelp)
    .description(
      'look at a trace in the inspector, step by step, or at the XState apps that run on this machine',
    )
    .option('--listen', 'show what apps send: those with `inspect: standbyInspector()`')
    .option(
      '--port <number>',
      `where to serve the page; 0 takes any free port (default: 0, with --listen ${defaultInspectorPort})`,
      wholeNumber(0, 65_535),
    )
    .option('--open', 'open it in the browser')
    .addHelpText('after', '\nServes to this machine only, until Ctrl+C.')
    .action(async (paths: string[], options: InspectOptions, command: Command) => {
      if ((paths.length === 0) === (options.listen === undefined))
        command.error('error: expected a trace or --listen; standby run --trace FILE writes one')
      const refuse = (error: Error) => command.error(`error: ${error.message}`)
      const { summary, served } =
        paths.length === 0 ? await listen(options).catch(refuse) : await show(paths, options).catch(refuse)
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        process.once(signal, () => void served.close().then(() => process.exit(0)))
      }
      process.stdout.write(`${summary}\n${served.url}\n(Ctrl+C ends it)\n`)
      if (options.open) openInBrowser(served.url)
    })
}

async function show(paths: readonly string[], { port = 0 }: InspectOptions) {
  const [path] = paths as [string]
  const isOwn = paths.length === 1 && path !== '-' && beginsAsTrace(path)
  const { servePage } = await import('../runtime/serve/inspector/page-server.ts')
  const { traceSource } = await import('../runtime/serve/inspector/trace-source.ts')
  const title = path === '-' ? 'standard input' : paths.map((one) => basename(one)).join(', ')
  if (isOwn) {
    const summary = checkedTrace(path)
    return { summary, served: await servePage({ port }, { kind: 'trace', title }, traceSource(path)) }
  }
  const { trace, format, notes } = await readRun(paths, { partial: true })
  for (const note of notes) process.stderr.write(`${note}\n`)
  const count = trace.steps.length === 1 ? '1 step. Look at it' : `${trace.steps.length} steps. Look at them`
  const summary = `${format ?? 'trace'}, ${count} here:`
  return {
    summary,
    served: await servePage({ port }, { kind: 'trace', title }, textSource(traceText(trace))),
  }
}

/** Whether a file is a trace as it is, which is sent in pieces however large it is. */
function beginsAsTrace(path: string): boolean {
  let head: Buffer
  try {
    const file = openSync(path, 'r')
    head = Buffer.alloc(headLength)
    head = head.subarray(0, readSync(file, head))
    closeSync(file)
  } catch (error) {
    throw new Error(`${path}: expected a trace that can be read, got ${(error as Error).message}`)
  }
  const text = head.toString('utf8')
  return text.trim() === '' || recognise(text) === 'trace' || /^\s*\{"format"/.test(text)
}

/** Sends the lines of a text to each page that opens. */
function textSource(text: string): Source {
  return ({ send, waiting }) => {
    let isStopped = false
    const run = async () => {
      for (let at = 0; at < text.length && !isStopped; ) {
        const end = text.indexOf('\n', Math.min(text.length, at + pieceLength))
        const until = end < 0 ? text.length : end
        send(text.slice(at, until).trimEnd())
        at = until + 1
        while (waiting() > waitingMax && !isStopped) await pause(20)
      }
    }
    void run()
    return () => {
      isStopped = true
    }
  }
}

const pieceLength = 256 * 1024
const waitingMax = 8 * 1024 * 1024

async function listen({ port = defaultInspectorPort }: InspectOptions) {
  const { servePage } = await import('../runtime/serve/inspector/page-server.ts')
  const { createRelay } = await import('../runtime/serve/inspector/relay.ts')
  const relay = createRelay(() => process.stdout.write('an app has begun to send\n'))
  const served = await servePage({ port }, { kind: 'live', title: 'XState apps' }, relay.source, relay)
  const { host } = new URL(served.url)
  return { summary: `Apps send to ws://${host}/feed, as standbyInspector() does. Look at them here:`, served }
}

/**
 * Reads it once, so that a wrong file is refused here, with the line, and not in the page.
 * @throws Error with the path and what is wrong
 */
function checkedTrace(path: string): string {
  const refuse = (what: string): never => {
    throw new Error(`${path}: ${what}`)
  }
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    return refuse(`expected a trace that can be read, got ${(error as Error).message}`)
  }
  const reader = createTraceLineReader()
  let start = 0
  try {
    while (start < text.length) {
      const end = text.indexOf('\n', start)
      const line = text.slice(start, end < 0 ? text.length : end)
      if (line.trim() !== '') reader.read(line, end < 0)
      start = end < 0 ? text.length : end + 1
    }
  } catch (error) {
    // A run that was cut short is still worth a look.
    const isCutShort = error instanceof TraceError && error.code === 'truncated' && reader.steps > 0
    if (!isCutShort) return refuse((error as Error).message)
  }
  if (text.trim() === '') return refuse('expected a trace, got an empty file; record the run again')
  return `${reader.steps} steps${reader.complete ? '' : ', cut short'}. Look at them here:`
}

/** Opens an address in the browser of this machine, if there is one. */
export function openInBrowser(url: string): void {
  const commands: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
    darwin: ['open', url],
    win32: ['cmd', '/c', 'start', '""', url],
  }
  const [command, ...parameters] = commands[process.platform] ?? ['xdg-open', url]
  const opened = spawn(command, parameters, { stdio: 'ignore', detached: true })
  opened.on('error', () =>
    process.stderr.write(`standby: no browser could be started; open ${url} yourself\n`),
  )
  opened.unref()
}
