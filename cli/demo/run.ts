/** `standby run`: a replicated system in this process, with clients, faults and a story to watch; it ends with what was checked. */
import { type Command, Option } from 'commander'
import picocolors from 'picocolors'
import type { Observe } from '../../actors/ports.ts'
import { createLineFormat } from '../../runtime/observe/log.ts'
import type { StoryEvent, StoryLevel } from '../../runtime/observe/story.ts'
import { tee } from '../../runtime/observe/tee.ts'
import type { Inspector } from '../../runtime/serve/inspector/serve.ts'
import { createTrace, type Trace } from '../../runtime/trace/write.ts'
import { decimalNumber, duration, wholeNumber } from '../options.ts'
import { type Output, openOutput } from '../output.ts'
import { openTraceFile, type TraceFile } from '../trace-file.ts'
import { runLive } from './live.ts'
import { type Playground, startPlayground, timing } from './playground.ts'
import { counted, formatSummary } from './summary.ts'
import type { View } from './view.ts'

interface RunOptions {
  readonly for?: number
  readonly servers: number
  readonly clients: number
  readonly seed: number
  readonly rate: number
  readonly faults: boolean
  readonly trace?: string
  readonly inspector: boolean
  readonly port?: number
  readonly json?: true
  readonly plain?: true
  readonly level: StoryLevel
}

/** The options, and the address of the page; null without one. */
type Shown = RunOptions & { readonly address: string | null }

/** Adds the command to the program. */
export function registerRun(program: Command): void {
  program
    .command('run')
    .description('start a replicated key-value store in this process and watch it survive faults')
    .option('--for <duration>', 'end by itself after this long, such as 10s, 500ms or 2m', duration)
    .option('--servers <count>', 'servers: two hold the state, the others stand by', wholeNumber(1, 50), 3)
    .option('--clients <count>', 'clients, each with one call at a time', wholeNumber(1, 100), 3)
    .option('--seed <number>', 'what the clients choose to do', wholeNumber(0, 2 ** 31 - 1), 1)
    .option('--rate <number>', 'calls a second, of all clients together', decimalNumber(0.1, 1000), 12)
    .option('--no-faults', 'nothing is killed and nothing is cut')
    .option('--trace <file>', 'write everything that happens to this file, as JSON lines')
    .option('--no-inspector', 'do not serve the page that shows the run and lets you drive it')
    .option('--port <number>', 'where to serve that page; default: any free port', wholeNumber(0, 65_535))
    .addOption(
      new Option('--json', 'one JSON object a line: events, answers, and a summary last').conflicts('plain'),
    )
    .option('--plain', 'lines even on a terminal, instead of the live view')
    .addOption(
      new Option('--level <level>', 'how much detail is shown').choices(['story', 'debug']).default('story'),
    )
    .addHelpText(
      'after',
      '\nEnds with exit code 0, or 1 if a check failed. A wrong option ends with 2.\nThe same seed makes the same choices, but time is real: no two runs are alike.',
    )
    .action(async (options: RunOptions, command: Command) => {
      process.exitCode = await run(options, command)
    })
}

async function run(options: RunOptions, command: Command): Promise<number> {
  const { stdout } = process
  const output = openOutput(stdout)
  const tracing = openTrace(options, command)
  const isLive = stdout.isTTY && !options.json && !options.plain && process.env.TERM !== 'dumb'
  const inspector = await openInspector(options, command)
  const shown = { ...options, address: inspector?.url ?? null }
  const view = options.json
    ? jsonView(shown, output)
    : isLive
      ? runLive(shown, output)
      : lineView(shown, output)

  const { servers, clients, seed, rate, faults, level } = options
  const playground = startPlayground({
    servers,
    clients,
    seed,
    rate,
    faults,
    level,
    forMs: options.for ?? null,
    ...view.callbacks,
    ...observing(tracing?.trace.observe, inspector?.observe),
  })
  inspector?.drive(playground.cluster, playground.stopScript)

  const why = await ending(playground, options, output, (quit) => view.begin(playground, quit))
  view.end()
  if (why !== 'time' && why !== 'quit') {
    await playground.abandon()
    tracing?.close()
    await inspector?.close()
    if (why.error === null) return 0
    process.stderr.write(`standby: expected to write to standard output, got ${why.error.message}\n`)
    return 1
  }
  const judged = await playground.finish()
  const failure = tracing?.close() ?? null
  await inspector?.close()
  const summary =
    failure === null ? judged : { ...judged, ok: false, problems: [...judged.problems, failure] }
  view.summarise(summary)
  return summary.ok ? 0 : 1
}

/** Serves the page of the run. JSON lines are for programs, which get it only when they name a port. */
async function openInspector(options: RunOptions, command: Command): Promise<Inspector | null> {
  const { port = 0, json, seed } = options
  if (!options.inspector || (json && options.port === undefined)) return null
  const { serveInspector } = await import('../../runtime/serve/inspector/serve.ts')
  // Some ten seconds of the past, for a page that is opened late.
  const served = { port, pastMax: 4000, title: `standby run, seed ${seed}`, options: { ...options, timing } }
  return serveInspector(served).catch((error: Error) => {
    // A user who did not ask for the page can run without it.
    if (options.port !== undefined) return command.error(`error: ${error.message}`)
    process.stderr.write(`the page is not served: ${error.message}\n`)
    return null
  })
}

