/** A statechart as plain data: for drawing it, and for saying which guards were asked before a transition was taken. */
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import type { Microstep } from '../../actors/observation.ts'

/** A transition of a machine, as plain JSON. */
export interface TransitionDescription {
  /** Null for a transition that waits for no event. */
  readonly event: string | null
  readonly guard: string | null
  /** Ids of states; empty for a transition that stays. */
  readonly target: readonly string[]
  readonly actions: readonly string[]
  readonly reenter: boolean
  readonly description?: string
}

/** A state of a machine, as plain JSON. */
export interface StateDescription {
  readonly id: string
  readonly key: string
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history'
  readonly description?: string
  readonly tags: readonly string[]
  readonly initial: string | null
  readonly entry: readonly string[]
  readonly exit: readonly string[]
  /** In the order in which they are tried. */
  readonly transitions: readonly TransitionDescription[]
  readonly states: readonly StateDescription[]
}

/** A machine as plain JSON, for a trace. */
export interface MachineDescription {
  readonly id: string
  /** The lengths of named delays, in milliseconds. */
  readonly delays: Readonly<Record<string, number>>
  readonly root: StateDescription
}

/** A guard that was asked, and what it said; `target` is empty for a transition that stays. */
export interface Considered {
  readonly event: string
  readonly source: string
  readonly target: readonly string[]
  readonly guard: string | null
  /** Whether this transition was taken. */
  readonly result: boolean
}

/** The whole chart: states in document order, each with its transitions in the order in which they are tried. */
export function describeMachine(machine: AnyStateMachine): MachineDescription {
  const delays = Object.entries(machine.implementations.delays).filter(([, ms]) => typeof ms === 'number')
  return {
    id: machine.id,
    delays: Object.fromEntries(delays) as Record<string, number>,
    root: describeState(machine.root),
  }
}

function describeState(node: AnyStateNode): StateDescription {
  const initial = node.type === 'compound' ? node.initial.target[0]?.key : undefined
  return {
    id: node.id,
    key: node.key,
    type: node.type,
    ...(node.description === undefined ? {} : { description: node.description }),
    tags: node.tags,
    initial: initial ?? null,
    entry: node.entry.map(nameOf),
    exit: node.exit.map(nameOf),
    transitions: transitionsOf(node).map(describeTransition),
    states: Object.values(node.states).map(describeState),
  }
}

function describeTransition(transition: AnyTransitionDefinition): TransitionDescription {
  const { eventType, guard, actions, reenter, description } = transition
  return {
    event: eventType === '' ? null : eventType,
    guard: guard === undefined ? null : nameOf(guard),
    target: targetOf(transition),
    actions: actions.map(nameOf),
    reenter,
    ...(description === undefined ? {} : { description }),
  }
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
  if (microsteps.length === 0) return refusedBelow(nodes, machine.root, event)
  return microsteps.flatMap((taken, index) => {
    const source = nodeWithId(machine, taken.source)
    const own = source === undefined ? [] : refusedBefore(source, taken)
    const below = source === undefined || index > 0 ? [] : refusedBelow(nodes, source, taken.event)
    return [...below, ...own, { ...taken, result: true }]
  })
}

function refusedBelow(nodes: readonly AnyStateNode[], source: AnyStateNode, event: string): Considered[] {
  return nodes
    .filter((node) => node !== source && isBelow(node, source))
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

/** As XState does: wildcards count only where a state does not name the event. */
function candidatesOf(node: AnyStateNode, event: string): readonly AnyTransitionDefinition[] {
  return node.transitions.get(event) ?? node.transitions.get('*') ?? []
}

function isSame(transition: AnyTransitionDefinition, taken: Microstep): boolean {
  const guard = transition.guard === undefined ? null : nameOf(transition.guard)
  return guard === taken.guard && targetOf(transition).join() === taken.target.join()
}

function refused(transition: AnyTransitionDefinition, event: string): Considered {
  const { guard } = describeTransition(transition)
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

function transitionsOf(node: AnyStateNode): AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])]
}

function targetOf({ target }: AnyTransitionDefinition): string[] {
  return target?.map(({ id }) => id) ?? []
}

function nameOf(named: unknown): string {
  if (typeof named === 'string') return named
  return (named as { type?: string }).type ?? '(inline)'
}
