/** What must hold at every moment of a chart, and the shortest way to each of its states, by a search through all of them. */
import type { AnyStateMachine } from 'xstate'
import { type ExploreOptions, explore } from './explore.ts'
import type { Moment } from './moment.ts'

/** What must hold at every moment; the name is a sentence. It fails by `false`, or by throwing. */
export type ChartInvariants<Machine extends AnyStateMachine> = Readonly<
  Record<string, (moment: Moment<Machine>) => boolean | undefined>
>

/** The result of a search for a violation. */
export type InvariantResult<Machine extends AnyStateMachine> =
  | { readonly kind: 'holds'; readonly visited: number; readonly exhausted: boolean }
  | {
      readonly kind: 'violated'
      readonly invariant: string
      /** What was thrown, if it failed by throwing. */
      readonly error: unknown
      /** The shortest way there. */
      readonly path: readonly string[]
      readonly moment: Moment<Machine>
    }

/**
 * Asks every invariant at every moment that the given events, timers and outcomes of children lead to.
 * @example
 * checkInvariants(doorMachine, { 'an open door is unlocked': ({ value, context }) => value !== 'open' || !context.locked })
 */
export function checkInvariants<Machine extends AnyStateMachine>(
  machine: Machine,
  invariants: ChartInvariants<Machine>,
  options: ExploreOptions = {},
): InvariantResult<Machine> {
  let violated: InvariantResult<Machine> | null = null
  const explored = explore(machine, options, ({ to, isNew }) => {
    if (!isNew) return true
    const broken = brokenBy(to.moment, invariants)
    if (broken === null) return true
    violated = { kind: 'violated', ...broken, path: to.path.map(({ label }) => label), moment: to.moment }
    return false
  })
  return violated ?? { kind: 'holds', ...explored }
}

/** The first invariant that does not hold at this moment; null if all do. */
export function brokenBy<Machine extends AnyStateMachine>(
  moment: Moment<Machine>,
  invariants: ChartInvariants<Machine>,
): { readonly invariant: string; readonly error: unknown } | null {
  for (const [invariant, holds] of Object.entries(invariants)) {
    try {
      if (holds(moment) === false) return { invariant, error: null }
    } catch (error) {
      return { invariant, error }
    }
  }
  return null
}

/** A shortest way to a state. */
export interface PathTo<Machine extends AnyStateMachine> {
  /** The id of the state. */
  readonly state: string
  readonly path: readonly string[]
  readonly moment: Moment<Machine>
}

/** A shortest way to each state that can be reached, nearest first. */
export function shortestPaths<Machine extends AnyStateMachine>(
  machine: Machine,
  options: ExploreOptions = {},
): readonly PathTo<Machine>[] {
  const paths = new Map<string, PathTo<Machine>>()
  explore(machine, options, ({ to, isNew }) => {
    if (!isNew) return true
    const path = to.path.map(({ label }) => label)
    for (const state of to.moment.states)
      if (!paths.has(state)) paths.set(state, { state, path, moment: to.moment })
    return true
  })
  return [...paths.values()]
}
