/** Node states between searches that number them differently, such as the threads of one: by content, not by number. */
import type { Local, LocalContent, SnapshotOrigin } from './node-state.ts'
import type { NodeStates } from './node-states.ts'
import type { Successors } from './successors.ts'
import type { Transitions } from './transitions.ts'

export class Exchange {
  readonly #states: NodeStates
  readonly #transitions: Transitions
  readonly #successors: Successors

  constructor(states: NodeStates, transitions: Transitions, successors: Successors) {
    this.#states = states
    this.#transitions = transitions
    this.#successors = successors
  }

  contentOf(local: number): LocalContent {
    const { node, life, alive, snapshot, outbox, timers, script } = this.#states.get(local)
    const sent = this.#states.messages.sentIn(outbox)
    return { node, life, alive, snapshot, script, sent, timers: this.#states.timers(timers) }
  }

  originOf(snapshot: number): SnapshotOrigin {
    return this.#states.originOf(snapshot)
  }

  /** The number here of another search's snapshot; `from` is a number here. */
  adoptSnapshot({ node, life, from, event }: SnapshotOrigin): number {
    if (from >= 0) {
      const now: Local = { node, life, alive: true, snapshot: from, outbox: 0, timers: 0, script: 0 }
      return this.#transitions.ask(now, event!, null).snapshot
    }
    const { id, input, restart } = this.#states.nodes[node]!
    const start = life === 1 || restart === undefined ? { id, input: input ?? { id } } : restart(life)
    const entered = this.#successors.enter(node, life, start.id, start.input, 0, 0).local
    return this.#states.get(entered).snapshot
  }

  /** The number here of another search's node state; its snapshot is a number here. */
  adopt({ node, life, alive, snapshot, script, sent, timers }: LocalContent): number {
    const { messages } = this.#states
    const ids = sent.map((message) => messages.idOf(message)).sort((a, b) => a - b)
    const [outbox, set] = [messages.outboxOf(ids), this.#states.timersId(timers)]
    return this.#states.localId({ node, life, alive, snapshot, outbox, timers: set, script })
  }
}
