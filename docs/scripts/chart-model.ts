/** What a drawing of a statechart shows, read off the machine itself: states, arrows between them, and what stays inside a state. */
import type { AnyStateMachine } from 'xstate'

/** A state as it is drawn. */
export interface DrawnState {
  /** Keys from the root down, joined by dots; unique in the chart. */
  readonly path: string
  readonly key: string
  readonly kind: 'atomic' | 'compound' | 'parallel'
  readonly description: string
  readonly tags: readonly string[]
  /** Path of the child that is entered first. */
  readonly initial: string | null
  readonly entry: readonly string[]
  /** Transitions that leave the state as it is, or enter the same one again. What is ignored by name is left out. */
  readonly inner: readonly Reaction[]
  readonly children: readonly DrawnState[]
}

/** What a state does with an event. */
export interface Reaction {
  readonly event: string
  readonly guard: string | null
  readonly actions: readonly string[]
  /** Entered anew: its entry actions run and its timers start again. */
  readonly reenters: boolean
}

/** Everything that leads from one state to another. */
export interface Arrow {
  readonly from: string
  readonly to: string
  readonly labels: readonly { readonly event: string; readonly guard: string | null }[]
}

export interface DrawnChart {
  readonly root: DrawnState
  readonly arrows: readonly Arrow[]
}

/** As much of XState's StateNode as a drawing needs. */
interface Node {
  readonly key: string
  readonly path: readonly string[]
  readonly type: string
  readonly description?: string
  readonly tags: readonly string[]
  readonly states: Readonly<Record<string, Node>>
  readonly initial?: { readonly target?: readonly Node[] }
  readonly entry: readonly unknown[]
  readonly always?: readonly Transition[]
  readonly transitions: ReadonlyMap<string, readonly Transition[]>
}

interface Transition {
  readonly guard?: string | { readonly type: string; readonly params?: unknown }
  readonly target?: readonly Node[]
  readonly reenter: boolean
  readonly actions: readonly unknown[]
}

/** The chart of a machine. */
export function chartOf(machine: AnyStateMachine): DrawnChart {
  const arrows: { from: string; to: string; labels: { event: string; guard: string | null }[] }[] = []
  const start = machine.root as unknown as Node

  const visit = (node: Node): DrawnState => {
    const path = pathOf(node)
    const inner: Reaction[] = []
    for (const { event, transition, guard } of reactionsOf(node)) {
      const target = transition.target?.[0]
      if (target !== undefined && pathOf(target) !== path) {
        const to = pathOf(target)
        const known = arrows.find((arrow) => arrow.from === path && arrow.to === to)
        if (known === undefined) arrows.push({ from: path, to, labels: [{ event, guard }] })
        else known.labels.push({ event, guard })
        continue
      }
      const actions = transition.actions.map(actionName)
      if (actions.includes('ignore')) continue
      if (target === undefined && actions.length === 0) continue
      inner.push({ event, guard, actions, reenters: transition.reenter })
    }
    return {
      path,
      key: node.key,
      kind: node.type === 'parallel' ? 'parallel' : node.type === 'compound' ? 'compound' : 'atomic',
      description: node.description ?? '',
      tags: node.tags,
      initial: node.initial?.target?.[0] === undefined ? null : pathOf(node.initial.target[0]),
      entry: node.entry.map(actionName).filter((name) => !name.startsWith('raise xstate.')),
      inner,
      children: Object.values(node.states).map(visit),
    }
  }
  return { root: visit(start), arrows }
}

/** The same states and arrows with less said about them, for a small picture. */
export function overviewOf({ root, arrows }: DrawnChart): DrawnChart {
  const sketch = (state: DrawnState): DrawnState => ({
    ...state,
    description: state.children.length > 0 ? state.description : '',
    tags: [],
    entry: [],
    inner: [],
    children: state.children.map(sketch),
  })
  return { root: sketch(root), arrows }
}

/** The transitions of one state in the order in which they are tried, with their events and guards in words. */
function reactionsOf(node: Node) {
  const listed = [
    ...(node.always === undefined ? [] : [['always', node.always] as const]),
    ...[...node.transitions].map(([type, transitions]) => [eventName(type), transitions] as const),
  ]
  return listed.flatMap(([event, transitions]) => {
    const names = transitions.map(({ guard }) => (typeof guard === 'object' ? guard.type : guard))
    return transitions.map((transition, index) => {
      const name = names[index]
      const guard =
        name === undefined
          ? index > 0
            ? 'else'
            : null
          : names.filter((other) => other === name).length > 1
            ? `${name} ${paramsText(transition.guard)}`
            : name
      return { event, transition, guard }
    })
  })
}

function eventName(type: string): string {
  return type.startsWith('xstate.after.') ? `after ${type.split('.')[2]}` : type
}

function paramsText(guard: Transition['guard']): string {
  const params = typeof guard === 'object' ? (guard.params as Record<string, unknown>) : {}
  return Object.entries(params)
    .map(([name, value]) => (value === true ? name : value === false ? `not ${name}` : `${name} ${value}`))
    .join(', ')
}

/** The action's own name; for `send` the message that it sends, where it says so without looking at the event. */
function actionName(action: unknown): string {
  if (typeof action === 'string') return action
  const { type, params } = action as { type: string; params?: unknown }
  if (type === 'xstate.raise') return `raise ${(action as { event: { type: string } }).event.type}`
  if (type !== 'send' || typeof params !== 'function') return type
  const { message } = params({ context: { view: { number: 0 } }, event: { from: '' } }) as {
    message: { type: string; reason?: string }
  }
  return message.type === 'refusal' ? `refuse ${message.reason}` : `send ${message.type}`
}

function pathOf(node: Node): string {
  return node.path.join('.')
}
