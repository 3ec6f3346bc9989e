/** Which states transitions exit and enter: SCXML's exit and entry sets, as XState computes them. No history. */
import type { Action, StateNode, Transition } from './xstate-internals.ts'

/** What transitions do to the active states. */
export interface StateChange {
  /** Innermost first. */
  readonly exited: readonly StateNode[]
  /** Outermost first. */
  readonly entered: readonly StateNode[]
  /** All active states after it, in XState's order: those that stay, then those entered. */
  readonly nodes: readonly StateNode[]
  /** Exit actions, actions of the transitions, entry actions. */
  readonly actions: readonly Action[]
}

/**
 * The change that these enabled transitions make, or null if it depends on more than the active states: on history, on
 * outputs of final states, or on invoked actors.
 */
export function stateChange(
  transitions: readonly Transition[],
  active: readonly StateNode[],
): StateChange | null {
  if (transitions.some(({ target }) => target?.some(({ type }) => type === 'history'))) return null
  const taken = withoutConflicts(transitions, active)
  const exited = exitSet(taken, active).sort((a, b) => b.order - a.order)
  const entry = entrySet(taken)
  const entered = [...entry.states].sort((a, b) => a.order - b.order)
  if (exited.some((node) => node.invoke.length > 0 || hasHistory(node))) return null
  if (entered.some(({ type, invoke }) => ['final', 'history'].includes(type) || invoke.length > 0))
    return null

  const nodes = new Set(active)
  for (const node of exited) nodes.delete(node)
  for (const node of entered) nodes.add(node)
  const actions = [
    ...exited.flatMap(({ exit }) => exit),
    ...taken.flatMap((transition) => transition.actions),
    ...entered.flatMap((node) =>
      entry.byDefault.has(node) ? [...node.entry, ...node.initial.actions] : node.entry,
    ),
  ]
  return { exited, entered, nodes: [...nodes], actions }
}

function hasHistory({ states }: StateNode): boolean {
  return Object.values(states).some(({ type }) => type === 'history')
}

/** Of transitions that would exit the same state, the one from further inside, else the first. */
function withoutConflicts(
  transitions: readonly Transition[],
  active: readonly StateNode[],
): readonly Transition[] {
  if (transitions.length < 2) return transitions
  const kept = new Set<Transition>()
  for (const transition of transitions) {
    const exits = new Set(exitSet([transition], active))
    const rivals = [...kept].filter((other) => exitSet([other], active).some((node) => exits.has(node)))
    const isInner = (other: Transition) => isInside(transition.source, other.source)
    if (!rivals.every(isInner)) continue
    for (const rival of rivals) kept.delete(rival)
    kept.add(transition)
  }
  return [...kept]
}

function exitSet(transitions: readonly Transition[], active: readonly StateNode[]): StateNode[] {
  const exited = new Set<StateNode>()
  for (const transition of transitions) {
    if (!transition.target?.length) continue
    const domain = domainOf(transition)
    if (domain !== undefined && transition.reenter && transition.source === domain) exited.add(domain)
    for (const node of active) if (domain === undefined || isInside(node, domain)) exited.add(node)
  }
  return [...exited]
}

/** The innermost state that contains the transition; undefined if the root itself is exited and entered again. */
function domainOf({ source, target = [], reenter }: Transition): StateNode | undefined {
  if (!reenter && target.every((node) => node === source || isInside(node, source))) return source
  const [first, ...others] = [...target, source]
  for (let node = first!.parent; node !== undefined; node = node.parent) {
    const ancestor = node
    if (others.every((other) => isInside(other, ancestor))) return ancestor
  }
  if (reenter) return undefined
  let root = source
  while (root.parent !== undefined) root = root.parent
  return root
}

interface EntrySet {
  readonly states: Set<StateNode>
  /** Those whose initial transition is taken, with its actions. */
  readonly byDefault: Set<StateNode>
}

function entrySet(transitions: readonly Transition[]): EntrySet {
  const entry: EntrySet = { states: new Set(), byDefault: new Set() }
  for (const transition of transitions) {
    const { source, target = [], reenter } = transition
    const domain = domainOf(transition)
    for (const node of target) {
      if (source !== node || source !== domain || reenter) {
        entry.states.add(node)
        entry.byDefault.add(node)
      }
      enterInside(node, entry)
    }
    const limit = source.parent === undefined && reenter ? undefined : domain
    for (const node of target) {
      const ancestors = ancestorsOf(node, domain)
      if (domain?.type === 'parallel') ancestors.push(domain)
      enterAncestors(ancestors, entry, limit)
    }
  }
  return entry
}

function enterInside(node: StateNode, entry: EntrySet): void {
  const { states, byDefault } = entry
  if (node.type === 'compound') {
    const [initial] = node.initial.target
    // A history state as the initial one is entered too, so that its caller sees it.
    states.add(initial!)
    byDefault.add(initial!)
    enterInside(initial!, entry)
    enterAncestors(ancestorsOf(initial!, node), entry, undefined)
  } else if (node.type === 'parallel')
    for (const region of regionsOf(node)) {
      if (isEnteredInside(region, states)) continue
      states.add(region)
      byDefault.add(region)
      enterInside(region, entry)
    }
}

function enterAncestors(
  ancestors: readonly StateNode[],
  entry: EntrySet,
  limit: StateNode | undefined,
): void {
  for (const ancestor of ancestors) {
    if (limit === undefined || isInside(ancestor, limit)) entry.states.add(ancestor)
    if (ancestor.type !== 'parallel') continue
    for (const region of regionsOf(ancestor)) {
      if (isEnteredInside(region, entry.states)) continue
      entry.states.add(region)
      enterInside(region, entry)
    }
  }
}

function regionsOf({ states }: StateNode): readonly StateNode[] {
  return Object.values(states).filter(({ type }) => type !== 'history')
}

function isEnteredInside(region: StateNode, states: ReadonlySet<StateNode>): boolean {
  for (const state of states) if (isInside(state, region)) return true
  return false
}

function ancestorsOf(node: StateNode, upTo: StateNode | undefined): StateNode[] {
  const ancestors: StateNode[] = []
  if (node === upTo) return ancestors
  for (let { parent } = node; parent !== undefined && parent !== upTo; parent = parent.parent)
    ancestors.push(parent)
  return ancestors
}

/** Whether `node` lies within `ancestor`, and is not that state itself. */
export function isInside(node: StateNode, ancestor: StateNode): boolean {
  for (let { parent } = node; parent !== undefined; parent = parent.parent)
    if (parent === ancestor) return true
  return false
}
