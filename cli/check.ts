/** `standby check`: search of a scenario, exhaustive or by random walks. */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import picocolors from 'picocolors'
import { type CheckResult, check } from '../proof/check/check.ts'
import type { LivenessFailure, LivenessResult } from '../proof/check/liveness.ts'
import type { CheckOptions } from '../proof/check/options.ts'
import { checkInParallel, type SystemSource } from '../proof/check/parallel/index.ts'
import { repeat, traceOf } from '../proof/check/run-trace.ts'
import { savedRunIn } from '../proof/check/saved-run.ts'
import type { CheckedSystem } from '../proof/check/system.ts'
import { type Scenario, scenarioNamed, scenarios } from '../proof/protocol/scenarios.ts'
import { readTrace } from '../runtime/trace/read.ts'
import { commandLine } from './command-line.ts'
import { duration, wholeNumber } from './options.ts'
import { ownSource, ownSystem } from './own-system.ts'
import { progressLine } from './progress-line.ts'

interface CheckCommandOptions {
  readonly with?: string
  readonly export?: string
  readonly from?: string
  readonly block?: readonly { readonly from: string; readonly to: string }[]
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
  readonly handlers?: true
  readonly except?: readonly string[]
  readonly reduction: 'sends' | 'none'
  readonly workers: number
  readonly trace?: string
  readonly json?: true
}

const exitCodes: Record<CheckResult['verdict'], number> = {
  exhausted: 0,
  bounded: 0,
  violated: 1,
  'goal not found': 3,
}

/** Adds the command to the program. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('search everything that can happen in a scenario or in a system of your own')
    .argument('[scenario]', 'its name; without one, the scenarios are listed')
    .option('--with <module>', 'check the system that this module exports by default or as `system`')
    .option('--export <name>', 'with --with: another export, a system or a function that returns one')
    .option('--from <trace>', 'begin after the run in this trace, such as a counterexample of standby check')
    .option(
      '--block <links...>',
      'links on which nothing arrives from the beginning on, each as FROM:TO',
      link,
    )
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
    .option(
      '--handlers',
      'also ask every handler twice: whether it is deterministic, pure, and takes a message twice as it takes it once',
    )
    .option('--except <types...>', 'messages that need not be taken twice as once')
    .option('--workers <count>', 'threads that share a breadth-first search', wholeNumber(1, 64), 1)
    .option('--trace <file>', 'where a counterexample is saved (default: counterexample-SCENARIO.jsonl)')
    .option('--json', 'the result as one JSON object')
    .addHelpText(
      'after',
      '\nEnds with 0 for exhausted or bounded, 1 for violated, 3 where a goal was not found; a wrong option ends with 2.',
    )
    .action(async (name: string | undefined, options: CheckCommandOptions, command: Command) => {
      const isOwn = options.with !== undefined
      if (isOwn && name !== undefined)
        command.error('error: expected a scenario or --with, got both; leave one of them out')
      if (options.export !== undefined && !isOwn)
        command.error('error: expected --export with --with, got it alone; name the module by --with')
      if (name === undefined && !isOwn && options.from === undefined) {
        for (const { name: own, about, states } of scenarios) {
          const size = states === undefined ? '' : picocolors.dim(`  ${count(states)} states`)
          console.log(`${picocolors.bold(own)}${size}\n  ${about}`)
        }
        return
      }
      if (isWalk(options) && (options.liveness !== undefined || options.handlers))
        command.error('error: --liveness and --handlers are for searches; leave out the random walks')
      const isShared = options.workers > 1
      if (isShared && (options.order !== 'breadth-first' || isWalk(options)))
        command.error('error: several workers search breadth first; leave out --order, --walk or --workers')
      if (isShared && (options.liveness !== undefined || options.handlers))
        command.error('error: --liveness and --handlers are for one worker; leave out --workers')
      if (isShared && (options.from !== undefined || options.block !== undefined))
        command.error('error: --from and --block are for one worker; leave out --workers')
      try {
        const checked = await checkedBy(name, options, command)
        process.exitCode = await runCheck(checked, options)
      } catch (error) {
        if (!isOwn && options.from === undefined && options.block === undefined) throw error
        command.error(`error: ${(error as Error).message}`, { exitCode: 2 })
      }
    })
}

function isWalk({ walk, order }: CheckCommandOptions): boolean {
  return walk === true || order === 'random-walk'
}

/** The scenario of this name; without one, the command ends with the names there are. */
export function named(name: string, command: Command): Scenario {
  try {
    return scenarioNamed(name)
  } catch (error) {
    return command.error(`error: ${(error as Error).message}`)
  }
}

/** What is checked: a scenario, or a module's system. */
interface Checked extends Pick<Scenario, 'name' | 'about' | 'system'> {
  /** Where threads find it. */
  readonly source: SystemSource
  /** Of the user's own module; null for a scenario. */
  readonly module: { readonly path: string; readonly name: string | null } | null
}

async function checkedBy(
  name: string | undefined,
  options: CheckCommandOptions,
  command: Command,
): Promise<Checked> {
  const { with: path, from } = options
  const exported = options.export ?? null
  if (path === undefined) {
    const scenario = named(name ?? scenarioOf(from!), command)
    return { ...scenario, source: sourceOf(scenario), module: null }
  }
  const system = await ownSystem(path, exported)
  return {
    name: basename(path),
    about: `The system of ${path}: ${system.nodes.map(({ id }) => id).join(', ')}.`,
    system: () => system,
    source: ownSource(path, exported),
    module: { path, name: exported },
  }
}

