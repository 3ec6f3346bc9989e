// Unanswered operations of one key, by what they would do: only those that may still be noticed are looked at.

import type { Alike } from '../compiled-history.ts'
import type { Action } from './actions.ts'
import { junkOther, junkText } from './value-trie.ts'
import type { KeyValueValues } from './values.ts'

/** The pool of unanswered operations called so far. */
export class OpenKeyValueOperations {
  readonly #actions: readonly Action[]
  readonly #values: KeyValueValues
  /** Until then a change may be noticed even if no operation reads the new value. */
  readonly #noticedUntil: number
  #overwrites = new Map<number, number[]>()
  readonly #appends = new Map<string, number[]>()
  readonly #replaces = new Map<number, Map<number, number[]>>()
  /** The tokens of all unanswered appends, called or not. */
  readonly #tokens = new Set<string>()
  #tokenLengthMax = 0
  readonly #tokensFrom = new Map<number, readonly string[]>()

  constructor(
    actions: readonly Action[],
    isAnswered: readonly boolean[],
    values: KeyValueValues,
    noticedUntil: number,
  ) {
    this.#actions = actions
    this.#values = values
    this.#noticedUntil = noticedUntil
    for (const [op, action] of actions.entries()) {
      if (action.kind !== 'grow' || isAnswered[op]) continue
      this.#tokens.add(action.token)
      this.#tokenLengthMax = Math.max(this.#tokenLengthMax, action.token.length)
    }
  }

  add(op: number): void {
    const action = this.#actions[op]!
    if (action.kind === 'overwrite') addTo(this.#overwrites, action.result, op)
    if (action.kind === 'grow') addTo(this.#appends, action.token, op)
    if (action.kind === 'maybe') {
      const byResult = this.#replaces.get(action.guard) ?? new Map<number, number[]>()
      this.#replaces.set(action.guard, byResult)
      addTo(byResult, action.result, op)
    }
  }

  /** Appends and comparisons that may matter where the value is `state`. */
  *updates(state: number, now: number): Iterable<Alike> {
    for (const [result, ops] of this.#replaces.get(state) ?? []) if (this.#matters(result, now)) yield ops
    if (state === junkText || state === junkOther || this.#appends.size === 0) return
    if (this.#noticedUntil >= now) {
      yield* this.#appends.values()
      return
    }
    for (const token of this.#tokensLeadingFrom(state)) {
      const alike = this.#appends.get(token)
      if (alike !== undefined) yield alike
    }
  }

  #tokensLeadingFrom(state: number): readonly string[] {
    let tokens = this.#tokensFrom.get(state)
    if (tokens === undefined) {
      tokens = this.#values.tokensFrom(state, this.#tokens, this.#tokenLengthMax)
      this.#tokensFrom.set(state, tokens)
    }
    return tokens
  }

  /** Overwriting operations, those with one result together. */
  overwrites(now: number): Iterable<Alike> {
    for (const [result, ops] of this.#overwrites) {
      if (result <= junkOther || this.#values.until(result) >= now) continue
      this.#overwrites.delete(result)
      if (this.#noticedUntil < now) continue
      for (const op of ops) addTo(this.#overwrites, this.#values.settle(result, now), op)
    }
    if (this.#noticedUntil < now) {
      this.#overwrites.delete(junkText)
      this.#overwrites.delete(junkOther)
    }
    return this.#overwrites.values()
  }

  #matters(result: number, now: number): boolean {
    return this.#noticedUntil >= now || this.#values.until(result) >= now
  }
}

/** Adds an operation to those alike, by ascending call (which is how they are numbered). */
function addTo<Key>(groups: Map<Key, number[]>, key: Key, op: number): void {
  const alike = groups.get(key)
  if (alike === undefined) groups.set(key, [op])
  else if (alike[alike.length - 1]! < op) alike.push(op)
  else
    alike.splice(
      alike.findIndex((other) => other > op),
      0,
      op,
    )
}
