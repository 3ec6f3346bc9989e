/** What can happen at one node, as data for people and runs: which action it is, and the node state that follows. */
import type { Happening } from '../happening.ts'
import { isNoOp, type NodeStep, sendsOnly } from './node-state.ts'
import type { NodeStates } from './node-states.ts'
import type { OwnStep, Successors } from './successors.ts'
import type { Transitions } from './transitions.ts'

type Action = NodeStep & { readonly happening: Happening }

export class Actions {
  readonly #states: NodeStates
  readonly #transitions: Transitions
  readonly #successors: Successors
  readonly #own: (readonly Action[] | undefined)[] = []

  constructor(states: NodeStates, transitions: Transitions, successors: Successors) {
    this.#states = states
    this.#transitions = transitions
    this.#successors = successors
  }

  /** The steps that a node can take, given the others' node states; for people, not for speed. */
  of(all: ArrayLike<number>, place: number): { readonly happening: Happening; readonly local: number }[] {
    const local = all[place]!
    const id = this.#idAt(local)
    const found: { happening: Happening; local: number }[] = this.#listOwn(local)
    for (const message of this.#messagesTo(all, place)) {
      if (this.#successors.isBlocked(this.#states.messages.get(message))) continue
      const happening: Happening = { kind: 'deliver', node: id, message: this.#states.messages.get(message) }
      found.push({ happening, local: this.#successors.deliver(local, message).local })
    }
    return found
  }

  /** The crash and the restart that can happen to a node. */
  faults(local: number): Action[] {
    const { node, life } = this.#states.get(local)
    const id = this.#states.idOf(node, life)
    const found: Action[] = []
    const crashed = this.#successors.crashed(local)
    if (crashed >= 0)
      found.push({ happening: { kind: 'crash', node: id }, local: crashed, emission: 0, sends: [] })
    const next = this.#successors.restarted(local)
    if (next !== null) {
      const happening: Happening = { kind: 'restart', node: id, id: this.#states.idOf(node, life + 1) }
      found.push({ ...next, happening })
    }
    return found
  }

  /** Timers and script, with what each step sends; memoized. */
  own(local: number): readonly Action[] {
    let steps = this.#own[local]
    if (steps === undefined) {
      steps = this.#listOwn(local)
      this.#own[local] = steps
    }
    return steps
  }

  /** The arrival of a message in a state; null if its receiver takes nothing, or lives under another id. */
  arrival(state: ArrayLike<number>, message: number) {
    const sent = this.#states.messages.get(message)
    const place = this.#states.messages.receiver(message)
    const now = this.#states.get(state[place]!)
    if (!this.#states.takesEvents(now) || this.#states.idOf(now.node, now.life) !== sent.to) return null
    const { local, emission } = this.#successors.deliver(state[place]!, message)
    const step = this.#transitions.onMessage(now, message)
    const happening = { kind: 'deliver', node: sent.to, message: sent } as const
    return {
      place,
      happening,
      step: { local, emission, sends: step.sends, isNoOp: isNoOp(step, now.snapshot) },
    }
  }

  /** Whether a step from one node state to another did nothing but send. */
  onlySends(from: number, to: number): boolean {
    return from !== to && sendsOnly(this.#states.get(from), this.#states.get(to))
  }

  /** The node state after an action there, with what it emitted; null if it cannot happen in `all`. */
  after(
    all: ArrayLike<number>,
    place: number,
    happening: Happening,
  ): { readonly local: number; readonly emission: number } | null {
    const local = all[place]!
    if (happening.node !== this.#idAt(local)) return null
    switch (happening.kind) {
      case 'crash': {
        const crashed = this.#successors.crashed(local)
        return crashed < 0 ? null : { local: crashed, emission: 0 }
      }
      case 'restart':
        return this.#successors.restarted(local)
      case 'lose':
        return null
      case 'timer':
      case 'script': {
        const wanted = JSON.stringify(happening.event)
        const isWanted = ({ kind, event }: OwnStep) =>
          kind === happening.kind && JSON.stringify(event) === wanted
        for (const step of this.#successors.ownSteps(local)) if (isWanted(step)) return step
        return null
      }
      case 'deliver': {
        const wanted = JSON.stringify(happening.message)
        for (const message of this.#messagesTo(all, place))
          if (JSON.stringify(this.#states.messages.get(message)) === wanted)
            return this.#successors.deliver(local, message)
        return null
      }
    }
  }

  #idAt(local: number): string {
    const { node, life } = this.#states.get(local)
    return this.#states.idOf(node, life)
  }

  *#messagesTo(all: ArrayLike<number>, place: number): Generator<number> {
    const now = this.#states.get(all[place]!)
    for (let sender = 0; sender < this.#states.nodes.length; sender++)
      yield* this.#states.messagesFor(now, this.#states.channel(all[sender]!, place))
  }

  #listOwn(local: number): Action[] {
    const id = this.#idAt(local)
    return Array.from(
      this.#successors.ownSteps(local),
      ({ kind, event, local: next, emission, sends }): Action => ({
        happening: { kind, node: id, event },
        local: next,
        emission,
        sends,
      }),
    )
  }
}
