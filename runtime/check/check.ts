/** The model checker: exhaustive search over any set of XState machines that speak through `send`, with a verdict that says what it means. */
import { everyStepOf, happeningsTo, minimise, type Run, story } from './counterexample.ts'
import { Search, type SearchBounds, type SearchEnd, type SearchOptions } from './search.ts'
import type { CheckedSystem } from './system.ts'

/** How a system is searched: order, bounds, reduction, and what is told meanwhile. */
export interface CheckOptions extends SearchOptions {
  /** Leave needless steps out of a counterexample; default true. */
  readonly minimise?: boolean
  /** See `Search`; default `sends`. */
  readonly reduction?: 'sends' | 'none'
}

/**
 * How a check ended: `exhausted`, every reachable state was seen, every invariant holds and every goal was reached;
 * `bounded`, the same for the states within a bound, which `bound` names; `violated`; `goal not found`, every reachable
 * state was seen, and some goal in none of them.
 */
export type CheckVerdict = 'exhausted' | 'bounded' | 'violated' | 'goal not found'

/** What a search came to, with its numbers and, where there is one, its counterexample. */
export interface CheckResult {
  readonly verdict: CheckVerdict
  /** `bounded`: the bound that ended the search. */
  readonly bound: keyof SearchBounds | 'goals' | null
  readonly states: number
  readonly transitions: number
  readonly depth: number
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
  } | null
  /** For each goal the shortest run that was found to it; null where there is none. */
  readonly goals: readonly { readonly name: string; readonly run: Run | null }[]
}

/**
 * Searches all that can happen in a system.
 * @example
 * const result = check({ nodes: [{ id: 'a', machine }, { id: 'b', machine }], invariants: [always('...', (system) => ...)] })
 * if (result.verdict === 'violated') console.log(result.violation.story)
 */
export function check(system: CheckedSystem, options: CheckOptions = {}): CheckResult {
  const search = new Search(system, options.reduction)
  const end = toBeginning(search, system, options) ?? search.run(options)
  const plain = new Search(system, 'none')
  const shorten = options.minimise ?? true
  const violation = end.violation === null ? null : explain(search, plain, end.violation, shorten)
  const goals = end.goals.map(({ name, state }) => {
    if (state === null) return { name, run: null }
    const found = everyStepOf(plain, happeningsTo(search, state))
    return { name, run: shorten ? minimise(plain, found, (run) => plain.goal(name, run.state)) : found }
  })
  return { ...numbersOf(end), ...verdictOf(end), violation, goals }
}

function verdictOf({ end, goals }: SearchEnd): Pick<CheckResult, 'verdict' | 'bound'> {
  if (end === 'violated') return { verdict: 'violated', bound: null }
  if (end !== 'exhausted') return { verdict: 'bounded', bound: end }
  return { verdict: goals.some(({ state }) => state === null) ? 'goal not found' : 'exhausted', bound: null }
}

/** Leads the search to where it begins; what it came to if it was violated on the way. */
function toBeginning(search: Search, system: CheckedSystem, { bounds = {} }: CheckOptions): SearchEnd | null {
  for (const goal of system.begin ?? []) {
    const end = search.run({ bounds, goals: [goal], stopAtGoals: true })
    if (end.violation !== null) return end
    const state = end.goals[0]!.state
    if (state === null) {
      throw new Error(
        `expected a run to the beginning "${goal.name}", found none; allow more states or choose another beginning`,
      )
    }
    search.restartAfter(happeningsTo(search, state))
  }
  return null
}

function explain(
  search: Search,
  plain: Search,
  { name, reason, state, to }: NonNullable<SearchEnd['violation']>,
  shorten: boolean,
): CheckResult['violation'] {
  const verdictOn = ({ state: end, steps }: Run): true | string => {
    const last = steps.at(-1)
    const step = last === undefined ? true : plain.stepInvariant(name, last.before, last.after)
    return step === true ? plain.invariant(name, end) : step
  }
  const found = everyStepOf(plain, happeningsTo(search, state, to))
  const run = shorten ? minimise(plain, found, (shorter) => verdictOn(shorter) !== true) : found
  const verdict = verdictOn(run)
  return { name, reason: verdict === true ? reason : verdict, run, story: story(run) }
}

function numbersOf({ states, transitions, depth, seconds, bytes, locals, snapshotSteps }: SearchEnd) {
  return { states, transitions, depth, seconds, bytes, locals, snapshotSteps }
}
