/** `standby judge`: is a history linearizable, of a key-value system or by another model? */
import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import picocolors from 'picocolors'
import { checkHistory } from '../proof/history/check-history.ts'
import { formatHistory, HistoryError } from '../proof/history/history.ts'
import { type AnyOperation, modelOf, readHistory } from './judged-history.ts'
import { duration, wholeNumber } from './options.ts'

interface JudgeOptions {
  readonly for?: number
  readonly steps?: number
  readonly page?: string
  readonly json?: true
  readonly model?: string
  readonly initial?: string
  readonly explain: boolean
}

const exitCodes = { ok: 0, illegal: 1, unknown: 3 } as const

/** Adds the command to the program. */
export function registerJudge(program: Command): void {
  program
    .command('judge')
    .description('judge whether a history is linearizable: ok, illegal or unknown')
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
    .option(
      '--model <model>',
      'register, cas-register, mutex, queue, set, or a module whose default export is a model (default: key-value)',
    )
    .option('--initial <json>', 'the first state of the model, such as 0')
    .option('--no-explain', 'do not look for the answers that contradict each other')
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

async function judge(file: string, options: JudgeOptions, command: Command): Promise<number> {
  const name = options.model ?? 'key-value'
  const model = await modelOf(name, options, command)
  const history = await readHistory(file, name, command)
  let judgement: ReturnType<typeof checkHistory<never, object, unknown, AnyOperation>>
  try {
    judgement = checkHistory(model, history, {
      explain: options.explain,
      ...(options.for === undefined ? {} : { timeLimitMs: options.for }),
      ...(options.steps === undefined ? {} : { stepsMax: options.steps }),
    })
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error
    return command.error(`error: ${file}: ${error.message}`)
  }
  const { verdict } = judgement
  if (options.page !== undefined) {
    const { renderHistory } = await import('../proof/history/page/index.ts')
    try {
      writeFileSync(options.page, renderHistory(history, judgement, { model }))
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
      for (const operation of judgement.breaking) console.log(`    ${lineOf(operation, name)}`)
    }
  }
  return exitCodes[verdict]
}

/** An operation as a line of a history. */
function lineOf(operation: AnyOperation, model: string): string {
  return model === 'key-value' ? formatHistory([operation as never]).trimEnd() : JSON.stringify(operation)
}
