/** Step invariants, asked once of each pair of node states, while steps are listed. */
import { judged } from '../properties/judged.ts'
import type { NodeView, StepInvariant } from '../system.ts'
import { type BrokenStep, notingSent } from './node-state.ts'
import type { NodeStates } from './node-states.ts'
import { PairTable } from './pair-table.ts'

export class StepJudge {
  readonly broken: BrokenStep[] = []
  /** A bit for each node whose sent messages a step invariant has read that does not promise to be monotone. */
  sentReads = 0
  readonly #states: NodeStates
  readonly #invariants: readonly StepInvariant[]
  readonly #judged = new PairTable()

  constructor(states: NodeStates, invariants: readonly StepInvariant[]) {
    this.#states = states
    this.#invariants = invariants
  }

  get hasInvariants(): boolean {
    return this.#invariants.length > 0
  }

  /** Judges the step from one node state to another. */
  judge(from: number, to: number): void {
    if (!this.hasInvariants || this.#judged.get(from, to) >= 0) return
    this.#judged.set(from, to, 0)
    this.judgeViews(this.#states.get(from).node, this.#states.view(from), this.#states.view(to))
  }

  judgeViews(node: number, before: NodeView, after: NodeView): void {
    const noteRead = () => {
      this.sentReads |= 1 << node
    }
    for (const { name, holds, monotone } of this.#invariants) {
      const noted = (view: NodeView) => (monotone ? view : notingSent(view, noteRead))
      const verdict = judged(() => holds(noted(before), noted(after)))
      if (verdict !== true) this.broken.push({ name, reason: verdict })
    }
  }
}
