/** A system as a search sees it: interned node states, what XState says of them, and the steps between them. */
import type { CheckedSystem } from '../system.ts'
import { Actions } from './actions.ts'
import { Exchange } from './exchange.ts'
import { NodeStates } from './node-states.ts'
import { Successors } from './successors.ts'
import { Transitions } from './transitions.ts'

export class Model {
  readonly states: NodeStates
  readonly transitions: Transitions
  readonly successors: Successors
  readonly actions: Actions
  readonly exchange: Exchange

  /**
   * @param absorbing a bit for each node whose steps that only send are taken at once
   * @param blocked links on which nothing arrives while the system is explored
   */
  constructor(system: CheckedSystem, absorbing: number, blocked: NonNullable<CheckedSystem['cuts']> = []) {
    this.states = new NodeStates(system)
    this.transitions = new Transitions(this.states)
    this.successors = new Successors(system, this.states, this.transitions, absorbing, blocked)
    this.actions = new Actions(this.states, this.transitions, this.successors)
    this.exchange = new Exchange(this.states, this.transitions, this.successors)
  }
}
