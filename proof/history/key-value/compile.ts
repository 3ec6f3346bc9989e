// One key's history in the form that the search reads; the states are numbered values.
import { type Alike, type CompiledHistory, type HasTakenEffect, numberAlike } from '../compiled-history.ts'
import type { Operation } from '../history.ts'
import { type Action, actionsOf, traitsOf, whenNoticed } from './actions.ts'
import { KeyValueLookahead } from './lookahead.ts'
import { OpenKeyValueOperations } from './open.ts'
import { emptyText, junkOther, junkText, missing } from './value-trie.ts'
import { KeyValueValues } from './values.ts'

const refused: readonly number[] = []

/** Compiles the operations of one key, by ascending call. */
export function compileKeyValue(operations: readonly Operation[]): CompiledHistory {
  return new CompiledKeyValue(operations)
}

class CompiledKeyValue implements CompiledHistory {
  readonly initial = missing
  readonly traits: Uint8Array
  readonly kinds: readonly number[]
  readonly #values: KeyValueValues
  readonly #actions: readonly Action[]
  readonly #calls: readonly number[]
  readonly #isAnswered: readonly boolean[]
  readonly #lookahead: KeyValueLookahead
  readonly #openOperations: OpenKeyValueOperations
  readonly #singles: (readonly number[])[] = []
  /** The last event at which even an unread value may be noticed. */
  readonly #noticedUntil: number
  /** Whether some compareAndSet may have written. */
  readonly #replaces: boolean

  constructor(operations: readonly Operation[]) {
    this.#values = new KeyValueValues(operations)
    this.#actions = actionsOf(operations, this.#values)
    this.#calls = operations.map(({ call }) => call)
    this.#isAnswered = operations.map((operation) => operation.return !== null)
    this.kinds = numberAlike(this.#actions.map((action) => JSON.stringify(action)))
    this.traits = Uint8Array.from(this.#actions, (action) => traitsOf(action, this.#values))
    this.#replaces = operations.some(
      ({ op }, index) => op === 'compareAndSet' && this.#actions[index]!.kind !== 'differ',
    )
    this.#noticedUntil = whenNoticed(operations, this.#values)
    this.#lookahead = new KeyValueLookahead(operations, this.#actions, this.#values)
    this.#openOperations = new OpenKeyValueOperations(
      this.#actions,
      this.#isAnswered,
      this.#values,
      this.#noticedUntil,
    )
  }

  step(state: number, op: number): readonly number[] {
    const action = this.#actions[op]!
    switch (action.kind) {
      case 'overwrite':
        return this.#single(action.result)
      case 'read':
        return action.guards.includes(state) ? this.#single(state) : refused
      case 'differ':
        return state === action.guard ? refused : this.#single(state)
      case 'replace':
        return action.guards.includes(state) ? this.#single(action.result) : refused
      case 'grow': {
        const next = this.#values.append(state, action.token)
        return next === undefined ? refused : this.#single(next)
      }
      case 'maybe':
        return this.#single(state === action.guard ? action.result : state)
      case 'never':
        return refused
    }
  }

  settle(state: number, now: number): number {
    return this.#values.settle(state, now)
  }

  isSink = (state: number): boolean => state === junkText || state === junkOther

  sinkIsWorst(now: number): boolean {
    return this.#noticedUntil < now
  }

  mayReach(state: number, op: number): boolean {
    const action = this.#actions[op]!
    if (action.kind === 'never') return false
    if (action.kind !== 'read' && action.kind !== 'replace') return true
    if (this.isSink(state)) return false
    if (this.#replaces) return true
    return action.guards.some((guard) => state === guard || this.#values.mayGrow(state, guard))
  }

  abandons(from: number, to: number, now: number, hasTakenEffect: HasTakenEffect): boolean {
    return this.#lookahead.abandons(from, to, now, hasTakenEffect)
  }

  takeSuspects(): readonly number[] {
    return this.#lookahead.takeSuspects()
  }

  open(op: number): void {
    if (!this.#isAnswered[op]) this.#openOperations.add(op)
    this.#lookahead.open(op)
  }

  close(op: number): void {
    this.#lookahead.close(op)
  }

  openUpdates(state: number, now: number): Iterable<Alike> {
    return this.#openOperations.updates(state, now)
  }

  openOverwrites(now: number): Iterable<Alike> {
    return this.#openOperations.overwrites(now)
  }

  isIdle(op: number): boolean {
    const action = this.#actions[op]!
    if (action.kind === 'read') return true
    if (this.#noticedUntil > this.#calls[op]!) return false
    if (action.kind === 'grow') return !this.#values.mayMatter(action.token)
    return 'result' in action && this.#values.until(action.result) < this.#calls[op]!
  }

  isSpent(op: number, now: number): boolean {
    if (this.#noticedUntil >= now) return false
    const action = this.#actions[op]!
    if (action.kind === 'grow') return this.#values.until(emptyText) < now
    return 'result' in action && this.#values.until(action.result) < now
  }

  retain(): void {}

  #single(state: number): readonly number[] {
    this.#singles[state] ??= [state]
    return this.#singles[state]
  }
}
