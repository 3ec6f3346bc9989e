/** Searching a run: for words, for one thing after another, and for one thing that is never followed by another. */
import type { TraceStep } from '../../runtime/trace/format.ts'
import { titleOf } from './describe.ts'
import type { Run } from './run.ts'

export type Query =
  | { readonly kind: 'number'; readonly i: number }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | {
      readonly kind: 'then' | 'not followed by'
      readonly first: readonly string[]
      readonly second: readonly string[]
    }

export interface Found {
  /** The numbers of the steps that were found, ascending. */
  readonly hits: readonly number[]
  /** For `then`: each first with the step that follows it. */
  readonly pairs: readonly (readonly [number, number])[]
}

export const nothingFound: Found = { hits: [], pairs: [] }

/**
 * `ping s1` finds steps with both words; `crash then view` a crash and the next step with `view` after it; `request not
 * followed by reply` requests with no such step after them; `#12` is step 12. Null for an empty text.
 */
export function parseQuery(text: string): Query | null {
  const number = /^#(\d+)$/.exec(text.trim())
  if (number !== null) return { kind: 'number', i: Number(number[1]) }
  const parts = /^(.*?)\s+(not followed by|then)\s+(.+)$/i.exec(text.trim())
  const [first, second] = [wordsOf(parts?.[1] ?? ''), wordsOf(parts?.[3] ?? '')]
  if (parts !== null && first.length > 0 && second.length > 0) {
    return { kind: parts[2]!.toLowerCase() as 'then' | 'not followed by', first, second }
  }
  const words = wordsOf(text)
  return words.length === 0 ? null : { kind: 'words', words }
}

/** What a query finds in the kept steps of a run. */
export function find(run: Run, query: Query): Found {
  const hits: number[] = []
  if (query.kind === 'number')
    return run.step(query.i) === undefined ? nothingFound : { hits: [query.i], pairs: [] }
  if (query.kind === 'words') {
    for (let i = run.first; i < run.end; i++) if (has(run.step(i)!, query.words)) hits.push(i)
    return { hits, pairs: [] }
  }
  const pairs: [number, number][] = []
  let waiting: number[] = []
  for (let i = run.first; i < run.end; i++) {
    const step = run.step(i)!
    if (waiting.length > 0 && has(step, query.second)) {
      for (const first of waiting) pairs.push([first, i])
      waiting = []
    }
    if (has(step, query.first)) waiting.push(i)
  }
  if (query.kind === 'not followed by') return { hits: waiting, pairs: [] }
  return { hits: [...new Set(pairs.flat())].sort((a, b) => a - b), pairs }
}

const texts = new WeakMap<TraceStep, string>()

/** What is searched: node, kind, title, message, reasons, commands and states. */
function textOf(step: TraceStep): string {
  const known = texts.get(step)
  if (known !== undefined) return known
  const { node, kind, message, detail, refused, call, after, microsteps, verdicts, operations } = step
  const parts = [
    node ?? 'network',
    kind,
    titleOf(step),
    message === undefined ? '' : `${message.id} ${JSON.stringify(message.body)}`,
    detail ?? '',
    refused?.reason ?? '',
    call === undefined ? '' : JSON.stringify(call),
    after === undefined ? '' : JSON.stringify(after.value),
    microsteps?.map(({ guard }) => guard ?? '').join(' ') ?? '',
    verdicts.length === 0 ? '' : JSON.stringify(verdicts),
    operations.join(' '),
  ]
  const text = parts.join(' ').toLowerCase()
  texts.set(step, text)
  return text
}

function has(step: TraceStep, words: readonly string[]): boolean {
  const text = textOf(step)
  return words.every((word) => text.includes(word))
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean)
}
