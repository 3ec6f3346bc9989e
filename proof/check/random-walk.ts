/** Random walks: deep runs through a system, each step drawn from a seed. They find what lies too deep for a search, and prove nothing. */
import { mersenne } from 'pure-rand/generator/mersenne'
import type { Search } from './engine/search.ts'
import type { Goal } from './system.ts'

/** Where walking stops. */
export interface WalkBounds {
  /** Walks from the beginning; default 1,000. */
  readonly walks?: number
  /** Steps of one walk; default 1,000. */
  readonly steps?: number
  /** Distinct states in all; default, and most that can be counted: 16,000,000. */
  readonly states?: number
  readonly seconds?: number
}

/** How to walk, and what to look for. */
export interface WalkOptions {
  /** Default 1. Equal seeds and bounds give equal walks. */
  readonly seed?: number
  readonly bounds?: WalkBounds
  readonly goals: readonly Goal[]
  readonly stopAtGoals?: boolean
  readonly progress?: (progress: WalkProgress) => void
}

/** Reported every 16,384 steps, and at the end. */
export interface WalkProgress {
  readonly walks: number
  readonly states: number
  readonly statesPerSecond: number
  /** Steps of the longest walk. */
  readonly depth: number
  readonly seconds: number
}

/** A state that was met, with the walk that led to it. */
export interface Met {
  /** The states from the beginning of the search on, this one included. */
  readonly path: readonly Int32Array[]
}

/** The outcome of the walks. */
export interface WalkEnd {
  readonly end: 'violated' | 'walks' | 'states' | 'seconds' | 'goals'
  readonly walks: number
  /** Distinct states, by a fingerprint of 53 bits: of n states about n² / 2^54 are taken for another. */
  readonly states: number
  /** Steps in all. */
  readonly transitions: number
  readonly depth: number
  readonly seconds: number
  readonly violation:
    | (Met & { readonly name: string; readonly reason: string; readonly isStep?: boolean })
    | null
  readonly goals: readonly { readonly name: string; readonly met: Met | null }[]
}

/** A crash or restart is taken instead of another step this often, so that walks are not over before they begin. */
const faultShare = 1 / 32
const fingerprintsMax = 16_000_000

/** Walks through a system that `search` knows, from where it begins. */
export function randomWalks(search: Search, options: WalkOptions): WalkEnd {
  const { seed = 1, bounds = {}, goals, stopAtGoals = false, progress } = options
  const { walks: walksMax = 1000, steps: stepsMax = 1000, seconds = Number.POSITIVE_INFINITY } = bounds
  const statesMax = Math.min(bounds.states ?? fingerprintsMax, fingerprintsMax)
  const walker = new Walker(search, seed)
  const started = performance.now()
  const elapsed = () => (performance.now() - started) / 1000
  const met = new Map<string, Met>()
  const seen = new Set<number>()
  let [walks, transitions, depth] = [0, 0, 0]
  let violation: WalkEnd['violation'] = null

  const tell = () =>
    progress?.({
      walks,
      states: seen.size,
      statesPerSecond: Math.round(seen.size / Math.max(0.001, elapsed())),
      depth,
      seconds: elapsed(),
    })
  /** What the newest state, or a step on the way to it, breaks. */
  const look = (path: readonly Int32Array[]): void => {
    const state = path.at(-1)!
    seen.add(fingerprint(search, state))
    lookAtSteps(path)
    if (violation !== null) return
    const broken = search.broken(state)
    if (broken !== null) violation = { ...broken, path: withoutLoops(path) }
    for (const goal of goals) {
      if (!met.has(goal.name) && search.goal(goal.name, state))
        met.set(goal.name, { path: withoutLoops(path) })
    }
  }
  const lookAtSteps = (path: readonly Int32Array[]): void => {
    const [broken] = search.model.successors.judge.broken
    if (broken !== undefined) violation = { ...broken, isStep: true, path: withoutLoops(path) }
  }
  const ended = (): WalkEnd['end'] | null => {
    if (violation !== null) return 'violated'
    if (stopAtGoals && goals.length > 0 && met.size === goals.length) return 'goals'
    if (seen.size >= statesMax) return 'states'
    if (walks >= walksMax) return 'walks'
    return null
  }

  let end = ended()
  while (end === null) {
    const path = [walker.begin()]
    look(path)
    end = ended()
    while (end === null && path.length <= stepsMax && !search.isPruned(path.at(-1)!)) {
      const next = walker.step(path.at(-1)!)
      lookAtSteps(path)
      end = ended()
      if (next === null || end !== null) break
      path.push(next)
      transitions++
      look(path)
      end = ended()
      if ((transitions & 0x3fff) === 0) tell()
      if (elapsed() > seconds) end ??= 'seconds'
    }
    depth = Math.max(depth, path.length - 1)
    walks++
    end ??= ended()
  }
  tell()
  return {
    end,
    walks,
    states: seen.size,
    transitions,
    depth,
    seconds: elapsed(),
    violation,
    goals: goals.map(({ name }) => ({ name, met: met.get(name) ?? null })),
  }
}

