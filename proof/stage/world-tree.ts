/** The tree of runs of a world as data: branches, the point that is looked at, and what is said and judged along them. */
import type { TraceHeader, TraceStep } from '../../runtime/trace/format.ts'
import type { Made } from './made.ts'

/** A sentence of a story, from a position on. */
export interface Caption {
  readonly at: number
  readonly text: string
}

/** One run: what it shares with its parent, and what was chosen otherwise. */
export interface Branch {
  readonly id: string
  readonly name: string
  /** Null for the first. */
  readonly parent: string | null
  /** How many choices it shares with its parent. */
  readonly at: number
  /** All of its choices, the shared ones first. */
  readonly made: readonly Made[]
  /** All of its steps. */
  readonly steps: readonly TraceStep[]
  /** `ends[n]`: how many steps there are after n choices. */
  readonly ends: readonly number[]
  readonly captions: readonly Caption[]
}

/** A branch that its tree may change. */
export type GrowingBranch = {
  -readonly [Key in keyof Branch]: Branch[Key] extends readonly (infer Item)[] ? Item[] : Branch[Key]
}

/**
 * What changed: `branch`: another run is shown; `steps`: the run has grown; `position`; `tree`: names and branches;
 * `choices`: what can be chosen is known, for a world in another process.
 */
export type WorldChange = 'branch' | 'steps' | 'position' | 'tree' | 'choices'

/** What a world consists of, as data. */
export interface WorldInfo {
  readonly title: string
  /** The scenario that it was opened from. */
  readonly scenario?: string
  /** What a trace of it says under `options`. */
  readonly origin: unknown
  /** Clients that take calls by hand. */
  readonly clients: readonly string[]
  /** What it can run towards by itself. */
  readonly aims: readonly { readonly id: string; readonly title: string }[]
  /** What must hold, and what must be reachable. */
  readonly properties: readonly { readonly name: string; readonly kind: 'invariant' | 'step' | 'goal' }[]
}

/** How far a system runs by itself; both bounds hold. */
export interface RunBounds {
  /** Choices; default 2,000. */
  readonly steps?: number
  /** Virtual milliseconds; default 20,000. */
  readonly ms?: number
}

/** Branches and a point in one of them. */
export class WorldTree {
  readonly info: WorldInfo
  readonly header: TraceHeader
  protected readonly list: GrowingBranch[] = []
  protected shown!: GrowingBranch
  #position = 0
  readonly #listeners = new Set<(change: WorldChange) => void>()
  #batch: Set<WorldChange> | null = null

  constructor(info: WorldInfo, header: TraceHeader) {
    this.info = info
    this.header = header
  }

  get branches(): readonly Branch[] {
    return this.list
  }
  /** The branch that is shown. */
  get branch(): Branch {
    return this.shown
  }
  /** How many choices of the branch have been made at the point that is looked at. */
  get position(): number {
    return this.#position
  }
  protected set position(position: number) {
    this.#position = Math.max(0, Math.min(this.shown.made.length, position))
  }
  /** How many of the branch's steps lie before that point. */
  get stepCount(): number {
    return this.shown.ends[this.#position]!
  }
  get isAtEnd(): boolean {
    return this.#position === this.shown.made.length
  }

  /** Reports what changes; returns how to stop that. */
  subscribe(listener: (change: WorldChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Several changes, reported as one of each kind. */
  together<Value>(act: () => Value): Value {
    if (this.#batch !== null) return act()
    const changes = new Set<WorldChange>()
    this.#batch = changes
    try {
      return act()
    } finally {
      this.#batch = null
      for (const change of changes) this.report(change)
    }
  }

  /** Looks at the point after that many choices of the branch. */
  goTo(position: number): void {
    const before = this.#position
    this.position = position
    if (this.#position !== before) this.report('position')
  }

  /** Looks at the point at which the choice that made this step is complete. */
  goToStep(step: number): void {
    this.goTo(this.positionOf(step))
  }

  /** The fewest choices that a step is among the steps of. */
  positionOf(step: number): number {
    const { ends } = this.shown
    let [low, high] = [0, ends.length - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (ends[middle]! > step) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Shows another branch, where it ends, or at a position. Unknown ids change nothing. */
  switchTo(id: string, position?: number): void {
    const branch = this.list.find((one) => one.id === id)
    if (branch === undefined) return
    const isOther = branch !== this.shown
    this.shown = branch
    this.position = position ?? branch.made.length
    this.report(isOther ? 'branch' : 'position')
  }

  /** The sentence that is said at a step; null before the first one. */
  captionAt(step: number): Caption | null {
    const { captions, ends } = this.shown
    return captions.findLast(({ at }) => ends[at]! <= step + 1) ?? null
  }

  protected report(change: WorldChange): void {
    if (this.#batch !== null) this.#batch.add(change)
    else for (const listener of this.#listeners) listener(change)
  }
}

/** A branch that shares the first `at` choices with another. */
export function forked(of: Branch, at: number, id: string, name: string): GrowingBranch {
  const { made, steps, ends, captions } = of
  return {
    id,
    name,
    parent: of.id,
    at,
    made: made.slice(0, at),
    steps: steps.slice(0, ends[at]!),
    ends: ends.slice(0, at + 1),
    captions: captions.filter((caption) => caption.at <= at),
  }
}
