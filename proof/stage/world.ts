/** A staged system and everything that was tried with it: a tree of runs, each the choices that repeat it exactly. */
import { type Choice, describeChoice, isSameChoice } from './choice.ts'
import type { Made } from './made.ts'
import { aimsOf, type RunView, type Staged } from './staged.ts'
import type { StagedRun } from './staged-run.ts'
import { createSystems, type Systems } from './systems.ts'
import { type Branch, forked, type GrowingBranch, type RunBounds, WorldTree } from './world-tree.ts'

/** How a world begins: what is on its stage, and what it is called. */
export interface WorldStart {
  readonly title: string
  readonly staged: Staged
  /** The scenario that it was opened from. */
  readonly scenario?: string
}

/** Why a run by itself ended: `reached`, `quiet` (nothing is left to happen) or one of its bounds. */
export type RunEnd = 'reached' | 'quiet' | 'steps' | 'ms'

export class World extends WorldTree {
  readonly staged: Staged
  readonly #systems: Systems
  #ids = 0

  constructor({ title, staged, scenario }: WorldStart) {
    const systems = createSystems(staged)
    const { header, steps } = systems.begin()
    const { system, origin, calls } = staged
    const named = (
      kind: 'invariant' | 'step' | 'goal',
      properties: readonly { readonly name: string }[] = [],
    ) => properties.map(({ name }) => ({ name, kind }))
    super(
      {
        title,
        ...(scenario === undefined ? {} : { scenario }),
        origin,
        clients: calls?.clients ?? [],
        aims: aimsOf(staged).map(({ id, title }) => ({ id, title })),
        properties: [
          ...named('invariant', system.invariants),
          ...named('step', system.steps),
          ...named('goal', system.goals),
        ],
      },
      header,
    )
    this.staged = staged
    this.#systems = systems
    const ends = [steps.length]
    this.shown = this.#add({
      id: this.#nextId(),
      name: 'main',
      parent: null,
      at: 0,
      made: [],
      steps,
      ends,
      captions: [],
    })
  }

  /** The run at the point that is looked at, to read from; played again from the start if need be. */
  run(): StagedRun {
    return this.#systems.at(this.shown.made, this.position)
  }

  /**
   * Makes a choice where one looks. In the past it goes along if the choice was made before, also in another branch, and
   * otherwise begins a branch. Returns why it cannot be made, or null.
   */
  choose(choice: Choice): string | null {
    const run = this.run()
    const resolved = choice.kind === 'next' ? run.next() : choice
    if (resolved === null) return 'nothing is in flight and no timer is set'
    if (this.#goAlong(resolved)) return null
    const why = this.#systems.whyNot(run, resolved)
    if (why !== null) return why
    if (!this.isAtEnd) this.fork(this.position, describeChoice(resolved))
    this.#append({ choice: resolved, isNext: choice.kind === 'next' })
    return null
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

  /** Begins a branch that shares the first `at` choices with this one, and shows it. */
  fork(at: number = this.position, name = 'another way'): Branch {
    this.shown = this.#add(forked(this.shown, at, this.#nextId(), name))
    this.position = at
    this.report('branch')
    return this.shown
  }

  rename(id: string, name: string): void {
    const branch = this.list.find((one) => one.id === id)
    const trimmed = name.trim().slice(0, 80)
    if (branch === undefined || trimmed === '') return
    branch.name = trimmed
    this.report('tree')
  }

  /** Says a sentence of the story from here on. */
  say(text: string): void {
    this.shown.captions.push({ at: this.position, text })
    this.report('tree')
  }

  #aim(id: string): (run: RunView) => (later: RunView) => boolean {
    const aim = aimsOf(this.staged).find((one) => one.id === id)
    if (aim === undefined) throw new Error(`expected an aim of this system, got ${id}`)
    return aim.wait
  }

  #goAlong(choice: Choice): boolean {
    const recorded = this.shown.made[this.position]
    if (recorded !== undefined && isSameChoice(recorded.choice, choice)) {
      this.goTo(this.position + 1)
      return true
    }
    if (recorded === undefined) return false
    const elsewhere = this.list.find(({ made }) => {
      const other = made[this.position]
      return (
        other !== undefined &&
        isSameChoice(other.choice, choice) &&
        sharesUpTo(made, this.shown.made, this.position)
      )
    })
    if (elsewhere === undefined) return false
    this.switchTo(elsewhere.id, this.position + 1)
    return true
  }

  #append(made: Made): void {
    const branch = this.shown
    branch.made.push(made)
    branch.steps.push(...this.#systems.extend(branch.made, branch.steps.length))
    branch.ends.push(branch.steps.length)
    this.position = branch.made.length
    this.report('steps')
  }

  #nextId(): string {
    return `b${++this.#ids}`
  }

  #add(branch: GrowingBranch): GrowingBranch {
    this.list.push(branch)
    return branch
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
