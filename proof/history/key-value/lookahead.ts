// Which values must not be left: an answered operation still needs them, and nothing brings them back in time.

import type { HasTakenEffect } from '../compiled-history.ts'
import type { Operation } from '../history.ts'
import type { Action } from './actions.ts'
import { emptyText, missing } from './value-trie.ts'
import type { KeyValueValues } from './values.ts'

/** Values looked at for one need, before it is taken to be satisfiable. */
const visitsMax = 48

/** Operations that leave one value or add one token, by ascending call. */
interface Producers {
  readonly ops: number[]
  /** Those that have been called and have not returned. */
  readonly open: Set<number>
}

/** One question: can `state` become the value needed before `deadline`? */
interface Question {
  readonly state: number
  readonly now: number
  readonly deadline: number
  readonly hasTakenEffect: HasTakenEffect
  /** Values looked at already. */
  readonly seen: number[]
}

/** Knows for each value who needs it, and how it can come about. */
export class KeyValueLookahead {
  readonly #calls: readonly number[]
  readonly #returns: readonly number[]
  readonly #actions: readonly Action[]
  readonly #values: KeyValueValues
  readonly #byResult = new Map<number, Producers>()
  readonly #byToken = new Map<string, Producers>()
  readonly #tokenLengths: readonly number[]
  readonly #shorterTexts = new Map<number, { readonly from: number; readonly by: Producers }[]>()
  readonly #openNeeds = new Set<number>()
  readonly #suspects = new Set<number>()
  /** The last called operation that needs a value, by value. */
  readonly #lastNeeds = new Map<number, number>()

  constructor(operations: readonly Operation[], actions: readonly Action[], values: KeyValueValues) {
    this.#calls = operations.map(({ call }) => call)
    this.#returns = operations.map((operation) => operation.return ?? Number.POSITIVE_INFINITY)
    this.#actions = actions
    this.#values = values
    for (const [op, action] of actions.entries()) {
      if ('result' in action) addTo(this.#byResult, action.result, op)
      if (action.kind === 'grow') addTo(this.#byToken, action.token, op)
      const needed = this.#neededBy(op)
      if (needed !== undefined) this.#lastNeeds.set(needed, op)
    }
    this.#tokenLengths = [...new Set([...this.#byToken.keys()].map((token) => token.length))]
  }

  /** Tells that `op` has been called. */
  open(op: number): void {
    this.#producersWith(op)?.open.add(op)
    if (this.#neededBy(op) !== undefined) this.#openNeeds.add(op)
  }

  /** Tells that `op` has returned. */
  close(op: number): void {
    this.#producersWith(op)?.open.delete(op)
    this.#openNeeds.delete(op)
  }

  /** True only if, once `from` has become `to`, some answered operation that has not taken effect never can. */
  abandons(from: number, to: number, now: number, hasTakenEffect: HasTakenEffect): boolean {
    const isLost = (op: number) => !this.#isObtainable(op, to, now, hasTakenEffect)
    for (const op of this.#openNeeds) if (!hasTakenEffect(op) && isLost(op)) return this.#suspect(op)
    for (const op of [this.#lastNeeds.get(from), this.#values.lastNeedBeyond(from)]) {
      if (op !== undefined && this.#calls[op]! > now && isLost(op)) return this.#suspect(op)
    }
    return false
  }

  /** The operations because of which `abandons` has been true since this was last asked. */
  takeSuspects(): readonly number[] {
    const suspects = [...this.#suspects]
    this.#suspects.clear()
    return suspects
  }

  #suspect(op: number): true {
    this.#suspects.add(op)
    return true
  }

  #isObtainable(op: number, state: number, now: number, hasTakenEffect: HasTakenEffect): boolean {
    const deadline = this.#returns[op]!
    return this.#canBecome(this.#neededBy(op)!, { state, now, deadline, hasTakenEffect, seen: [] })
  }

  #canBecome(value: number, question: Question): boolean {
    if (value === question.state || question.seen.length > visitsMax) return true
    if (question.seen.includes(value)) return false
    question.seen.push(value)
    const writes = this.#byResult.get(value)
    if (writes !== undefined && this.#some(writes, question, (op) => this.#canWrite(op, question)))
      return true
    return this.#textsBefore(value).some(
      ({ from, by }) => this.#some(by, question, () => true) && this.#canBecome(from, question),
    )
  }

  #canWrite(op: number, question: Question): boolean {
    const action = this.#actions[op]!
    if (action.kind === 'replace') return action.guards.some((guard) => this.#canBecome(guard, question))
    return action.kind !== 'maybe' || this.#canBecome(action.guard, question)
  }

  /** Whether some producer that can still take effect before the deadline satisfies `test`. */
  #some({ ops, open }: Producers, question: Question, test: (op: number) => boolean): boolean {
    const { now, deadline, hasTakenEffect } = question
    for (const op of open) if (!hasTakenEffect(op) && test(op)) return true
    for (let at = this.#firstCalledAfter(ops, now); at < ops.length; at++) {
      const op = ops[at]!
      if (this.#calls[op]! >= deadline) return false
      if (test(op)) return true
    }
    return false
  }

  #firstCalledAfter(ops: readonly number[], now: number): number {
    let low = 0
    let high = ops.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#calls[ops[middle]!]! > now) high = middle
      else low = middle + 1
    }
    return low
  }

  /** The texts that become this one by an append of which only the token is known. */
  #textsBefore(value: number): readonly { readonly from: number; readonly by: Producers }[] {
    const known = this.#shorterTexts.get(value)
    if (known !== undefined) return known
    const before: { from: number; by: Producers }[] = []
    const text = this.#values.textOf(value)
    for (const length of text === undefined ? [] : this.#tokenLengths) {
      if (length > text!.length) continue
      const by = this.#byToken.get(text!.slice(text!.length - length))
      if (by === undefined) continue
      const from = this.#values.find(text!.slice(0, text!.length - length))
      if (from !== value) before.push({ from, by })
      if (from === emptyText) before.push({ from: missing, by })
    }
    this.#shorterTexts.set(value, before)
    return before
  }

  /** The one value that an answered operation requires; undefined if there is no such value or a choice. */
  #neededBy(op: number): number | undefined {
    const action = this.#actions[op]!
    if (action.kind !== 'read' && action.kind !== 'replace') return undefined
    return this.#returns[op] !== Number.POSITIVE_INFINITY && action.guards.length === 1
      ? action.guards[0]
      : undefined
  }

  #producersWith(op: number): Producers | undefined {
    const action = this.#actions[op]!
    if ('result' in action) return this.#byResult.get(action.result)
    return action.kind === 'grow' ? this.#byToken.get(action.token) : undefined
  }
}

function addTo<Key>(producers: Map<Key, Producers>, key: Key, op: number): void {
  const known = producers.get(key)
  if (known === undefined) producers.set(key, { ops: [op], open: new Set() })
  else known.ops.push(op)
}
