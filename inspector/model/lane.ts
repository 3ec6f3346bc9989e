/** A node of a run as a lane of its diagram: its steps, and where its state changes. Types only. */

/** A node of a run: one lane of the diagram. */
export interface Lane {
  readonly id: string
  /** The place among all lanes, from 0. */
  readonly index: number
  /** The id of its machine; null until a step or the header has said so. */
  machine: string | null
  /** The numbers of its kept steps, ascending. */
  readonly steps: number[]
  /** Where its state became another, ascending. */
  readonly changes: StateChange[]
}

/** From step `i` on the node is in this state. */
export interface StateChange {
  readonly i: number
  /** The state in a few words; null from a crash or stop on. */
  readonly label: string | null
}
