/** The model checker: exhaustive search over any set of XState machines that speak through `send`, with a verdict that says what it means. */
import {
  confirmed,
  happeningsAlong,
  happeningsFrom,
  happeningsTo,
  minimise,
  type Run,
  story,
} from './counterexample.ts'
import type { Violation } from './engine/exploration.ts'
import type { Coverage } from './engine/node-state.ts'
import { Search } from './engine/search.ts'
import {
  type Progress,
  type SearchBounds,
  type SearchEnd,
  statesMaxDefault,
} from './engine/search-options.ts'
import { interrogated } from './handlers.ts'
import type { Happening } from './happening.ts'
import { checkLiveness, type LivenessResult } from './liveness.ts'
import { type CheckOptions, refuseOddOptions } from './options.ts'
import { type Met, randomWalks } from './random-walk.ts'
import type { CheckedSystem } from './system.ts'
import { checkTemporal, type Lasso } from './temporal.ts'
import { type Unseen, unseenIn } from './unseen.ts'

/**
 * How a check ended: `exhausted`, every reachable state was seen, every invariant holds and every goal was reached;
 * `bounded`, the same for the states within a bound, which `bound` names; `violated`; `goal not found`, every reachable
 * state was seen, and some goal in none of them, or liveness was asked for and some goal does not come about.
 */
export type CheckVerdict = 'exhausted' | 'bounded' | 'violated' | 'goal not found'

/** The outcome of a search: its numbers and, if there is one, its counterexample. */
export interface CheckResult {
  readonly verdict: CheckVerdict
  /** `bounded`: the bound that ended the search. */
  readonly bound: keyof SearchBounds | 'walks' | 'goals' | null
  /** Distinct ones; of walks by fingerprints of 53 bits. */
  readonly states: number
  readonly transitions: number
  readonly depth: number
  /** Random walks that were taken; undefined for a search. */
  readonly walks?: number
  readonly seconds: number
  readonly bytes: number
  /** Distinct local states of all nodes, and how many times XState itself was asked for a step. */
  readonly locals: number
  readonly snapshotSteps: number
  readonly violation: {
    readonly name: string
    readonly reason: string
    readonly run: Run
    /** The run as text. */
    readonly story: string
    /** Of a broken promise: the steps before the cycle that goes on for ever. */
    readonly cycleFrom?: number
  } | null
  /** For each goal the shortest run that was found to it; null if none. */
  readonly goals: readonly { readonly name: string; readonly run: Run | null }[]
  /** What the search never saw, such as a message that no machine takes: the system may not be the one that was meant. */
  readonly unseen: readonly Unseen[]
  /** Null if it was not asked for, or if the search found a violation. */
  readonly liveness: LivenessResult | null
}

/**
 * Searches all that can happen in a system.
 * @example
 * const result = check({ nodes: [{ id: 'a', machine }, { id: 'b', machine }], invariants: [always('...', (system) => ...)] })
 * if (result.verdict === 'violated') console.log(result.violation.story)
 */
export function check(system: CheckedSystem, options: CheckOptions = {}): CheckResult {
  refuseOddOptions(options)
  for (const kind of ['liveness', 'handlers'] as const) {
    if (options[kind] === undefined || options.order !== 'random-walk') continue
    throw new RangeError(`expected ${kind} with a search, got it with random walks; leave one of them out`)
  }
  if (options.from !== undefined && (options.handlers !== undefined || (system.temporal ?? []).length > 0))
    throw new RangeError(
      'expected from without handlers and promises (temporal), which are for whole systems; leave one of them out',
    )
  if ((options.blocked ?? []).length > 0 && (system.temporal ?? []).length > 0)
    throw new RangeError(
      'expected blocked without promises (temporal), which are for whole systems; use cuts of the system',
    )
  for (const { from, to } of options.blocked ?? []) {
    const ids = system.nodes.map(({ id }) => id)
    if (!ids.includes(from) || !ids.includes(to))
      throw new RangeError(`expected blocked links between ${ids.join(', ')}, got one from ${from} to ${to}`)
  }
  const wanted = options.goals === undefined ? system : { ...system, goals: options.goals }
  const interrogation = options.handlers === undefined ? null : interrogated(wanted, options.handlers)
  const asked = interrogation?.system ?? wanted
  const until = explainedBy(options)
  const { search, found } = foundIn(asked, options)
  const plain = new Search(asked, 'none')
  const result = concluded(found, asked, { ...options, until }, plain)
  if (found.violation !== null) return result
  const fault = interrogation?.verdict(search, plain) ?? null
  if (fault !== null)
    return { ...result, verdict: 'violated', bound: null, violation: { ...fault, story: story(fault.run) } }
  if (result.verdict === 'exhausted' && (asked.temporal ?? []).length > 0) {
    const { lasso, isWhole } = checkTemporal(plain, asked, options.bounds?.states ?? statesMaxDefault, until)
    if (!isWhole)
      return { ...result, verdict: 'bounded', bound: performance.now() > until ? 'seconds' : 'states' }
    if (lasso !== null)
      return { ...result, verdict: 'violated', violation: { ...lasso, story: lassoStory(lasso) } }
  }
  if (options.liveness === undefined) return result
  const liveness = checkLiveness(search, plain, asked, options.liveness, until)
  const fails = liveness.failed > 0
  return { ...result, liveness, ...(fails ? { verdict: 'goal not found', bound: null } : {}) }
}

