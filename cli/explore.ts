/** `standby explore`: a system of your own on the page, driven by hand and judged at each step. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { check } from '../proof/check/check.ts'
import { traceOf } from '../proof/check/run-trace.ts'
import type { CheckedSystem } from '../proof/check/system.ts'
import { stagedModule } from '../proof/stage/own-system.ts'
import { liftedText, SharedWorld } from '../proof/stage/shared-world.ts'
import type { Staged } from '../proof/stage/staged.ts'
import { World } from '../proof/stage/world.ts'
import { control } from '../runtime/serve/inspector/source.ts'
import { openInBrowser } from './inspect.ts'
import { duration, wholeNumber } from './options.ts'
import { ownSystem } from './own-system.ts'

interface ExploreOptions {
  readonly export?: string
  readonly run?: string
  readonly check?: true
  readonly for: number
  readonly port: number
  readonly open?: true
}

/** Adds the command to the program. */
export function registerExplore(program: Command): void {
  program
    .command('explore')
    .argument('<module>', 'a module that exports a system, as check takes it, by default or as `system`')
    .description('drive a system of your own by hand in the inspector: deliver, drop, crash, branch')
    .option('--export <name>', 'another export of the module: a system, or a function that returns one')
    .option('--run <trace>', 'begin with this run: a counterexample or another trace of this system')
    .option('--check', 'search the system first, and begin with what breaks it')
    .option('--for <duration>', 'search no longer than this', duration, 10_000)
    .option('--port <number>', 'where to serve the page; 0 takes any free port', wholeNumber(0, 65_535), 0)
    .option('--open', 'open it in the browser')
    .addHelpText(
      'after',
      '\nThe system runs in this process; the page drives it, and keeps every branch until Ctrl+C. Serves to this machine only.\nA module in TypeScript needs Node 22.18 or newer, or tsx beside it.',
    )
    .action(async (path: string, options: ExploreOptions, command: Command) => {
      const refuse = (error: Error) => command.error(`error: ${error.message}`)
      if (options.run !== undefined && options.check)
        refuse(new Error('expected one of --run and --check, got both; --check finds a run of its own'))
      const world = await worldOf(path, options).catch(refuse)
      const { servePage } = await import('../runtime/serve/inspector/page-server.ts')
      const shared = new SharedWorld(world)
      const served = await servePage(
        { port: options.port },
        { kind: 'world', title: world.info.title },
        ({ send }) => shared.join((message) => send(control({ world: message }))),
      ).catch(refuse)
      served.driver = { servers: [], carryOut: async (asked) => shared.ask(asked) }
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        process.once(signal, () => void served.close().then(() => process.exit(0)))
      }
      process.stdout.write(`${world.info.title}, driven by hand:\n${served.url}\n(Ctrl+C ends it)\n`)
      if (options.open) openInBrowser(served.url)
    })
}

/** @throws Error with the path and what is wrong */
async function worldOf(path: string, { export: name, run, check: isChecked, for: forMs }: ExploreOptions) {
  const system = await ownSystem(path, name ?? null)
  const title = basename(path)
  const staged = stagedModule(system, title)
  if (isChecked) return checkedWorld(system, staged, title, forMs)
  if (run === undefined) return new World({ title, staged })
  try {
    return liftedText(readFileSync(run, 'utf8'), title, staged)
  } catch (error) {
    throw new Error(`${run}: ${(error as Error).message}`)
  }
}

/** The run that breaks a property, if a search finds one in time; says on the terminal what it found. */
function checkedWorld(system: CheckedSystem, staged: Staged, title: string, forMs: number): World {
  const { verdict, states, violation } = check(system, { bounds: { seconds: forMs / 1000 } })
  process.stdout.write(`searched ${states.toLocaleString('en-US')} states: ${verdict}\n`)
  if (violation === null) return new World({ title, staged })
  process.stdout.write(`${violation.name}: ${violation.reason}\n`)
  return liftedText(traceOf(system, violation.run, { violation }), title, staged)
}
