// Which values must not be left: an answered operation still needs them, and nothing can bring them back.
import type { Action } from './compile-key-value.ts'
import type { HasTakenEffect } from './compiled-history.ts'
import type { Operation } from './history.ts'
import { missing } from './value-trie.ts'

/** Values with more possible producers than this are never taken for lost. */
const producersMax = 16

interface Watched {
  /** Answered operations that need the value, by ascending return. */
  readonly needs: number[]
  lastNeedCall: number
  /** Operations that may leave the value; null when there are too many to tell. */
  producers: number[] | null
  lastProducerCall: number
}

/** Knows for each value who needs it and who can produce it. */
export class KeyValueLookahead {
  readonly #calls: readonly number[]
  readonly #returns: readonly number[]
  readonly #watched = new Map<number, Watched>()

  constructor(operations: readonly Operation[], actions: readonly Action[]) {
    this.#calls = operations.map(({ call }) => call)
    this.#returns = operations.map((operation) => operation.return ?? Number.POSITIVE_INFINITY)
    const byReturn = [...operations.keys()].sort(
      (left, right) => this.#returns[left]! - this.#returns[right]!,
    )
    for (const op of byReturn) this.#watchNeed(op, actions[op]!)
    for (const [op, action] of actions.entries()) {
      if ('result' in action) this.#addProducer(this.#watched.get(action.result), op)
    }
    this.#addAppends(operations, actions)
  }

  /** True only if an answered operation that has not taken effect needs `state`, which nothing can bring back. */
  abandons(state: number, now: number, hasTakenEffect: HasTakenEffect): boolean {
    const watched = this.#watched.get(state)
    if (watched === undefined || watched.producers === null || watched.lastProducerCall > now) return false
    const isStillOpen = (op: number) => this.#returns[op]! >= now && !hasTakenEffect(op)
    if (watched.lastNeedCall <= now && !this.#isNeededByOpen(watched, now, isStillOpen)) return false
    return !watched.producers.some(isStillOpen)
  }

  #isNeededByOpen({ needs }: Watched, now: number, isStillOpen: (op: number) => boolean): boolean {
    for (let at = needs.length - 1; at >= 0 && this.#returns[needs[at]!]! >= now; at--) {
      if (isStillOpen(needs[at]!)) return true
    }
    return false
  }

  #watchNeed(op: number, action: Action): void {
    const needs = action.kind === 'read' || action.kind === 'replace'
    if (!needs || action.guards.length !== 1 || this.#returns[op] === Number.POSITIVE_INFINITY) return
    const state = action.guards[0]!
    const call = this.#calls[op]!
    const watched = this.#watched.get(state)
    if (watched === undefined) {
      this.#watched.set(state, { needs: [op], lastNeedCall: call, producers: [], lastProducerCall: -1 })
    } else {
      watched.needs.push(op)
      watched.lastNeedCall = Math.max(watched.lastNeedCall, call)
    }
  }

  #addProducer(watched: Watched | undefined, op: number): void {
    if (watched === undefined || watched.producers === null) return
    watched.producers.push(op)
    watched.lastProducerCall = Math.max(watched.lastProducerCall, this.#calls[op]!)
    if (watched.producers.length > producersMax) watched.producers = null
  }

  /** An append of which only the token is known may have produced any text that ends with it. */
  #addAppends(operations: readonly Operation[], actions: readonly Action[]): void {
    const byToken = new Map<string, number[]>()
    for (const [op, action] of actions.entries()) {
      if (action.kind !== 'grow' || action.token === '') continue
      const alike = byToken.get(action.token)
      if (alike === undefined) byToken.set(action.token, [op])
      else alike.push(op)
    }
    const lengths = new Set([...byToken.keys()].map((token) => token.length))
    for (const [state, watched] of this.#watched) {
      if (state === missing) continue
      const text = neededText(operations[watched.needs[0]!]!)
      for (const length of text === undefined ? [] : lengths) {
        if (length > text!.length) continue
        for (const op of byToken.get(text!.slice(text!.length - length)) ?? []) this.#addProducer(watched, op)
      }
    }
  }
}

/** The text that an answered operation requires the value to be; undefined when it is no text. */
function neededText(operation: Operation): string | undefined {
  const { output, op } = operation
  if (op === 'get') return typeof output === 'string' ? output : undefined
  if (op === 'append' && typeof output === 'string') {
    return output.slice(0, output.length - operation.value.length)
  }
  if (op === 'compareAndSet') return typeof operation.expected === 'string' ? operation.expected : undefined
  return undefined
}
