/** The model checker on several threads: each has the states whose hash makes them its own. Node only; the verdicts are those of `check`. */
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { pathToFileURL } from 'node:url'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { type CheckOptions, type CheckResult, concluded, type Found, toBeginning } from './check.ts'
import { happeningsAlong } from './counterexample.ts'
import {
  type FromWorker,
  type LevelEnd,
  slots,
  systemFrom,
  type Told,
  type ToWorker,
  type WorkerStart,
} from './parallel-messages.ts'
import { Search, type SearchEnd } from './search.ts'
import type { SystemSource } from './system.ts'
import { Listener } from './translation.ts'

export type { SystemSource } from './system.ts'

/** As for `check`, breadth first; what asks more than a search is not for several threads. */
export interface ParallelOptions
  extends Pick<CheckOptions, 'bounds' | 'stopAtGoals' | 'progress' | 'minimise' | 'reduction'> {
  /** Threads; default: as many as there are cores. */
  readonly workers?: number
}

/**
 * Searches all that can happen in a system that a module exports. An exhausted search counts the same states as `check`; where
 * a bound ends it, some states more may have been entered, and which of several shortest runs is told may differ.
 * @throws RangeError for less than one worker; Error when a worker fails.
 * @example
 * const source = { module: new URL('./lock-server.js', import.meta.url).href, name: 'lockServer', args: [3] }
 * const { verdict } = await checkInParallel(source, { workers: 4 })
 */
export async function checkInParallel(
  source: SystemSource,
  options: ParallelOptions = {},
): Promise<CheckResult> {
  const { workers = availableParallelism(), reduction = 'sends' } = options
  if (!Number.isInteger(workers) || workers < 1 || workers > 64)
    throw new RangeError(`expected 1 to 64 workers, got ${workers}`)
  const system = await systemFrom(source)
  const search = new Search(system, reduction)
  const early = toBeginning(search, system, options)
  if (early !== null) return concluded(early, system, options)
  const crew = new Crew(source, search, { ...options, workers, reduction })
  try {
    return concluded(await crew.run(), system, options)
  } finally {
    await crew.dismiss()
  }
}

type CrewOptions = ParallelOptions & Required<Pick<ParallelOptions, 'workers' | 'reduction'>>

/** The workers of one search, level by level. */
class Crew {
  readonly #search: Search
  readonly #options: CrewOptions
  readonly #shared: Int32Array
  readonly #threads: Worker[]
  readonly #controls: MessagePort[]
  readonly #listeners: Listener[]
  readonly #goals: readonly string[]

