/** The options of searches, as types and as schemas: unknown and wrong ones are refused. */
import * as v from 'valibot'
import { checked } from '../../actors/checked.ts'
import type { SearchBounds, SearchOptions } from './engine/search-options.ts'
import type { HandlerChecks } from './handlers.ts'
import type { Happening } from './happening.ts'
import type { LivenessOptions } from './liveness.ts'
import type { WalkBounds } from './random-walk.ts'
import type { CheckedSystem } from './system.ts'
import { cuts, type Entries, flag, goals, someFunction } from './system-schema.ts'

/** How a system is searched: order, bounds, reduction, and progress reports. */
export interface CheckOptions extends Omit<SearchOptions, 'order' | 'bounds'> {
  /**
   * `breadth-first` (default) finds shortest runs. `random-walk` draws deep runs from a seed: it finds what lies too deep
   * for a search, and ends as `bounded` at best.
   */
  readonly order?: SearchOptions['order'] | 'random-walk'
  /** `walks` and `steps` are for walks, `depth` and `bytes` for searches. */
  readonly bounds?: SearchBounds & WalkBounds
  /** Of random walks; default 1. */
  readonly seed?: number
  /** Afterwards show of sampled states that each goal can still be reached from them. Of searches only. */
  readonly liveness?: LivenessOptions
  /** Ask the machines more than the search needs; of searches only. What is found counts as a violation. */
  readonly handlers?: HandlerChecks
  /** Leave needless steps out of a counterexample; default true. */
  readonly minimise?: boolean
  /**
   * Begin after this run, such as `violation.run` or `repeat(system, saved).run` has it, in place of the start and of
   * `begin`. Depths and counts are of what follows it; the runs that are found include it.
   */
  readonly from?: readonly Happening[]
  /** Links on which nothing arrives from the beginning of the search on, one way each; `from` may have used them. */
  readonly blocked?: CheckedSystem['cuts']
  /** See `Search`; default `sends`. */
  readonly reduction?: 'sends' | 'none'
}

const someCount = 'expected a whole number from 1 on, or Infinity'
const count = v.optional(
  v.pipe(
    v.number(someCount),
    v.minValue(1, someCount),
    v.check((value) => value === Number.POSITIVE_INFINITY || Number.isInteger(value), someCount),
  ),
)
const someSeconds = 'expected a number of seconds above 0'
const seed = v.optional(v.pipe(v.number('expected a whole number'), v.safeInteger('expected a whole number')))
const bounds = {
  depth: count,
  states: count,
  seconds: v.optional(v.pipe(v.number(someSeconds), v.gtValue(0, someSeconds))),
  bytes: count,
  walks: count,
  steps: count,
} satisfies Entries<NonNullable<CheckOptions['bounds']>>

const liveness = {
  samples: count,
  seed,
  withinMs: v.optional(v.pipe(v.number('expected milliseconds'), v.minValue(1, 'expected milliseconds'))),
  underWay: v.optional(v.picklist(['lost', 'delivered'], "expected 'lost' or 'delivered'")),
  attempts: count,
} satisfies Entries<NonNullable<CheckOptions['liveness']>>

const handlers = {
  deterministic: flag,
  idempotent: v.optional(
    v.union(
      [v.boolean(), v.strictObject({ except: v.union([v.array(v.string()), v.function()]) })],
      'expected true, or { except } with types of messages or a function',
    ),
  ),
} satisfies Entries<NonNullable<CheckOptions['handlers']>>

const someHappening = 'expected the happenings of a run: run.steps.map(({ happening }) => happening)'

const checkEntries = {
  order: v.optional(
    v.picklist(
      ['breadth-first', 'depth-first', 'random-walk'],
      "expected 'breadth-first', 'depth-first' or 'random-walk'",
    ),
  ),
  bounds: v.optional(v.strictObject(bounds, 'expected bounds such as { states: 1000 }')),
  goals,
  stopAtGoals: flag,
  progress: v.optional(someFunction),
  seed,
  liveness: v.optional(v.strictObject(liveness, 'expected options of liveness such as { samples: 200 }')),
  handlers: v.optional(
    v.strictObject(handlers, 'expected checks of handlers such as { deterministic: true }'),
  ),
  minimise: flag,
  reduction: v.optional(v.picklist(['sends', 'none'], "expected 'sends' or 'none'")),
  from: v.optional(
    v.array(
      v.looseObject({ kind: v.string(someHappening), node: v.string(someHappening) }, someHappening),
      someHappening,
    ),
  ),
  blocked: cuts,
} satisfies Entries<CheckOptions>

const checkSchema = v.strictObject(checkEntries, 'expected options such as { seed: 7 }')

const { bounds: _bounds, stopAtGoals, progress, minimise, reduction } = checkEntries
const { walks: _walks, steps: _steps, ...searchBounds } = bounds
const parallelSchema = v.strictObject(
  {
    bounds: v.optional(v.strictObject(searchBounds, 'expected bounds such as { states: 1000 }')),
    stopAtGoals,
    progress,
    minimise,
    reduction,
    workers: v.optional(v.unknown()),
  },
  'expected options such as { workers: 2 }',
)
const sourceSchema = v.strictObject(
  {
    module: v.pipe(
      v.string('expected the absolute address of a module, such as import.meta.url'),
      v.regex(/^[a-z]+:|^\//i, 'expected the absolute address of a module, such as import.meta.url'),
    ),
    name: v.string('expected the name of a function that the module exports'),
    args: v.optional(v.array(v.unknown(), 'expected a list of arguments')),
  },
  'expected { module, name, args }, which name a function that makes the system',
)

/** @throws StandbyError `invalidOption` */
export function refuseOddOptions(options: CheckOptions): void {
  checked('check', checkSchema, options)
  const walks = options.order === 'random-walk'
  const others: readonly (keyof WalkBounds | 'depth' | 'bytes')[] = walks
    ? ['depth', 'bytes']
    : ['walks', 'steps']
  for (const name of others) {
    if (options.bounds?.[name] !== undefined)
      throw new RangeError(
        `check.bounds.${name}: expected it with ${walks ? 'a search' : "order: 'random-walk'"}, got it with ${walks ? 'random walks' : 'a search'}; leave it out`,
      )
  }
}

/** @throws StandbyError `invalidOption` */
export function refuseOddParallel(source: unknown, options: unknown): void {
  checked('checkInParallel source', sourceSchema, source)
  checked('checkInParallel', parallelSchema, options)
}
