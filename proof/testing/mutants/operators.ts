/** The ways to break a statechart: each takes its configuration and lists what can be changed, one change a mutant. */
import { not } from 'xstate'

/** The kinds of change, as reports name them. */
export const mutationKinds = [
  'transition removed',
  'target changed',
  'target removed',
  'reenter turned',
  'guard dropped',
  'guard negated',
  'guard swapped',
  'order of guards turned',
  'action removed',
  'always removed',
  'delay removed',
  'entry and exit exchanged',
  'initial state changed',
] as const
/** One of `mutationKinds`. */
export type MutationKind = (typeof mutationKinds)[number]

/** A change to a configuration. */
export interface Mutation {
  readonly kind: MutationKind
  /** Where: the path of the state and what of it, such as `open, on CLOSE`. */
  readonly where: string
  /** In words, such as `[unlocked] dropped`. */
  readonly change: string
  /** Applies the change to a copy that may be written to. */
  readonly apply: (config: Config) => void
}

/** A configuration of a state, as `createMachine` takes it. */
export type Config = { [key: string]: unknown }
type Place = readonly (string | number)[]

/** All changes of a chart, in document order. */
export function mutationsOf(config: Config): readonly Mutation[] {
  const guards = guardsIn(config)
  return statesIn(config, []).flatMap(([place, state]) => [
    ...ofState(place, state),
    ...transitionListsOf(place, state).flatMap((list) => ofTransitions(list, place, config, guards)),
  ])
}

interface TransitionList {
  /** Where the transitions stand, in the whole configuration. */
  readonly place: Place
  /** Such as `on CLOSE`. */
  readonly label: string
  /** One entry for each alternative. */
  readonly transitions: readonly Transition[]
}

interface Transition {
  readonly place: Place
  readonly target: unknown
  readonly guard: unknown
  readonly actions: readonly unknown[]
  readonly reenter: boolean
}

function ofState(place: Place, state: Config): readonly Mutation[] {
  const where = pathOf(place)
  const mutations: Mutation[] = []
  const { entry, exit, initial, always, after } = state
  for (const key of ['entry', 'exit'] as const) {
    listOf(state[key]).forEach((action, index) => {
      mutations.push({
        kind: 'action removed',
        where: `${where}, ${key}`,
        change: `${nameOf(action)} removed`,
        apply: (root) => {
          const at = find(root, place)
          at[key] = listOf(at[key]).filter((_, other) => other !== index)
        },
      })
    })
  }
  if (listOf(entry).length > 0 || listOf(exit).length > 0) {
    mutations.push({
      kind: 'entry and exit exchanged',
      where,
      change: 'entry and exit actions exchanged',
      apply: (root) => {
        const at = find(root, place)
        const { entry: in_, exit: out } = at
        Object.assign(at, { entry: out, exit: in_ })
      },
    })
  }
  const children = Object.keys((state.states as object | undefined) ?? {})
  if (state.type !== 'parallel' && children.length > 1 && initial !== undefined) {
    const first = typeof initial === 'string' ? initial : (initial as { target?: string }).target
    for (const other of children.filter((key) => key !== first)) {
      mutations.push({
        kind: 'initial state changed',
        where,
        change: `${other} in place of ${first}`,
        apply: (root) => {
          find(root, place).initial = other
        },
      })
    }
  }
  if (always !== undefined) {
    mutations.push({
      kind: 'always removed',
      where,
      change: 'all eventless transitions removed',
      apply: (root) => {
        delete find(root, place).always
      },
    })
  }
  for (const delay of Object.keys((after as object | undefined) ?? {})) {
    mutations.push({
      kind: 'delay removed',
      where: `${where}, after ${delay}`,
      change: 'delayed transition removed',
      apply: (root) => {
        delete (find(root, place).after as Config)[delay]
      },
    })
  }
  return mutations
}

function ofTransitions(
  list: TransitionList,
  source: Place,
  config: Config,
  guards: ReadonlyMap<string, unknown>,
): readonly Mutation[] {
  const { label, transitions } = list
  const where = `${pathOf(source)}, ${label}`
  const isDelay = label.startsWith('after ')
  const mutations = transitions.flatMap((transition, index) => [
    ...(isDelay && transitions.length === 1 ? [] : [removed(list, index, where)]),
    ...ofTransition(transition, source, config, guards, where),
  ])
  if (transitions.length > 1 && transitions.slice(0, -1).some(({ guard }) => guard !== undefined)) {
    mutations.push({
      kind: 'order of guards turned',
      where,
      change: 'alternatives are tried in the opposite order',
      apply: (root) => {
        const alternatives = find(root, list.place) as unknown as unknown[]
        alternatives.reverse()
      },
    })
  }
  return mutations
}

