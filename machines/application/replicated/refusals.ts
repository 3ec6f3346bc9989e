/** What a machine shows before it runs: what it cannot do without, and what `effects: 'refuse'` forbids. */
import type { AnyActorLogic, AnyStateMachine } from 'xstate'
import { isEffect, isMachine } from './inert.ts'

/** `run`: effects are carried out by the primary (M4). `refuse`: a machine that has any is refused. */
export type EffectsOption = 'run' | 'refuse'

type Action = string | { readonly type?: string; readonly src?: unknown }

interface Transition {
  readonly actions: readonly Action[]
}

/** What is looked at of XState's `StateNode`. */
interface Node {
  readonly id: string
  readonly type: string
  readonly invoke: readonly { readonly src: string | AnyActorLogic }[]
  readonly entry: readonly Action[]
  readonly exit: readonly Action[]
  readonly initial?: Transition
  readonly transitions: ReadonlyMap<string, readonly Transition[]>
  readonly always?: readonly Transition[]
  readonly states: Readonly<Record<string, Node>>
  readonly config: { readonly invoke?: unknown }
}

/**
 * Looks through a chart, and through the machines that it invokes.
 * @throws TypeError naming the state with an actor that has no implementation or, under `refuse`, with an effect.
 */
export function refuseWhatCannotRun(machine: AnyStateMachine, effects: EffectsOption): void {
  const seen = new Set<AnyStateMachine>()
  const visitMachine = (each: AnyStateMachine): void => {
    if (seen.has(each)) return
    seen.add(each)
    visit(each.root as unknown as Node, each)
  }
  const visitActor = (src: unknown, owner: AnyStateMachine, node: Node, index: number): void => {
    const logic = logicOf(src, owner, node, index)
    if (logic === undefined) throw withoutImplementation(String(src), node.id)
    if (isMachine(logic)) visitMachine(logic)
    else if (effects === 'refuse' && isEffect(logic))
      throw refused(`an actor with effects (${nameOf(src)})`, node.id)
  }
  const visit = (node: Node, owner: AnyStateMachine): void => {
    for (const [index, { src }] of node.invoke.entries()) visitActor(src, owner, node, index)
    for (const action of actionsOf(node)) {
      const named = owner.implementations.actions as Record<string, Action | undefined>
      const name = typeof action === 'string' ? action : (action.type ?? '')
      const found = named[name] ?? action
      const kind = typeof found === 'string' ? undefined : found.type
      if (kind === 'xstate.spawnChild') visitActor((found as { src: unknown }).src, owner, node, -1)
      const isPlain = typeof found === 'function' && !String(kind).startsWith('xstate.')
      if (effects === 'refuse' && isPlain) throw refused(`a plain action (${name || 'inline'})`, node.id)
    }
    for (const child of Object.values(node.states)) visit(child, owner)
  }
  visitMachine(machine)
}

function actionsOf(node: Node): readonly Action[] {
  const initial = node.type === 'compound' && node.initial !== undefined ? [node.initial] : []
  const transitions = [...initial, ...[...node.transitions.values()].flat(), ...(node.always ?? [])]
  return [...node.entry, ...node.exit, ...transitions.flatMap(({ actions }) => actions)]
}

function logicOf(src: unknown, owner: AnyStateMachine, node: Node, index: number): AnyActorLogic | undefined {
  if (typeof src !== 'string') return src as AnyActorLogic
  if (!src.startsWith('xstate.invoke.')) return owner.implementations.actors[src] as AnyActorLogic | undefined
  const { invoke } = node.config
  return ((Array.isArray(invoke) ? invoke[index] : invoke) as { src: AnyActorLogic }).src
}

function nameOf(src: unknown): string {
  return typeof src === 'string' && !src.startsWith('xstate.') ? src : 'inline'
}

function withoutImplementation(name: string, where: string): TypeError {
  return new TypeError(
    `replicated: expected an implementation of the actor ${name}, which ${where} invokes, got none; provide it in setup({ actors })`,
  )
}

function refused(what: string, where: string): TypeError {
  return new TypeError(
    `replicated: expected a machine without effects, got ${what} in ${where}; leave it out, or let the primary carry it out with effects: 'run'`,
  )
}
