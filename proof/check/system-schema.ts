/** A checked system as a schema: unknown and wrong parts are refused. */
import * as v from 'valibot'
import { checked } from '../../actors/checked.ts'
import type { CheckedNode, CheckedSystem, Goal, Invariant, LeadsTo, StepInvariant } from './system.ts'

export type Entries<Options> = Record<keyof Required<Options>, v.GenericSchema>

export const flag = v.optional(v.boolean('expected true or false'))
export const someFunction = v.function('expected a function')
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
export const goals = v.optional(v.array(goal, 'expected a list of goals'))

const cut = v.strictObject(
  { from: v.string('expected the id of a node'), to: v.string('expected an id') },
  'expected cuts such as { from, to }',
)
export const cuts = v.optional(v.array(cut, 'expected a list of links such as { from, to }'))
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
    cuts,
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

/** Refuses names that a system or its nodes do not have. @throws StandbyError `invalidOption` */
export function refuseOddSystem(system: CheckedSystem): void {
  checked('system', systemSchema, system)
  if (!Array.isArray(system.nodes)) return
  for (const [index, node] of system.nodes.entries()) checked(`system.nodes.${index}`, nodeSchema, node)
}
