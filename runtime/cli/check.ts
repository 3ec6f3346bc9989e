/** `standby check` and `standby replay`: exhaustive search of a scenario, and the counterexample again. */
import { readFileSync, writeFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import picocolors from 'picocolors'
import { type CheckResult, check } from '../check/check.ts'
import { story } from '../check/counterexample.ts'
import type { LivenessFailure, LivenessResult } from '../check/liveness.ts'
import { repeat, type SavedRun, savedRunIn, traceOf } from '../check/run-trace.ts'
import { type Scenario, scenarioNamed, scenarios } from '../check/scenarios.ts'
import { type ReadTrace, readTrace, TraceError } from '../observe/read-trace.ts'
import { duration, wholeNumber } from './options.ts'
import { progressLine } from './progress-line.ts'

interface CheckCommandOptions {
  readonly depth?: number
  readonly states?: number
  readonly for?: number
  readonly memory: number
  readonly order: 'breadth-first' | 'depth-first' | 'random-walk'
  readonly walk?: true
  readonly seed: number
  readonly walks?: number
  readonly steps?: number
  readonly liveness?: number | true
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
        .choices(['breadth-first', 'depth-first', 'random-walk'])
        .default('breadth-first'),
    )
    .option('--walk', 'the same as --order random-walk: deep runs that are drawn from a seed')
    .option('--seed <number>', 'of random walks', wholeNumber(0, 2 ** 31 - 1), 1)
    .option('--walks <count>', 'how many walks (default: 1000)', wholeNumber(1, 1_000_000_000))
    .option('--steps <count>', 'steps of one walk (default: 1000)', wholeNumber(1, 1_000_000))
    .addOption(
      new Option('--reduction <kind>', 'sends: steps that only send are taken at once')
        .choices(['sends', 'none'])
        .default('sends'),
    )
    .option(
      '--liveness [samples]',
      'show of this many states (default: 200) that every call is answered once nothing fails any more',
      wholeNumber(1, 1_000_000),
    )
    .option('--trace <file>', 'where a counterexample is saved (default: counterexample-SCENARIO.jsonl)')
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
    .description('repeat a counterexample that standby check has saved, on the charts as they are now')
    .argument('<file>', 'the trace that was saved')
    .addHelpText(
      'after',
      '\nEnds with 0 where the property holds now, 1 where it still fails, 3 where the steps cannot happen any more, 5 where\nthere is no such property to judge; a file that is no such trace ends with 2.',
    )
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
  const walk = options.walk === true || options.order === 'random-walk'
  const result = check(scenario.system(), {
    order: walk ? 'random-walk' : options.order,
    seed: options.seed,
    ...(options.liveness === undefined
      ? {}
      : {
          liveness: {
            seed: options.seed,
            ...(options.liveness === true ? {} : { samples: options.liveness }),
          },
        }),
    reduction: options.reduction,
    bounds: {
      bytes: options.memory * 2 ** 20,
      ...(options.depth === undefined ? {} : { depth: options.depth }),
      ...(options.states === undefined ? {} : { states: options.states }),
      ...(options.walks === undefined ? {} : { walks: options.walks }),
      ...(options.steps === undefined ? {} : { steps: options.steps }),
      ...(options.for === undefined ? {} : { seconds: options.for / 1000 }),
    },
    progress: ({ states, statesPerSecond, depth, frontier, bytes }) =>
      progress.show(
        null,
        walk
          ? `${count(states)} states, ${count(statesPerSecond)}/s, longest walk ${depth}`
          : `${count(states)} states, ${count(statesPerSecond)}/s, depth ${depth}, frontier ${count(frontier)}, ${Math.round(bytes / 2 ** 20)} MiB`,
      ),
  })
  progress.end()
  const shown = result.violation ?? result.liveness?.failures[0] ?? null
  const path = shown === null ? null : saved(scenario, shown, options)
  const seed = walk ? options.seed : null
  if (options.json) console.log(JSON.stringify(summaryOf(scenario, result, seed)))
  else describe(scenario, result, path, seed)
  return exitCodes[result.verdict]
}

function describe(scenario: Scenario, result: CheckResult, path: string | null, seed: number | null): void {
  const { verdict, bound, states, transitions, depth, seconds, bytes, violation, goals, walks, liveness } =
    result
  const colour = exitCodes[verdict] === 0 ? picocolors.green : picocolors.red
  const isBounded = bound === null ? '' : ` by ${bound}`
  console.log(`${scenario.name}: ${colour(`${verdict}${isBounded}`)}`)
  console.log(`  ${scenario.about}`)
  console.log(
    walks === undefined
      ? `  ${count(states)} states and ${count(transitions)} transitions, ${depth} steps deep`
      : `  seed ${seed}: ${count(walks)} walks of ${count(transitions)} steps in all, the longest ${depth}; ${count(states)} distinct states`,
  )
  const size =
    states < 100_000 ? `${Math.round(bytes / 2 ** 20)} MiB` : `${(bytes / states).toFixed(0)} bytes a state`
  console.log(
    `  ${seconds.toFixed(1)} s, ${count(Math.round(states / seconds))} states/s${walks === undefined ? `, ${size}` : ''}`,
  )
  for (const { name, run } of goals) {
    console.log(
      `  ${run === null ? picocolors.yellow('not reached') : 'reached'}: ${name}${run === null ? '' : ` (${run.steps.length} steps)`}`,
    )
  }
  if (liveness !== null) describeLiveness(liveness)
  const shown: Shown | null = violation ?? liveness?.failures[0] ?? null
  if (shown === null) return
  console.log(`\n${picocolors.red(shown.name)}\n  ${shown.reason}\n\n${shown.story}\n`)
  if (path !== null)
    console.log(`repeat it:\n  standby replay ${path}\nlook at it:\n  standby inspect ${path}`)
}

