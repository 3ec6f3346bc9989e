/** A statechart as plain data, read from the machine: to draw it, and for readers of a trace without the machine. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import type { Json } from '../../machines/application/application.ts'
import { encode } from './encode.ts'

/** A transition of a machine, as plain JSON. */
export interface TransitionDescription {
  /** Null for a transition that waits for no event. */
  readonly event: string | null
  readonly guard: string | null
  /** What distinguishes guards of one name; absent where it depends on the event. */
  readonly guardParams?: Json
  /** Ids of states; empty for a transition that stays. */
  readonly target: readonly string[]
  /** Names; `send ping` and `raise done` where the machine itself says what. */
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
  /** The key of the child that is entered first. */
  readonly initial: string | null
  /** `type: 'history'` only. Its one transition, without an event, leads to the default state. */
  readonly history?: 'shallow' | 'deep'
  /** Actors that live as long as the state is active. */
  readonly invoke?: readonly { readonly id: string; readonly src: string }[]
  /** Names, as of a transition; XState's own actions for `after` are left out. */
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
  const invoke = node.invoke.map(({ id, src }) => ({ id, src: nameOf(src) }))
  return {
    id: node.id,
    key: node.key,
    type: node.type,
    ...(node.description === undefined ? {} : { description: node.description }),
    tags: node.tags,
    initial: initial ?? null,
    ...(node.history === false ? {} : { history: node.history }),
    ...(invoke.length === 0 ? {} : { invoke }),
    entry: node.entry.filter((action) => !servesTimer(action)).map(actionText),
    exit: node.exit.filter((action) => !servesTimer(action)).map(actionText),
    transitions:
      node.type === 'history' ? defaultOf(node) : transitionsOf(node).map((one) => describeTransition(one)),
    states: Object.values(node.states).map(describeState),
  }
}

function describeTransition(transition: AnyTransitionDefinition): TransitionDescription {
  const { eventType, guard, actions, reenter, description } = transition
  const params = (guard as { params?: unknown } | undefined)?.params
  return {
    event: eventType === '' ? null : eventType,
    guard: guard === undefined ? null : nameOf(guard),
    ...(params === undefined || typeof params === 'function' ? {} : { guardParams: encode(params) }),
    target: targetOf(transition),
    actions: actions.map(actionText),
    reenter,
    ...(description === undefined ? {} : { description }),
  }
}

/** Where a history state leads while there is no history, if it says so itself. */
function defaultOf({ config, parent }: AnyStateNode): TransitionDescription[] {
  const { target } = config as { target?: string }
  if (typeof target !== 'string' || parent === undefined) return []
  const found = target.startsWith('#')
    ? target.slice(1)
    : target.split('.').reduce<AnyStateNode | undefined>((node, key) => node?.states[key], parent)?.id
  return found === undefined
    ? []
    : [{ event: null, guard: null, target: [found], actions: [], reenter: false }]
}

function transitionsOf(node: AnyStateNode): AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])]
}

/** Ids of the states that a transition leads to. */
export function targetOf({ target }: AnyTransitionDefinition): string[] {
  return target?.map(({ id }) => id) ?? []
}

/** The name of a guard, an action or an actor; `(inline)` if it has no name. */
export function nameOf(named: unknown): string {
  if (typeof named === 'string') return named.startsWith('xstate.invoke.') ? '(inline)' : named
  return (named as { type?: string }).type ?? combinedGuard(named) ?? '(inline)'
}

/** `not a`, `(a and b)`, `(a or b)` and `in state` for XState's own combinations of guards. */
function combinedGuard(guard: unknown): string | null {
  if (typeof guard !== 'function' || !('check' in guard)) return null
  const { guards, stateValue } = guard as { guards?: readonly unknown[]; stateValue?: unknown }
  if (stateValue !== undefined)
    return `in ${typeof stateValue === 'string' ? stateValue : JSON.stringify(stateValue)}`
  if (!Array.isArray(guards)) return null
  const names = guards.map(nameOf)
  return guard.name === 'not' ? `not ${names[0]}` : `(${names.join(` ${guard.name} `)})`
}

/** XState sends itself an event for each `after`: the transition says so already. */
function servesTimer(action: unknown): boolean {
  const { type, event, sendId } = action as { type?: string; event?: { type?: unknown }; sendId?: unknown }
  const name = type === 'xstate.raise' ? event?.type : type === 'xstate.cancel' ? sendId : ''
  return typeof name === 'string' && name.startsWith('xstate.after.')
}

function actionText(action: unknown): string {
  const { event, params } = action as { event?: { type?: unknown }; params?: unknown }
  const name = nameOf(action).replace(/^xstate\./, '')
  if (typeof event === 'object' && typeof event?.type === 'string') return `${name} ${event.type}`
  return name === 'send' && typeof params === 'function' ? messageText(params as MessageOf) : name
}

type MessageOf = (args: unknown) => { readonly message: { readonly type: string; readonly reason?: string } }

/** What a `send` sends is a function of the event; its type is not, and shows without one. */
function messageText(params: MessageOf): string {
  try {
    const { message } = params({ context: { view: { number: 0 } }, event: { from: '' } })
    return ['send', message.type, ...(message.reason === undefined ? [] : [message.reason])].join(' ')
  } catch {
    return 'send'
  }
}