  constructor(source: SystemSource, search: Search, options: CrewOptions) {
    const { workers: count, reduction, bounds = {} } = options
    this.#search = search
    this.#options = options
    this.#goals = search.states.goals.map(({ name }) => name)
    this.#shared = new Int32Array(new SharedArrayBuffer(4 * (slots.mail + count)))
    this.#listeners = Array.from({ length: count }, () => new Listener(search.states.tongue))
    const peers = Array.from({ length: count }, () => new Array<MessagePort | null>(count).fill(null))
    for (let a = 0; a < count; a++) {
      for (let b = a + 1; b < count; b++) {
        const { port1, port2 } = new MessageChannel()
        peers[a]![b] = port1
        peers[b]![a] = port2
      }
    }
    this.#controls = []
    this.#threads = peers.map((ports, index) => {
      const { port1, port2 } = new MessageChannel()
      this.#controls.push(port1)
      const start: WorkerStart = {
        source,
        reduction,
        prefix: search.prefix,
        index,
        count,
        peers: ports,
        control: port2,
        shared: this.#shared.buffer as SharedArrayBuffer,
        statesMax: bounds.states ?? 50_000_000,
      }
      return new Worker(workerModule(), {
        workerData: start,
        transferList: [port2, ...ports.filter((port) => port !== null)],
      })
    })
  }

  async run(): Promise<Found> {
    const { bounds = {}, stopAtGoals = false } = this.#options
    const started = performance.now()
    const seconds = () => (performance.now() - started) / 1000
    let depth = 0
    let frontier = 1
    let bytes = 0
    const progress = () => this.#tellProgress(depth, frontier, bytes, seconds())
    const timer = setInterval(() => {
      progress()
      if (seconds() > (bounds.seconds ?? Number.POSITIVE_INFINITY)) Atomics.store(this.#shared, slots.stop, 1)
    }, 100)
    try {
      for (;;) {
        Atomics.store(this.#shared, slots.explored, 0)
        const ends = await Promise.all(
          this.#controls.map((_, index) => this.#ask<LevelEnd>(index, { kind: 'level' })),
        )
        const sum = (part: (end: LevelEnd) => number) => ends.reduce((total, end) => total + part(end), 0)
        frontier = sum((end) => end.frontier)
        bytes = sum((end) => end.bytes)
        const goals = this.#goals.map(
          (_, goal) => ends.find((end) => end.goals[goal] !== null)?.goals[goal] ?? null,
        )
        const over = ((): SearchEnd['end'] | null => {
          if (ends.some(({ violation }) => violation !== null)) return 'violated'
          if (stopAtGoals && goals.length > 0 && goals.every((state) => state !== null)) return 'goals'
          if (Atomics.load(this.#shared, slots.states) >= (bounds.states ?? 50_000_000)) return 'states'
          if (Atomics.load(this.#shared, slots.stop) !== 0) return 'seconds'
          if (bytes > (bounds.bytes ?? 6 * 2 ** 30)) return 'bytes'
          if (frontier === 0) return 'exhausted'
          return depth + 1 >= (bounds.depth ?? Number.POSITIVE_INFINITY) ? 'depth' : null
        })()
        if (over === null) {
          depth++
          continue
        }
        progress()
        const numbers = {
          end: over,
          states: sum((end) => end.states),
          transitions: sum((end) => end.transitions),
          depth,
          seconds: seconds(),
          bytes,
          locals: Math.max(...ends.map((end) => end.locals)),
          snapshotSteps: sum((end) => end.snapshotSteps),
        }
        return await this.#found(numbers, ends, goals)
      }
    } finally {
      clearInterval(timer)
    }
  }

  async dismiss(): Promise<void> {
    for (const control of this.#controls) control.close()
    await Promise.all(this.#threads.map((thread) => thread.terminate()))
  }

  /** With the paths to what was found, as happenings. */
  async #found(
    numbers: Omit<Found, 'violation' | 'goals'>,
    ends: readonly LevelEnd[],
    goals: readonly (number | null)[],
  ): Promise<Found> {
    const violation = ends.map((end) => end.violation).find((found) => found !== null) ?? null
    const broken = violation === null ? null : await this.#path(violation.state, violation.to)
    // One after another: a worker answers one question at a time.
    const paths: (readonly Int32Array[] | null)[] = []
    for (const state of goals) paths.push(state === null ? null : (await this.#path(state, null)).states)
    return {
      ...numbers,
      violation:
        violation === null || broken === null
          ? null
          : {
              name: violation.name,
              reason: violation.reason,
              happenings: () => happeningsAlong(this.#search, broken.states, broken.to ?? undefined),
            },
      goals: this.#goals.map((name, goal) => {
        const path = paths[goal] ?? null
        return { name, happenings: path === null ? null : () => happeningsAlong(this.#search, path) }
      }),
    }
  }

  /** The states from the beginning to this one, and a local state behind it, as numbers of the coordinator's search. */
  async #path(state: number, to: number | null): Promise<{ states: Int32Array[]; to: number | null }> {
    const { workers } = this.#options
    const states: Int32Array[] = []
    let last: number | null = null
    for (let at = state; at >= 0; ) {
      const owner = at % workers
      const wanted = at === state ? to : null
      const told = await this.#ask<Told>(owner, { kind: 'tell', state: (at - owner) / workers, to: wanted })
      const listener = this.#listeners[owner]!
      listener.learn(told.news)
      listener.understand(told.state)
      if (told.to !== null) last = listener.local(told.to)
      states.push(told.state)
      at = told.parent
    }
    return { states: states.reverse(), to: last }
  }

  #ask<Answer extends FromWorker>(index: number, order: ToWorker): Promise<Answer> {
    const control = this.#controls[index]!
    const thread = this.#threads[index]!
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        control.off('message', hear)
        thread.off('error', fail)
        thread.off('exit', exited)
        act()
      }
      const hear = (answer: FromWorker) =>
        settle(() =>
          answer.kind === 'failed'
            ? reject(new Error(`a worker of the search failed: ${answer.message}`))
            : resolve(answer as Answer),
        )
      const fail = (error: Error) => settle(() => reject(error))
      const exited = (code: number) =>
        settle(() => reject(new Error(`a worker of the search ended with exit code ${code}`)))
      control.on('message', hear)
      thread.on('error', fail)
      thread.on('exit', exited)
      control.postMessage(order)
      Atomics.add(this.#shared, slots.mail + index, 1)
      Atomics.notify(this.#shared, slots.mail + index)
    })
  }

  #tellProgress(depth: number, frontier: number, bytes: number, seconds: number): void {
    const states = Atomics.load(this.#shared, slots.states)
    this.#options.progress?.({
      states,
      statesPerSecond: Math.round(states / Math.max(0.001, seconds)),
      depth,
      frontier: Math.max(0, frontier - Atomics.load(this.#shared, slots.explored)),
      bytes,
      seconds,
    })
  }
}

/** The worker's module. Sources in TypeScript, as in this project's own tests, need their loader in each thread. */
function workerModule(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('./parallel-worker.js', import.meta.url)
  const loader = pathToFileURL(
    createRequire(import.meta.url)
      .resolve('tsx/esm/api')
      .replace(/cjs$/, 'mjs'),
  ).href
  const worker = new URL('./parallel-worker.ts', import.meta.url).href
  const code = `import { register } from ${JSON.stringify(loader)}\nregister()\nawait import(${JSON.stringify(worker)})`
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`)
}
