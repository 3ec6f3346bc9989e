// Where a history breaks: the first return by which its events, taken alone, have no order.
import type { RecordedCall } from './model.ts'

/**
 * How the search for an order of a history cut before `nextReturn` ended: at which event, if it broke, or null if there
 * is an order.
 */
export type BreakOf<Op> = (
  operations: readonly Op[],
  nextReturn: number,
) => { readonly brokenAt: number | null } | 'gaveUp'

/** The events before `event`: calls after it are gone, and answers from it on were not given. */
export function cutBefore<Op extends RecordedCall<object, unknown>>(
  operations: readonly Op[],
  event: number,
): Op[] {
  return operations
    .filter(({ call }) => call < event)
    .map((operation) =>
      operation.return !== null && operation.return >= event ? { ...operation, return: null } : operation,
    )
}

/**
 * The first event by which an illegal history is illegal; it is `foundAt` or later, and `illegalAt` or before.
 *
 * A search of the whole history knows what open operations will be answered, and gives up an order as soon as it sees
 * that the order cannot be completed; so it may break at `foundAt` although the events up to there have an order. When
 * `breakOf` gives up, so does this, with the best bound known.
 */
export function findBreak<Op extends RecordedCall<object, unknown>>(
  operations: readonly Op[],
  foundAt: number,
  illegalAt: number,
  breakOf: BreakOf<Op>,
): number {
  const returns = operations
    .flatMap((operation) => (operation.return === null ? [] : [operation.return]))
    .sort((left, right) => left - right)
  let low = returns.indexOf(foundAt)
  let high = returns.indexOf(illegalAt)
  let middle = high - 1
  while (low < high) {
    const nextReturn = returns[middle + 1]!
    const result = breakOf(cutBefore(operations, nextReturn), nextReturn)
    if (result === 'gaveUp') break
    if (result.brokenAt === null) low = middle + 1
    else {
      high = middle
      low = Math.max(low, returns.indexOf(result.brokenAt))
    }
    middle = (low + high) >> 1
  }
  return returns[high]!
}
