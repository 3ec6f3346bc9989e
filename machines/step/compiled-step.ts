/**
 * Steps of a compiled chart: XState's macrostep, with what depends on the active states alone read from tables.
 *
 * XState takes the step itself if it depends on more: on eventless transitions, history, final states, invoked actors, or
 * if the event is one of XState's own.
 */
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import { evaluateGuard } from 'xstate/guards'
import { isTimer } from '../effects.ts'
import { type Selector, tablesOf } from './configurations.ts'
import { type Microstep, resolveActions, writable } from './resolve-actions.ts'
import {
  activeNodes,
  type Chart,
  iterationsMax,
  reportMicrostep,
  type Scope,
  stepByXState,
  type TakeStep,
  type Transition,
  transitionsByXState,
} from './xstate-internals.ts'

/** @param fallsThrough whether XState tries a wildcard transition after those of the event itself have failed */
export function compiledStep(chart: Chart, fallsThrough: boolean): TakeStep {
  const { machine } = chart
  const byXState = stepByXState(machine)
  const tables = tablesOf(chart, fallsThrough)

  /** The next snapshot; null, with nothing done, if XState has to take the step. */
  const microstep = (
    snapshot: AnyMachineSnapshot,
    event: EventObject,
    scope: Scope,
    raised: EventObject[],
  ): AnyMachineSnapshot | null => {
    const from = tables.configuration(activeNodes(snapshot))
    if (from.isTransient) return null
    const selector = tables.selector(from, event.type)
    const transitions =
      selector === null
        ? none
        : selector === 'by XState'
          ? transitionsByXState(machine, snapshot, event)
          : enabled(chart, selector, snapshot, event)
    let next = snapshot
    if (transitions.length > 0) {
      const plan = tables.plan(from, transitions)
      if (plan === null) return null
      const step: Microstep = { chart, event, scope, raised, snapshot, isOwn: false }
      resolveActions(step, plan.actions)
      if (plan.to !== from) {
        const written: { _nodes: unknown; value: unknown; tags: unknown } = writable(step)
        written._nodes = plan.to.nodes
        written.value = plan.to.value
        written.tags = plan.to.tags
      }
      next = step.snapshot
    }
    reportMicrostep(scope, event, next, transitions)
    return next
  }

  return (snapshot, event, scope) => {
    if (snapshot.status !== 'active' || !isPlainEvent(event)) return byXState(snapshot, event, scope)
    const raised: EventObject[] = []
    let next = microstep(snapshot, event, scope, raised)
    if (next === null) return byXState(snapshot, event, scope)
    const maxIterations = iterationsMax(machine)
    for (let count = 1; count <= maxIterations; count++) {
      const own = raised.shift()
      if (own === undefined) return next
      next = microstep(next, own, scope, raised)!
    }
    return byXState(snapshot, event, inert(scope))
  }
}

const none: readonly Transition[] = Object.freeze([])

/** XState's own events have rules of their own, except timers. */
function isPlainEvent(event: EventObject): boolean {
  const { type } = event
  return type !== '*' && (!type.startsWith('xstate.') || isTimer(event))
}

/** A scope in which nothing happens: XState is asked only for the words of its error. */
function inert(scope: Scope): Scope {
  const nothing = () => {}
  const system = { ...(scope.system as object), _sendInspectionEvent: nothing }
  return { ...scope, system: system as never, defer: nothing, emit: nothing, actionExecutor: nothing }
}

function enabled(
  chart: Chart,
  selector: Selector,
  snapshot: AnyMachineSnapshot,
  event: EventObject,
): readonly Transition[] {
  const transitions: Transition[] = []
  try {
    select(chart, selector, snapshot, event, transitions)
    return transitions
  } catch {
    // XState says in which state and on which event a guard threw.
    return transitionsByXState(chart.machine, snapshot, event)
  }
}

/** Adds the transitions that are enabled; whether there is one. */
function select(
  chart: Chart,
  { inner, candidates }: Selector,
  snapshot: AnyMachineSnapshot,
  event: EventObject,
  transitions: Transition[],
): boolean {
  let isHandled = false
  for (const selector of inner) if (select(chart, selector, snapshot, event, transitions)) isHandled = true
  if (isHandled) return true
  for (const candidate of candidates) {
    if (candidate.guard && !holds(chart, candidate.guard, snapshot, event)) continue
    transitions.push(candidate)
    return true
  }
  return false
}

type Guard = string | Predicate | { readonly type: string; readonly params?: unknown }
type Predicate = ((args: object, params: unknown) => boolean) & { readonly check?: unknown }

function holds(chart: Chart, guard: unknown, snapshot: AnyMachineSnapshot, event: EventObject): boolean {
  const { context } = snapshot
  const named = guard as Guard
  const isInline = typeof named === 'function'
  const own = isInline ? named : chart.guards[typeof named === 'string' ? named : named.type]
  if (typeof own !== 'function' || 'check' in own)
    return evaluateGuard(guard as never, context as never, event as never, snapshot)
  const given = typeof named === 'object' ? named.params : undefined
  const params = typeof given === 'function' ? given({ context, event }) : given
  return (own as Predicate)({ context, event }, params)
}
