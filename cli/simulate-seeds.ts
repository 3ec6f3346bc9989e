/** Many simulations on the command line: seeds handed to processes one by one, and a summary that does not depend on how many. */
import { type ChildProcess, fork } from 'node:child_process'
import { type SimulationVerdict, simulate } from '../proof/simulate/simulate.ts'
import { situations } from '../proof/simulate/situations.ts'
import { commandLine } from './command-line.ts'
import { progressLine } from './progress-line.ts'
import { explainFailure } from './simulate-one.ts'
import { exitCodes, type Line, lineOf, type Seeds, type SimulateOptions } from './simulate-options.ts'
import type { SimulatedWorld } from './simulate-world.ts'

/** Runs the seeds on all workers, prints their outcomes in order and a summary; returns the exit code. */
export async function simulateSeeds(
  seeds: Seeds,
  world: SimulatedWorld,
  options: SimulateOptions,
): Promise<number> {
  const { first, last } = seeds
  const total = last - first + 1
  const progress = progressLine()
  const summary = new Summary()
  const started = performance.now()
  const waiting = new Map<number, Line>()
  let [next, printed, done] = [first, first, 0]
  const interruption = onInterrupt()

  const take = (line: Line) => {
    done++
    waiting.set(line.seed, line)
    for (let ready = waiting.get(printed); ready !== undefined; ready = waiting.get(++printed)) {
      waiting.delete(printed)
      summary.add(ready)
      if (options.json) console.log(JSON.stringify(ready))
    }
    const rate = Math.round(done / ((performance.now() - started) / 1000))
    const failed = summary.failed > 0 ? `, ${summary.failed} failed` : ''
    progress.show(done / total, `${done}/${total} seeds, ${rate}/s${failed}`)
  }
  const give = () => (next <= last && !interruption.isInterrupted() ? next++ : null)
  const worker = () => seedWorker(give, take, { module: options.with, interruption })
  await Promise.all(Array.from({ length: Math.min(options.workers, total) }, worker))
  progress.end()
  interruption.end()
  for (const line of [...waiting.values()].sort((a, b) => a.seed - b.seed)) summary.add(line)
  return summary.print(total, interruption.isInterrupted(), world, options)
}

interface Interruption {
  isInterrupted(): boolean
  /** Called at the first interruption. */
  add(react: () => void): void
  end(): void
}

