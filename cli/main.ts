#!/usr/bin/env node
/** The command line: a list of commands, each in a file of its own. */
import { createRequire } from 'node:module'
import { Command, CommanderError } from 'commander'
import { registerCheck } from './check.ts'
import { registerRun } from './demo/run.ts'
import { registerDump } from './dump.ts'
import { registerExplore } from './explore.ts'
import { registerExport } from './export.ts'
import { registerInit } from './init.ts'
import { registerInspect } from './inspect.ts'
import { registerJudge } from './judge.ts'
import { registerReplay } from './replay.ts'
import { registerServe } from './serve.ts'
import { registerSimulate, registerSimulateWorker } from './simulate.ts'
import { registerStatus } from './status.ts'
import { registerStoreCommands } from './store-commands.ts'
import { registerTestAChart } from './test-a-chart.ts'
import { registerWatchViews } from './watch-views.ts'

const commands = [
  registerRun,
  registerInit,
  registerServe,
  registerStatus,
  registerStoreCommands,
  registerWatchViews,
  registerDump,
  registerSimulate,
  registerSimulateWorker,
  registerCheck,
  registerReplay,
  registerJudge,
  registerTestAChart,
  registerExport,
  registerInspect,
  registerExplore,
]

const { version } = createRequire(import.meta.url)('standby/package.json') as { version: string }
const program = new Command('standby')
  .description('primary-backup replication as statecharts: run it, simulate it, check it')
  .version(version)
  .exitOverride()
  .showHelpAfterError('(--help lists what there is)')
  .addHelpText('after', '\nStart with: standby run')
for (const register of commands) register(program)

// A reader that has gone, as with `| head -3`, is a wish to stop. `run` and `serve` handle it themselves once they run.
const handlesOutput = ['run', 'serve'].includes(process.argv[2] ?? '')
const asksForHelp = process.argv.some((word) => word === '--help' || word === '-h')
if (!handlesOutput || asksForHelp) {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
}

try {
  if (process.argv.length > 2) await program.parseAsync()
  else program.outputHelp()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode === 0 ? 0 : 2
}
