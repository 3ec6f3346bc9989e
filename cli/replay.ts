/** `standby replay`: a counterexample again, on the charts as they are now. */
import { basename } from 'node:path'
import type { Command } from 'commander'
import picocolors from 'picocolors'
import { story } from '../proof/check/counterexample.ts'
import { repeat } from '../proof/check/run-trace.ts'
import { type SavedRun, savedRunIn } from '../proof/check/saved-run.ts'
import { type ReadTrace, readTrace, TraceError } from '../runtime/trace/read.ts'
import { named } from './check.ts'
import { readInput } from './input.ts'
import { ownSystem } from './own-system.ts'

interface ReplayOptions {
  readonly with?: string
  readonly export?: string
}

/** Adds the command to the program. */
export function registerReplay(program: Command): void {
  program
    .command('replay')
    .description('repeat a counterexample that standby check has saved, on the charts as they are now')
    .argument('<file>', 'the trace that was saved; - reads standard input')
    .option(
      '--with <module>',
      'of a system of your own: the module that exports it by default or as `system`',
    )
    .option('--export <name>', 'with --with: another export')
    .addHelpText(
      'after',
      '\nExit codes: 0 the property holds now; 1 it still fails; 2 the file is not a saved counterexample;\n3 the steps can no longer happen; 5 the system has no such property.',
    )
    .action(async (file: string, options: ReplayOptions, command: Command) => {
      process.exitCode = await runReplay(file, options, command)
    })
}

/** What became of a run that was repeated, as an exit code; 2 is an argument that is wrong. */
const replayCodes = { holds: 0, fails: 1, impossible: 3, unknown: 5 } as const

async function runReplay(file: string, options: ReplayOptions, command: Command): Promise<number> {
  const run = savedIn(file, command)
  if (run.scenario === null && options.with === undefined) {
    return command.error(
      `error: expected a trace of a scenario in ${file}, got one of a system of your own; name its module by --with`,
    )
  }
  const scenario =
    options.with === undefined
      ? named(run.scenario!, command)
      : await ownScenario(options.with, options.export ?? null, command)
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

async function ownScenario(path: string, name: string | null, command: Command) {
  try {
    const system = await ownSystem(path, name)
    return { name: basename(path), system: () => system }
  } catch (error) {
    return command.error(`error: ${(error as Error).message}`)
  }
}

function savedIn(file: string, command: Command): SavedRun {
  let trace: ReadTrace
  try {
    trace = readTrace(readInput(file), { partial: true })
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
  const { seed, options } = trace.header
  const isSimulated = typeof options === 'object' && options !== null && 'plan' in options
  const way =
    seed !== null && isSimulated
      ? `standby simulate --seed ${seed} repeats this one`
      : 'standby check writes one; look at this one with standby inspect'
  return command.error(
    `error: expected a counterexample of standby check in ${file}, got the trace of another run; ${way}`,
  )
}
