/** The model checker on several threads, which share the states that they find. Node only; the verdicts are those of `check`. */
import { availableParallelism } from 'node:os'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { loaderFor } from '../../../runtime/load-module.ts'
import {
  type CheckResult,
  concluded,
  explainedBy,
  type Found,
  nextStepwise,
  searched,
  toBeginning,
} from '../check.ts'
import type { Violation } from '../engine/exploration.ts'
import type { Coverage } from '../engine/node-state.ts'
import { Search } from '../engine/search.ts'
import { bytesMaxDefault, progressOf, type SearchEnd, statesMaxDefault } from '../engine/search-options.ts'
import { type CheckOptions, refuseOddParallel } from '../options.ts'
import type { CheckedSystem, SystemSource } from '../system.ts'
import type { FromWorker, Order, Report, WorkerStart } from './messages.ts'
import { counters, sharedMemory, stops } from './shared-memory.ts'
import { SharedNumbers } from './shared-numbers.ts'
import { emptyIndex, SharedStateStore } from './shared-store.ts'
import { systemFrom } from './system-source.ts'

export type { SystemSource } from '../system.ts'

/** As for `check`, breadth first; what asks more than a search is not for several threads. */
export interface ParallelOptions
  extends Pick<CheckOptions, 'bounds' | 'stopAtGoals' | 'progress' | 'minimise' | 'reduction'> {
  /** Threads; default: as many as there are cores. */
  readonly workers?: number
}

/**
 * Searches all that can happen in a system that a module exports. An exhausted search counts the same states as `check`; which
 * of several shortest runs is reported may differ.
 * @throws RangeError for less than one worker; Error when a worker fails.
 * @example
 * const source = { module: new URL('./lock-server.js', import.meta.url).href, name: 'lockServer', args: [3] }
 * const { verdict } = await checkInParallel(source, { workers: 4 })
 */
export async function checkInParallel(
  source: SystemSource,
  options: ParallelOptions = {},
): Promise<CheckResult> {
  refuseOddParallel(source, options)
  const { workers = availableParallelism(), reduction = 'sends' } = options
  if (!Number.isInteger(workers) || workers < 1 || workers > 64)
    throw new RangeError(`expected 1 to 64 workers, got ${workers}`)
  const system = await systemFrom(source)
  if ((system.network ?? 'set') !== 'set')
    throw new RangeError(
      `expected a system with network 'set' for several threads, got '${system.network}'; search it with check`,
    )
  const until = explainedBy(options)
  const started = performance.now()
  const secondsMax = options.bounds?.seconds ?? Number.POSITIVE_INFINITY
  for (let stepwise = 0; ; ) {
    const seconds = () => (performance.now() - started) / 1000
    const bounds = { ...options.bounds, seconds: secondsMax - seconds() }
    const search = new Search(system, reduction, stepwise)
    const crewOptions = { ...options, bounds, workers, reduction, stepwise }
    const { found, sentReads } = await foundTogether(source, search, system, crewOptions)
    const next = nextStepwise(found, stepwise, sentReads)
    if (next === null || search.absorbing === 0 || seconds() >= secondsMax)
      return concluded({ ...found, seconds: seconds() }, system, { ...options, until })
    stepwise = next
  }
}

async function foundTogether(
  source: SystemSource,
  search: Search,
  system: CheckedSystem,
  options: CrewOptions,
) {
  const early = toBeginning(search, system, options)
  if (early !== null) return { found: early, sentReads: search.states.sentReads }
  const crew = new Crew(source, search, options)
  try {
    const found = await crew.run()
    return { found: { ...found, coverages: crew.coverages }, sentReads: crew.sentReads }
  } finally {
    await crew.dismiss()
  }
}

type CrewOptions = ParallelOptions &
  Required<Pick<ParallelOptions, 'workers' | 'reduction'>> &
  Pick<WorkerStart, 'stepwise'>

