/** What can happen next at each node of a state, listed once for each pair of a local state and what is under way to it. */
import type { Model } from './model.ts'
import type { NodeStates } from './node-states.ts'
import { PairTable } from './pair-table.ts'
import type { Successors } from './successors.ts'
import { TupleTable } from './tuple-table.ts'

const nothing = new Int32Array(0)

/** Follows a search from state to state: what the last state's lists have in common with the next one's is kept. */
export class StepLists {
  readonly #states: NodeStates
  readonly #successors: Successors
  readonly #nodes: number
  readonly #reduced: boolean
  readonly #inboxes: TupleTable
  readonly #known = new PairTable()
  readonly #lists: Int32Array[] = []
  readonly #state: Int32Array
  readonly #current: Int32Array[]
  readonly #inbox: Int32Array
  /** A bit for each node whose list is that of the current state. */
  #valid = 0

  /** @param reduced the receiver of a step also takes every step that only sends */
  constructor({ states, successors }: Model, reduced: boolean) {
    this.#states = states
    this.#successors = successors
    this.#nodes = states.nodes.length
    this.#reduced = reduced
    this.#inboxes = new TupleTable(this.#nodes)
    this.#state = new Int32Array(this.#nodes).fill(-1)
    this.#current = new Array<Int32Array>(this.#nodes).fill(nothing)
    this.#inbox = new Int32Array(this.#nodes)
  }

  get bytes(): number {
    return this.#inboxes.bytes + this.#known.bytes
  }

  /** Makes `state` the current one. */
  moveTo(state: ArrayLike<number>): void {
    const { channels } = this.#states
    const nodes = this.#nodes
    const last = this.#state
    let stale = 0
    for (let node = 0; node < nodes; node++) {
      const [before, after] = [last[node]!, state[node]!]
      if (before === after) continue
      stale |= 1 << node
      last[node] = after
      for (let other = 0; other < nodes; other++) {
        if (before < 0 || channels[before * nodes + other] !== channels[after * nodes + other])
          stale |= 1 << other
      }
    }
    this.#valid &= ~stale
  }

  /** The steps of one node in the current state: pairs of its next local state and the emission. No-ops are left out. */
  of(node: number): Int32Array {
    const bit = 1 << node
    if ((this.#valid & bit) === 0) {
      this.#current[node] = this.#find(node)
      this.#valid |= bit
    }
    return this.#current[node]!
  }

  /** A local state of `node` after every step that only sends, given all that is under way to it. */
  settled(node: number, local: number, state: ArrayLike<number>): number {
    const { channels } = this.#states
    let settled = local
    for (let sender = 0; sender < this.#nodes; sender++) {
      if (sender === node) continue
      const channel = channels[state[sender]! * this.#nodes + node]!
      if (channel !== 0) settled = this.#successors.saturated(settled, channel)
    }
    return this.settledAlone(node, settled)
  }

  /** The same for what it sends to itself, which may grow by it. */
  settledAlone(node: number, local: number): number {
    for (let settled = local; ; ) {
      const own = this.#states.channels[settled * this.#nodes + node]!
      const grown = own === 0 ? settled : this.#successors.saturated(settled, own)
      if (grown === settled) return settled
      settled = grown
    }
  }

  #find(node: number): Int32Array {
    const { channels } = this.#states
    for (let sender = 0; sender < this.#nodes; sender++) {
      this.#inbox[sender] = channels[this.#state[sender]! * this.#nodes + node]!
    }
    const local = this.#state[node]!
    const inbox = this.#inboxes.intern(this.#inbox)
    const known = this.#known.get(local, inbox)
    if (known >= 0) return this.#lists[known]!
    const list = this.#list(node, local)
    this.#known.set(local, inbox, this.#lists.push(list) - 1)
    return list
  }

  #list(node: number, local: number): Int32Array {
    const list: number[] = []
    const add = (steps: Int32Array) => {
      for (let i = 0; i < steps.length; i += 2) {
        const target = this.#reduced ? this.settled(node, steps[i]!, this.#state) : steps[i]!
        const emission = steps[i + 1]!
        if ((target !== local || emission !== 0) && !hasStep(list, target, emission))
          list.push(target, emission)
      }
    }
    add(this.#successors.own(local))
    for (const channel of this.#inbox) if (channel !== 0) add(this.#successors.deliveries(local, channel))
    return Int32Array.from(list)
  }
}

function hasStep(list: readonly number[], target: number, emission: number): boolean {
  for (let i = 0; i < list.length; i += 2) if (list[i] === target && list[i + 1] === emission) return true
  return false
}
