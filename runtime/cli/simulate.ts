/** `standby simulate`: seeds through the simulator, one or thousands, on all cores. */
import { fork } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { type Command, InvalidArgumentError, Option } from 'commander'
import picocolors from 'picocolors'
import { formatHistory } from '../history/history.ts'
import { createTrace } from '../observe/trace.ts'
import type { Plan } from '../simulate/plan.ts'
import { reduce } from '../simulate/reduce.ts'
import { type SimulationResult, type SimulationVerdict, simulate, situations } from '../simulate/simulate.ts'
import type { FaultRates } from '../transport/faults.ts'
import { wholeNumber } from './options.ts'
import { progressLine } from './progress-line.ts'

interface SimulateOptions {
  readonly seed?: number
  readonly seeds?: Range
  readonly plan?: string
  readonly workers: number
  readonly trace?: string
  readonly history?: string
  readonly reduce: boolean
  readonly requireAll?: true
  readonly json?: true
  readonly worker?: true
}

interface Range {
  readonly first: number
  readonly last: number
}

/** What is told of one seed. */
type Line = Pick<
  SimulationResult,
  'verdict' | 'reason' | 'steps' | 'virtualMs' | 'answered' | 'open' | 'sometimes' | 'fingerprint'
> & {
  readonly seed: number
}

/** Exit codes by the worst verdict; a wrong option is 2. */
const exitCodes: Record<SimulationVerdict, number> = { ok: 0, stuck: 0, safety: 1, liveness: 3, crash: 4 }

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
    .option('--workers <count>', 'processes for many seeds', wholeNumber(1, 64), availableParallelism())
    .option('--trace <file>', 'write the trace of the one run, as JSON lines')
    .option('--history <file>', 'write the history of the one run, as JSON lines for `standby judge`')
    .option('--no-reduce', 'do not look for a smaller plan that fails in the same way')
    .option('--require-all', 'fail if one of the situations that ought to be met was not')
    .option('--json', 'one JSON object a seed')
    .addHelpText(
      'after',
      '\nEnds with 0 where all is well (also where the system is stuck as the protocol says it must be), 1 for a broken\ninvariant or history, 3 where calls are never answered, 4 where something threw; a wrong option ends with 2.',
    )
    .action(async (options: SimulateOptions, command: Command) => {
      if (options.seeds !== undefined) process.exitCode = await runSeeds(options.seeds, options)
      else if (options.seed !== undefined || options.plan !== undefined)
        process.exitCode = runOne(options, command)
      else command.error('error: expected --seed 7, --seeds 1..2000 or --plan FILE')
    })
}

function range(text: string): Range {
  const match = /^(\d+)\.\.(\d+)$/.exec(text)
  const [first, last] = [Number(match?.[1]), Number(match?.[2])]
  if (match === null || last < first || last >= 2 ** 31) {
    throw new InvalidArgumentError('Expected a range such as 1..2000, of whole numbers below 2147483648.')
  }
  return { first, last }
}

function runOne(options: SimulateOptions, command: Command): number {
  const given = options.plan === undefined ? { seed: options.seed! } : readPlan(options.plan, command)
  const trace = options.trace === undefined ? null : collectedTrace(given.seed)
  const result = simulate(given, trace === null ? {} : { observe: trace.observe })
  if (trace !== null) write(options.trace!, trace.text(), '--trace', command)
  if (options.history !== undefined)
    write(options.history, formatHistory(result.history), '--history', command)
  if (options.json) console.log(JSON.stringify(lineOf(result)))
  else describe(result)
  if (exitCodes[result.verdict] !== 0 && options.reduce && !options.json) explainFailure(result)
  return exitCodes[result.verdict]
}

function readPlan(path: string, command: Command): Plan {
  let plan: Partial<Plan>
  try {
    plan = JSON.parse(readFileSync(path, 'utf8')) as Partial<Plan>
  } catch (error) {
    return command.error(`error: option '--plan <file>' expected a plan, got ${(error as Error).message}`)
  }
  const hasLists = [plan.faults, plan.calls, plan.servers, plan.clients].every(Array.isArray)
  if (!hasLists || typeof plan.seed !== 'number' || typeof plan.healAt !== 'number') {
    return command.error(
      `error: expected a plan with seed, servers, clients, faults and calls in ${path}; standby simulate writes one for each failing seed`,
    )
  }
  return plan as Plan
}

