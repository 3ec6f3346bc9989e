/** A staged system and everything that was tried with it: a tree of runs, each the choices that repeat it exactly. */
import type { TraceHeader, TraceStep } from '../../runtime/trace/format.ts'
import { type Choice, describeChoice, isSameChoice } from './choice.ts'
import type { Made } from './made.ts'
import { aimsOf, type RunView, type Staged } from './staged.ts'
import type { StagedRun } from './staged-run.ts'
import { createSystems, type Systems } from './systems.ts'

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

type Growing = {
  -readonly [Key in keyof Branch]: Branch[Key] extends readonly (infer Item)[] ? Item[] : Branch[Key]
}

/** What changed: `branch`: another run is shown; `steps`: the run has grown; `position`; `tree`: names and branches. */
export type WorldChange = 'branch' | 'steps' | 'position' | 'tree'

/** How a world begins: what is on its stage, and what it is called. */
export interface WorldStart {
  readonly title: string
  readonly staged: Staged
  /** The scenario that it was opened from. */
  readonly scenario?: string
}

/** How far a world is left to itself; both bounds hold. */
export interface RunBounds {
  /** Choices; default 2,000. */
  readonly steps?: number
  /** Virtual milliseconds; default 20,000. */
  readonly ms?: number
}

/** Why a run by itself ended: `reached`, `quiet` (nothing is left to happen) or one of its bounds. */
export type RunEnd = 'reached' | 'quiet' | 'steps' | 'ms'

export class World {
  readonly start: WorldStart
  readonly header: TraceHeader
  readonly #systems: Systems
  readonly #branches: Growing[] = []
  readonly #listeners = new Set<(change: WorldChange) => void>()
  #current: Growing
  #position = 0
  #batch: Set<WorldChange> | null = null
  #ids = 0

