/** Cuts a state into chunks of text, for applications that bring no chunking of their own. */
import type { Json } from './json.ts'

/** One chunk of a state transfer to a backup (T1, T5). */
export interface Chunk {
  readonly data: Json
  /** Where the next chunk starts; null when this is the last. */
  readonly next: Json
}

/** The part of an application that cuts a state into chunks. */
export interface Pieces<State> {
  snapshot(state: State, cursor: Json, bytesMax: number): Chunk
  restore(partial: unknown, data: Json, last: boolean): unknown
}

/**
 * `snapshot` and `restore` for a state that has a text. The text is made once for all chunks of a state, not once a
 * chunk, and is kept until the last chunk is made.
 */
export function textPieces<State>(
  textOf: (state: State) => string,
  stateOf: (text: string) => State,
): Pieces<State> {
  let last: { readonly state: State; readonly text: string } | null = null
  return {
    snapshot(state, cursor, bytesMax) {
      const text = last !== null && last.state === state ? last.text : textOf(state)
      const start = (cursor as number | null) ?? 0
      const end = start + Math.max(1, bytesMax)
      const next = end < text.length ? end : null
      last = next === null ? null : { state, text }
      return { data: text.slice(start, end), next }
    },
    restore(partial, data, last) {
      const text = ((partial as string | null) ?? '') + (data as string)
      return last ? stateOf(text) : text
    },
  }
}
