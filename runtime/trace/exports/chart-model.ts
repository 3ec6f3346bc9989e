/** What a drawing of a statechart shows, read off its description: states, arrows between them, and what stays inside a state. */
import type { MachineDescription, StateDescription, TransitionDescription } from '../definition.ts'

/** Names one transition of a chart: the id of its state, and its place among the state's transitions. */
export type TransitionKey = `${string}/${number}`

/** A state as it is drawn. */
export interface DrawnState {
  /** Unique in the chart. */
  readonly id: string
  readonly key: string
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'shallowHistory' | 'deepHistory'
  readonly description: string
  readonly tags: readonly string[]
  /** Id of the child that is entered first. */
  readonly initial: string | null
  readonly entry: readonly string[]
  readonly exit: readonly string[]
  /** Names of the actors that live while the state is active. */
  readonly invokes: readonly string[]
  /** Transitions that leave the state as it is, or enter the same one again. What is ignored by name is left out. */
  readonly inner: readonly Reaction[]
  readonly children: readonly DrawnState[]
}

/** What a state does with an event. */
export interface Reaction {
  readonly transition: TransitionKey
  /** In words; '' if there is nothing to say: from a history state to its default state. */
  readonly event: string
  /** The name of the timer's delay, or its length in milliseconds; null if no timer is meant. */
  readonly delay: string | null
  readonly guard: string | null
  readonly actions: readonly string[]
  /** Entered again: its entry actions run and its timers start again. */
  readonly reenters: boolean
}

/** Everything that leads from one state to another. */
export interface Arrow {
  readonly from: string
  readonly to: string
  readonly reactions: readonly Reaction[]
}

export interface DrawnChart {
  readonly id: string
  readonly root: DrawnState
  readonly arrows: readonly Arrow[]
  /** The parent of each state but the root, by id. */
  readonly parents: ReadonlyMap<string, string>
}

/** How much is said: all of it; states and what leads from one to another; or the same without a word beside an arrow. */
export type Level = 'detail' | 'overview' | 'map'

/** The chart of a machine. */
export function chartOf({ id, root }: MachineDescription): DrawnChart {
  const parents = parentsIn(root)
  const known = new Set([root.id, ...parents.keys()])
  const arrows = new Map<string, { from: string; to: string; reactions: Reaction[] }>()

  const visit = (state: StateDescription): DrawnState => {
    const inner: Reaction[] = []
    for (const [index, reaction] of reactionsOf(state).entries()) {
      const targets = state.transitions[index]!.target.filter((target) => known.has(target))
      for (const to of targets.filter((target) => target !== state.id)) {
        const key = JSON.stringify([state.id, to])
        if (!arrows.has(key)) arrows.set(key, { from: state.id, to, reactions: [] })
        arrows.get(key)!.reactions.push(reaction)
      }
      const stays = targets.length === 0 || targets.includes(state.id)
      if (!stays || reaction.actions.includes('ignore')) continue
      if (targets.length === 0 && reaction.actions.length === 0) continue
      inner.push(reaction)
    }
    const initial = state.states.find(({ key }) => key === state.initial)
    return {
      id: state.id,
      key: state.key,
      kind: kindOf(state),
      description: state.description ?? '',
      tags: state.tags,
      initial: initial?.id ?? null,
      entry: state.entry,
      exit: state.exit,
      invokes: (state.invoke ?? []).map(invokeName),
      inner,
      children: state.states.map(visit),
    }
  }
  return { id, root: visit(root), arrows: [...arrows.values()], parents }
}

/** The same states and arrows with less said about them, for a small picture. */
export function atLevel(chart: DrawnChart, level: Level): DrawnChart {
  if (level === 'detail') return chart
  const silent = (reaction: Reaction): Reaction => ({ ...reaction, actions: [] })
  const sketch = (state: DrawnState): DrawnState => ({
    ...state,
    description: '',
    tags: [],
    entry: [],
    exit: [],
    invokes: [],
    inner: [],
    children: state.children.map(sketch),
  })
  const arrows = chart.arrows.map((arrow) => ({ ...arrow, reactions: arrow.reactions.map(silent) }))
  return { ...chart, root: sketch(chart.root), arrows }
}

/** Whether a state is `ancestor` or somewhere inside it. */
export function isWithin({ parents }: Pick<DrawnChart, 'parents'>, id: string, ancestor: string): boolean {
  for (let one: string | undefined = id; one !== undefined; one = parents.get(one)) {
    if (one === ancestor) return true
  }
  return false
}

function parentsIn(root: StateDescription): Map<string, string> {
  const parents = new Map<string, string>()
  const visit = (state: StateDescription) => {
    for (const child of state.states) {
      parents.set(child.id, state.id)
      visit(child)
    }
  }
  visit(root)
  return parents
}

function kindOf({ type, history }: StateDescription): DrawnState['kind'] {
  if (type !== 'history') return type
  return history === 'deep' ? 'deepHistory' : 'shallowHistory'
}

/** The transitions of one state in the order in which they are tried, with their events and guards in words. */
function reactionsOf(state: StateDescription): Reaction[] {
  const sameEvent = (event: string | null) => state.transitions.filter((other) => other.event === event)
  return state.transitions.map((transition, index) => {
    const rivals = sameEvent(transition.event)
    const delay = delayOf(transition, state)
    return {
      transition: `${state.id}/${index}`,
      event: delay !== null ? 'after' : eventText(transition, state),
      delay,
      guard: guardText(transition, rivals),
      actions: transition.actions,
      reenters: transition.reenter,
    }
  })
}

function guardText(
  transition: TransitionDescription,
  rivals: readonly TransitionDescription[],
): string | null {
  const { guard, guardParams } = transition
  if (guard === null) return rivals.indexOf(transition) > 0 ? 'else' : null
  const isShared = rivals.filter((other) => other.guard === guard).length > 1
  return isShared ? `${guard} ${paramsText(guardParams)}`.trim() : guard
}

function paramsText(params: unknown): string {
  if (typeof params !== 'object' || params === null) return params === undefined ? '' : `${params}`
  return Object.entries(params)
    .map(([name, value]) => {
      if (typeof value === 'boolean') return value ? name : `not ${name}`
      return `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`
    })
    .join(', ')
}

function delayOf({ event }: TransitionDescription, { id }: StateDescription): string | null {
  const prefix = 'xstate.after.'
  if (event === null || !event.startsWith(prefix)) return null
  const rest = event.slice(prefix.length)
  return rest.endsWith(`.${id}`) ? rest.slice(0, -id.length - 1) : rest
}

/** XState's own events in words; any other by its name. */
function eventText({ event }: TransitionDescription, state: StateDescription): string {
  if (event === null) return state.type === 'history' ? '' : 'always'
  const [, what, of = ''] = /^xstate\.(done|error|snapshot)(?:\.(?:actor|state))?\.(.*)$/.exec(event) ?? []
  if (what === undefined) return event
  const child = state.invoke?.find(({ id }) => id === of)
  return child === undefined ? what : `${what}: ${invokeName(child)}`
}

function invokeName({ id, src }: { readonly id: string; readonly src: string }): string {
  return src === '(inline)' ? id : src
}
