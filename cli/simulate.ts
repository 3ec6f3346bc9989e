/** `standby simulate`: the live actors on virtual time, one seed, thousands of them, or a plan. */
import { availableParallelism } from 'node:os'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { wholeNumber } from './options.ts'
import { simulateOne } from './simulate-one.ts'
import type { Seeds, SimulateOptions } from './simulate-options.ts'
import { simulateSeeds, simulateWorker } from './simulate-seeds.ts'
import { loadWorld } from './simulate-world.ts'

const help = `
Ends with 0 where all is well (also where the system is stuck as the protocol says it must be), 1 for a broken invariant
or history, 3 where calls are never answered or --require-all missed a situation, 4 where something threw, 2 for a wrong
option. The worst of many seeds counts: first 1, then 4, then 3.

--with takes an ES module that exports \`workload\` (an application, its commands and a model: see docs/testing.md),
\`charts\` or \`network\` (negative controls: parts that are broken on purpose).`

/** Adds the command to the program. */
export function registerSimulate(program: Command): void {
  program
    .command('simulate')
    .description('run the live actors on virtual time, with faults from a seed, and judge every step')
    .option('--seed <number>', 'one seed', wholeNumber(0, 2 ** 31 - 1))
    .addOption(
      new Option('--seeds <first..last>', 'many seeds, such as 1..2000')
        .argParser(range)
        .conflicts(['seed', 'plan']),
    )
    .addOption(new Option('--plan <file>', 'a plan, as a failing seed leaves it').conflicts('seed'))
    .option('--with <module>', 'simulate an application of your own, or broken charts')
    .option('--workers <count>', 'processes for many seeds', wholeNumber(1, 64), availableParallelism())
    .addOption(
      new Option('--trace <file>', 'write the trace of the one run, as JSON lines').conflicts('seeds'),
    )
    .addOption(
      new Option(
        '--history <file>',
        'write the history of the one run, as JSON lines for `standby judge`',
      ).conflicts('seeds'),
    )
    .option('--no-reduce', 'do not look for a smaller plan that fails in the same way')
    .addOption(
      new Option('--require-all', 'fail if an expected situation was not met').conflicts(['seed', 'plan']),
    )
    .option('--json', 'one JSON object a seed, in the order of the seeds')
    .addHelpText('after', help)
    .action(async (options: SimulateOptions, command: Command) => {
      const { seed, seeds, plan } = options
      if (seed === undefined && seeds === undefined && plan === undefined)
        command.error('error: expected --seed 7, --seeds 1..2000 or --plan FILE')
      const world = await loadWorld(options.with, command)
      process.exitCode =
        seeds === undefined
          ? simulateOne(world, options, command)
          : await simulateSeeds(seeds, world, options)
    })
}

/** Adds the hidden command that a worker process runs. */
export function registerSimulateWorker(program: Command): void {
  program
    .command('simulate-worker', { hidden: true })
    .option('--with <module>')
    .action(async (options: { with?: string }, command: Command) => {
      simulateWorker(await loadWorld(options.with, command))
    })
}

function range(text: string): Seeds {
  const match = /^(\d+)\.\.(\d+)$/.exec(text)
  const [first, last] = [Number(match?.[1]), Number(match?.[2])]
  if (match === null || last < first || last >= 2 ** 31) {
    throw new InvalidArgumentError('Expected a range such as 1..2000, of whole numbers below 2147483648.')
  }
  return { first, last }
}
