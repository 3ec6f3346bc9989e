/** One simulation on the command line: its plan, its outcome and, if it failed, a smaller run that fails. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import picocolors from 'picocolors'
import { type Plan, planOf } from '../proof/simulate/plan.ts'
import { reduce } from '../proof/simulate/reduce.ts'
import { type SimulationResult, simulate } from '../proof/simulate/simulate.ts'
import { createLog } from '../runtime/observe/log.ts'
import { tee } from '../runtime/observe/tee.ts'
import { createTrace } from '../runtime/trace/write.ts'
import type { FaultRates } from '../runtime/transport/faults.ts'
import { commandLine } from './command-line.ts'
import { exitCodes, lineOf, type SimulateOptions } from './simulate-options.ts'
import type { SimulatedWorld } from './simulate-world.ts'
import { openTraceFile } from './trace-file.ts'

/** Runs one seed or plan and prints the outcome; returns the exit code. */
export function simulateOne(world: SimulatedWorld, options: SimulateOptions, command: Command): number {
  const given = options.plan === undefined ? { seed: options.seed! } : readPlan(options.plan, command)
  const { trace: path } = options
  const file = path === undefined ? null : orRefuse('--trace', command, () => openTraceFile(path))
  const trace =
    file === null
      ? null
      : createTrace({
          write: (line) => file.write(line),
          seed: given.seed,
          options: { plan: 'faults' in given ? given : planOf(given) },
        })
  const result = simulate(given, trace === null ? world : { ...world, observe: trace.observe })
  if (trace !== null) {
    trace.close()
    orRefuse('--trace', command, () => file!.close())
  }
  if (options.history !== undefined) {
    const text = result.history.map((operation) => `${JSON.stringify(operation)}\n`).join('')
    orRefuse('--history', command, () => writeFileSync(options.history!, text))
  }
  if (options.json) console.log(JSON.stringify(lineOf(result)))
  else describe(result)
  const code = exitCodes[result.verdict]
  if (code !== 0 && options.reduce && !options.json) explainFailure(result, world, options.with)
  return code
}

function orRefuse<Value>(option: string, command: Command, run: () => Value): Value {
  try {
    return run()
  } catch (error) {
    const got = (error as Error).message
    return command.error(`error: option '${option} <file>' expected a file that can be written, got ${got}`)
  }
}

function readPlan(path: string, command: Command): Plan {
  const refuse = (got: string): never =>
    command.error(
      `error: option '--plan <file>' expected a plan, got ${got}; standby simulate writes one for each failing seed`,
    )
  let plan: Partial<Plan>
  try {
    plan = (JSON.parse(readFileSync(path, 'utf8')) ?? {}) as Partial<Plan>
  } catch (error) {
    return refuse((error as Error).message)
  }
  const lists = ['faults', 'calls', 'servers', 'clients'] as const
  const missing = [
    ...lists.filter((name) => !Array.isArray(plan[name])),
    ...(['seed', 'healAt', 'settleMs', 'latencyMs'] as const).filter(
      (name) => typeof plan[name] !== 'number',
    ),
  ]
  return missing.length === 0 ? (plan as Plan) : refuse(`${path} without ${missing.join(', ')}`)
}

function describe(result: SimulationResult): void {
  const { plan, steps, virtualMs, answered, open, fingerprint, sometimes } = result
  const {
    seed,
    servers,
    clients,
    faults,
    latencyMs,
    sessionsMax,
    queueMax,
    transferBytesMax,
    callTimeoutMs,
  } = plan
  console.log(
    `seed ${seed}: ${servers.length} servers, ${clients.length} clients, ${plan.calls.length} calls, latency ${latencyMs} ms`,
  )
  console.log(
    `  at most ${sessionsMax} sessions, ${queueMax} waiting requests, ${transferBytesMax} bytes a piece of state`,
  )
  const limit = callTimeoutMs === null ? 'for ever' : `${callTimeoutMs} ms, for ever once all has healed`
  console.log(`  calls wait ${limit}; all heals at ${plan.healAt} ms`)
  for (const fault of faults) {
    const { at, kind, ...rest } = fault
    const what =
      fault.kind === 'rates'
        ? ratesText(fault.rates)
        : `${kind} ${Object.values(rest)
            .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
            .join(' ')}`
    console.log(`  ${String(at).padStart(6)} ms  ${what.trimEnd()}`)
  }
  const met = Object.entries(sometimes).filter(([, count]) => count > 0)
  console.log(`  met: ${met.map(([name, count]) => `${name} ${count}`).join(', ')}`)
  if (result.linearizable === 'unknown' && exitCodes[result.verdict] === 0)
    console.log('  the history could not be judged in the steps that a judge has')
  console.log(
    `${verdictText(result)}: ${steps} steps in ${Math.round(virtualMs)} virtual ms, ${answered} calls answered, ${open} open, fingerprint ${fingerprint}`,
  )
}

function ratesText({ drop = 0, duplicate = 0, delay = 0, delayMaxMs = 0 }: FaultRates): string {
  const percent = (share: number) => `${Math.round(share * 100)} %`
  return `messages: ${percent(drop)} lost, ${percent(duplicate)} sent twice, ${percent(delay)} delayed by up to ${delayMaxMs} ms`
}

function verdictText({ verdict, reason }: SimulationResult): string {
  const colour = exitCodes[verdict] === 0 ? picocolors.green : picocolors.red
  return colour(reason === null ? verdict : `${verdict} (${reason})`)
}

/** Lines of the story of a failing run that are shown: its end. */
const storyMax = 40

/** Searches for a smaller plan that fails in the same way, saves it, and prints its story and how to repeat it. */
export function explainFailure(
  failing: SimulationResult,
  world: SimulatedWorld,
  module: string | undefined,
): void {
  const { result, runs } = reduce(failing, world)
  const { plan } = result
  const path = `failing-seed-${plan.seed}`
  console.log(
    `\nreduced in ${runs} runs to ${plan.calls.length} calls and ${plan.faults.length} faults, ${result.steps} steps: ${result.reason}`,
  )
  const story: string[] = []
  const lines: string[] = []
  const log = createLog({ write: (line) => void story.push(line) })
  const trace = createTrace({ write: (line) => void lines.push(line), seed: plan.seed, options: { plan } })
  simulate(plan, { ...world, observe: tee(log, trace).observe })
  trace.close()
  if (story.length > storyMax) console.log(`  (${story.length - storyMax} lines before)`)
  for (const line of story.slice(-storyMax)) console.log(`  ${line}`)
  const option = module === undefined ? [] : ['--with', module]
  console.log(`repeat it:\n  ${commandLine('simulate', '--seed', String(plan.seed), ...option)}`)
  try {
    writeFileSync(`${path}.json`, `${JSON.stringify(plan, null, 2)}\n`)
    writeFileSync(`${path}.jsonl`, `${lines.join('\n')}\n`)
    console.log(
      `  ${commandLine('simulate', '--plan', `${path}.json`, ...option)}\nlook at it:\n  ${commandLine('inspect', `${path}.jsonl`)}`,
    )
  } catch (error) {
    console.log(
      `  (the smaller plan and its trace could not be written to ${path}.json and ${path}.jsonl: ${(error as Error).message})`,
    )
  }
}
