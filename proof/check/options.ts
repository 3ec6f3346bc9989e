/** The options of searches and the systems that they are given, as schemas: an unknown or wrong one is refused. */
import * as v from 'valibot'
import { checked } from '../../actors/options.ts'
import type { CheckOptions } from './check.ts'
import type { WalkBounds } from './random-walk.ts'
import type { CheckedNode, CheckedSystem, Goal, Invariant, LeadsTo, StepInvariant } from './system.ts'

type Entries<Options> = Record<keyof Required<Options>, v.GenericSchema>

const someCount = 'expected a whole number from 1 on, or Infinity'
const count = v.optional(
  v.pipe(
    v.number(someCount),
    v.minValue(1, someCount),
    v.check((value) => value === Number.POSITIVE_INFINITY || Number.isInteger(value), someCount),
  ),
)
const someSeconds = 'expected a number of seconds above 0'
const flag = v.optional(v.boolean('expected true or false'))
const someFunction = v.function('expected a function')
const seed = v.optional(v.pipe(v.number('expected a whole number'), v.safeInteger('expected a whole number')))
const someName = v.pipe(v.string('expected a name'), v.minLength(1, 'expected a name'))

const property = { name: someName, monotone: flag }
const invariant = v.strictObject(
  { ...property, holds: someFunction } satisfies Entries<Invariant | StepInvariant>,
  'expected invariants, such as always(name, holds) makes them',
)
const goal = v.strictObject(
  { ...property, reached: someFunction, promised: flag } satisfies Entries<Goal>,
  'expected goals, such as reachable(name, reached) makes them',
)
const invariants = v.optional(v.array(invariant, 'expected a list of invariants'))
const goals = v.optional(v.array(goal, 'expected a list of goals'))

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

const cut = v.strictObject(
  { from: v.string('expected the id of a node'), to: v.string('expected an id') },
  'expected cuts such as { from, to }',
)
const systemSchema = v.strictObject(
  {
    nodes: v.unknown(),
    invariants,
    steps: invariants,
    goals,
    temporal: v.optional(
      v.array(
        v.strictObject(
          { name: someName, from: someFunction, to: someFunction } satisfies Entries<LeadsTo>,
          'expected promises, such as leadsTo(name, from, to) makes them',
        ),
        'expected a list of promises',
      ),
    ),
    begin: goals,
    prunes: v.optional(v.array(someFunction, 'expected a list of functions')),
    observer: v.optional(
      v.strictObject(
        { initial: v.unknown(), observe: someFunction },
        'expected an observer: { initial, observe }',
      ),
    ),
    stuckOn: v.optional(someFunction),
    crashes: v.optional(v.unknown()),
    restarts: v.optional(v.unknown()),
    cuts: v.optional(v.array(cut, 'expected a list of cuts')),
    network: v.optional(v.picklist(['set', 'once', 'ordered'], "expected 'set', 'once' or 'ordered'")),
    losses: v.optional(v.unknown()),
    duplicates: v.optional(v.unknown()),
    timers: v.optional(v.picklist(['free', 'ordered'], "expected 'free' or 'ordered'")),
  } satisfies Entries<CheckedSystem>,
  'expected a system such as { nodes: [{ id, machine }] }',
)
const nodeSchema = v.strictObject(
  {
    id: v.optional(v.unknown()),
    machine: v.optional(v.unknown()),
    input: v.optional(v.unknown()),
    script: v.optional(
      v.array(
        v.looseObject({ type: v.string('expected the type of an event') }, 'expected events'),
        'expected a list of events',
      ),
    ),
    ready: v.optional(someFunction),
    mayCrash: flag,
    restart: v.optional(someFunction),
  } satisfies Entries<CheckedNode>,
  'expected a node such as { id, machine }',
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

/** Refuses names that a system or its nodes do not have. @throws StandbyError `invalidOption` */
export function refuseOddSystem(system: CheckedSystem): void {
  checked('system', systemSchema, system)
  if (!Array.isArray(system.nodes)) return
  for (const [index, node] of system.nodes.entries()) checked(`system.nodes.${index}`, nodeSchema, node)
}