function ofTransition(
  { place, target, guard, actions, reenter }: Transition,
  source: Place,
  config: Config,
  guards: ReadonlyMap<string, unknown>,
  where: string,
): readonly Mutation[] {
  const change = (kind: MutationKind, text: string, apply: (transition: Config) => void): Mutation => ({
    kind,
    where,
    change: text,
    apply: (root) => apply(objectAt(root, place)),
  })
  const mutations: Mutation[] = []
  if (guard !== undefined) {
    const name = nameOf(guard)
    mutations.push(change('guard dropped', `[${name}] dropped`, (at) => void delete at.guard))
    mutations.push(
      change('guard negated', `[${name}] negated`, (at) => {
        at.guard = not(at.guard as never)
      }),
    )
    const [other] = [...guards].filter(([otherName]) => otherName !== name)
    if (other !== undefined)
      mutations.push(
        change('guard swapped', `[${other[0]}] in place of [${name}]`, (at) => {
          at.guard = other[1]
        }),
      )
  }
  if (typeof target === 'string') {
    const other = otherTarget(target, source, config)
    if (other !== null)
      mutations.push(
        change('target changed', `${other} in place of ${target}`, (at) => {
          at.target = other
        }),
      )
    mutations.push(change('target removed', `${target} removed`, (at) => void delete at.target))
    mutations.push(
      change('reenter turned', reenter ? 'does not reenter' : 'reenters', (at) => {
        at.reenter = !reenter
      }),
    )
  }
  actions.forEach((action, index) => {
    mutations.push(
      change('action removed', `${nameOf(action)} removed`, (at) => {
        at.actions = listOf(at.actions).filter((_, other) => other !== index)
      }),
    )
  })
  return mutations
}

function removed(list: TransitionList, index: number, where: string): Mutation {
  const { transitions, place } = list
  const which = transitions.length > 1 ? `alternative ${index + 1} removed` : 'transition removed'
  return {
    kind: 'transition removed',
    where,
    change: which,
    apply: (root) => {
      if (transitions.length > 1) (find(root, place) as unknown as unknown[]).splice(index, 1)
      else delete find(root, place.slice(0, -1))[place.at(-1)!]
    },
  }
}

/** A sibling of the target, the source itself last; null if the chart has no other state there. */
function otherTarget(target: string, source: Place, config: Config): string | null {
  if (!/^[\w-]+$/.test(target)) return null
  const parent = source.slice(0, -2)
  const siblings = Object.keys((find(config, parent).states as object | undefined) ?? {})
  const own = source.at(-1)
  const others = siblings.filter((key) => key !== target)
  return others.find((key) => key !== own) ?? others[0] ?? null
}

function transitionListsOf(place: Place, state: Config): readonly TransitionList[] {
  const lists: TransitionList[] = []
  const add = (at: Place, label: string, given: unknown) => {
    if (given === undefined || given === null) return
    const transitions = Array.isArray(given)
      ? given.map((one, index) => transitionOf([...at, index], one))
      : [transitionOf(at, given)]
    lists.push({ place: at, label, transitions })
  }
  for (const key of ['on', 'after'] as const)
    for (const [name, given] of Object.entries((state[key] as Config | undefined) ?? {}))
      add([...place, key, name], `${key} ${name}`, given)
  for (const key of ['always', 'onDone'] as const) add([...place, key], key, state[key])
  const invokes = state.invoke
  const invoked = Array.isArray(invokes)
    ? invokes.map((one, index) => [[...place, 'invoke', index], one] as const)
    : invokes === undefined
      ? []
      : [[[...place, 'invoke'], invokes] as const]
  for (const [at, invoke] of invoked)
    for (const key of ['onDone', 'onError', 'onSnapshot'] as const)
      add([...at, key], `${key} of ${invoke.id ?? nameOf(invoke.src)}`, (invoke as Config)[key])
  return lists
}

function transitionOf(place: Place, given: unknown): Transition {
  if (typeof given !== 'object' || given === null)
    return { place, target: given, guard: undefined, actions: [], reenter: false }
  const { target, guard, actions, reenter } = given as Config
  const only = Array.isArray(target) && target.length === 1 ? target[0] : target
  return { place, target: only, guard, actions: listOf(actions), reenter: reenter === true }
}

function statesIn(state: Config, place: Place): readonly (readonly [Place, Config])[] {
  const children = Object.entries((state.states as Config | undefined) ?? {})
  return [
    [place, state],
    ...children.flatMap(([key, child]) => statesIn((child ?? {}) as Config, [...place, 'states', key])),
  ]
}

/** The guards that the chart names, each once. */
function guardsIn(config: Config): ReadonlyMap<string, unknown> {
  const named = statesIn(config, [])
    .flatMap(([place, state]) => transitionListsOf(place, state))
    .flatMap(({ transitions }) => transitions)
    .map(({ guard }) => guard)
    .filter((guard) => typeof guard === 'string' || typeof (guard as Config | undefined)?.type === 'string')
  return new Map(named.map((guard) => [nameOf(guard), guard]))
}

function find(root: Config, place: Place): Config {
  return place.reduce<Config>((at, key) => at[key] as Config, root)
}

/** The transition at a place as an object, which replaces a bare target. */
function objectAt(root: Config, place: Place): Config {
  const parent = find(root, place.slice(0, -1))
  const key = place.at(-1)!
  if (typeof parent[key] !== 'object' || parent[key] === null) parent[key] = { target: parent[key] }
  return parent[key] as Config
}

function listOf(value: unknown): readonly unknown[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]
}

function pathOf(place: Place): string {
  const keys = place.filter((_, index) => index % 2 === 1)
  return keys.length === 0 ? '(root)' : keys.join('.')
}

/** The name of a guard, an action or a logic, or a word for one without. */
function nameOf(given: unknown): string {
  if (typeof given === 'string') return given
  if (typeof given === 'function') {
    const { type } = given as { type?: unknown }
    return typeof type === 'string' ? type.replace(/^xstate\./, '') : given.name || '(inline)'
  }
  const { type } = (given ?? {}) as { type?: unknown }
  return typeof type === 'string' ? type : '(inline)'
}
