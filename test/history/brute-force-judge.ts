// The simplest judge there is: tries every order. Shares nothing with the judge under test but the format.
import type { Json, Operation } from '../../proof/history/index.ts'

/** Whether some order of all answered and some unanswered operations is legal and respects real time. */
export function isLinearizable(history: readonly Operation[]): boolean {
  const tried = new Set<string>()
  const tryFrom = (placed: ReadonlySet<number>, store: Readonly<Record<string, Json>>): boolean => {
    if (history.every((operation, index) => placed.has(index) || operation.return === null)) return true
    const key = `${[...placed].sort((left, right) => left - right)} ${JSON.stringify(Object.entries(store).sort())}`
    if (tried.has(key)) return false
    tried.add(key)
    return history.some((operation, index) => {
      if (placed.has(index) || mustWait(history, placed, operation)) return false
      const next = legalStep(store[`key ${operation.key}`] ?? null, operation)
      if (next === undefined) return false
      return tryFrom(new Set([...placed, index]), { ...store, [`key ${operation.key}`]: next })
    })
  }
  return tryFrom(new Set(), {})
}

/** The events of a history up to and including one: calls after it are gone, answers after it were not given. */
export function cutAfter(history: readonly Operation[], event: number): Operation[] {
  return history
    .filter((operation) => operation.call <= event)
    .map((operation) =>
      operation.return !== null && operation.return <= event ? operation : { ...operation, return: null },
    )
}

function mustWait(history: readonly Operation[], placed: ReadonlySet<number>, operation: Operation): boolean {
  return history.some(
    (other, index) => !placed.has(index) && other.return !== null && other.return < operation.call,
  )
}

/** The value afterwards, or undefined when the operation could not have been answered so. */
function legalStep(value: Json, { op, value: written, ...operation }: Operation): Json | undefined {
  const { output, return: returned } = operation
  const saysNothing = returned === null || output === null
  if (op === 'put') return written
  if (op === 'delete') return null
  if (op === 'get') return returned === null || same(value, output) ? value : undefined
  if (op === 'append') {
    if (value !== null && typeof value !== 'string') return undefined
    const longer = (value ?? '') + written
    return saysNothing || output === longer ? longer : undefined
  }
  const matches = same(value, (operation as unknown as { expected: Json }).expected)
  return saysNothing || output === matches ? (matches ? (written as Json) : value) : undefined
}

function same(left: Json, right: Json): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
