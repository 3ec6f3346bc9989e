/**
 * A chart compiled into tables: for each configuration (states that are active together) which transitions may be
 * enabled by an event, and what taking them does. Each entry is computed when it is first needed.
 */
import { stateChange } from './state-changes.ts'
import type { Action, Chart, StateNode, Transition } from './xstate-internals.ts'

/** States that are active together, in the order in which XState keeps them. */
export interface Configuration {
  readonly nodes: readonly StateNode[]
  readonly value: unknown
  readonly tags: ReadonlySet<string>
  /** Whether it has eventless transitions. */
  readonly isTransient: boolean
  readonly selectors: Map<string, Selector | null>
  readonly plans: PlanTable
}

/** The transitions that an event may enable, innermost states first; the first whose guard holds is enabled. */
export interface Selector {
  readonly inner: readonly Selector[]
  readonly candidates: readonly Transition[]
}

/** What taking transitions does: these actions in this order, then these states are active. */
export interface StepPlan {
  readonly actions: readonly Action[]
  readonly to: Configuration
}

/** Plans by the transitions that are taken together, one level for each. */
interface PlanTable {
  plan: StepPlan | null | undefined
  readonly next: Map<Transition, PlanTable>
}

export interface Tables {
  configuration(nodes: readonly StateNode[]): Configuration
  /** What an event of this type may enable; null if nothing. XState alone matches partial wildcards (`a.*`). */
  selector(from: Configuration, eventType: string): Selector | 'by XState' | null
  /** What taking these transitions does; null if more than the active states decide it. */
  plan(from: Configuration, transitions: readonly Transition[]): StepPlan | null
}

/** How many configurations and plans are kept; a chart that reaches more of them starts afresh. */
const entriesMax = 20_000

/** @param fallsThrough whether a wildcard transition is tried after those of the event itself have failed */
export function tablesOf({ root, nodes: all, actions }: Chart, fallsThrough: boolean): Tables {
  const isPlain = all.every(isPlainNode)
  const descriptors = new Set(all.flatMap(({ transitions }) => [...transitions.keys()]))
  const hasPartialWildcards = [...descriptors].some((name) => name.endsWith('.*'))
  let byOrder = new Map<string, Configuration>()
  let byNodes = new WeakMap<readonly StateNode[], Configuration>()
  let entries = 0

  const count = (): void => {
    if (entries++ < entriesMax) return
    byOrder = new Map()
    byNodes = new WeakMap()
    entries = 0
  }
  const configuration = (nodes: readonly StateNode[]): Configuration => {
    const known = byNodes.get(nodes)
    if (known !== undefined) return known
    const key = nodes.map(({ order }) => order).join()
    let made = byOrder.get(key)
    if (made === undefined) {
      count()
      made = configurationOf(root, nodes)
      byOrder.set(key, made)
      byNodes.set(made.nodes, made)
    }
    byNodes.set(nodes, made)
    return made
  }
  const planned = (from: Configuration, transitions: readonly Transition[]): StepPlan | null => {
    count()
    const change = stateChange(transitions, from.nodes)
    if (change === null) return null
    const isSame =
      change.nodes.length === from.nodes.length && from.nodes.every((node) => change.nodes.includes(node))
    const to = isSame ? from : configuration(change.nodes)
    // A further microstep of this event might need XState, which only takes steps as a whole.
    const mayNeedXState = to.isTransient || (!isPlain && change.actions.some((one) => mayRaise(one, actions)))
    return mayNeedXState ? null : { actions: change.actions, to }
  }

  return {
    configuration,
    selector(from, eventType) {
      if (hasPartialWildcards) return 'by XState'
      const type = descriptors.has(eventType) ? eventType : otherType
      let selector = from.selectors.get(type)
      if (selector === undefined) {
        selector = selectorOf(root, from.value, type, fallsThrough)
        from.selectors.set(type, selector)
      }
      return selector
    },
    plan(from, transitions) {
      let table = from.plans
      for (const transition of transitions) {
        let next = table.next.get(transition)
        if (next === undefined) {
          next = { plan: undefined, next: new Map() }
          table.next.set(transition, next)
        }
        table = next
      }
      if (table.plan === undefined) table.plan = planned(from, transitions)
      return table.plan
    },
  }
}

/** Stands for the types of all events that the chart does not name. */
const otherType = ''

/** Whether a state is one that no step needs XState for. */
function isPlainNode({ type, always, invoke }: StateNode): boolean {
  return always === undefined && invoke.length === 0 && type !== 'final' && type !== 'history'
}

/** Whether an action may add an event to the step that is under way. */
function mayRaise(action: Action, actions: Chart['actions']): boolean {
  const own =
    typeof action === 'function' ? action : actions[typeof action === 'string' ? action : action.type]
  if (own?.type === 'xstate.raise') return typeof own.delay !== 'number'
  return own?.type === 'xstate.enqueueActions'
}

function configurationOf(root: StateNode, nodes: readonly StateNode[]): Configuration {
  return {
    nodes,
    value: stateValueOf(root, nodes),
    tags: new Set(nodes.flatMap(({ tags }) => tags)),
    isTransient: nodes.some(({ always }) => always !== undefined),
    selectors: new Map(),
    plans: { plan: undefined, next: new Map() },
  }
}

/** The state value as XState writes it, its keys in the order of `nodes`. */
function stateValueOf(node: StateNode, nodes: readonly StateNode[]): unknown {
  const children = nodes.filter(({ parent }) => parent === node)
  const [first] = children
  if (node.type === 'compound' && (first?.type === 'atomic' || first?.type === 'final')) return first.key
  return Object.fromEntries(children.map((child) => [child.key, stateValueOf(child, nodes)]))
}

function selectorOf(
  node: StateNode,
  value: unknown,
  eventType: string,
  fallsThrough: boolean,
): Selector | null {
  const active = typeof value === 'string' ? { [value]: {} } : (value as Record<string, unknown>)
  const inner = Object.entries(active)
    .map(([key, inside]) => selectorOf(node.states[key]!, inside, eventType, fallsThrough))
    .filter((selector) => selector !== null)
  const candidates = candidatesOf(node, eventType, fallsThrough)
  if (candidates.length > 0) return { inner, candidates }
  return inner.length > 1 ? { inner, candidates } : (inner[0] ?? null)
}

/** Up to the first without a guard. */
function candidatesOf(
  { transitions }: StateNode,
  eventType: string,
  fallsThrough: boolean,
): readonly Transition[] {
  const exact = transitions.get(eventType) ?? []
  const wildcard = exact.length === 0 || fallsThrough ? (transitions.get('*') ?? []) : []
  const all = [...exact, ...wildcard]
  const last = all.findIndex(({ guard }) => !guard)
  return last < 0 ? all : all.slice(0, last + 1)
}
