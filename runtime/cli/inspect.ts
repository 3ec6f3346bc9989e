/** `standby inspect`: serves the page with a trace in it, and says where. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { createTraceLineReader, TraceError } from '../observe/read-trace.ts'
import { wholeNumber } from './options.ts'

interface InspectOptions {
  readonly port: number
  readonly open?: true
}

/** Adds the command to the program. */
export function registerInspect(program: Command): void {
  program
    .command('inspect')
    .argument('<trace>', 'a file that --trace wrote: of a run, a seed, or a counterexample')
    .description('look at a trace in the inspector, step by step')
    .option('--port <number>', 'where to serve the page; 0 takes any free port', wholeNumber(0, 65_535), 0)
    .option('--open', 'open it in the browser')
    .addHelpText('after', '\nServes to this machine only, until Ctrl+C.')
    .action(async (path: string, options: InspectOptions, command: Command) => {
      const told = checkedTrace(path, command)
      const { servePage } = await import('../inspector/serve.ts')
      const { traceSource } = await import('../inspector/trace-source.ts')
      const hello = { kind: 'trace', title: basename(path) }
      const served = await servePage(options, hello, traceSource(path)).catch((error: Error) =>
        command.error(`error: ${error.message}`),
      )
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        process.once(signal, () => void served.close().then(() => process.exit(0)))
      }
      process.stdout.write(`${told}\n${served.url}\n(Ctrl+C ends it)\n`)
      if (options.open) openInBrowser(served.url)
    })
}

/** Reads it once, so that a wrong file is refused here, with the line, and not in the page. */
function checkedTrace(path: string, command: Command): string {
  const refuse = (what: string): never => command.error(`error: ${path}: ${what}`)
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

function openInBrowser(url: string): void {
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
