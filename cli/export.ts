/** `standby export`: a trace in the format of another tool, or as a page that can be mailed. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Command, Option } from 'commander'
import { type ExportOptions, exportFormats, toStory } from '../runtime/trace/exports/index.ts'
import { type ReadTrace, TraceError } from '../runtime/trace/read.ts'
import { wholeNumber } from './options.ts'
import { openOutput } from './output.ts'
import { inputHelp, type RunInput, readRun } from './run-input.ts'

interface Options extends ExportOptions {
  readonly as?: string
  readonly output?: string
  readonly partial?: true
}

const page = { id: 'html', title: 'The inspector with the trace inside, as one file', extension: '.html' }
const formats = [page, ...exportFormats]
const stepNumber = wholeNumber(0, Number.MAX_SAFE_INTEGER)

/** Adds the command to the program. */
export function registerExport(program: Command): void {
  program
    .command('export')
    .description('turn a trace into the format of another tool, or into a page to mail')
    .argument('<trace...>', inputHelp)
    .addOption(
      new Option('--as <format>', 'default: what the name after -o ends with').choices(
        formats.map(({ id }) => id),
      ),
    )
    .option('-o, --output <file>', 'write to this file instead of standard output')
    .option('--from <step>', 'itf, mermaid, svg: the first step', stepNumber)
    .option('--to <step>', 'mermaid, svg, vitest: the last step', stepNumber)
    .option('--step <step>', 'vitest: the step to test', stepNumber)
    .option('--machine <id>', 'statechart: which one')
    .option('--partial', 'take a trace whose end is missing')
    .addHelpText(
      'after',
      `\nFormats:\n${formats.map(({ id, title, extension }) => `  ${id.padEnd(11)} ${extension.padEnd(13)} ${title}`).join('\n')}`,
    )
    .action((files: string[], options: Options, command: Command) => exportTrace(files, options, command))
}

function exportTrace(files: readonly string[], options: Options, command: Command): void | Promise<void> {
  const format = formatOf(options, command)
  const finish = ({ trace, notes }: RunInput) => {
    for (const note of notes) process.stderr.write(`${note}\n`)
    const text = write(format, trace, options)
    if (options.output !== undefined) writeFileSync(options.output, text)
    else openOutput(process.stdout).writeLine(text.replace(/\n$/, ''))
  }
  const refuse = (error: unknown) => {
    if (!isForUser(error)) throw error
    const name = error instanceof TraceError ? `${files[0]}: ` : ''
    const hint =
      error instanceof TraceError && error.code === 'truncated' ? '; --partial takes what is there' : ''
    command.error(`error: ${name}${error.message}${hint}`)
  }
  try {
    const input = readRun(files, { partial: options.partial === true })
    if (input instanceof Promise) return input.then(finish).catch(refuse)
    finish(input)
  } catch (error) {
    refuse(error)
  }
}

function formatOf({ as, output = '' }: Options, command: Command): string {
  if (as !== undefined) return as
  const fitting = formats
    .filter(({ extension }) => output.endsWith(extension))
    .sort((a, b) => b.extension.length - a.extension.length)[0]
  if (fitting !== undefined) return fitting.id
  return command.error(
    `error: expected a format, got none; say --as ${formats.map(({ id }) => id).join('|')}, or -o with a name such as story.html`,
  )
}

function write(id: string, trace: ReadTrace, options: ExportOptions): string {
  const format = exportFormats.find((one) => one.id === id)
  return format === undefined ? toStory(trace, pageText()) : format.write(trace, options)
}

function pageText(): string {
  const path = join(dirname(createRequire(import.meta.url).resolve('standby/package.json')), 'inspector.html')
  if (existsSync(path)) return readFileSync(path, 'utf8')
  throw new Error(`expected the page at ${path}, got nothing; build it with npm run build`)
}

/** What a person can do something about: a wrong file, a wrong trace, a wrong choice. */
function isForUser(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof TypeError) && !(error instanceof ReferenceError)
}