/** Draws one step after another: first a node, then one of its steps, so that a busy node does not silence the others. */
class Walker {
  readonly #search: Search
  readonly #random: (below: number) => number
  readonly #begin: Int32Array
  readonly #next: Int32Array
  /** For each place how many steps it has, and the one that was drawn; the last two are of faults. */
  readonly #counts: Int32Array
  readonly #drawn: Int32Array[]

  constructor(search: Search, seed: number) {
    this.#search = search
    const generator = mersenne(seed)
    this.#random = (below) => Math.floor(((generator.next() >>> 0) / 0x1_0000_0000) * below)
    this.#begin = search.begin()
    search.settle(this.#begin)
    this.#next = new Int32Array(search.width)
    this.#counts = new Int32Array(search.width)
    this.#drawn = Array.from({ length: search.width }, () => new Int32Array(search.width))
  }

  begin(): Int32Array {
    return this.#begin.slice()
  }

  /** A successor state; null if nothing can happen. */
  step(state: Int32Array): Int32Array | null {
    const counts = this.#counts.fill(0)
    const faults = counts.length - 1
    const [left, budget] = [state[this.#search.nodes + 1], state.at(-1)]
    this.#search.eachNext(state, this.#next, (place) => {
      const isFault = this.#next[this.#search.nodes + 1] !== left || this.#next.at(-1) !== budget
      const pot = isFault ? faults : place
      // Each of the steps seen so far is the drawn one with the same chance.
      if (this.#random(++counts[pot]!) === 0) this.#drawn[pot]!.set(this.#next)
    })
    if (counts[faults]! > 0 && this.#random(1 / faultShare) === 0) return this.#drawn[faults]!.slice()
    const pots = [...counts.keys()].filter((pot) => pot !== faults && counts[pot]! > 0)
    const pot = pots.length > 0 ? pots[this.#random(pots.length)]! : faults
    return counts[pot]! > 0 ? this.#drawn[pot]!.slice() : null
  }
}

/** The same walk without what lies between two visits to one state. */
function withoutLoops(path: readonly Int32Array[]): readonly Int32Array[] {
  const last = new Map(path.map((state, index) => [state.join(), index]))
  const kept: Int32Array[] = []
  for (let index = 0; index < path.length; index++) {
    index = last.get(path[index]!.join())!
    kept.push(path[index]!)
  }
  return kept
}

function fingerprint(search: Search, state: Int32Array): number {
  let other = 0
  for (const local of state) other = Math.imul(other ^ local, 0x9e3779b1) + 0x7f4a7c15
  other ^= other >>> 15
  return search.hash(state) * 0x20_0000 + (other & 0x1f_ffff)
}
