/** What a search never saw: signs that a system is not the one that was meant. */
import type { AnyStateMachine } from 'xstate'
import type { Coverage } from './engine/node-state.ts'
import type { CheckedSystem } from './system.ts'

/** Something that a search never saw. */
export interface Unseen {
  /**
   * `message`: a type that the machine it is sent to takes in no state; `effect`: one that no `send` carries and no
   * observer sees; `script`: an event of a script that never happened, or that the machine takes in no state.
   */
  readonly kind: 'message' | 'effect' | 'script'
  /** The node that sends, asks for the effect, or has the script. */
  readonly node: string
  readonly type: string
  /** It as a sentence. */
  readonly text: string
}

/** @param coverage of each thread of the search */
export function unseenIn({ nodes, observer }: CheckedSystem, coverages: readonly Coverage[]): Unseen[] {
  const unseen = new Map<string, Unseen>()
  const note = (kind: Unseen['kind'], node: string, type: string, text: string) =>
    void unseen.set(`${kind} ${text}`, { kind, node, type, text })
  for (const { messages, effects } of coverages) {
    for (const { type, from, to } of messages) {
      const { id, machine } = nodes[to]!
      if (!takes(machine, type))
        note('message', from, type, `${from} sends "${type}" to ${id}, whose machine takes it in no state`)
    }
    if (observer !== undefined) continue
    for (const { type, node } of effects)
      note(
        'effect',
        node,
        type,
        `${node} asks for the effect "${type}", which is no send and has no observer`,
      )
  }
  for (const [place, { id, machine, script = [] }] of nodes.entries()) {
    const happened = Math.max(...coverages.map(({ scripted }) => scripted[place]!))
    for (const [index, { type }] of script.entries()) {
      if (index >= happened)
        note('script', id, type, `event ${index + 1} ("${type}") of the script of ${id} never happened`)
      else if (!takes(machine, type))
        note('script', id, type, `the script of ${id} has "${type}", which its machine takes in no state`)
    }
  }
  return [...unseen.values()]
}

/** Whether a machine has a transition for this type, by name or by a wildcard. */
function takes(machine: AnyStateMachine, type: string): boolean {
  const known = takenBy(machine)
  if (known.has(type) || known.has('*')) return true
  for (let dot = type.lastIndexOf('.'); dot > 0; dot = type.lastIndexOf('.', dot - 1))
    if (known.has(`${type.slice(0, dot)}.*`)) return true
  return false
}

const taken = new WeakMap<AnyStateMachine, ReadonlySet<string>>()

function takenBy(machine: AnyStateMachine): ReadonlySet<string> {
  let types = taken.get(machine)
  if (types === undefined) {
    const all = new Set<string>()
    const add = (node: AnyStateMachine['root']) => {
      for (const type of node.transitions.keys()) all.add(type)
      for (const child of Object.values(node.states)) add(child as typeof node)
    }
    add(machine.root)
    types = all
    taken.set(machine, types)
  }
  return types
}
