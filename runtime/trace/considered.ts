/** Which transitions were tried in a step, in order, and what their guards said. */
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import type { Microstep } from '../../actors/observation.ts'
import { candidatesOf } from '../../machines/step/candidates.ts'
import { nameOf, targetOf } from './definition.ts'

/** A guard that was asked, and what it said; `target` is empty for a transition that stays. */
export interface Considered {
  readonly event: string
  readonly source: string
  readonly target: readonly string[]
  readonly guard: string | null
  /** Whether this transition was taken. */
  readonly result: boolean
}

/**
 * The transitions that were tried in one step, the refused ones first, each with what its guard said.
 *
 * Of the first microstep all active states below the taken transition's source were asked before it; of the following
 * ones only the source's own candidates are known.
 */
export function consideredIn(
  before: AnyMachineSnapshot | undefined,
  event: string,
  microsteps: readonly Microstep[],
): Considered[] {
  const nodes: readonly AnyStateNode[] = before?._nodes ?? []
  const machine = before?.machine as AnyStateMachine | undefined
  if (machine === undefined) return microsteps.map((microstep) => ({ ...microstep, result: true }))
  if (microsteps.length === 0) return refusedIn(nodes, event)
  return microsteps.flatMap((taken, index) => {
    const source = nodeWithId(machine, taken.source)
    const own = source === undefined ? [] : refusedBefore(source, taken)
    const below = source === undefined || index > 0 ? [] : refusedBelow(nodes, source, taken.event)
    return [...below, ...own, { ...taken, result: true }]
  })
}

function refusedBelow(nodes: readonly AnyStateNode[], source: AnyStateNode, event: string): Considered[] {
  return refusedIn(
    nodes.filter((node) => node !== source && isBelow(node, source)),
    event,
  )
}

/** Why an event changed nothing: no transition takes it, or the guards of those that would said no. */
export function refusalOf(considered: readonly Considered[]): string {
  const guards = [...new Set(considered.map(({ guard }) => guard ?? '(inline)'))]
  if (guards.length === 0) return 'no transition takes it in this state'
  return guards.length === 1 ? `its guard ${guards[0]} said no` : `its guards said no: ${guards.join(', ')}`
}

function refusedIn(nodes: readonly AnyStateNode[], event: string): Considered[] {
  return [...nodes]
    .reverse()
    .flatMap((node) => candidatesOf(node, event).filter(({ guard }) => guard !== undefined))
    .map((transition) => refused(transition, event))
}

function refusedBefore(source: AnyStateNode, taken: Microstep): Considered[] {
  for (const candidates of [candidatesOf(source, taken.event), source.always ?? []]) {
    const index = candidates.findIndex((transition) => isSame(transition, taken))
    if (index >= 0) return candidates.slice(0, index).map((transition) => refused(transition, taken.event))
  }
  return []
}

function isSame(transition: AnyTransitionDefinition, taken: Microstep): boolean {
  const guard = transition.guard === undefined ? null : nameOf(transition.guard)
  return guard === taken.guard && targetOf(transition).join() === taken.target.join()
}

function refused(transition: AnyTransitionDefinition, event: string): Considered {
  const guard = transition.guard === undefined ? null : nameOf(transition.guard)
  return { event, source: transition.source.id, target: targetOf(transition), guard, result: false }
}

function isBelow(node: AnyStateNode, ancestor: AnyStateNode): boolean {
  for (let one = node.parent; one !== undefined; one = one.parent) if (one === ancestor) return true
  return false
}

function nodeWithId(machine: AnyStateMachine, id: string): AnyStateNode | undefined {
  const find = (node: AnyStateNode): AnyStateNode | undefined => {
    if (node.id === id) return node
    for (const child of Object.values(node.states)) {
      const found = find(child as AnyStateNode)
      if (found !== undefined) return found
    }
    return undefined
  }
  return find(machine.root)
}