function savedIn(path: string) {
  const saved = savedRunIn(readTrace(readFileSync(path, 'utf8')))
  if (saved === null)
    throw new Error(`expected a run of standby check in ${path}, got another trace; standby check writes one`)
  return saved
}

function scenarioOf(path: string): string {
  const { scenario } = savedIn(path)
  if (scenario === null)
    throw new Error(`expected --with and the module whose run is in ${path}, got none; name the module`)
  return scenario
}

/** The happenings of the run in a trace. */
function runIn(path: string, system: CheckedSystem): NonNullable<CheckOptions['from']> {
  const { run } = repeat(system, savedIn(path))
  if (run === null)
    throw new Error(
      `expected a run of this system in ${path}, got one that cannot happen in it; check the system whose trace it is`,
    )
  return run.steps.map(({ happening }) => happening)
}

function link(text: string, others: CheckCommandOptions['block'] = []) {
  const [, from, to] = /^([^:]+):([^:]+)$/.exec(text) ?? []
  if (from === undefined || to === undefined)
    throw new InvalidArgumentError('Expected a link such as server-1:server-2.')
  return [...others, { from, to }]
}

async function runCheck(scenario: Checked, options: CheckCommandOptions): Promise<number> {
  const system = scenario.system()
  const progress = progressLine()
  const walk = isWalk(options)
  const shared: Pick<CheckOptions, 'bounds' | 'reduction' | 'progress'> = {
    reduction: options.reduction,
    bounds: {
      ...(walk ? {} : { bytes: options.memory * 2 ** 20 }),
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
  }
  const result =
    options.workers > 1
      ? await checkInParallel(scenario.source, { ...shared, workers: options.workers })
      : check(system, {
          ...shared,
          ...(options.from === undefined ? {} : { from: runIn(options.from, system) }),
          ...(options.block === undefined ? {} : { blocked: options.block }),
          order: walk ? 'random-walk' : options.order,
          seed: options.seed,
          ...(options.handlers === undefined
            ? {}
            : { handlers: { deterministic: true, idempotent: { except: options.except ?? [] } } }),
          ...(options.liveness === undefined
            ? {}
            : {
                liveness: {
                  seed: options.seed,
                  ...(options.liveness === true ? {} : { samples: options.liveness }),
                },
              }),
        })
  progress.end()
  const shown = result.violation ?? result.liveness?.failures[0] ?? null
  const path = shown === null ? null : saved(scenario, shown, options)
  const seed = walk ? options.seed : null
  if (options.json) console.log(JSON.stringify(summaryOf(scenario, result, seed)))
  else describe(scenario, result, { path, seed, handlers: options.handlers === true })
  return exitCodes[result.verdict]
}

/** Where threads find the scenario. */
function sourceOf({ name }: Scenario): SystemSource {
  const file = import.meta.url.endsWith('.ts')
    ? '../proof/protocol/scenarios.ts'
    : '../proof/protocol/scenarios.js'
  return { module: new URL(file, import.meta.url).href, name: 'systemOfScenario', args: [name] }
}

function describe(
  scenario: Checked,
  result: CheckResult,
  { path, seed, handlers }: { path: string | null; seed: number | null; handlers: boolean },
): void {
  const {
    verdict,
    bound,
    states,
    transitions,
    depth,
    seconds,
    bytes,
    violation,
    goals,
    walks,
    liveness,
    unseen,
  } = result
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
  for (const { text } of unseen) console.log(`  ${picocolors.yellow('never seen')}: ${text}`)
  if (handlers && violation === null) {
    console.log(
      `  ${picocolors.green('handlers')}: each is deterministic, changes nothing it is given, and takes a message twice as once`,
    )
  }
  const shown: Shown | null = violation ?? liveness?.failures[0] ?? null
  if (shown === null) return
  console.log(`\n${picocolors.red(shown.name)}\n  ${shown.reason}\n\n${shown.story}\n`)
  if (path !== null)
    console.log(
      `repeat it:\n  ${commandLine('replay', path, ...moduleFlags(scenario))}\nlook at it:\n  ${commandLine('inspect', path)}`,
    )
}

function moduleFlags({ module }: Checked): string[] {
  if (module === null) return []
  return ['--with', module.path, ...(module.name === null ? [] : ['--export', module.name])]
}

function describeLiveness({ seed, sampled, stuck, failed, slowestMs }: LivenessResult): void {
  const verdict = failed === 0 ? picocolors.green('live') : picocolors.red(`${count(failed)} times not live`)
  console.log(
    `  ${verdict}: of ${count(sampled)} states (seed ${seed}) ${count(stuck)} wait for a server that is gone; from the others the goals come about within ${slowestMs} ms once nothing fails`,
  )
}

/** How a counterexample is printed, of a violation or of a goal that is not reached. */
type Shown = Pick<LivenessFailure, 'name' | 'reason' | 'run' | 'story'>

/** Saves a counterexample as a trace; its path, or null if that failed, which is then reported. */
function saved(scenario: Checked, { run, name, reason }: Shown, options: CheckCommandOptions): string | null {
  const path = options.trace ?? `counterexample-${scenario.name}.jsonl`
  try {
    const violation = { name, reason }
    const named = scenario.module === null ? { scenario: scenario.name } : {}
    writeFileSync(path, traceOf(scenario.system(), run, { ...named, violation }))
    return path
  } catch (error) {
    console.error(`error: expected to write the trace to ${path}, got ${(error as Error).message}`)
    return null
  }
}

function summaryOf(
  { name }: Checked,
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