function lassoStory({ run, cycleFrom }: Lasso): string {
  const lines = story(run)
  const { length } = run.steps
  const end =
    cycleFrom === length ? 'and nothing more need happen' : `and again from ${cycleFrom + 1} on, for ever`
  return `${lines}\n${end}`
}

/** When runs are reported with needless steps: a twentieth after the bound in seconds. */
export function explainedBy({ bounds }: Pick<CheckOptions, 'bounds'>): number {
  return performance.now() + (bounds?.seconds ?? Number.POSITIVE_INFINITY) * 1050
}

/** Searches, and once more if a property began to read what nodes have sent: then these take every step by itself. */
function foundIn(system: CheckedSystem, options: CheckOptions): { search: Search; found: Found } {
  const started = performance.now()
  const elapsed = () => (performance.now() - started) / 1000
  const secondsMax = options.bounds?.seconds ?? Number.POSITIVE_INFINITY
  const inTime = () => ({ ...options, bounds: { ...options.bounds, seconds: secondsMax - elapsed() } })
  for (let stepwise = 0; ; ) {
    const search = new Search(system, options.reduction, stepwise, options.blocked)
    const found = toBeginning(search, system, inTime()) ?? explored(search, system, inTime())
    const next = nextStepwise(found, stepwise, search.states.sentReads)
    if (next === null || search.absorbing === 0 || elapsed() > secondsMax)
      return { search, found: { ...found, seconds: elapsed() } }
    stepwise = next
  }
}

/** The nodes that must take every step by itself for the finding to be complete; null if they did. */
export function nextStepwise(
  { end }: Pick<Found, 'end'>,
  stepwise: number,
  sentReads: number,
): number | null {
  const isWhole = end === 'violated' || end === 'goals' || (sentReads & ~stepwise) === 0
  return isWhole ? null : stepwise | sentReads
}

/** What a search has found, with its runs step by step. */
export function concluded(
  found: Found,
  system: CheckedSystem,
  { minimise: shorten = true, until }: Pick<CheckOptions, 'minimise'> & { readonly until: number },
  plain: Search = new Search(system, 'none'),
): CheckResult {
  const { violation, goals, end: _, absorbing, coverages, ...numbers } = found
  return {
    ...numbers,
    ...verdictOf(found),
    liveness: null,
    unseen: unseenIn(system, coverages),
    violation: violation === null ? null : explain(plain, { ...violation, absorbing }, shorten ? until : 0),
    goals: goals.map(({ name, happenings }) => {
      if (happenings === null) return { name, run: null }
      const way = { name, ways: () => [happenings()], absorbing }
      const run = confirmed(plain, way, (state) => plain.goal(name, state))
      const isThere = ({ state }: Run) => plain.goal(name, state)
      return { name, run: shorten ? minimise(plain, run, isThere, until) : run }
    }),
  }
}

/** The outcome of exploring; the run to a state is computed only on demand. */
export interface Found extends Pick<CheckResult, 'states' | 'transitions' | 'depth' | 'seconds' | 'bytes'> {
  readonly end: SearchEnd['end'] | 'walks'
  readonly walks?: number
  readonly locals: number
  readonly snapshotSteps: number
  /** Of each thread. */
  readonly coverages: readonly Coverage[]
  /** A bit for each node of which steps that only send were taken at once. */
  readonly absorbing: number
  readonly violation: {
    readonly name: string
    readonly reason: string
    /** What may have happened: one of these shows the violation. */
    readonly ways: () => Iterable<readonly Happening[]>
  } | null
  readonly goals: readonly { readonly name: string; readonly happenings: (() => Happening[]) | null }[]
}

