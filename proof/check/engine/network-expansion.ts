/** Successors on a network that keeps each message until it arrives (`once`) or first in, first out (`ordered`). */

import type { Happening } from '../happening.ts'
import type { Observations } from '../properties/observations.ts'
import type { CheckedSystem } from '../system.ts'
import type { Arrivals } from './arrivals.ts'
import { crashCost, leftHash } from './expansion.ts'
import { mix } from './hash.ts'
import { InFlight } from './in-flight.ts'
import type { Model } from './model.ts'

/** Losses and duplicates that are left are one number: losses times this, plus duplicates. */
const lossCost = 1024

/** One successor of a state. */
interface Move {
  readonly happening: Happening
  readonly place: number
  readonly local: number
  readonly emission: number
  readonly left: number
  readonly inFlight: number
  readonly budget: number
  /** What the step sent, by number. */
  readonly sends: readonly number[]
}

/**
 * A state is an integer for each node, one for the observer, one for the crashes and restarts that are left, one for the
 * messages in flight, one for the losses and duplicates that are left.
 */
export class NetworkExpansion {
  transitions = 0
  readonly lists = { bytes: 0 }
  readonly #model: Model
  readonly #observations: Observations
  readonly #inFlight: InFlight
  readonly #ordered: boolean
  readonly #budget: number
  readonly #nodes: number

  constructor(system: CheckedSystem, model: Model, observations: Observations) {
    this.#model = model
    this.#observations = observations
    const { messages } = model.states
    this.#nodes = system.nodes.length
    this.#ordered = system.network === 'ordered'
    this.#budget = (system.losses ?? 0) * lossCost + (system.duplicates ?? 0)
    this.#inFlight = new InFlight(
      this.#ordered,
      (message) => messages.hash(message),
      (message) => {
        const { from, to } = messages.get(message)
        return `${from} ${to}`
      },
    )
  }

  /** Completes the initial state: what the nodes have sent by starting is in flight. */
  begin(state: Int32Array, sends: readonly number[]): void {
    state[this.#nodes + 2] = this.#inFlight.plus(0, sends)
    state[this.#nodes + 3] = this.#budget
  }

  expand(state: Int32Array, number: number, arrivals: Arrivals): void {
    const nodes = this.#nodes
    const next = state.slice()
    for (const move of this.#moves(state)) {
      if (this.#isBlocked(move)) continue
      this.transitions++
      next.set(state)
      this.#make(next, move)
      const changed =
        (next[move.place] === state[move.place] ? 0 : 1 << move.place) |
        (next[nodes] === state[nodes] ? 0 : 1 << nodes)
      arrivals.add(next, this.hash(next), number, changed, move.place)
    }
  }

  /** Nothing is taken at once on such a network. */
  settle(): void {}

  /** All that can happen next. */
  happenings(state: Int32Array): Happening[] {
    return [...this.#moves(state)].filter((move) => !this.#isBlocked(move)).map(({ happening }) => happening)
  }

  /** Lets something happen in `state`, which it changes; where it happened and what it sent, or null if it cannot. */
  apply(state: Int32Array, happening: Happening): { place: number; sends: readonly number[] } | null {
    const wanted = JSON.stringify(happening)
    for (const move of this.#moves(state)) {
      if (JSON.stringify(move.happening) !== wanted) continue
      this.#make(state, move)
      return move
    }
    return null
  }

  hash(state: ArrayLike<number>): number {
    const nodes = this.#nodes
    const { hashes } = this.#model.states
    let hash = this.#observations.hashes[state[nodes]!]! ^ leftHash(state[nodes + 1]!)
    hash ^= mix(this.#inFlight.hash(state[nodes + 2]!) ^ 0x5bd1e995) ^ mix(state[nodes + 3]! + 0x30000000)
    for (let node = 0; node < nodes; node++) hash ^= mix(hashes[state[node]!]! + node)
    return hash >>> 0
  }

  #isBlocked({ happening }: Move): boolean {
    return happening.kind === 'deliver' && this.#model.successors.isBlocked(happening.message)
  }

  #make(state: Int32Array, { place, local, emission, left, inFlight, budget }: Move): void {
    const nodes = this.#nodes
    state[place] = local
    state[nodes] = this.#observations.after(state[nodes]!, emission)
    state[nodes + 1] = left
    state[nodes + 2] = inFlight
    state[nodes + 3] = budget
  }

  *#moves(state: Int32Array): Generator<Move> {
    const [left, inFlight, budget] = [...state.subarray(this.#nodes + 1)] as [number, number, number]
    const stays = { left, inFlight, budget }
    for (let place = 0; place < this.#nodes; place++) {
      const from = state[place]!
      for (const { happening, local, emission, sends } of this.#model.actions.own(from)) {
        this.#model.successors.judge.judge(from, local)
        yield {
          ...stays,
          happening,
          place,
          local,
          emission,
          sends,
          inFlight: this.#inFlight.plus(inFlight, sends),
        }
      }
      if (left !== 0) yield* this.#faults(place, from, stays)
    }
    for (const message of this.#inFlight.next(inFlight)) yield* this.#arrivalsOf(state, message, stays)
    if (budget >= lossCost)
      for (const message of new Set(this.#inFlight.all(inFlight))) yield this.#loss(state, message, stays)
  }

  *#arrivalsOf(
    state: Int32Array,
    message: number,
    stays: Pick<Move, 'left' | 'inFlight' | 'budget'>,
  ): Generator<Move> {
    const { place, happening, step } = this.#model.actions.arrival(state, message) ?? { place: -1 }
    if (place < 0 || happening === undefined || step === undefined) return
    const { local, emission, sends, isNoOp } = step
    // On a network without order, a message that changes nothing may as well arrive later.
    if (isNoOp && !this.#ordered) return
    if (!isNoOp) this.#model.successors.judge.judge(state[place]!, local)
    const { inFlight, budget } = stays
    const taken = this.#inFlight.plus(this.#inFlight.minus(inFlight, message), sends)
    yield { ...stays, happening, place, local, emission, sends, inFlight: taken }
    if (budget % lossCost === 0 || isNoOp) return
    const kept = this.#inFlight.plus(inFlight, sends)
    const again: Happening = { ...happening, kept: true }
    yield { ...stays, happening: again, place, local, emission, sends, inFlight: kept, budget: budget - 1 }
  }

  #loss(state: Int32Array, message: number, stays: Pick<Move, 'left' | 'inFlight' | 'budget'>): Move {
    const sent = this.#model.states.messages.get(message)
    const place = this.#model.states.messages.receiver(message)
    return {
      ...stays,
      happening: { kind: 'lose', node: sent.to, message: sent },
      place,
      local: state[place]!,
      emission: 0,
      sends: [],
      inFlight: this.#inFlight.minus(stays.inFlight, message),
      budget: stays.budget - lossCost,
    }
  }

  *#faults(place: number, from: number, stays: Pick<Move, 'left' | 'inFlight' | 'budget'>): Generator<Move> {
    const { left, inFlight } = stays
    for (const { happening, local, emission, sends } of this.#model.actions.faults(from)) {
      const isCrash = happening.kind === 'crash'
      if (isCrash ? left < crashCost : left % crashCost === 0) continue
      const after = left - (isCrash ? crashCost : 1)
      yield {
        ...stays,
        happening,
        place,
        local,
        emission,
        sends,
        left: after,
        inFlight: this.#inFlight.plus(inFlight, sends),
      }
    }
  }
}