/** Writes a file that an option names. */
function write(path: string, text: string, option: string, command: Command): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    command.error(
      `error: option '${option} <file>' expected a file that can be written, got ${(error as Error).message}`,
    )
  }
}

function collectedTrace(seed: number) {
  const lines: string[] = []
  const trace = createTrace({ write: (line: string) => void lines.push(line), seed, options: { seed } })
  return {
    observe: trace.observe,
    text: () => {
      trace.close()
      return lines.map((line) => (line.endsWith('\n') ? line : `${line}\n`)).join('')
    },
  }
}

function describe(result: SimulationResult): void {
  const { plan, steps, virtualMs, answered, open, fingerprint, sometimes } = result
  const { seed, servers, clients, faults, latencyMs, sessionsMax, transferBytesMax, callTimeoutMs } = plan
  const rates = faults.find((fault) => fault.kind === 'rates')
  console.log(
    `seed ${seed}: ${servers.length} servers, ${clients.length} clients, ${plan.calls.length} calls, latency ${latencyMs} ms`,
  )
  console.log(
    `  sessions at most ${sessionsMax}, transfers in pieces of ${transferBytesMax} bytes, ${callTimeoutMs === null ? 'no time limit for calls' : `calls wait ${callTimeoutMs} ms`}`,
  )
  if (rates !== undefined) console.log(`  messages: ${ratesText(rates.rates)}, from ${rates.at} ms on`)
  for (const { at, kind, ...rest } of faults) {
    if (kind !== 'rates')
      console.log(
        `  ${String(at).padStart(6)} ms  ${kind} ${Object.values(rest)
          .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
          .join(' ')}`,
      )
  }
  const met = Object.entries(sometimes).filter(([, count]) => count > 0)
  console.log(`  met: ${met.map(([name, count]) => `${name} ${count}`).join(', ')}`)
  console.log(
    `${verdictText(result)}: ${steps} steps in ${Math.round(virtualMs)} virtual ms, ${answered} calls answered, ${open} open, fingerprint ${fingerprint}`,
  )
}

function ratesText({ drop = 0, duplicate = 0, delay = 0, delayMaxMs = 0 }: FaultRates): string {
  const percent = (share: number) => `${Math.round(share * 100)} %`
  return `${percent(drop)} lost, ${percent(duplicate)} sent twice, ${percent(delay)} delayed by up to ${delayMaxMs} ms`
}

function explainFailure(result: SimulationResult): void {
  const { result: smaller, runs } = reduce(result)
  const { plan } = smaller
  const path = `failing-seed-${plan.seed}.json`
  writeFileSync(path, `${JSON.stringify(plan, null, 2)}\n`)
  console.log(
    `\nreduced in ${runs} runs to ${plan.calls.length} calls and ${plan.faults.length} faults: ${smaller.reason}`,
  )
  for (const fault of plan.faults) console.log(`  ${JSON.stringify(fault)}`)
  for (const call of plan.calls) console.log(`  ${JSON.stringify(call)}`)
  console.log(
    `repeat it:\n  standby simulate --seed ${plan.seed}\n  standby simulate --plan ${path} --trace failing.jsonl`,
  )
}

