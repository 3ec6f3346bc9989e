/** One run: a system in this process, its workload, its script of faults, and its story. It knows no terminal. */
import type { Observation } from '../../actors/observation.ts'
import type { Observe } from '../../actors/ports.ts'
import { createCluster, type KeyValueClient, type StandbyCluster } from '../../runtime/index.ts'
import { createCounters } from '../../runtime/observe/counters.ts'
import { createStory, type StoryEvent, type StoryLevel } from '../../runtime/observe/story.ts'
import { tee } from '../../runtime/observe/tee.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { createCorrelation } from '../../runtime/trace/correlation.ts'
import { createMemoryTransport } from '../../runtime/transport/memory.ts'
import { until } from '../../runtime/waiting.ts'
import { RunJudge } from './judge.ts'
import { createPausableClock, type PausableClock } from './pausable-clock.ts'
import { createLevers, isHealthy, type Levers, runScript } from './script.ts'
import { type Summary, summaryOf } from './summary.ts'
import { type Answer, startWorkload, type WorkloadCounts } from './workload.ts'

export interface PlaygroundOptions {
  readonly servers: number
  readonly clients: number
  readonly seed: number
  readonly rate: number
  /** Whether the script plays its faults. */
  readonly faults: boolean
  /** How long the run is meant to last, for the pace of the script; null: no end. */
  readonly forMs: number | null
  readonly level: StoryLevel
  readonly onEvent: (event: StoryEvent) => void
  readonly onScene: (text: string, t: number) => void
  /** `operation`: its id, the same in every event that serves it. */
  readonly onAnswer?: (answer: Answer, operation: string | null, t: number) => void
  /** Another sink, such as a trace. */
  readonly observe?: Observe
}

export interface Playground {
  readonly cluster: StandbyCluster<KeyValueClient>
  readonly clients: readonly KeyValueClient[]
  readonly clock: PausableClock
  readonly levers: Levers
  readonly seconds: () => number
  counts(): WorkloadCounts
  failovers(): number
  /** The faults found until now. */
  problems(): number
  longestWaitNow(): number
  /** Whether the script is playing; it ends where a person takes over. */
  readonly playing: boolean
  stopScript(): void
  resumeScript(): void
  /** Stops everything at once, without a word. */
  abandon(): Promise<void>
  /** Ends the workload, lets calls in progress finish, reads back, and judges. Never throws; may be called once. */
  finish(): Promise<Summary>
}

/** A failure is noticed within 300 ms, so that a story goes on before one forgets what happened. */
export const timing = { pingIntervalMs: 70, pingCheckIntervalMs: 150 }
/** How long a message is in flight, in milliseconds. */
const delayMs = 2
const gapDefaultMs = 4000
/** The story's events, and an end, in a run of a given length. */
const gapsInRun = 5

export function startPlayground(options: PlaygroundOptions): Playground {
  const { seed, forMs } = options
  const clock = createPausableClock(schedulerClock())
  const startedAt = clock.now()
  const counters = createCounters()
  const story = createStory({ level: options.level })
  const narrate = (observation: Observation) => {
    const event = story(observation)
    if (event !== null) options.onEvent(event)
  }
  // A client calls once at a time, so that its last return is that of the answer that comes up next.
  const correlation = createCorrelation()
  const lastOperation = new Map<string, string | null>()
  const correlate = (observation: Observation) => {
    const operations = correlation(observation)
    if (observation.kind === 'return') lastOperation.set(observation.node ?? '', operations[0] ?? null)
  }
  const sinks = tee(counters, narrate, correlate, ...(options.observe === undefined ? [] : [options.observe]))
  const cluster = createCluster({
    servers: options.servers,
    transport: createMemoryTransport({ delayMs }),
    clock,
    timing,
    seed,
    observe: sinks.observe,
  })
  const clients = Array.from({ length: options.clients }, () => cluster.client())
  const judge = new RunJudge()
  const workload = startWorkload({
    clients,
    clock,
    judge,
    seed,
    rate: options.rate,
    onAnswer: (answer) => options.onAnswer?.(answer, lastOperation.get(answer.client) ?? null, clock.now()),
  })
  const levers = createLevers(
    cluster,
    clients.map(({ id }) => id.split('#')[0]!),
  )
  const gapMs = forMs === null ? gapDefaultMs : Math.min(gapDefaultMs, Math.max(200, forMs / gapsInRun))
  let script: AbortController | null = null

  const play = () => {
    if (script !== null) return
    const playing = new AbortController()
    script = playing
    void runScript({
      cluster,
      levers,
      clock,
      gapMs,
      onScene: (text) => options.onScene(text, clock.now()),
      signal: playing.signal,
    })
  }
  const stopScript = () => {
    script?.abort()
    script = null
  }
  if (options.faults) play()

  return {
    cluster,
    clients,
    clock,
    levers,
    seconds: () => (clock.now() - startedAt) / 1000,
    counts: () => workload.counts(),
    problems: () => judge.judgement().problems.length,
    failovers: () => counters.read().failovers,
    longestWaitNow: () => workload.longestWaitNow(),
    get playing() {
      return script !== null
    },
    stopScript,
    resumeScript: play,
    async abandon() {
      clock.resume()
      stopScript()
      void workload.stop(0)
      await cluster.stop()
    },
    async finish() {
      const seconds = (clock.now() - startedAt) / 1000
      clock.resume()
      stopScript()
      levers.heal()
      // A run that ends before its first answer has shown nothing.
      await until(clock, () => workload.counts().answered > 0, 3000)
      await workload.stop(1000)
      await until(clock, () => isHealthy(cluster) || cluster.servers.length === 1, 1500)
      await workload.finish(2000)
      const summary = summaryOf({
        seconds,
        counts: workload.counts(),
        counted: counters.read(),
        judgement: judge.judgement(),
        failures: sinks.failures,
        firstError: sinks.firstError,
      })
      await cluster.stop()
      return summary
    },
  }
}
