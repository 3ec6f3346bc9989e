/** All benchmarks in one run, as a table. What counts are ratios of things that ran side by side; absolute numbers are this machine's. */
import { Command, Option } from 'commander'
import picocolors from 'picocolors'
import { benches } from './benches.ts'
import { isMet, type Measurement } from './measurement.ts'
import { profileInto } from './processes/programs.ts'

const program = new Command('bench')
  .description('measures what the system does, beside the same protocol by hand')
  .addOption(new Option('--only <name>', 'one of them').choices(Object.keys(benches)))
  .option('--quick', 'shorter and rougher')
  .option('--json', 'one JSON object a line')
  .option('--profile <folder>', 'where child processes leave a CPU profile each when they end')
  .parse()
const {
  only,
  quick = false,
  json = false,
  profile,
} = program.opts<{ only?: string; quick?: true; json?: true; profile?: string }>()
if (profile !== undefined) profileInto(profile)

for (const [name, bench] of Object.entries(benches)) {
  if (only !== undefined && only !== name) continue
  if (!json) console.log(`\n${picocolors.bold(name)}`)
  // What is not installed, or fails, must not keep the others from being measured.
  const measurements = await bench({ quick }).catch((error: Error) => {
    console.error(`  ${name}: ${error.message}`)
    process.exitCode = 1
    return []
  })
  for (const measurement of measurements)
    console.log(json ? JSON.stringify({ bench: name, ...measurement }) : rowOf(measurement))
}

function rowOf(measurement: Measurement): string {
  const { name, value, unit, target } = measurement
  const met = isMet(measurement)
  const wanted =
    target === undefined
      ? ''
      : 'atLeast' in target
        ? `at least ${shown(target.atLeast)}`
        : `at most ${shown(target.atMost)}`
  const mark = met === null ? '' : met ? picocolors.green('met') : picocolors.yellow('missed')
  return `  ${name.padEnd(52)} ${shown(value).padStart(12)} ${unit.padEnd(15)} ${wanted.padEnd(20)} ${mark}`.trimEnd()
}

function shown(value: number): string {
  const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
