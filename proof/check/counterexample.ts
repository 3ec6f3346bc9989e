/** How a state was reached: the steps, the needless ones struck out, in causal order, as data and as a story. */
import type { Happening } from './engine/locals.ts'
import type { Search } from './engine/search.ts'
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

/** A run that can be repeated: the happenings say everything. */
export interface Run {
  readonly steps: readonly Step[]
  /** The state at its end, an integer for each place. */
  readonly state: Int32Array
}

/** What happened before a search first came to a state, and on to a local state that a broken step leads to. */
export function happeningsTo(search: Search, state: number, to?: number): Happening[] {
  const path = search.path(state).map((number) => {
    const next = new Int32Array(search.width)
    search.store.read(number, next)
    return next
  })
  return happeningsAlong(search, path, to)
}

/** The same for a path that is known: states from the beginning of the search on, each one step from the one before. */
export function happeningsAlong(search: Search, path: readonly Int32Array[], to?: number): Happening[] {
  const happenings: Happening[] = [...search.prefix]
  const at = search.begin()
  for (const next of path.slice(1)) happenings.push(...search.advance(at, next))
  if (to !== undefined) happenings.push(...search.advanceTo(at, to))
  return happenings
}

/**
 * The run of these happenings from the start, every step of it: where a search took steps that only send at once, they
 * are put back in, before the first step that needs them if that is early enough, else as soon as they can be taken.
 * @param plain a search without reduction
 */
export function everyStepOf(plain: Search, happenings: readonly Happening[]): Run {
  const all = withSends(plain, happenings, 'late') ?? withSends(plain, happenings, 'early')
  if (all === null) throw new Error('expected a run that can be repeated; are the machines deterministic?')
  return replay(plain, all)!
}

/** Null where a happening would need something to have been sent that was not. */
function withSends(
  plain: Search,
  happenings: readonly Happening[],
  when: 'early' | 'late',
): Happening[] | null {
  const state = plain.initial()
  const all: Happening[] = []
  for (const happening of happenings) {
    if (when === 'early') all.push(...plain.sendAll(state))
    if (plain.apply(state, happening) < 0) {
      all.push(...plain.sendAll(state))
      if (plain.apply(state, happening) < 0) return null
    }
    all.push(happening)
  }
  return all
}

/** Repeats happenings from the start; null where one of them cannot happen. */
export function replay(search: Search, happenings: readonly Happening[]): Run | null {
  const state = search.initial()
  const steps: Step[] = []
  for (const happening of happenings) {
    const before = state.slice()
    const place = search.apply(state, happening)
    if (place < 0) return null
    const view = search.locals.view(state[place]!)
    const known = search.locals.view(before[place]!)
    const sent = view.sent.filter((message) => !known.sent.includes(message))
    steps.push({ happening, node: view.id, sent, value: view.snapshot.value, before: known, after: view })
  }
  return { steps, state }
}

/**
 * The same end with as few steps as can be found by leaving out one run of steps after another (Zeller and
 * Hildebrandt's delta debugging, 1999). Deterministic.
 * @param isStillSo whether a run still shows what is to be shown
 */
export function minimise(search: Search, run: Run, isStillSo: (run: Run) => boolean): Run {
  let best = run
  let size = Math.ceil(best.steps.length / 2)
  while (size >= 1) {
    let shorter = false
    for (let start = best.steps.length - size; start >= 0; start -= size) {
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
      return `${happening.node} receives ${brief(happening.message.message)} from ${happening.message.from}`
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
