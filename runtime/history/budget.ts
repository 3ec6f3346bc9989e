// How much a judgement may cost; steps are deterministic, milliseconds are not.

/** Why a search gave up. */
export type OutOf = 'steps' | 'time'

/** Counts steps and looks at the clock now and then. */
export class Budget {
  readonly #stepsMax: number
  readonly #deadlineMs: number
  readonly #nowMs: () => number
  #steps = 0
  #outOf: OutOf | null = null

  constructor(stepsMax: number, timeLimitMs: number, nowMs: () => number = () => performance.now()) {
    this.#stepsMax = stepsMax
    this.#nowMs = nowMs
    this.#deadlineMs = timeLimitMs === Number.POSITIVE_INFINITY ? timeLimitMs : nowMs() + timeLimitMs
  }

  get steps(): number {
    return this.#steps
  }

  /** What ran out, or null while the search may go on. */
  get outOf(): OutOf | null {
    return this.#outOf
  }

  /** Counts one step. */
  spend(): void {
    this.#steps++
    if (this.#steps > this.#stepsMax) this.#outOf ??= 'steps'
    else if ((this.#steps & 1023) === 0) this.lookAtClock()
  }

  lookAtClock(): void {
    if (this.#deadlineMs !== Number.POSITIVE_INFINITY && this.#nowMs() > this.#deadlineMs)
      this.#outOf ??= 'time'
  }

  /** A budget of at most `stepsMax` further steps within the same deadline. */
  part(stepsMax: number): Budget {
    const timeLimitMs =
      this.#deadlineMs === Number.POSITIVE_INFINITY ? this.#deadlineMs : this.#deadlineMs - this.#nowMs()
    return new Budget(stepsMax, timeLimitMs, this.#nowMs)
  }
}