/** The workers of one search, level by level. */
class Crew {
  readonly #search: Search
  readonly #options: CrewOptions
  readonly #statesMax: number
  readonly #counters: Int32Array
  readonly #numbers: SharedNumbers
  readonly #store: SharedStateStore
  readonly #threads: Worker[]
  readonly #controls: MessagePort[] = []
  /** A bit for each node whose sent messages a property that is not monotone has read in any thread. */
  sentReads = 0
  coverages: readonly Coverage[] = []

  constructor(source: SystemSource, search: Search, options: CrewOptions) {
    const { workers: count, reduction, stepwise, bounds = {} } = options
    this.#search = search
    this.#options = options
    this.#statesMax = bounds.states ?? statesMaxDefault
    const memory = sharedMemory(search.width, this.#statesMax)
    const index = emptyIndex()
    const peers = allToAll(count + 1)
    const { model, states, width } = search
    this.#counters = new Int32Array(memory.counters)
    this.#numbers = new SharedNumbers(model.exchange, states.observations, this.#counters, peers.pop()!)
    this.#store = new SharedStateStore(width, this.#statesMax, memory, index, this.#numbers)
    this.#threads = peers.map((ports) => {
      const { port1, port2 } = new MessageChannel()
      this.#controls.push(port1)
      const start: WorkerStart = {
        source,
        reduction,
        stepwise,
        statesMax: this.#statesMax,
        memory,
        index,
        peers: ports,
        control: port2,
      }
      return new Worker(workerModule(), { workerData: start, transferList: [port2, ...ports] })
    })
  }

  async run(): Promise<Found> {
    const { states } = this.#search
    const store = this.#store
    states.begin(this.#search.begin(), { store })
    const started = performance.now()
    const round: Round = { depth: 0, end: store.size, reports: [] }
    const secondsMax = this.#options.bounds?.seconds ?? Number.POSITIVE_INFINITY
    const tell = () => {
      const ms = performance.now() - started
      const frontier = store.size - this.#taken(round)
      this.#options.progress?.(progressOf(store.size, this.#bytes(round), round.depth, frontier, ms))
      if (ms > secondsMax * 1000) Atomics.store(this.#counters, counters.stop, stops.over)
    }
    const timer = setInterval(tell, 100)
    try {
      let over = this.#isOver(round)
      for (let index: SharedArrayBuffer | null = null; over === null; over = this.#isOver(round)) {
        const taken = this.#taken(round)
        Atomics.store(this.#counters, counters.next, taken)
        if (taken === round.end) {
          round.depth++
          round.end = store.size
        }
        const order: Order = { end: round.end, index, reads: this.#reads(round) }
        round.reports = await Promise.all(this.#controls.map((_, worker) => this.#ask(worker, order)))
        index = this.#grown()
      }
      this.coverages = [this.#search.coverage, ...round.reports.map(({ coverage }) => coverage)]
      this.sentReads = round.reports.reduce((sum, report) => sum | report.sentReads, states.sentReads)
      tell()
      return searched(this.#search, this.#endOf(round, over, (performance.now() - started) / 1000))
    } finally {
      clearInterval(timer)
    }
  }

  async dismiss(): Promise<void> {
    for (const control of this.#controls) control.close()
    await Promise.all(this.#threads.map((thread) => thread.terminate()))
  }

  /** How many states of the round have been taken. */
  #taken({ end }: Round): number {
    return Math.min(end, Atomics.load(this.#counters, counters.next))
  }

  #bytes({ reports }: Round): number {
    return this.#store.bytes + reports.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** A larger index where a worker asked for it. */
  #grown(): SharedArrayBuffer | null {
    if (Atomics.compareExchange(this.#counters, counters.stop, stops.index, 0) !== stops.index) return null
    const index = this.#store.grown()
    this.#store.use(index)
    return index
  }

  #isOver(round: Round): SearchEnd['end'] | null {
    const { bounds = {}, stopAtGoals = false } = this.#options
    const goals = this.#goals(round)
    if (this.#violation(round) !== null) return 'violated'
    if (stopAtGoals && goals.length > 0 && goals.every((state) => state !== null)) return 'goals'
    if (this.#store.size >= this.#statesMax) return 'states'
    if (this.#bytes(round) > (bounds.bytes ?? bytesMaxDefault)) return 'bytes'
    if (Atomics.load(this.#counters, counters.stop) === stops.over) return 'seconds'
    if (this.#taken(round) < round.end) return null
    if (this.#store.size === round.end) return 'exhausted'
    return round.depth + 1 >= (bounds.depth ?? Number.POSITIVE_INFINITY) ? 'depth' : null
  }

  /** The one in the earliest state. */
  #violation({ reports }: Round): Violation | null {
    const found = [this.#search.states.violation]
    for (const { violation } of reports) {
      if (violation !== null) found.push(violation)
    }
    return found.filter((violation) => violation !== null).sort((a, b) => a.state - b.state)[0] ?? null
  }

  /** The first state that reached each goal. */
  #goals({ reports }: Round): (number | null)[] {
    return this.#search.states.goalStates.map((own, goal) => {
      const states = [own, ...reports.map(({ goals }) => goals[goal]!)].filter((state) => state !== null)
      return states.length === 0 ? null : Math.min(...states)
    })
  }

  /** What each property has read in any thread. */
  #reads({ reports }: Round): number[][] {
    return this.#search.states.reads.map((own, property) => [
      ...new Set([...own, ...reports.flatMap(({ reads }) => reads[property]!)]),
    ])
  }

  #endOf(round: Round, end: SearchEnd['end'], seconds: number): SearchEnd {
    const { reports, depth } = round
    const goals = this.#goals(round)
    return {
      end,
      states: this.#store.size,
      transitions: reports.reduce((sum, { transitions }) => sum + transitions, 0),
      depth,
      seconds,
      bytes: this.#bytes(round),
      locals: Math.max(...reports.map(({ locals }) => locals), this.#search.model.states.size),
      snapshotSteps: reports.reduce((sum, { snapshotSteps }) => sum + snapshotSteps, 0),
      violation: this.#violation(round),
      goals: this.#search.states.goals.map(({ name }, goal) => ({ name, state: goals[goal]! })),
    }
  }

  #ask(worker: number, order: Order): Promise<Report> {
    const control = this.#controls[worker]!
    const thread = this.#threads[worker]!
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        control.off('message', onAnswer)
        thread.off('error', fail)
        thread.off('exit', exited)
        act()
      }
      const onAnswer = (answer: FromWorker) =>
        settle(() =>
          answer.kind === 'failed'
            ? reject(new Error(`a worker of the search failed: ${answer.message}`))
            : resolve(answer),
        )
      const fail = (error: Error) => settle(() => reject(error))
      const exited = (code: number) =>
        settle(() => reject(new Error(`a worker of the search ended with exit code ${code}`)))
      control.on('message', onAnswer)
      thread.on('error', fail)
      thread.on('exit', exited)
      control.postMessage(order)
    })
  }
}

/** A part of a level that is explored by all without a pause. */
interface Round {
  depth: number
  /** The first state that is not of the level. */
  end: number
  /** The workers' of the round before. */
  reports: readonly Report[]
}

/** For each of `count` threads its ports to all others. */
function allToAll(count: number): MessagePort[][] {
  const ports = Array.from({ length: count }, (): MessagePort[] => [])
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      const { port1, port2 } = new MessageChannel()
      ports[a]!.push(port1)
      ports[b]!.push(port2)
    }
  }
  return ports
}

/** The worker's module. Sources in TypeScript, as in this project's own tests, need their loader in each thread. */
function workerModule(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('./worker.js', import.meta.url)
  const loader = loaderFor(import.meta.url)
  const worker = new URL('./worker.ts', import.meta.url).href
  const code = `import { register } from ${JSON.stringify(loader)}\nregister()\nawait import(${JSON.stringify(worker)})`
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`)
}
