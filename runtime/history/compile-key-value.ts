// One key's history, compiled: what each operation requires and leaves, in numbered values.
import {
  type Alike,
  acceptedTrait,
  type CompiledHistory,
  type HasTakenEffect,
  overwritesTrait,
  readsTrait,
} from './compiled-history.ts'
import type { Operation } from './history.ts'
import { KeyValueLookahead } from './key-value-lookahead.ts'
import { OpenKeyValueOperations } from './key-value-open.ts'
import { KeyValueValues } from './key-value-values.ts'
import { emptyText, junkOther, junkText, missing } from './value-trie.ts'

/**
 * What one operation requires of the value and leaves behind, as far as its output tells.
 *
 * - `overwrite`: leaves `result`. - `read`: requires one of `guards`. - `differ`: requires any value but `guard`.
 * - `replace`: requires one of `guards`, leaves `result`. - `grow`: adds `token` to a text.
 * - `maybe`: leaves `result` where it finds `guard`, and changes nothing elsewhere. - `never`: cannot have happened.
 */
export type Action =
  | { readonly kind: 'overwrite'; readonly result: number }
  | { readonly kind: 'read'; readonly guards: readonly number[] }
  | { readonly kind: 'differ'; readonly guard: number }
  | { readonly kind: 'replace'; readonly guards: readonly number[]; readonly result: number }
  | { readonly kind: 'grow'; readonly token: string }
  | { readonly kind: 'maybe'; readonly guard: number; readonly result: number }
  | { readonly kind: 'never' }

const refused: readonly number[] = []

/** Compiles the operations of one key, by ascending call. */
export function compileKeyValue(operations: readonly Operation[]): CompiledHistory {
  return new CompiledKeyValue(operations)
}

class CompiledKeyValue implements CompiledHistory {
  readonly initial = missing
  readonly traits: Uint8Array
  readonly #values: KeyValueValues
  readonly #actions: readonly Action[]
  readonly #isAnswered: readonly boolean[]
  readonly #lookahead: KeyValueLookahead
  readonly #openOperations: OpenKeyValueOperations
  readonly #singles: (readonly number[])[] = []
  /** The last event at which even a value that nobody sees may be noticed. */
  readonly #noticedUntil: number
  /** Whether some compareAndSet may have written. */
  readonly #replaces: boolean

  constructor(operations: readonly Operation[]) {
    this.#values = new KeyValueValues(operations)
    this.#actions = actionsOf(operations, this.#values)
    this.#isAnswered = operations.map((operation) => operation.return !== null)
    this.traits = Uint8Array.from(this.#actions, (action) => traitsOf(action, this.#values))
    this.#replaces = operations.some(
      ({ op }, index) => op === 'compareAndSet' && this.#actions[index]!.kind !== 'differ',
    )
    this.#noticedUntil = this.#whenNoticed(operations)
    this.#lookahead = new KeyValueLookahead(operations, this.#actions, this.#values)
    this.#openOperations = new OpenKeyValueOperations(this.#actions, this.#values, this.#noticedUntil)
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

  isSpent(op: number, now: number): boolean {
    if (this.#noticedUntil >= now) return false
    const action = this.#actions[op]!
    if (action.kind === 'grow') return this.#values.until(emptyText) < now
    return 'result' in action && this.#values.until(action.result) < now
  }

  retain(): void {}

  /** Any value will do for a compareAndSet that failed, and any text for an append. */
  #whenNoticed(operations: readonly Operation[]): number {
    let last = -1
    for (const [op, { kind }] of this.#actions.entries()) {
      const notices = kind === 'differ' || (kind === 'grow' && !this.#values.onlyTexts)
      if (notices) last = Math.max(last, operations[op]!.return ?? -1)
    }
    return last
  }

  #single(state: number): readonly number[] {
    this.#singles[state] ??= [state]
    return this.#singles[state]
  }
}

function traitsOf(action: Action, values: KeyValueValues): number {
  switch (action.kind) {
    case 'overwrite':
      return acceptedTrait | overwritesTrait
    case 'read':
    case 'differ':
      return readsTrait
    case 'grow':
      return values.onlyTexts ? acceptedTrait : 0
    case 'maybe':
      return acceptedTrait
    case 'replace':
    case 'never':
      return 0
  }
}

/** Numbers first what operations require, then what they leave: only what is required tells values apart. */
function actionsOf(operations: readonly Operation[], values: KeyValueValues): Action[] {
  const guards = operations.map((operation) => guardsOf(operation, values))
  values.settleTimes()
  const actions = operations.map((operation, index) => actionOf(operation, guards[index]!, values))
  for (const [op, { return: returned }] of operations.entries()) {
    const isNeeded = actions[op]!.kind === 'read' || actions[op]!.kind === 'replace'
    if (returned !== null && isNeeded && guards[op]!.length === 1) values.need(guards[op]![0]!, op)
  }
  values.settleTimes()
  prolongUnanswered(operations, actions, values)
  return actions
}

function guardsOf(operation: Operation, values: KeyValueValues): number[] {
  const { return: returned, output } = operation
  switch (operation.op) {
    case 'get':
      return returned === null ? [] : [values.insert(output, returned)]
    case 'compareAndSet':
      return [values.insert(operation.expected, returned ?? -1)]
    case 'append': {
      if (returned === null || typeof output !== 'string' || !output.endsWith(operation.value)) return []
      const before = output.slice(0, output.length - operation.value.length)
      const guard = values.insert(before, returned)
      return before === '' ? [guard, values.insert(null, returned)] : [guard]
    }
    default:
      return []
  }
}

function actionOf(operation: Operation, guards: readonly number[], values: KeyValueValues): Action {
  const { return: returned } = operation
  const output = returned === null ? null : (operation.output ?? null)
  switch (operation.op) {
    case 'get':
      return { kind: 'read', guards }
    case 'put':
      return { kind: 'overwrite', result: values.find(operation.value) }
    case 'delete':
      return { kind: 'overwrite', result: missing }
    case 'append':
      if (output === null) return { kind: 'grow', token: operation.value }
      if (guards.length === 0) return { kind: 'never' }
      return { kind: 'replace', guards, result: values.find(output) }
    case 'compareAndSet':
      if (output === false) return { kind: 'differ', guard: guards[0]! }
      if (output === true) return { kind: 'replace', guards, result: values.find(operation.value) }
      if (output === null) return { kind: 'maybe', guard: guards[0]!, result: values.find(operation.value) }
      return { kind: 'never' }
  }
}

/** What an unanswered compareAndSet expects matters as long as what it would write. */
function prolongUnanswered(
  operations: readonly Operation[],
  actions: readonly Action[],
  values: KeyValueValues,
): void {
  const unanswered = operations.flatMap((operation, index) => {
    const action = actions[index]!
    return operation.return === null && operation.op === 'compareAndSet' && action.kind === 'maybe'
      ? [{ expected: operation.expected, result: action.result }]
      : []
  })
  for (let changed = unanswered.length > 0; changed; ) {
    changed = false
    for (const { expected, result } of unanswered) {
      const until = values.until(result)
      if (values.until(values.insert(expected, -1)) >= until) continue
      values.insert(expected, until)
      changed = true
    }
    if (changed) values.settleTimes()
  }
}
