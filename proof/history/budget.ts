// How much a judgement may cost; steps are deterministic, milliseconds are not.

/** Why a search gave up. */
export type OutOf = 'steps' | 'time'

/** Counts steps and looks at the clock now and then; a part of a budget is spent with the whole. */
export class Budget {
  readonly #stepsMax: number
  readonly #deadlineMs: number
  readonly #whole: Budget | null
  #steps = 0
  #outOf: OutOf | null = null

  constructor(stepsMax: number, timeLimitMs: number, whole: Budget | null = null) {
    this.#stepsMax = stepsMax
    this.#deadlineMs =
      timeLimitMs === Number.POSITIVE_INFINITY ? timeLimitMs : performance.now() + timeLimitMs
    this.#whole = whole
  }

  get steps(): number {
    return this.#steps
  }

  /** What ran out, or null while the search may go on. */
  get outOf(): OutOf | null {
    return this.#outOf ?? this.#whole?.outOf ?? null
  }

  /** Counts one step. */
  spend(): void {
    this.#steps++
    this.#whole?.spend()
    if (this.#steps > this.#stepsMax) this.#outOf ??= 'steps'
    else if ((this.#steps & 1023) === 0 && this.#isLate()) this.#outOf ??= 'time'
  }

  /** At most `stepsMax` steps of this budget. */
  part(stepsMax: number): Budget {
    return new Budget(stepsMax, Number.POSITIVE_INFINITY, this)
  }

  /** A budget of its own that begins now and ends with this one, or after `timeMaxMs`. */
  beside(stepsMax: number, timeMaxMs: number): Budget {
    return new Budget(stepsMax, Math.min(timeMaxMs, this.#deadlineMs - performance.now()))
  }

  #isLate(): boolean {
    return this.#deadlineMs !== Number.POSITIVE_INFINITY && performance.now() > this.#deadlineMs
  }
}
