/** `standby test-a-chart`: looks over the machines that a module exports, by the semantics of statecharts. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import type { AnyStateMachine } from 'xstate'
import { type LintReport, lintChart, lintText } from '../proof/testing/lint.ts'
import type { AnyEvent } from '../proof/testing/moment.ts'
import { loadModule } from '../runtime/load-module.ts'
import { wholeNumber } from './options.ts'

interface TestAChartOptions {
  readonly machine?: string
  readonly events?: string
  readonly input?: string
  readonly states: number
  readonly strict?: true
  readonly json?: true
}

/** Adds the command to the program. */
export function registerTestAChart(program: Command): void {
  program
    .command('test-a-chart')
    .description('find unreachable states, dead transitions and other faults of XState machines')
    .argument('<file>', 'a module that exports one or more machines')
    .option('--machine <name>', 'only the machine of this export or id')
    .option('--events <json>', 'events to try, with their data: a JSON list, or @FILE that holds one')
    .option('--input <json>', 'input of the machine: JSON, or @FILE')
    .option('--states <count>', 'visit no more states than this', wholeNumber(1, 1_000_000), 10_000)
    .option('--strict', 'end with 1 also for what is only likely')
    .option('--json', 'the reports as a JSON list')
    .addHelpText(
      'after',
      '\nWithout --events, each event is tried without data, so a guard that reads the data may look wrong (marked ?).' +
        '\nEnds with 0 if nothing certain was found, 1 if something was, 2 for a file or an option that does not work.',
    )
    .action(async (file: string, options: TestAChartOptions, command: Command) => {
      const machines = await machinesIn(file, options.machine, command)
      const events = jsonOf<readonly AnyEvent[]>('--events', options.events, command)
      const input = jsonOf('--input', options.input, command)
      if (
        events !== undefined &&
        !(Array.isArray(events) && events.every((one) => typeof one?.type === 'string'))
      )
        command.error(`error: option '--events <json>' expected a list of events such as [{"type":"OPEN"}]`)
      const reports = machines.map((machine) =>
        lintChart(machine, { statesMax: options.states, input, ...(events === undefined ? {} : { events }) }),
      )
      console.log(options.json ? JSON.stringify(reports, null, 2) : reports.map(lintText).join('\n\n'))
      process.exitCode = reports.some((report) => isFaulty(report, options.strict === true)) ? 1 : 0
    })
}

function isFaulty({ findings }: LintReport, strict: boolean): boolean {
  return findings.some(({ certainty }) => strict || certainty === 'certain')
}

async function machinesIn(
  file: string,
  name: string | undefined,
  command: Command,
): Promise<readonly AnyStateMachine[]> {
  let module: Record<string, unknown>
  try {
    module = await loadModule(pathToFileURL(resolve(file)).href)
  } catch (error) {
    return command.error(`error: expected ${file} to be a module that loads, got ${(error as Error).message}`)
  }
  const machines = Object.entries(module).filter(([, value]) => isMachine(value)) as [
    string,
    AnyStateMachine,
  ][]
  const chosen = machines.filter(([key, { id }]) => name === undefined || key === name || id === name)
  if (chosen.length > 0) return [...new Set(chosen.map(([, machine]) => machine))]
  const there = machines.map(([key, { id }]) => `${key} (${id})`).join(', ') || 'no machine'
  return command.error(
    `error: expected ${file} to export ${name === undefined ? 'a machine made by createMachine or setup' : `a machine ${name}`}, got ${there}`,
  )
}

function isMachine(value: unknown): boolean {
  return typeof (value as Partial<AnyStateMachine> | null)?.resolveState === 'function'
}

function jsonOf<Value>(option: string, text: string | undefined, command: Command): Value | undefined {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text.startsWith('@') ? readFileSync(text.slice(1), 'utf8') : text) as Value
  } catch (error) {
    return command.error(
      `error: option '${option} <json>' expected JSON, or @FILE, got ${(error as Error).message}`,
    )
  }
}