/** The first Ctrl-C ends the run with what there is; the second ends the process. */
function onInterrupt(): Interruption {
  let interrupted = false
  const reactions = new Set<() => void>()
  const interrupt = () => {
    if (interrupted) process.exit(130)
    interrupted = true
    for (const react of reactions) react()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return {
    isInterrupted: () => interrupted,
    add: (react) => void reactions.add(react),
    end() {
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
    },
  }
}

/** A process of its own that runs the seeds it is given, one after another; if it dies, its seed has crashed and another goes on. */
async function seedWorker(
  give: () => number | null,
  take: (line: Line) => void,
  options: { readonly module: string | undefined; readonly interruption: Interruption },
): Promise<void> {
  let seed = give()
  while (seed !== null) {
    const code = await new Promise<number | null>((resolve) => {
      const child = startWorker(options.module)
      options.interruption.add(() => child.kill('SIGKILL'))
      child.on('message', (line: Line) => {
        take(line)
        seed = give()
        if (seed === null) child.disconnect()
        else child.send(seed)
      })
      child.on('exit', resolve)
      child.on('error', () => resolve(null))
      child.send(seed!)
    })
    if (seed === null || options.interruption.isInterrupted()) return
    take(crashed(seed, `the process that ran it ended with exit code ${code}`))
    seed = give()
  }
}

function startWorker(module: string | undefined): ChildProcess {
  const args = ['simulate-worker', ...(module === undefined ? [] : ['--with', module])]
  return fork(process.argv[1]!, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}

function crashed(seed: number, reason: string): Line {
  const nothing = { steps: 0, virtualMs: 0, answered: 0, open: 0, sometimes: {}, fingerprint: '' }
  const linearizable = 'unknown'
  return { seed, verdict: 'crash', reason, linearizable, ...nothing }
}

/** What a worker process does: it runs the seeds that it is sent. */
export function simulateWorker(world: SimulatedWorld): void {
  // Ctrl-C reaches the whole group of processes: the parent decides.
  process.on('SIGINT', () => {})
  const send = (line: Line) => process.send!(line, (error: Error | null) => error !== null && process.exit())
  process.on('message', (seed: number) => send(lineOf(simulate({ seed }, world))))
  process.on('disconnect', () => process.exit())
}

const failuresShown = 20

class Summary {
  readonly #verdicts = new Map<SimulationVerdict, number>()
  readonly #met: Record<string, number> = Object.fromEntries(situations.map((name) => [name, 0]))
  readonly #failures: Line[] = []
  #seeds = 0
  #steps = 0
  #virtualMs = 0
  #answered = 0
  #unjudged = 0
  failed = 0

  add(line: Line): void {
    this.#seeds++
    this.#verdicts.set(line.verdict, (this.#verdicts.get(line.verdict) ?? 0) + 1)
    this.#steps += line.steps
    this.#virtualMs += line.virtualMs
    this.#answered += line.answered
    if (line.linearizable === 'unknown' && exitCodes[line.verdict] === 0) this.#unjudged++
    for (const [name, count] of Object.entries(line.sometimes))
      this.#met[name] = (this.#met[name] ?? 0) + count
    if (exitCodes[line.verdict] === 0) return
    this.failed++
    if (this.#failures.length < failuresShown) this.#failures.push(line)
  }

  /** Says what came of it; the exit code. */
  print(total: number, isInterrupted: boolean, world: SimulatedWorld, options: SimulateOptions): number {
    const never = situations.filter((name) => this.#met[name] === 0)
    if (options.json) console.log(JSON.stringify(this.#asJson(total)))
    else this.#print(total, never, options)
    const code = this.#code()
    if (code !== 0 && options.reduce && !options.json && !isInterrupted) this.#explainFirst(world, options)
    if (code !== 0) return code
    if (isInterrupted) return 130
    return options.requireAll && (never.length > 0 || this.#unjudged > 0) ? exitCodes.liveness : 0
  }

  #code(): number {
    const worst = (['safety', 'crash', 'liveness'] as const).find((verdict) => this.#verdicts.has(verdict))
    return worst === undefined ? 0 : exitCodes[worst]
  }

  #asJson(total: number) {
    const verdicts = Object.fromEntries([...this.#verdicts].sort())
    const [steps, virtualMs, answered, sometimes] = [this.#steps, this.#virtualMs, this.#answered, this.#met]
    return {
      kind: 'summary',
      seeds: this.#seeds,
      of: total,
      verdicts,
      unjudged: this.#unjudged,
      steps,
      virtualMs,
      answered,
      sometimes,
    }
  }

  #print(total: number, never: readonly string[], options: SimulateOptions): void {
    const verdicts = [...this.#verdicts].sort().map(([verdict, count]) => `${count} ${verdict}`)
    const seeds = this.#seeds === total ? `${total} seeds` : `${this.#seeds} of ${total} seeds, interrupted`
    console.log(`${seeds}: ${verdicts.join(', ') || 'none has ended'}`)
    if (this.#verdicts.has('stuck'))
      console.log(
        '  stuck: every server that held the state is gone, so no server answers, as the protocol demands',
      )
    console.log(
      `  ${this.#steps} steps in ${(this.#virtualMs / 3_600_000).toFixed(2)} virtual hours, ${this.#answered} calls answered`,
    )
    if (this.#unjudged > 0)
      console.log(`  ${this.#unjudged} histories could not be judged in the steps that a judge has`)
    console.log('  situations met:')
    for (const [name, count] of Object.entries(this.#met))
      console.log(`    ${String(count).padStart(9)}  ${name}`)
    if (never.length > 0) console.log(`  never met: ${never.join(', ')}`)
    const option = options.with === undefined ? [] : ['--with', options.with]
    for (const { seed, verdict, reason } of this.#failures)
      console.log(
        `  seed ${seed}: ${verdict}: ${reason}\n    ${commandLine('simulate', '--seed', String(seed), ...option)}`,
      )
    if (this.failed > failuresShown) console.log(`  and ${this.failed - failuresShown} more that failed`)
  }

  /** The first failing seed once more, and a smaller run that fails like it. */
  #explainFirst(world: SimulatedWorld, options: SimulateOptions): void {
    const [first] = this.#failures
    const result = simulate({ seed: first!.seed }, world)
    if (exitCodes[result.verdict] !== 0) explainFailure(result, world, options.with)
  }
}
