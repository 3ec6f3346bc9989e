// What the operations of one key require of its value and leave behind, as far as their outputs tell.
import { acceptedTrait, overwritesTrait, readsTrait } from '../compiled-history.ts'
import type { Operation } from '../history.ts'
import { missing } from './value-trie.ts'
import type { KeyValueValues } from './values.ts'

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

/** The trait bits of an action, see `Effect`. */
export function traitsOf(action: Action, values: KeyValueValues): number {
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
export function actionsOf(operations: readonly Operation[], values: KeyValueValues): Action[] {
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

/**
 * The last event at which even an unread value may be noticed: any value but one will do for a compareAndSet
 * that failed, and any text (if there are other values) for an append.
 */
export function whenNoticed(operations: readonly Operation[], values: KeyValueValues): number {
  let last = -1
  for (const { op, output, return: returned } of operations) {
    const isSilent = op === 'append' && (output === null || output === undefined)
    if (output === false || (isSilent && !values.onlyTexts)) last = Math.max(last, returned ?? -1)
  }
  return last
}

/** What an unanswered compareAndSet expects matters as long as what it would write, or that it wrote. */
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
  const noticedUntil = whenNoticed(operations, values)
  for (let changed = unanswered.length > 0; changed; ) {
    changed = false
    for (const { expected, result } of unanswered) {
      const until = Math.max(values.until(result), noticedUntil)
      if (values.until(values.insert(expected, -1)) >= until) continue
      values.insert(expected, until)
      changed = true
    }
    if (changed) values.settleTimes()
  }
}
