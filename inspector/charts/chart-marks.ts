/** What a moment of a run means for a chart: which states are active, which transitions were tried, taken or can be. */
import type { Json } from '../../machines/application/application.ts'
import type { Considered } from '../../runtime/trace/considered.ts'
import type {
  MachineDescription,
  StateDescription,
  TransitionDescription,
} from '../../runtime/trace/definition.ts'
import type { TransitionKey } from '../../runtime/trace/exports/chart-model.ts'

/** What a step did in a chart. */
export interface Tried {
  readonly taken: ReadonlySet<TransitionKey>
  /** What each guard that was asked has said. */
  readonly guards: ReadonlyMap<TransitionKey, boolean>
}

/** The ids of all active states of a state value, the root and compound states included; unknown keys are passed over. */
export function activeIds({ root }: MachineDescription, value: Json): ReadonlySet<string> {
  const ids = new Set<string>()
  const visit = (state: StateDescription, inside: Json | undefined) => {
    ids.add(state.id)
    if (typeof inside === 'string') {
      const child = state.states.find(({ key }) => key === inside)
      if (child !== undefined) visit(child, undefined)
    } else if (isObject(inside)) {
      for (const child of state.states) {
        if (Object.hasOwn(inside, child.key)) visit(child, inside[child.key])
      }
    }
  }
  if (value !== null) visit(root, value)
  return ids
}

/** A state value in words: `heartbeat pinging; role primary serving`. */
export function valueText(value: Json): string {
  if (typeof value === 'string') return value
  if (!isObject(value)) return 'not started'
  return Object.entries(value)
    .map(([key, inside]) =>
      isObject(inside) && Object.keys(inside).length === 0 ? key : `${key} ${valueText(inside)}`,
    )
    .join('; ')
}

/** Finds the transitions that a trace's steps speak of. */
export function triedIn(machine: MachineDescription, microsteps: readonly Considered[]): Tried {
  const states = new Map(statesOf(machine.root).map((state) => [state.id, state]))
  const taken = new Set<TransitionKey>()
  const guards = new Map<TransitionKey, boolean>()
  for (const considered of microsteps) {
    const state = states.get(considered.source)
    for (const [index, transition] of (state?.transitions ?? []).entries()) {
      if (!isMeant(transition, considered)) continue
      const key: TransitionKey = `${considered.source}/${index}`
      if (considered.result) taken.add(key)
      if (considered.guard !== null) guards.set(key, considered.result || guards.get(key) === true)
      // Of two that look alike the first was taken.
      if (considered.result) break
    }
  }
  return { taken, guards }
}

/** The transitions with which the active states answer these events, each with its event; `xstate.after.D` means every timer D. */
export function enabledKeys(
  { root }: MachineDescription,
  active: ReadonlySet<string>,
  events: readonly string[],
): ReadonlyMap<TransitionKey, string> {
  const timers = events.filter((event) => event.startsWith('xstate.after.'))
  const isWanted = (event: string) =>
    events.includes(event) || timers.some((timer) => event.startsWith(`${timer}.`))
  const enabled = new Map<TransitionKey, string>()
  for (const state of statesOf(root).filter(({ id }) => active.has(id))) {
    for (const [index, { event }] of state.transitions.entries()) {
      if (event !== null && isWanted(event)) enabled.set(`${state.id}/${index}`, event)
    }
  }
  return enabled
}

/** All states, each before those in it. */
export function statesOf(root: StateDescription): readonly StateDescription[] {
  return [root, ...root.states.flatMap(statesOf)]
}

function isMeant(transition: TransitionDescription, considered: Considered): boolean {
  const { event, guard, target } = considered
  const isNamed =
    transition.event === event || transition.event === null || isWildcardFor(transition.event, event)
  return isNamed && transition.guard === guard && transition.target.join() === target.join()
}

function isWildcardFor(pattern: string, event: string): boolean {
  return pattern === '*' || (pattern.endsWith('.*') && event.startsWith(pattern.slice(0, -1)))
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
