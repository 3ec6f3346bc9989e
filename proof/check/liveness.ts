/** Liveness: from sampled states of a search on, nothing fails any more; then every goal must come about, unless the state is stuck. */
import { mersenne } from 'pure-rand/generator/mersenne'
import { Stage } from '../stage/stage.ts'
import { everyStepOf, happeningsTo, minimise, type Run, story } from './counterexample.ts'
import type { Search } from './engine/search.ts'
import type { Happening } from './happening.ts'
import type { CheckedSystem, Goal } from './system.ts'

/** Which states are tried, and how hard. */
export interface LivenessOptions {
  /** States that are tried, drawn from all that were found; default 200. */
  readonly samples?: number
  /** Of the sample, and of how long messages take; default 1. */
  readonly seed?: number
  /** Milliseconds by the machines' own delays within which the goals must come about; default 5,000. */
  readonly withinMs?: number
  /** What becomes of the messages that are under way when faults end; default `lost`. */
  readonly underWay?: 'lost' | 'delivered'
  /** Healed runs from one state, each with other latencies, before it counts as dead; default 3. */
  readonly attempts?: number
}

/** A state from which a goal does not come about although it is promised. */
export interface LivenessFailure {
  /** `liveness: ` and the goal. */
  readonly name: string
  readonly reason: string
  /** A shortened run to such a state. */
  readonly run: Run
  readonly story: string
}

/** What became of the sampled states. */
export interface LivenessResult {
  readonly seed: number
  readonly sampled: number
  /** States from which nothing is promised. */
  readonly stuck: number
  /** Pairs of a state and a goal that came about; and how long the slowest took. */
  readonly reached: number
  readonly slowestMs: number
  /** Pairs that did not. */
  readonly failed: number
  /** For each goal the first failure. */
  readonly failures: readonly LivenessFailure[]
}

/** Tries states that a search has found. `plain` is a search without reduction through the same system. */
export function checkLiveness(
  search: Search,
  plain: Search,
  system: CheckedSystem,
  options: LivenessOptions = {},
  until = Number.POSITIVE_INFINITY,
): LivenessResult {
  const { samples = 200, seed = 1 } = options
  const goals = (system.goals ?? []).filter(({ promised }) => promised !== false)
  const failures = new Map<string, LivenessFailure>()
  let [stuck, reached, failed, slowestMs] = [0, 0, 0, 0]
  let tried = 0
  for (const number of sampled(search.store.size, samples, seed)) {
    if (tried > 0 && performance.now() > until) break
    tried++
    const run = everyStepOf(plain, happeningsTo(search, number), search.absorbing)
    const happenings = run.steps.map(({ happening }) => happening)
    if (stuckOn(system, happenings) !== null) {
      stuck++
      continue
    }
    for (const goal of goals) {
      const ms = healed(system, happenings, goal, options)
      if (ms !== null) {
        reached++
        slowestMs = Math.max(slowestMs, ms)
        continue
      }
      failed++
      if (!failures.has(goal.name)) failures.set(goal.name, failure(plain, system, run, goal, options, until))
    }
  }
  return { seed, sampled: tried, stuck, reached, slowestMs, failed, failures: [...failures.values()] }
}

/** What the state after these actions waits for; null if progress is promised. */
function stuckOn(system: CheckedSystem, happenings: readonly Happening[]): string | null {
  if (system.stuckOn === undefined) return null
  return system.stuckOn(staged(system, happenings).view())
}

/** How long the goal takes after these actions when nothing fails any more; null if it is not reached. */
function healed(
  system: CheckedSystem,
  happenings: readonly Happening[],
  goal: Goal,
  { seed = 1, attempts = 3, ...options }: LivenessOptions,
): number | null {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const latency = attempt === 0 ? () => 1 : latencies(seed + attempt)
    const ms = healedRun(staged(system, happenings), goal, latency, options)
    if (ms !== null) return ms
  }
  return null
}

/** True if the goal is reached after these actions, or is not promised; else why not. */
export function livenessAfter(
  system: CheckedSystem,
  happenings: readonly Happening[],
  goal: Goal,
  options: LivenessOptions = {},
): true | string {
  if (stuckOn(system, happenings) !== null || healed(system, happenings, goal, options) !== null) return true
  const { withinMs = 5000, underWay = 'lost' } = options
  return `it does not come about within ${withinMs} ms although nothing fails any more${underWay === 'lost' ? '; what was under way is lost' : ''}`
}

/** The name under which a goal fails. */
export function livenessOf(goal: string): string {
  return `liveness: ${goal}`
}

function staged(system: CheckedSystem, happenings: readonly Happening[]): Stage {
  const stage = new Stage(system)
  for (const happening of happenings) stage.play(happening)
  return stage
}

/**
 * Nothing fails any more: every message that is sent from now on arrives once, every timer fires when it is due. What such
 * a run reaches is reachable.
 */
function healedRun(
  stage: Stage,
  { reached }: Goal,
  latency: () => number,
  { withinMs = 5000, underWay = 'lost' }: LivenessOptions,
): number | null {
  const started = stage.now
  stage.latencyMs = latency
  if (underWay === 'lost') stage.network.clear()
  else stage.network.setOutAgain()
  while (!reached(stage.view())) {
    const scripted = stage.players.find((player) => stage.readyScript(player) !== null)
    if (scripted !== undefined) {
      stage.local(scripted, stage.readyScript(scripted)!, true)
      continue
    }
    const first = stage.firstDue()
    if (first === null || Math.max(first.due, stage.now) - started > withinMs) return null
    if (!('envelope' in first)) stage.fire(first)
    else if (stage.lives(first.envelope.to)) stage.deliver(first)
    else stage.network.take(first)
  }
  return stage.now - started
}

function failure(
  plain: Search,
  system: CheckedSystem,
  found: Run,
  goal: Goal,
  options: LivenessOptions,
  until: number,
): LivenessFailure {
  const verdictOn = ({ steps }: Pick<Run, 'steps'>) =>
    livenessAfter(
      system,
      steps.map(({ happening }) => happening),
      goal,
      options,
    )
  const run = minimise(plain, found, (shorter) => verdictOn(shorter) !== true, until)
  return { name: livenessOf(goal.name), reason: String(verdictOn(run)), run, story: story(run) }
}

/** Distinct numbers below `size`, in ascending order; all of them if there are no more than `count`. */
function sampled(size: number, count: number, seed: number): number[] {
  if (size <= count) return Array.from({ length: size }, (_, number) => number)
  const generator = mersenne(seed)
  const drawn = new Set<number>()
  while (drawn.size < count) drawn.add(Math.floor(((generator.next() >>> 0) / 0x1_0000_0000) * size))
  return [...drawn].sort((a, b) => a - b)
}

/** From 1 to 20 ms. */
function latencies(seed: number): () => number {
  const generator = mersenne(seed)
  return () => 1 + ((generator.next() >>> 0) % 20)
}
