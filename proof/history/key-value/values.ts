// The values of one key, numbered by what operations ahead can tell apart.
import type { Operation } from '../history.ts'
import { canonicalJson, type Json } from '../json.ts'
import { emptyText, junkOther, junkText, missing, ValueTrie } from './value-trie.ts'

/** Texts that a token is looked for in; it is not worth it for more. */
const textsMax = 32

/**
 * Numbers values and knows how long each matters.
 *
 * A value matters while an operation that has not returned is sensitive to it: reads it, compares with it, or was
 * answered a text that continues it. Values that do not matter are one value, `junkText` or `junkOther`, which keeps
 * the states few; so an observed text fixes the order of what was appended to it.
 */
export class KeyValueValues {
  /** Whether texts may grow; if not, each is on its own. */
  readonly hasAppends: boolean
  /** Whether every value written is a text or null, so that every append is accepted. */
  readonly onlyTexts: boolean
  readonly #trie = new ValueTrie()
  readonly #others = new Map<string, number>()
  readonly #untilOfOthers: (number | undefined)[] = []
  #missingUntil = -1
  readonly #texts: string[] = []

  constructor(operations: readonly Operation[]) {
    this.hasAppends = operations.some((operation) => operation.op === 'append')
    this.onlyTexts = operations.every(
      ({ op, value }) =>
        (op !== 'put' && op !== 'compareAndSet') || value === null || typeof value === 'string',
    )
  }

  /** The number of a value that matters until the event `until`; call `settleTimes` after the last one. */
  insert(value: Json, until: number): number {
    if (value === null) {
      this.#missingUntil = Math.max(this.#missingUntil, until)
      return missing
    }
    if (typeof value === 'string' && this.hasAppends) {
      if (this.#texts.length < textsMax) this.#texts.push(value)
      return this.#trie.insert(value, until)
    }
    const text = canonicalJson(value)
    const id = this.#others.get(text) ?? this.#trie.reserve()
    this.#others.set(text, id)
    this.#untilOfOthers[id] = Math.max(this.#untilOfOthers[id] ?? -1, until)
    return id
  }

  /** Tells that the operation `op` requires a value; operations come by ascending call. */
  need(id: number, op: number): void {
    if (id !== missing && this.isText(id)) this.#trie.need(id, op)
  }

  /** The last called operation that requires the text or one that continues it. */
  lastNeedBeyond(id: number): number | undefined {
    return id !== missing && this.isText(id) ? this.#trie.lastNeed(id) : undefined
  }

  /** The text of a value, if it is one that may have been appended to. */
  textOf(id: number): string | undefined {
    return id !== missing && this.isText(id) ? this.#trie.textOf(id) : undefined
  }

  settleTimes(): void {
    this.#trie.settleTimes()
  }

  /** The number of a value that is written. */
  find(value: Json): number {
    if (value === null) return missing
    if (typeof value === 'string' && this.hasAppends) return this.#trie.find(value)
    return this.#others.get(canonicalJson(value)) ?? this.#junkOther
  }

  /** The value after an append; undefined when it is refused, for a value that is no text. */
  append(id: number, token: string): number | undefined {
    if (id === junkText) return junkText
    if (id === missing) return this.#trie.walk(emptyText, token)
    return this.isText(id) ? this.#trie.walk(id, token) : undefined
  }

  /** Those of `tokens` that lead from a value to one that may matter; `lengthMax` is the longest's length. */
  tokensFrom(id: number, tokens: ReadonlySet<string>, lengthMax: number): string[] {
    if (id !== missing && !this.isText(id)) return []
    return this.#trie.tokensFrom(id === missing ? emptyText : id, tokens, lengthMax)
  }

  /** False only if no text that matters has the token in it. */
  mayMatter(token: string): boolean {
    return this.#texts.length === textsMax || this.#texts.some((text) => text.includes(token))
  }

  /** Whether the value is a text on the trie. */
  isText(id: number): boolean {
    return id >= emptyText && this.#untilOfOthers[id] === undefined
  }

  /** The last event number at which the value matters. */
  until(id: number): number {
    if (id === junkText || id === junkOther) return -1
    if (id === missing) {
      return this.hasAppends ? Math.max(this.#missingUntil, this.#trie.until(emptyText)) : this.#missingUntil
    }
    return this.#untilOfOthers[id] ?? this.#trie.until(id)
  }

  /** The value, or what stands for it when it no longer matters at `now`. */
  settle(id: number, now: number): number {
    if (id <= junkOther || this.until(id) >= now) return id
    return id === missing || this.isText(id) ? junkText : this.#junkOther
  }

  /** Whether appends may lead from one value to the other. */
  mayGrow(from: number, to: number): boolean {
    if (!this.hasAppends || !this.isText(to)) return false
    return from === missing || (this.isText(from) && this.#trie.isPrefix(from, to))
  }

  get #junkOther(): number {
    return this.hasAppends ? junkOther : junkText
  }
}