function describeLiveness({ seed, sampled, stuck, failed, slowestMs }: LivenessResult): void {
  const verdict = failed === 0 ? picocolors.green('live') : picocolors.red(`${count(failed)} times not live`)
  console.log(
    `  ${verdict}: of ${count(sampled)} states (seed ${seed}) ${count(stuck)} wait for a server that is gone; from the others the goals come about within ${slowestMs} ms once nothing fails`,
  )
}

/** What a counterexample is told by, of a violation as of a goal that does not come about. */
type Shown = Pick<LivenessFailure, 'name' | 'reason' | 'run' | 'story'>

/** Saves a counterexample as a trace; its path, or null where that failed, which is then said. */
function saved(
  scenario: Scenario,
  { run, name, reason }: Shown,
  options: CheckCommandOptions,
): string | null {
  const path = options.trace ?? `counterexample-${scenario.name}.jsonl`
  try {
    const violation = { name, reason }
    writeFileSync(path, traceOf(scenario.system(), run, { scenario: scenario.name, violation }))
    return path
  } catch (error) {
    console.error(`error: expected to write the trace to ${path}, got ${(error as Error).message}`)
    return null
  }
}

/** What became of a run that was repeated, as an exit code; 2 is an argument that is wrong. */
const replayCodes = { holds: 0, fails: 1, impossible: 3, unknown: 5 } as const

function runReplay(file: string, command: Command): number {
  const run = savedIn(file, command)
  if (run.scenario === null) {
    return command.error(
      `error: expected a trace of a scenario in ${file}, got one of a system of your own; repeat it with repeat(system, savedRunIn(readTrace(text))) of standby/check`,
    )
  }
  const scenario = named(run.scenario, command)
  const { run: repeated, verdict } = repeat(scenario.system(), run)
  if (repeated === null) {
    console.log(
      `${picocolors.yellow('not repeatable')}: in ${scenario.name} these steps cannot happen any more; the charts or the scenario have changed`,
    )
    return replayCodes.impossible
  }
  console.log(`${scenario.name}, ${repeated.steps.length} steps\n\n${story(repeated)}\n`)
  if (verdict === null) {
    const asked =
      run.property === null ? 'the trace names no property' : `no property is called "${run.property}"`
    console.log(`${picocolors.yellow('repeated, not judged')}: ${asked}`)
    return replayCodes.unknown
  }
  if (verdict === true) {
    console.log(`${picocolors.green('holds now')}: ${run.property}`)
    return replayCodes.holds
  }
  console.log(`${picocolors.red('still fails')}: ${run.property}\n  ${verdict}`)
  return replayCodes.fails
}

function savedIn(file: string, command: Command): SavedRun {
  let trace: ReadTrace
  try {
    trace = readTrace(readFileSync(file, 'utf8'), { partial: true })
  } catch (error) {
    const problem = error instanceof TraceError ? error.message : (error as Error).message
    return command.error(`error: expected a trace in ${file}, got ${problem}`)
  }
  if (!trace.complete) {
    return command.error(
      `error: expected a whole trace in ${file}, got one without its end; save it again with standby check`,
    )
  }
  const run = savedRunIn(trace)
  if (run !== null) return run
  const { seed } = trace.header
  const way =
    seed === null ? 'standby check writes such a trace' : `standby simulate --seed ${seed} repeats this one`
  return command.error(
    `error: expected a counterexample of standby check in ${file}, got the trace of another run; ${way}`,
  )
}

function summaryOf(
  { name }: Scenario,
  { violation, goals, liveness, ...numbers }: CheckResult,
  seed: number | null,
) {
  return {
    scenario: name,
    seed,
    ...numbers,
    violation:
      violation === null
        ? null
        : {
            name: violation.name,
            reason: violation.reason,
            steps: violation.run.steps.map(({ happening }) => happening),
          },
    liveness:
      liveness === null
        ? null
        : {
            ...liveness,
            failures: liveness.failures.map(({ name: goal, reason, run }) => ({
              name: goal,
              reason,
              steps: run.steps.map(({ happening }) => happening),
            })),
          },
    goals: goals.map((goal) => ({ name: goal.name, steps: goal.run?.steps.length ?? null })),
  }
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
