/** How a state was reached: the steps, the needless ones struck out, in causal order, as data and as a story. */

import type { Search } from './engine/search.ts'
import type { Happening } from './happening.ts'
import type { NodeView, SentMessage } from './system.ts'

/** One step of a run, with what it did to the node where it happened. */
export interface Step {
  readonly happening: Happening
  readonly node: string
  readonly sent: readonly SentMessage[]
  /** The node's state value afterwards. */
  readonly value: unknown
  readonly before: NodeView
  readonly after: NodeView
}

/** A run that can be repeated: the actions determine everything. */
export interface Run {
  readonly steps: readonly Step[]
  /** The state at its end, an integer for each place. */
  readonly state: Int32Array
}

/** The actions by which a search first reached a state. */
export function happeningsTo(search: Search, state: number): Happening[] {
  const path = search.path(state).map((number) => {
    const next = new Int32Array(search.width)
    search.store.read(number, next)
    return next
  })
  return happeningsAlong(search, path)
}

/** The same for a path that is known: states from the beginning of the search on, each one step from the one before. */
export function happeningsAlong(search: Search, path: readonly Int32Array[]): Happening[] {
  const happenings: Happening[] = [...search.prefix]
  const at = search.begin()
  for (const next of path.slice(1)) happenings.push(...search.advance(at, next))
  return happenings
}

/** What may have happened when a step was broken that a search came across in a state: that alone, or one step more. */
export function* happeningsFrom(search: Search, happenings: readonly Happening[], at: Int32Array) {
  yield [...happenings]
  for (const next of search.happenings(at)) yield [...happenings, next]
}

/**
 * The first of these runs, taken step by step, that shows what a search has found, cut off where it does.
 * @param absorbing nodes of which the search took steps that only send at once: they are put back in
 * @param shows asked of the start and after each step
 * @throws Error where none does: then the search was wrong
 */
export function confirmed(
  plain: Search,
  found: {
    readonly name: string
    readonly ways: () => Iterable<readonly Happening[]>
    readonly absorbing: number
  },
  shows: (state: Int32Array, last: Step | null) => boolean,
): Run {
  for (const happenings of found.ways()) {
    for (const all of completions(plain, happenings, found.absorbing)) {
      const run = replay(plain, all, shows)
      if (run?.isShown) return run
    }
  }
  throw new Error(
    `internal error: expected a run of single steps that shows "${found.name}", and none of those found does; check it with reduction: 'none', and report it with the system`,
  )
}

/**
 * The run of these actions from the start, every step of it.
 * @param plain a search without reduction
 */
export function everyStepOf(plain: Search, happenings: readonly Happening[], absorbing: number): Run {
  for (const all of completions(plain, happenings, absorbing)) return replay(plain, all)!
  throw new Error('expected a run that can be repeated; are the machines deterministic?')
}

/**
 * Actions with the absorbed steps of the search put back in: before the first step that needs them if that is
 * early enough, else as soon as they can be taken; and then with those that were left at the end.
 */
function* completions(plain: Search, happenings: readonly Happening[], absorbing: number) {
  for (const when of ['late', 'early'] as const) {
    const state = plain.initial()
    const all = withSends(plain, state, happenings, absorbing, when)
    if (all === null) continue
    yield all
    yield [...all, ...plain.sendAll(state, absorbing)]
  }
}

/** Null if an action needs a message that was not sent. `state` becomes the one at the end. */
function withSends(
  plain: Search,
  state: Int32Array,
  happenings: readonly Happening[],
  absorbing: number,
  when: 'early' | 'late',
): Happening[] | null {
  const all: Happening[] = []
  for (const happening of happenings) {
    if (when === 'early') all.push(...plain.sendAll(state, absorbing))
    if (plain.apply(state, happening) < 0) {
      all.push(...plain.sendAll(state, absorbing))
      if (plain.apply(state, happening) < 0) return null
    }
    all.push(happening)
  }
  return all
}

/**
 * Repeats actions from the start; null if one of them cannot happen.
 * @param until asked of the start and after each step: whether to stop there; default: never
 */
export function replay(
  search: Search,
  happenings: readonly Happening[],
  until: (state: Int32Array, last: Step | null) => boolean = () => false,
): (Run & { readonly isShown: boolean }) | null {
  const state = search.initial()
  const steps: Step[] = []
  if (until(state, null)) return { steps, state, isShown: true }
  for (const happening of happenings) {
    const before = state.slice()
    const place = search.apply(state, happening)
    if (place < 0) return null
    const view = search.model.states.view(state[place]!)
    const known = search.model.states.view(before[place]!)
    const sent = search.sentSince(known, view)
    const step = { happening, node: view.id, sent, value: view.snapshot.value, before: known, after: view }
    steps.push(step)
    if (until(state, step)) return { steps, state, isShown: true }
  }
  return { steps, state, isShown: false }
}

/**
 * The same end with as few steps as can be found by leaving out one run of steps after another (Zeller and
 * Hildebrandt's delta debugging, 1999). Deterministic.
 * @param isStillSo whether a run still shows what is to be shown
 * @param until when the best run so far is taken, in milliseconds of `performance.now()`; default: no limit
 */
export function minimise(
  search: Search,
  run: Run,
  isStillSo: (run: Run) => boolean,
  until = Number.POSITIVE_INFINITY,
): Run {
  let best = run
  let size = Math.ceil(best.steps.length / 2)
  while (size >= 1) {
    let shorter = false
    for (let start = best.steps.length - size; start >= 0; start -= size) {
      if (performance.now() > until) return best
      const kept = best.steps.filter((_, index) => index < start || index >= start + size)
      const candidate = replay(
        search,
        kept.map(({ happening }) => happening),
      )
      if (candidate !== null && isStillSo(candidate)) {
        best = candidate
        shorter = true
      }
    }
    // At size 1 it goes on until no single step can be left out.
    if (!shorter || size > 1) size = Math.floor(size / 2)
  }
  return best
}

/** The run as text: one line a step, numbered. */
export function story({ steps }: Run): string {
  const width = String(steps.length).length
  return steps
    .map(({ happening, sent, value }, index) => {
      const number = String(index + 1).padStart(width)
      const sends = sent
        .map(({ to, message }) => `\n${' '.repeat(width)}     sends ${brief(message)} to ${to}`)
        .join('')
      return `${number}  ${sentence(happening)}, now ${stateText(value)}${sends}`
    })
    .join('\n')
}

/** What happened, as a clause. */
export function sentence(happening: Happening): string {
  switch (happening.kind) {
    case 'deliver':
      return `${happening.node} receives ${brief(happening.message.message)} from ${happening.message.from}${happening.kept ? ', which will arrive again' : ''}`
    case 'lose':
      return `${brief(happening.message.message)} from ${happening.message.from} to ${happening.node} is lost`
    case 'timer':
      return `${happening.node}: timer ${timerName(happening.event.type)} fires`
    case 'script':
      return `${happening.node}: ${brief(happening.event)}`
    case 'crash':
      return `${happening.node} crashes`
    case 'restart':
      return `${happening.node} starts again as ${happening.id}`
  }
}

function brief({ type, ...body }: { type: string }): string {
  const text = JSON.stringify(body)
  return text === '{}' ? type : `${type} ${text.length > 160 ? `${text.slice(0, 157)}...` : text}`
}

function timerName(type: string): string {
  return /^xstate\.after\.([^.]+)/.exec(type)?.[1] ?? type
}

function stateText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value).replaceAll('"', '')
}
