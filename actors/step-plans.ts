/** What transitions of a chart come to, as far as it depends on its states alone: worked out once each, by the rules of SCXML that XState follows. */

/** A state, as XState's own object has it; an action is read by whoever takes the step. */
export interface StateNode<Action> {
  readonly key: string
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history'
  /** Its place in the document. */
  readonly order: number
  readonly parent: StateNode<Action> | undefined
  readonly states: Readonly<Record<string, StateNode<Action>>>
  readonly initial?: { readonly target: readonly StateNode<Action>[]; readonly actions: readonly unknown[] }
  readonly entry: readonly Action[]
  readonly exit: readonly Action[]
  readonly always: unknown
  readonly invoke: readonly unknown[]
  readonly tags: readonly string[]
}

/** A transition, as XState's own object has it. */
export interface Transition<Action> {
  readonly source: StateNode<Action>
  readonly target: readonly StateNode<Action>[] | undefined
  readonly reenter: boolean
  readonly actions: readonly Action[]
}

/** States that are active together. */
export interface Configuration<Action> {
  readonly nodes: readonly StateNode<Action>[]
  readonly value: unknown
  readonly tags: ReadonlySet<string>
}

/** What a transition does: these actions, and then these states are active. */
export interface StepPlan<Action> {
  readonly actions: readonly Action[]
  readonly from: Configuration<Action>
  readonly to: Configuration<Action>
}

/** Gives the plan of a transition out of the states `nodes`; null where it is not plain. */
export type PlanOf<Action> = (
  nodes: readonly StateNode<Action>[],
  transition: Transition<Action>,
) => StepPlan<Action> | null

/** The plans of the chart with this root; null for a chart with more than atomic, compound and parallel states and plain transitions. */
export function stepPlans<Action>(root: StateNode<Action>): PlanOf<Action> | null {
  type Node = StateNode<Action>
  type Known = Configuration<Action> & { readonly plans: Map<Transition<Action>, StepPlan<Action> | null> }
  if (!isPlain(root)) return null
  const byStates = new Map<string, Known>()
  const byNodes = new WeakMap<readonly Node[], Known>()

  /** The same object for the same states, in whatever order they are given. */
  const configurationOf = (nodes: readonly Node[]): Known => {
    const sorted = [...nodes].sort((a, b) => a.order - b.order)
    const key = sorted.map(({ order }) => order).join()
    let known = byStates.get(key)
    if (known === undefined) {
      const tags = new Set(sorted.flatMap((node) => node.tags))
      known = { nodes: sorted, value: stateValueOf(root, new Set(sorted)), tags, plans: new Map() }
      byStates.set(key, known)
      byNodes.set(sorted, known)
    }
    byNodes.set(nodes, known)
    return known
  }
  const worked = (from: Known, transition: Transition<Action>): StepPlan<Action> | null => {
    const change = changeOf(transition, from.nodes)
    if (change === null) return null
    const [left, entered] = change
    const nodes = new Set(from.nodes)
    for (const node of left) nodes.delete(node)
    for (const node of entered) nodes.add(node)
    const exits = left.flatMap(({ exit }) => exit)
    const entries = entered.flatMap(({ entry }) => entry)
    return { actions: [...exits, ...transition.actions, ...entries], from, to: configurationOf([...nodes]) }
  }
  return (nodes, transition) => {
    const from = byNodes.get(nodes) ?? configurationOf(nodes)
    let plan = from.plans.get(transition)
    if (plan === undefined) {
      plan = worked(from, transition)
      from.plans.set(transition, plan)
    }
    return plan
  }
}

/** Whether all of it is of the kind that is known here; an XState whose objects look otherwise is not. */
function isPlain(node: StateNode<unknown>): boolean {
  const { type, states, initial, always, invoke, entry, exit, tags } = node
  if (![entry, exit, invoke, tags].every(Array.isArray)) return false
  if (type === 'compound' && initial?.target.length !== 1) return false
  if (always !== undefined || invoke.length > 0 || (initial?.actions ?? []).length > 0) return false
  return ['atomic', 'compound', 'parallel'].includes(type) && Object.values(states).every(isPlain)
}

/** The states that a transition leaves, innermost first, and those that it enters, outermost first; null if it is not plain. */
function changeOf<Action>(
  { source, target: targets = [], reenter }: Transition<Action>,
  active: readonly StateNode<Action>[],
): readonly [StateNode<Action>[], StateNode<Action>[]] | null {
  const [target] = targets
  if (target === undefined) return [[], []]
  const staysInside = !reenter && (target === source || isInside(target, source))
  const domain = staysInside ? source : commonAncestor(source, target)
  if (targets.length > 1 || domain === undefined || domain.type === 'parallel') return null
  const entered = new Set<StateNode<Action>>()
  if (target !== domain) entered.add(target)
  enterInside(target, entered)
  for (let node = target.parent; target !== domain && node !== domain; node = node!.parent) {
    entered.add(node!)
    enterInside(node!, entered)
  }
  const left = active.filter((node) => isInside(node, domain))
  return [left.sort((a, b) => b.order - a.order), [...entered].sort((a, b) => a.order - b.order)]
}

/** Adds what becomes active within a state; in a compound state that is its first child, unless another was chosen. */
function enterInside<Action>(node: StateNode<Action>, entered: Set<StateNode<Action>>): void {
  const children = Object.values(node.states)
  if (node.type === 'compound' && children.some((child) => entered.has(child))) return
  for (const child of node.type === 'compound' ? node.initial!.target : children) {
    if (entered.has(child)) continue
    entered.add(child)
    enterInside(child, entered)
  }
}

function commonAncestor<Action>(source: StateNode<Action>, target: StateNode<Action>) {
  let node = source.parent
  while (node !== undefined && !isInside(target, node)) node = node.parent
  return node
}

function isInside<Action>(node: StateNode<Action>, ancestor: StateNode<Action>): boolean {
  for (let { parent } = node; parent !== undefined; parent = parent.parent)
    if (parent === ancestor) return true
  return false
}

/** The state value of an active state, as XState writes it. */
function stateValueOf<Action>(node: StateNode<Action>, active: ReadonlySet<StateNode<Action>>): unknown {
  const inside = Object.values(node.states).filter((child) => active.has(child))
  if (node.type === 'compound' && inside[0]?.type === 'atomic') return inside[0].key
  return Object.fromEntries(inside.map((child) => [child.key, stateValueOf(child, active)]))
}
