/** All that can happen next in one state, and what it leads to. Whether that is new is not its to say. */

import type { Observations } from '../properties/observations.ts'
import type { Arrivals } from './arrivals.ts'
import { mix } from './hash.ts'
import type { Model } from './model.ts'
import type { NodeStates } from './node-states.ts'
import { StepLists } from './step-lists.ts'
import type { Successors } from './successors.ts'

/** Crashes and restarts that are left are one number: crashes times this, plus restarts. */
export const crashCost = 64

/** A state is an integer for each node, one for the observer, one for the crashes and restarts that are left. */
export class Expansion {
  transitions = 0
  readonly lists: StepLists
  readonly #states: NodeStates
  readonly #successors: Successors
  readonly #observations: Observations
  readonly #settles: boolean
  readonly #nodes: number
  readonly #state: Int32Array
  readonly #next: Int32Array
  #number = -1
  #hash = 0
  #spreadHash = 0

  /** @param settles steps that do nothing but send are taken at once */
  constructor(model: Model, observations: Observations, settles: boolean) {
    this.#states = model.states
    this.#successors = model.successors
    this.#observations = observations
    this.#settles = settles
    this.#nodes = model.states.nodes.length
    this.lists = new StepLists(model, settles)
    this.#state = new Int32Array(this.#nodes + 2)
    this.#next = new Int32Array(this.#nodes + 2)
  }

  /** @param number of the state, to find later how a state was reached */
  expand(state: Int32Array, number: number, arrivals: Arrivals): void {
    const successors = this.#successors
    const nodes = this.#nodes
    this.#state.set(state)
    this.#next.set(state)
    this.#number = number
    this.#hash = this.hash(state)
    this.lists.moveTo(state)
    const left = state[nodes + 1]!
    for (let node = 0; node < nodes; node++) {
      const steps = this.lists.of(node)
      for (let i = 0; i < steps.length; i += 2) this.#take(node, steps[i]!, steps[i + 1]!, arrivals)
      if (left === 0) continue
      const crashed = left >= crashCost ? successors.crashed(state[node]!) : -1
      if (crashed >= 0) this.#takeFault(node, crashed, 0, left - crashCost, arrivals)
      const next = left % crashCost > 0 ? successors.restarted(state[node]!) : null
      if (next !== null) this.#takeFault(node, next.local, next.emission, left - 1, arrivals)
    }
  }

  /** A crash or a restart uses up one of those that are left. */
  #takeFault(node: number, local: number, emission: number, left: number, arrivals: Arrivals): void {
    const before = this.#state[this.#nodes + 1]!
    const hash = this.#hash
    this.#next[this.#nodes + 1] = left
    this.#hash = hash ^ leftHash(before) ^ leftHash(left)
    const settled = this.#settles ? this.lists.settled(node, local, this.#next) : local
    this.#take(node, settled, emission, arrivals)
    this.#next[this.#nodes + 1] = before
    this.#hash = hash
  }

  #take(node: number, target: number, emission: number, arrivals: Arrivals): void {
    const { hashes, outboxes } = this.#states
    const nodes = this.#nodes
    const next = this.#next
    const old = this.#state[node]!
    const observed = this.#state[nodes]!
    let hash = this.#hash ^ hashes[old]! ^ hashes[target]!
    let changed = 1 << node
    this.transitions++
    next[node] = target
    if (emission !== 0) {
      const after = this.#observations.after(observed, emission)
      if (after !== observed) {
        next[nodes] = after
        hash ^= this.#observations.hashes[observed]! ^ this.#observations.hashes[after]!
        changed |= 1 << nodes
      }
    }
    const grown = this.#settles && outboxes[target] !== outboxes[old] ? this.#spread(node, old, target) : 0
    if (grown !== 0) hash ^= this.#spreadHash
    arrivals.add(next, hash >>> 0, this.#number, changed | grown, node)
    next[node] = old
    next[nodes] = observed
    if (grown !== 0) for (let other = 0; other < nodes; other++) next[other] = this.#state[other]!
  }

  /**
   * Passes on what `node` has newly sent, until no node has more to send; a bit for each node that has sent something by it, and
   * the change of the hash in `#spreadHash`.
   */
  #spread(node: number, old: number, target: number): number {
    // Tables are replaced as they grow, which may happen at each receipt.
    const states = this.#states
    const nodes = this.#nodes
    const next = this.#next
    let dirty = 0
    for (let other = 0; other < nodes; other++) {
      const channel = states.channel(target, other)
      if (other !== node && channel !== states.channel(old, other)) dirty |= this.#receive(other, channel)
    }
    let grown = dirty
    while (dirty !== 0) {
      const sender = 31 - Math.clz32(dirty)
      dirty &= ~(1 << sender)
      for (let other = 0; other < nodes; other++) {
        const channel = states.channel(next[sender]!, other)
        if (channel !== 0 && other !== sender) dirty |= this.#receive(other, channel)
      }
      grown |= dirty
    }
    const { hashes } = states
    this.#spreadHash = 0
    for (let left = grown; left !== 0; left &= left - 1) {
      const other = 31 - Math.clz32(left & -left)
      this.#spreadHash ^= hashes[other === node ? target : this.#state[other]!]! ^ hashes[next[other]!]!
    }
    return grown
  }

  /** Lets `node` take what only makes it send; a bit for it if it has sent something new. */
  #receive(node: number, channel: number): number {
    const before = this.#next[node]!
    const after = this.lists.settledAlone(node, this.#successors.saturated(before, channel))
    if (after === before) return 0
    this.#next[node] = after
    return 1 << node
  }

  /** Lets everyone take every step that does nothing but send. */
  settle(state: Int32Array): void {
    for (let before = ''; before !== state.join(); ) {
      before = state.join()
      for (let node = 0; node < this.#nodes; node++)
        state[node] = this.lists.settled(node, state[node]!, state)
    }
  }

  hash(state: ArrayLike<number>): number {
    const { hashes } = this.#states
    let hash = this.#observations.hashes[state[this.#nodes]!]! ^ leftHash(state[this.#nodes + 1]!)
    for (let node = 0; node < this.#nodes; node++) hash ^= hashes[state[node]!]!
    return hash >>> 0
  }
}

export function leftHash(left: number): number {
  return mix(left + 0x60000000)
}
