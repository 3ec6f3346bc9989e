/** How a state travels as text when its application knows no better way to cut it. */
import type { Json } from './json.ts'

/** One piece of a state on its way to a backup (T1, T5). */
export interface Chunk {
  readonly data: Json
  /** Where the next piece starts; null when this is the last. */
  readonly next: Json
}

/** The part of an application that cuts a state into pieces. */
export interface Pieces<State> {
  snapshot(state: State, cursor: Json, bytesMax: number): Chunk
  restore(partial: unknown, data: Json, last: boolean): unknown
}

/**
 * `snapshot` and `restore` for a state that has a text. The text is made once for all pieces of a state, not once a
 * piece, and is kept until the last piece is made.
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
