/** `standby check` and `standby replay`: exhaustive search of a scenario, and the counterexample again. */
import { readFileSync, writeFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import picocolors from 'picocolors'
import { type CheckResult, check } from '../check/check.ts'
import { replay, story } from '../check/counterexample.ts'
import type { Happening } from '../check/locals.ts'
import { type Scenario, scenarioNamed, scenarios } from '../check/scenarios.ts'
import { Search } from '../check/search.ts'
import { duration, wholeNumber } from './options.ts'
import { progressLine } from './progress-line.ts'

interface CheckCommandOptions {
  readonly depth?: number
  readonly states?: number
  readonly for?: number
  readonly memory: number
  readonly order: 'breadth-first' | 'depth-first'
  readonly reduction: 'sends' | 'none'
  readonly trace?: string
  readonly json?: true
}

const exitCodes: Record<CheckResult['verdict'], number> = {
  exhausted: 0,
  bounded: 0,
  violated: 1,
  'goal not found': 3,
}

/** Adds the commands to the program. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('search everything that can happen in a scenario')
    .argument('[scenario]', 'its name; without one, the scenarios are listed')
    .option(
      '--depth <steps>',
      'no further than this many steps from the beginning',
      wholeNumber(1, 1_000_000),
    )
    .option('--states <count>', 'no more distinct states than this', wholeNumber(1, 1_000_000_000))
    .option('--for <duration>', 'no longer than this, such as 10s or 5m', duration)
    .option(
      '--memory <mebibytes>',
      'no more for states and index than this',
      wholeNumber(16, 1_000_000),
      6144,
    )
    .addOption(
      new Option('--order <order>', 'which state is explored next')
        .choices(['breadth-first', 'depth-first'])
        .default('breadth-first'),
    )
    .addOption(
      new Option('--reduction <kind>', 'sends: steps that only send are taken at once')
        .choices(['sends', 'none'])
        .default('sends'),
    )
    .option('--trace <file>', 'where a counterexample is saved (default: counterexample-SCENARIO.json)')
    .option('--json', 'the result as one JSON object')
    .addHelpText(
      'after',
      '\nEnds with 0 for exhausted or bounded, 1 for violated, 3 where a goal was not found; a wrong option ends with 2.',
    )
    .action((name: string | undefined, options: CheckCommandOptions, command: Command) => {
      if (name === undefined) {
        for (const scenario of scenarios)
          console.log(`${picocolors.bold(scenario.name)}\n  ${scenario.about}`)
        return
      }
      process.exitCode = runCheck(named(name, command), options)
    })
  program
    .command('replay')
    .description('repeat a counterexample that standby check has saved')
    .argument('<file>', 'the saved counterexample')
    .action((file: string, _options: unknown, command: Command) => {
      process.exitCode = runReplay(file, command)
    })
}

function named(name: string, command: Command): Scenario {
  try {
    return scenarioNamed(name)
  } catch (error) {
    return command.error(`error: ${(error as Error).message}`)
  }
}

function runCheck(scenario: Scenario, options: CheckCommandOptions): number {
  const progress = progressLine()
  const result = check(scenario.system(), {
    order: options.order,
    reduction: options.reduction,
    bounds: {
      bytes: options.memory * 2 ** 20,
      ...(options.depth === undefined ? {} : { depth: options.depth }),
      ...(options.states === undefined ? {} : { states: options.states }),
      ...(options.for === undefined ? {} : { seconds: options.for / 1000 }),
    },
    progress: ({ states, statesPerSecond, depth, frontier, bytes }) =>
      progress.show(
        null,
        `${count(states)} states, ${count(statesPerSecond)}/s, depth ${depth}, frontier ${count(frontier)}, ${Math.round(bytes / 2 ** 20)} MiB`,
      ),
  })
  progress.end()
  const path = result.violation === null ? null : saved(scenario, result.violation, options)
  if (options.json) console.log(JSON.stringify(summaryOf(scenario, result)))
  else describe(scenario, result, path)
  return exitCodes[result.verdict]
}

function describe(scenario: Scenario, result: CheckResult, path: string | null): void {
  const { verdict, bound, states, transitions, depth, seconds, bytes, violation, goals } = result
  const colour = exitCodes[verdict] === 0 ? picocolors.green : picocolors.red
  const isBounded = bound === null ? '' : ` by ${bound}`
  console.log(`${scenario.name}: ${colour(`${verdict}${isBounded}`)}`)
  console.log(`  ${scenario.about}`)
  console.log(`  ${count(states)} states and ${count(transitions)} transitions, ${depth} steps deep`)
  console.log(
    `  ${seconds.toFixed(1)} s, ${count(Math.round(states / seconds))} states/s, ${states < 100_000 ? `${Math.round(bytes / 2 ** 20)} MiB` : `${(bytes / states).toFixed(0)} bytes a state`}`,
  )
  for (const { name, run } of goals) {
    console.log(
      `  ${run === null ? picocolors.yellow('not reached') : 'reached'}: ${name}${run === null ? '' : ` (${run.steps.length} steps)`}`,
    )
  }
  if (violation === null) return
  console.log(`\n${picocolors.red(violation.name)}\n  ${violation.reason}\n\n${violation.story}\n`)
  console.log(`repeat it:\n  standby replay ${path}`)
}

interface SavedRun {
  readonly format: 'standby-counterexample'
  readonly version: 1
  readonly scenario: string
  readonly property: string
  readonly happenings: readonly Happening[]
}

function saved(
  scenario: Scenario,
  violation: NonNullable<CheckResult['violation']>,
  options: CheckCommandOptions,
): string {
  const path = options.trace ?? `counterexample-${scenario.name}.json`
  const run: SavedRun = {
    format: 'standby-counterexample',
    version: 1,
    scenario: scenario.name,
    property: violation.name,
    happenings: violation.run.steps.map(({ happening }) => happening),
  }
  writeFileSync(path, `${JSON.stringify(run, null, 2)}\n`)
  return path
}

function runReplay(file: string, command: Command): number {
  let run: SavedRun
  try {
    run = JSON.parse(readFileSync(file, 'utf8')) as SavedRun
  } catch (error) {
    return command.error(`error: expected a counterexample in ${file}, got ${(error as Error).message}`)
  }
  if (run.format !== 'standby-counterexample' || run.version !== 1) {
    return command.error(
      `error: expected a counterexample of version 1 in ${file}; standby check writes one when it finds a violation`,
    )
  }
  const search = new Search(named(run.scenario, command).system(), 'none')
  const repeated = replay(search, run.happenings)
  if (repeated === null) {
    console.log(`${run.scenario}: these steps can no longer happen; the charts or the scenario have changed`)
    return 0
  }
  console.log(story(repeated))
  const verdict = search.invariant(run.property, repeated.state)
  console.log(
    verdict === true ? `\n${run.property}: holds now` : `\n${picocolors.red(run.property)}\n  ${verdict}`,
  )
  return verdict === true ? 0 : 1
}

function summaryOf({ name }: Scenario, { violation, goals, ...numbers }: CheckResult) {
  return {
    scenario: name,
    ...numbers,
    violation:
      violation === null
        ? null
        : {
            name: violation.name,
            reason: violation.reason,
            steps: violation.run.steps.map(({ happening }) => happening),
          },
    goals: goals.map((goal) => ({ name: goal.name, steps: goal.run?.steps.length ?? null })),
  }
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
