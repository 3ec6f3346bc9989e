/** Counts which states, transitions and guards of machines a run has reached. */
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import { candidatesOf } from '../../../machines/step/candidates.ts'
import { nameOf } from '../../../runtime/trace/definition.ts'
import { definitionId, guardHolds } from '../transitions.ts'

/** Counts of one machine, as JSON. */
export interface MachineCoverage {
  readonly machine: string
  readonly states: readonly StateCount[]
  readonly transitions: readonly TransitionCount[]
}

export interface StateCount {
  readonly id: string
  readonly type: AnyStateNode['type']
  /** How many microsteps ended in it. */
  readonly entered: number
}

export interface TransitionCount {
  /** `source: event [guard] -> target`. */
  readonly id: string
  readonly source: string
  readonly taken: number
  /** Null for a transition without a guard. */
  readonly guard: { readonly name: string; readonly passed: number; readonly refused: number } | null
}

interface Counts {
  readonly machine: AnyStateMachine
  readonly states: Map<AnyStateNode, number>
  readonly transitions: Map<AnyTransitionDefinition, { taken: number; passed: number; refused: number }>
}

/** Counts by machine. */
export class CoverageRecorder {
  readonly #byRoot = new Map<AnyStateNode, Counts>()

  /** From now on the machine is in the report, whether or not a run reaches it. */
  watch(machine: AnyStateMachine): void {
    this.#countsOf(machine)
  }

  /** One microstep: the snapshot before it (null at the start), its event, the transitions taken, the snapshot after it. */
  count(
    before: AnyMachineSnapshot | null,
    event: { readonly type: string },
    transitions: readonly AnyTransitionDefinition[],
    after: AnyMachineSnapshot,
  ): void {
    const counts = this.#countsOf(after.machine as AnyStateMachine)
    for (const node of after._nodes as readonly AnyStateNode[]) bump(counts.states, node)
    for (const transition of transitions) {
      const count = counts.transitions.get(transition)
      if (count === undefined) continue
      count.taken++
      if (transition.guard !== undefined) count.passed++
    }
    if (before !== null) this.#refused(counts, before, event, transitions)
  }

  /** Guards that were asked in this microstep and said no. */
  #refused(
    counts: Counts,
    before: AnyMachineSnapshot,
    event: { readonly type: string },
    taken: readonly AnyTransitionDefinition[],
  ): void {
    const isEventless = taken.some(({ eventType }) => eventType === '')
    for (const node of before._nodes as readonly AnyStateNode[]) {
      const candidates = isEventless ? (node.always ?? []) : candidatesOf(node, event.type)
      for (const transition of candidates) {
        if (taken.includes(transition)) break
        const count = counts.transitions.get(transition)
        if (transition.guard !== undefined && count !== undefined && !guardHolds(before, event, transition))
          count.refused++
      }
    }
  }

  /** The counts of all machines so far, in the order in which they were first met. */
  report(): readonly MachineCoverage[] {
    return [...this.#byRoot.values()].map(({ machine, states, transitions }) => ({
      machine: machine.id,
      states: [...states].map(([node, entered]) => ({ id: node.id, type: node.type, entered })),
      transitions: [...transitions].map(([transition, { taken, passed, refused }]) => ({
        id: definitionId(transition),
        source: transition.source.id,
        taken,
        guard: transition.guard === undefined ? null : { name: nameOf(transition.guard), passed, refused },
      })),
    }))
  }

  #countsOf(machine: AnyStateMachine): Counts {
    let counts = this.#byRoot.get(machine.root)
    if (counts === undefined) {
      const nodes = nodesOf(machine.root)
      counts = {
        machine,
        states: new Map(nodes.filter(({ type }) => type !== 'history').map((node) => [node, 0])),
        transitions: new Map(
          nodes.flatMap(transitionsOf).map((transition) => [transition, { taken: 0, passed: 0, refused: 0 }]),
        ),
      }
      this.#byRoot.set(machine.root, counts)
    }
    return counts
  }
}

function bump(counts: Map<AnyStateNode, number>, node: AnyStateNode): void {
  const count = counts.get(node)
  if (count !== undefined) counts.set(node, count + 1)
}

export function nodesOf(node: AnyStateNode): readonly AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap((child) => nodesOf(child as AnyStateNode))]
}

/** Delayed transitions are among those of the events that they raise; a forbidden event is no transition to be covered. */
export function transitionsOf(node: AnyStateNode): readonly AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])].filter(
    ({ target, actions, guard }) => target !== undefined || actions.length > 0 || guard !== undefined,
  )
}