  constructor(start: WorldStart) {
    this.start = start
    this.#systems = createSystems(start.staged)
    const { header, steps } = this.#systems.begin()
    this.header = header
    this.#current = this.#add({
      name: 'main',
      parent: null,
      at: 0,
      made: [],
      steps,
      ends: [steps.length],
      captions: [],
    })
  }

  get branches(): readonly Branch[] {
    return this.#branches
  }
  get branch(): Branch {
    return this.#current
  }
  /** How many choices of the branch have been made at the point that is looked at. */
  get position(): number {
    return this.#position
  }
  /** How many of the branch's steps lie before that point. */
  get stepCount(): number {
    return this.#current.ends[this.#position]!
  }
  get isAtEnd(): boolean {
    return this.#position === this.#current.made.length
  }

  /** The run at the point that is looked at, to read from; played again from the start if need be. */
  run(): StagedRun {
    return this.#systems.at(this.#current.made, this.#position)
  }

  /** Reports what changes; returns how to stop that. */
  subscribe(listener: (change: WorldChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Makes a choice where one looks. In the past it goes along where the choice was made before, also in another branch,
   * and otherwise begins a branch. Returns why it cannot be made, or null.
   */
  choose(choice: Choice): string | null {
    const run = this.run()
    const resolved = choice.kind === 'next' ? run.next() : choice
    if (resolved === null) return 'nothing is in flight and no timer is set'
    const known = this.#goAlong(resolved)
    if (known) return null
    const why = this.#systems.whyNot(run, resolved)
    if (why !== null) return why
    if (!this.isAtEnd) this.fork(this.#position, describeChoice(resolved))
    this.#append({ choice: resolved, isNext: choice.kind === 'next' })
    return null
  }

  /** Several choices, reported as one change. */
  together<Value>(act: () => Value): Value {
    if (this.#batch !== null) return act()
    const changes = new Set<WorldChange>()
    this.#batch = changes
    try {
      return act()
    } finally {
      this.#batch = null
      for (const change of changes) this.#report(change)
    }
  }

  /**
   * Leaves the system to itself until `isReached`, which is asked after each choice, or an aim by its id.
   * @throws Error for an unknown aim
   */
  runUntil(isReached: string | ((run: RunView) => boolean) | null, bounds: RunBounds = {}): RunEnd {
    const { steps = 2000, ms = 20_000 } = bounds
    return this.together(() => {
      const begin = this.run()
      const until = begin.stage.now + ms
      const isDone =
        typeof isReached === 'string' ? this.#aim(isReached)(begin) : (isReached ?? (() => false))
      for (let made = 0; made < steps; made++) {
        const run = this.run()
        if (isDone(run)) return 'reached'
        const next = run.next()
        if (next === null) return 'quiet'
        if (dueOf(run, next) > until) {
          if (run.stage.now < until) this.choose({ kind: 'wait', at: until })
          return 'ms'
        }
        this.choose({ kind: 'next' })
      }
      return isDone(this.run()) ? 'reached' : 'steps'
    })
  }

  /** Looks at the point after that many choices of the branch. */
  goTo(position: number): void {
    const clamped = Math.max(0, Math.min(this.#current.made.length, position))
    if (clamped === this.#position) return
    this.#position = clamped
    this.#report('position')
  }

  /** Looks at the point at which the choice that made this step is complete. */
  goToStep(step: number): void {
    this.goTo(this.positionOf(step))
  }

  /** The fewest choices that a step is among the steps of. */
  positionOf(step: number): number {
    const { ends } = this.#current
    let [low, high] = [0, ends.length - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (ends[middle]! > step) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Begins a branch that shares the first `at` choices with this one, and shows it. */
  fork(at: number = this.#position, name = 'another way'): Branch {
    const { id, made, steps, ends, captions } = this.#current
    this.#current = this.#add({
      name,
      parent: id,
      at,
      made: made.slice(0, at),
      steps: steps.slice(0, ends[at]!),
      ends: ends.slice(0, at + 1),
      captions: captions.filter((caption) => caption.at <= at),
    })
    this.#position = at
    this.#report('branch')
    return this.#current
  }

  /** Shows another branch, where it ends, or at a position. Unknown ids change nothing. */
  switchTo(id: string, position?: number): void {
    const branch = this.#branches.find((one) => one.id === id)
    if (branch === undefined) return
    const isOther = branch !== this.#current
    this.#current = branch
    this.#position = Math.max(0, Math.min(branch.made.length, position ?? branch.made.length))
    this.#report(isOther ? 'branch' : 'position')
  }

  rename(id: string, name: string): void {
    const branch = this.#branches.find((one) => one.id === id)
    const trimmed = name.trim().slice(0, 80)
    if (branch === undefined || trimmed === '') return
    branch.name = trimmed
    this.#report('tree')
  }

  /** Says a sentence of the story from here on. */
  say(text: string): void {
    this.#current.captions.push({ at: this.#position, text })
    this.#report('tree')
  }

  /** The sentence that is said at a step; null before the first one. */
  captionAt(step: number): Caption | null {
    const { captions, ends } = this.#current
    return captions.findLast(({ at }) => ends[at]! <= step + 1) ?? null
  }

  #aim(id: string): (run: RunView) => (later: RunView) => boolean {
    const aim = aimsOf(this.start.staged).find((one) => one.id === id)
    if (aim === undefined) throw new Error(`expected an aim of this system, got ${id}`)
    return aim.wait
  }

  #goAlong(choice: Choice): boolean {
    const recorded = this.#current.made[this.#position]
    if (recorded !== undefined && isSameChoice(recorded.choice, choice)) {
      this.goTo(this.#position + 1)
      return true
    }
    if (recorded === undefined) return false
    const elsewhere = this.#branches.find(({ made }) => {
      const other = made[this.#position]
      return (
        other !== undefined &&
        isSameChoice(other.choice, choice) &&
        sharesUpTo(made, this.#current.made, this.#position)
      )
    })
    if (elsewhere === undefined) return false
    this.switchTo(elsewhere.id, this.#position + 1)
    return true
  }

  #append(made: Made): void {
    const branch = this.#current
    branch.made.push(made)
    branch.steps.push(...this.#systems.extend(branch.made, branch.steps.length))
    branch.ends.push(branch.steps.length)
    this.#position = branch.made.length
    this.#report('steps')
  }

  #add(branch: Omit<Growing, 'id'>): Growing {
    const added = { ...branch, id: `b${++this.#ids}` }
    this.#branches.push(added)
    return added
  }

  #report(change: WorldChange): void {
    if (this.#batch !== null) this.#batch.add(change)
    else for (const listener of this.#listeners) listener(change)
  }
}

function sharesUpTo(a: readonly Made[], b: readonly Made[], position: number): boolean {
  for (let index = 0; index < position; index++) if (a[index] !== b[index]) return false
  return true
}

/** When what is next happens by itself, in virtual milliseconds. */
function dueOf({ stage }: StagedRun, { kind }: Choice): number {
  return kind === 'script' ? stage.now : (stage.firstDue()?.due ?? stage.now)
}