function observing(...given: readonly (Observe | undefined)[]): { observe?: Observe } {
  const [first, second] = given.filter((observe) => observe !== undefined)
  if (first === undefined) return {}
  return { observe: second === undefined ? first : tee(first, second).observe }
}

type Ending = 'time' | 'quit' | { readonly error: Error | null }

/** Waits for the run's end: time is up, the user quits, or the output is closed. A second quit ends the process. */
function ending(
  { clock }: Playground,
  { for: forMs }: RunOptions,
  output: Output,
  begin: (quit: () => void) => void,
): Promise<Ending> {
  return new Promise((resolve) => {
    let isEnding = false
    const end = (why: Ending) => {
      if (isEnding && why === 'quit') process.exit(130)
      isEnding = true
      if (timer !== null) clock.clearTimeout(timer)
      resolve(why)
    }
    const timer = forMs === undefined ? null : clock.setTimeout(() => end('time'), forMs)
    output.onClosed((error) => end({ error }))
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end('quit'))
    begin(() => end('quit'))
  })
}

interface Tracing {
  readonly trace: Trace
  /** What went wrong, in a sentence, or null. */
  close(): string | null
}

function openTrace(options: RunOptions, command: Command): Tracing | null {
  const path = options.trace
  if (path === undefined) return null
  let file: TraceFile
  try {
    file = openTraceFile(path)
  } catch (error) {
    command.error(
      `error: option '--trace <file>' expected a file that can be written, got ${(error as Error).message}`,
    )
  }
  const trace = createTrace({ write: file.write, seed: options.seed, options })
  return {
    trace,
    close() {
      trace.close()
      try {
        file.close()
      } catch (error) {
        return `the trace ${path} could not be written: ${(error as Error).message}`
      }
      if (trace.error === null) return null
      return `the trace ${path} could not be written: ${(trace.error as Error).message}`
    },
  }
}

/** Lines for a file, a pipe, or a terminal that shall keep them. */
function lineView(options: Shown, output: Output): View {
  const { servers, clients, seed, address } = options
  const colour = process.stdout.isTTY === true && picocolors.isColorSupported
  const { bold, dim } = picocolors.createColors(colour)
  let format: (event: StoryEvent) => string = () => ''
  let timer: { readonly stop: () => void } | null = null
  const early: StoryEvent[] = []
  let isBegun = false
  const write = (event: StoryEvent) => {
    if (isBegun) output.writeLine(format(event))
    else early.push(event)
  }
  const scene = (text: string, t: number) =>
    write({ t, kind: 'scene', node: null, state: null, lamport: null, operations: [], text })
  output.writeLine(
    `${bold('standby')}: a replicated key-value store in this process: a view service, ${counted(servers, 'server')}, ${counted(clients, 'client')} (seed ${seed})`,
  )
  output.writeLine(
    dim(
      'time, node, state of its chart, Lamport time, operation (session/sequence number/index), what happened',
    ),
  )
  if (address !== null) output.writeLine(`${dim('see and drive it at')} ${address}`)
  output.writeLine('')
  return {
    callbacks: { onEvent: write, onScene: scene },
    begin(playground) {
      const { clock } = playground
      const start = early[0]?.t ?? clock.now()
      format = createLineFormat({ colour, start })
      isBegun = true
      for (const event of early.splice(0)) write(event)
      const everyMs = Math.min(2000, Math.max(500, (options.for ?? 10_000) / 5))
      const tick = () => {
        handle = clock.setTimeout(tick, everyMs)
        write(noteOf(playground))
      }
      let handle = clock.setTimeout(tick, everyMs)
      timer = { stop: () => clock.clearTimeout(handle) }
    },
    end: () => timer?.stop(),
    summarise(summary) {
      const width = process.stdout.isTTY ? process.stdout.columns || 80 : 100
      output.writeLine('')
      for (const line of formatSummary(summary, width)) output.writeLine(line)
    },
  }
}

function noteOf({ counts, clock }: Playground): StoryEvent {
  const { answered, unanswered, waitMs } = counts()
  const fate = unanswered === 0 ? '' : `, ${unanswered} without an answer`
  const text = `${answered} operations answered so far${fate}; longest wait ${Math.round(waitMs.max ?? 0)} ms`
  return { t: clock.now(), kind: 'note', node: 'clients', state: null, lamport: null, operations: [], text }
}

/** JSON lines for programs; times count in milliseconds from the start. */
function jsonView(options: Shown, output: Output): View {
  let start: number | null = null
  const write = (value: object) => output.writeLine(JSON.stringify(value))
  const since = (t: number) => {
    start ??= t
    return Math.round(t - start)
  }
  const { for: forMs = null, servers, clients, seed, rate, faults, address } = options
  write({
    kind: 'run',
    servers,
    clients,
    seed,
    rate,
    faults,
    forMs,
    ...(address === null ? {} : { inspector: address }),
  })
  return {
    callbacks: {
      onEvent: ({ t, ...event }) => write({ ...event, t: since(t) }),
      onScene: (text, t) => write({ kind: 'scene', text, t: since(t) }),
      onAnswer: ({ client, command, tookMs, problem }, operation, t) =>
        write({ kind: 'answer', client, operation, ...command, tookMs, problem, t: since(t) }),
    },
    begin() {},
    end() {},
    summarise: (summary) => write({ kind: 'summary', ...summary }),
  }
}
