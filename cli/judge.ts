/** `standby judge`: is a history of any key-value system linearizable? */
import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import picocolors from 'picocolors'
import { checkHistory } from '../proof/history/check-history.ts'
import { formatHistory, parseHistory } from '../proof/history/history.ts'
import { keyValueModel } from '../proof/history/key-value/model.ts'
import { allFormats } from '../runtime/trace/imports/all-formats.ts'
import { type ForeignFormat, headerFor } from '../runtime/trace/imports/foreign-run.ts'
import { matchesIn } from '../runtime/trace/imports/log-matches.ts'
import { headLength, recognise } from '../runtime/trace/imports/recognise.ts'
import { readTrace } from '../runtime/trace/read.ts'
import { readInput } from './input.ts'
import { duration, wholeNumber } from './options.ts'

interface JudgeOptions {
  readonly for?: number
  readonly steps?: number
  readonly page?: string
  readonly json?: true
}

const exitCodes = { ok: 0, illegal: 1, unknown: 3 } as const

/** Adds the command to the program. */
export function registerJudge(program: Command): void {
  program
    .command('judge')
    .description('judge a history of any key-value system: ok, illegal or unknown')
    .argument(
      '<history>',
      'JSON lines of {"client","op","key","value","output","call","return"}, a history of Jepsen (EDN or log), or a trace; gzip is unpacked; - reads standard input',
    )
    .option('--for <duration>', 'give up with unknown after this long, such as 10s', duration)
    .option(
      '--steps <count>',
      'give up with unknown after this many steps of search (default: 20000000)',
      wholeNumber(1, 1_000_000_000_000),
    )
    .option('--page <file>', 'draw it as one HTML file')
    .option('--json', 'the verdict as one JSON object')
    .addHelpText(
      'after',
      '\nop is put, append, get, delete or compareAndSet (with "expected"); call and return are numbers of one global event\ncounter, return is null for a call that was never answered. Ends with 0 for ok, 1 for illegal, 3 for unknown.',
    )
    .action(async (file: string, options: JudgeOptions, command: Command) => {
      process.exitCode = await judge(file, options, command)
    })
}

/** JSON lines of operations, or the calls of a run: a history of Jepsen, or a trace of ours. */
async function historyIn(file: string): Promise<ReturnType<typeof parseHistory>> {
  const text = readInput(file)
  const format = recognise(text.slice(0, headLength), allFormats)
  if (format === null) return parseHistory(text)
  const { createRun } = await import('../inspector/model/run.ts')
  const { historyOf } = await import('../inspector/model/operations.ts')
  const { header, steps } =
    format === 'trace' ? readTrace(text, { partial: true }) : await foreign(format, file, text)
  const run = createRun(header, { stepsMax: Number.POSITIVE_INFINITY })
  run.append(steps)
  const history = historyOf(run)
  if (history !== null) return history
  throw new Error('expected calls of a key-value store in the run, got none or others')
}

async function foreign(format: ForeignFormat, name: string, text: string) {
  const run = await format.read([{ name, text }], { match: matchesIn })
  return { header: headerFor(run), steps: [...run.steps] }
}

async function judge(file: string, options: JudgeOptions, command: Command): Promise<number> {
  let history: ReturnType<typeof parseHistory>
  try {
    history = await historyIn(file)
  } catch (error) {
    const isOurs = !(error instanceof TypeError || error instanceof ReferenceError)
    if (!isOurs) throw error
    return command.error(`error: ${file}: ${(error as Error).message}`)
  }
  const judgement = checkHistory(keyValueModel, history, {
    ...(options.for === undefined ? {} : { timeLimitMs: options.for }),
    ...(options.steps === undefined ? {} : { stepsMax: options.steps }),
  })
  const { verdict } = judgement
  if (options.page !== undefined) {
    const { renderHistory } = await import('../proof/history/page/index.ts')
    try {
      writeFileSync(options.page, renderHistory(history, judgement))
    } catch (error) {
      return command.error(
        `error: option '--page <file>' expected a file that can be written, got ${(error as Error).message}`,
      )
    }
  }
  if (options.json) console.log(JSON.stringify(judgement))
  else {
    const colour = verdict === 'ok' ? picocolors.green : picocolors.red
    console.log(`${colour(verdict)}: ${history.length} operations`)
    if (judgement.reason !== null && judgement.reason !== undefined) console.log(`  ${judgement.reason}`)
    if (verdict === 'illegal') {
      console.log(
        `  the longest linearizable prefix has ${judgement.longestPrefix.length} operations; these break it:`,
      )
      for (const line of formatHistory(judgement.breaking).trimEnd().split('\n')) console.log(`    ${line}`)
    }
  }
  return exitCodes[verdict]
}