async function runSeeds(seeds: Range, options: SimulateOptions): Promise<number> {
  const { first, last } = seeds
  const total = last - first + 1
  const workers = Math.min(options.workers, total)
  const progress = progressLine()
  const lines: Line[] = []
  const started = performance.now()
  let next = first
  const take = (line: Line) => {
    lines.push(line)
    if (options.json) console.log(JSON.stringify(line))
    const seconds = (performance.now() - started) / 1000
    const bad = lines.filter(({ verdict }) => exitCodes[verdict] !== 0).length
    progress.show(
      lines.length / total,
      `${lines.length}/${total} seeds, ${Math.round(lines.length / seconds)}/s${bad > 0 ? `, ${bad} failed` : ''}`,
    )
  }
  if (workers === 1) {
    for (let seed = first; seed <= last; seed++) take(lineOf(simulate({ seed })))
  } else {
    await Promise.all(
      Array.from({ length: workers }, () => seedWorker(() => (next <= last ? next++ : null), take)),
    )
  }
  progress.end()
  lines.sort((a, b) => a.seed - b.seed)
  return summarise(lines, options)
}

/** A process of its own that runs the seeds it is given, one after another. */
function seedWorker(nextSeed: () => number | null, take: (line: Line) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(process.argv[1]!, ['simulate-worker'], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    let isDone = false
    const give = () => {
      const seed = nextSeed()
      if (seed !== null) return void child.send(seed)
      isDone = true
      child.disconnect()
    }
    child.on('message', (line: Line) => {
      take(line)
      give()
    })
    child.on('exit', (code) =>
      isDone ? resolve() : reject(new Error(`a worker ended with exit code ${code}`)),
    )
    child.on('error', reject)
    give()
  })
}

/** Adds the hidden command that a worker process runs. */
export function registerSimulateWorker(program: Command): void {
  program.command('simulate-worker', { hidden: true }).action(() => {
    process.on('message', (seed: number) => process.send!(lineOf(simulate({ seed }))))
  })
}

function summarise(lines: readonly Line[], options: SimulateOptions): number {
  const verdicts = new Map<SimulationVerdict, number>()
  const met: Record<string, number> = Object.fromEntries(situations.map((name) => [name, 0]))
  let [steps, virtualMs, answered] = [0, 0, 0]
  for (const line of lines) {
    verdicts.set(line.verdict, (verdicts.get(line.verdict) ?? 0) + 1)
    steps += line.steps
    virtualMs += line.virtualMs
    answered += line.answered
    for (const [name, count] of Object.entries(line.sometimes)) met[name] = (met[name] ?? 0) + count
  }
  const failed = lines.filter(({ verdict }) => exitCodes[verdict] !== 0)
  const never = situations.filter((name) => met[name] === 0)
  if (options.json) {
    console.log(
      JSON.stringify({
        kind: 'summary',
        verdicts: Object.fromEntries(verdicts),
        steps,
        virtualMs,
        answered,
        sometimes: met,
      }),
    )
  } else {
    console.log(
      `${lines.length} seeds: ${[...verdicts].map(([verdict, count]) => `${count} ${verdict}`).join(', ')}${verdicts.has('stuck') ? ' (stuck: whoever held the state is gone, so nobody answers, as the protocol says)' : ''}`,
    )
    console.log(
      `  ${steps} steps in ${(virtualMs / 3_600_000).toFixed(2)} virtual hours, ${answered} calls answered`,
    )
    console.log('  situations met:')
    for (const [name, count] of Object.entries(met)) console.log(`    ${String(count).padStart(9)}  ${name}`)
    if (never.length > 0) console.log(`  never met: ${never.join(', ')}`)
    for (const { seed, verdict, reason } of failed.slice(0, 20)) {
      console.log(`  seed ${seed}: ${verdict}: ${reason}\n    standby simulate --seed ${seed}`)
    }
  }
  if (failed.length > 0) return Math.max(...failed.map(({ verdict }) => exitCodes[verdict]))
  return options.requireAll && never.length > 0 ? 3 : 0
}

function lineOf({
  plan,
  verdict,
  reason,
  steps,
  virtualMs,
  answered,
  open,
  sometimes,
  fingerprint,
}: SimulationResult): Line {
  return { seed: plan.seed, verdict, reason, steps, virtualMs, answered, open, sometimes, fingerprint }
}

function verdictText({ verdict, reason }: SimulationResult): string {
  const colour = exitCodes[verdict] === 0 ? picocolors.green : picocolors.red
  return colour(reason === null ? verdict : `${verdict} (${reason})`)
}
