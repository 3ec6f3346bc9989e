/** Which states and transitions of a chart were reached, and which reasons it can give. It marks the chart; it asserts and prints nothing. */
import { type AnyStateMachine, type AnyStateNode, type AnyTransitionDefinition, enqueueActions } from 'xstate'

export interface Coverage {
  /** The ids of all states, in document order. */
  readonly states: readonly string[]
  /** All transitions, `always` and `after` included, each as a text that is its own, in document order. */
  readonly transitions: readonly string[]
  /** The states that were never entered so far. */
  missedStates(): readonly string[]
  /** The transitions that were never taken so far. */
  missedTransitions(): readonly string[]
}

/**
 * Counts the steps of every interpreter of `machine` from now on, pure steps and live actors alike.
 *
 * It puts a mark, an action that asks for nothing, in front of the actions of every state's entry and of every
 * transition. So pass a machine made for the purpose.
 */
export function coverageOf(machine: AnyStateMachine): Coverage {
  const missedStates = new Set<string>()
  const missedTransitions = new Set<string>()
  const markIn = (missed: Set<string>, label: string) => {
    missed.add(label)
    return enqueueActions(() => {
      missed.delete(label)
    })
  }
  for (const node of nodesOf(machine.root)) {
    node.entry = [markIn(missedStates, node.id) as never, ...node.entry]
    for (const [index, transition] of transitionsOf(node).entries()) {
      const mark = markIn(missedTransitions, labelOf(node, transition, index))
      Object.assign(transition, { actions: [mark, ...transition.actions] })
    }
  }
  return {
    states: [...missedStates],
    transitions: [...missedTransitions],
    missedStates: () => [...missedStates],
    missedTransitions: () => [...missedTransitions],
  }
}

/** The coverage of a chart in one line, to be printed at the end of a test file. */
export function coverageLine(chart: string, coverage: Coverage): string {
  const share = (all: readonly string[], missed: readonly string[]) =>
    `${all.length - missed.length}/${all.length}`
  const states = share(coverage.states, coverage.missedStates())
  const transitions = share(coverage.transitions, coverage.missedTransitions())
  return `chart coverage: ${chart}: ${states} states, ${transitions} transitions`
}

/** The reasons that the chart can give with the effect `ignore`, sorted, each one once (N3). */
export function ignoreReasonsOf(machine: AnyStateMachine): readonly string[] {
  const reasons = actionsOf(machine)
    .filter(({ type }) => type === 'ignore')
    .map(({ params }) => (params as { reason: string }).reason)
  return [...new Set(reasons)].sort()
}

/** Every action that stands in the chart as an object, those of entries and exits included. */
export function actionsOf(
  machine: AnyStateMachine,
): readonly { readonly type: string; readonly params?: unknown }[] {
  return nodesOf(machine.root)
    .flatMap((node) => [
      ...node.entry,
      ...node.exit,
      ...transitionsOf(node).flatMap(({ actions }) => actions),
    ])
    .filter((action) => typeof action === 'object') as { type: string; params?: unknown }[]
}

function nodesOf(node: AnyStateNode): readonly AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesOf)]
}

/** Timers are among the transitions of the events that they raise. */
function transitionsOf(node: AnyStateNode): readonly AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])]
}

function labelOf(
  node: AnyStateNode,
  { eventType, guard, target }: AnyTransitionDefinition,
  index: number,
): string {
  const condition = guard === undefined ? '' : ` [${nameOf(guard)}]`
  const targets = target?.map(({ id }) => id).join(', ') ?? 'no target'
  return `${node.id}, ${index}: ${eventType === '' ? 'always' : eventType}${condition} -> ${targets}`
}

function nameOf(guard: unknown): string {
  if (typeof guard === 'string') return guard
  const { type, params } = guard as { type?: string; params?: unknown }
  return params === undefined ? `${type}` : `${type} ${JSON.stringify(params)}`
}