function explored(search: Search, system: CheckedSystem, options: CheckOptions): Found {
  const { order, ...rest } = options
  if (order === 'random-walk') return walked(search, system, options)
  return searched(search, search.run({ ...rest, ...(order === undefined ? {} : { order }) }))
}

/** The same, with runs that can be computed while the search still has its states. */
export function searched(search: Search, { violation, goals, ...numbers }: SearchEnd): Found {
  return {
    ...numbers,
    absorbing: search.absorbing,
    coverages: [search.coverage],
    violation: violation === null ? null : { ...violation, ways: () => waysTo(search, violation) },
    goals: goals.map(({ name, state }) => ({
      name,
      happenings: state === null ? null : () => happeningsTo(search, state),
    })),
  }
}

function* waysTo(search: Search, { state, isStep = false }: Violation): Iterable<Happening[]> {
  const happenings = happeningsTo(search, state)
  const at = new Int32Array(search.width)
  search.store.read(state, at)
  if (isStep) yield* happeningsFrom(search, happenings, at)
  else yield happenings
}

function walked(search: Search, system: CheckedSystem, options: CheckOptions): Found {
  const { seed, bounds, stopAtGoals, progress } = options
  const { violation, goals, ...numbers } = randomWalks(search, {
    ...(seed === undefined ? {} : { seed }),
    ...(bounds === undefined ? {} : { bounds }),
    ...(stopAtGoals === undefined ? {} : { stopAtGoals }),
    ...(progress === undefined
      ? {}
      : { progress: (now) => progress({ ...now, frontier: 0, bytes: 0 } satisfies Progress) }),
    goals: system.goals ?? [],
  })
  return {
    ...numbers,
    bytes: search.store.bytes,
    locals: search.model.states.size,
    snapshotSteps: search.model.transitions.count,
    absorbing: search.absorbing,
    coverages: [search.coverage],
    violation: violation === null ? null : { ...violation, ways: () => waysAlong(search, violation) },
    goals: goals.map(({ name, met }) => ({
      name,
      happenings: met === null ? null : () => happeningsAlong(search, met.path),
    })),
  }
}

function* waysAlong(
  search: Search,
  { path, isStep = false }: Met & { isStep?: boolean },
): Iterable<Happening[]> {
  const happenings = happeningsAlong(search, path)
  if (isStep) yield* happeningsFrom(search, happenings, path.at(-1)!)
  else yield happenings
}

function verdictOf({ end, goals }: Found): Pick<CheckResult, 'verdict' | 'bound'> {
  if (end === 'violated') return { verdict: 'violated', bound: null }
  if (end !== 'exhausted') return { verdict: 'bounded', bound: end }
  return {
    verdict: goals.some(({ happenings }) => happenings === null) ? 'goal not found' : 'exhausted',
    bound: null,
  }
}

/** Runs the prefix of a search; returns the outcome if it was violated on the way, or cannot be executed. */
export function toBeginning(
  search: Search,
  system: CheckedSystem,
  { bounds = {}, from }: Pick<CheckOptions, 'bounds' | 'from'>,
): Found | null {
  if (from !== undefined) {
    search.restartAfter(from)
    return null
  }
  const started = performance.now()
  const secondsMax = bounds.seconds ?? Number.POSITIVE_INFINITY
  for (const goal of system.begin ?? []) {
    const seconds = secondsMax - (performance.now() - started) / 1000
    const end = search.run({ bounds: { ...bounds, seconds }, goals: [goal], stopAtGoals: true })
    const state = end.goals[0]!.state
    if (end.violation !== null || state === null) {
      const others = (system.goals ?? []).map(({ name }) => ({ name, state: null }))
      return searched(search, { ...end, goals: [...end.goals, ...others] })
    }
    search.restartAfter(happeningsTo(search, state))
  }
  return null
}

function explain(
  plain: Search,
  violation: NonNullable<Found['violation']> & Pick<Found, 'absorbing'>,
  until: number,
): CheckResult['violation'] {
  const { name } = violation
  const verdictOn = ({ state, steps }: Run) => plain.verdict(name, state, steps.at(-1) ?? null)
  const found = confirmed(plain, violation, (state, last) => plain.verdict(name, state, last) !== true)
  const run = minimise(plain, found, (shorter) => verdictOn(shorter) !== true, until)
  return { name, reason: String(verdictOn(run)), run, story: story(run) }
}
