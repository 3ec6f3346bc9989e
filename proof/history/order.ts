// Orders of operations: read off a search, replayed against the model, and given points in time.
import { overwritesTrait } from './compiled-history.ts'
import type { Configuration } from './configuration.ts'
import { type RecordedCall, type SequentialModel, unknownOutput } from './model.ts'
import type { SearchProblem } from './search-problem.ts'

/** The operations of a configuration in the order that the search found. */
export function orderOf({ compiled }: SearchProblem, configuration: Configuration): number[] {
  const steps: { op: number; buried: boolean }[] = []
  for (let log = configuration.log; log !== null; log = log.previous) steps.push(log)
  const order: number[] = []
  let lastOverwrite = 0
  for (const { op, buried } of steps.reverse()) {
    if (buried) order.splice(lastOverwrite++, 0, op)
    else {
      if (compiled.traits[op]! & overwritesTrait) lastOverwrite = order.length
      order.push(op)
    }
  }
  return order
}

/**
 * The states a model may be in after operations in the order given; empty when it allows no such order.
 *
 * An unanswered operation may have any output. Real time is not looked at, see `pointsOf`.
 */
export function replay<State, Input extends object, Output>(
  model: SequentialModel<State, Input, Output>,
  order: readonly RecordedCall<Input, Output>[],
): State[] {
  let states = [model.initial]
  for (const operation of order) {
    const output = operation.return === null ? unknownOutput : operation.output
    const next = states.flatMap((state) => [...(model.step(state, operation, output) ?? [])])
    states = next.length < 2 ? next : [...new Map(next.map((state) => [model.key(state), state])).values()]
  }
  return states
}

/**
 * Whether an order proves that operations are linearizable: it has every answered one, each at most once, respects
 * real time, and the model allows it.
 */
export function proves<State, Input extends object, Output>(
  model: SequentialModel<State, Input, Output>,
  order: readonly RecordedCall<Input, Output>[],
  operations: readonly RecordedCall<Input, Output>[],
): boolean {
  const placed = new Set(order)
  if (placed.size !== order.length) return false
  if (operations.some((operation) => operation.return !== null && !placed.has(operation))) return false
  return pointsOf(order) !== null && replay(model, order).length > 0
}

/**
 * The earliest point in time of each operation in an order, in event numbers: after its call and not before the point
 * of the operation before it. Null when some operation would have returned by then: the order breaks real time.
 */
export function pointsOf(order: readonly RecordedCall<object, unknown>[]): number[] | null {
  const points: number[] = []
  let point = -1
  for (const { call, return: returned } of order) {
    point = Math.max(point, call)
    if (returned !== null && returned < point) return null
    points.push(point)
  }
  return points
}

/** Merges orders of operations that share no state into one order that respects real time. */
export function mergeOrders<Op extends RecordedCall<object, unknown>>(
  orders: readonly (readonly Op[])[],
): Op[] {
  return orders
    .flatMap((order) => {
      const points = pointsOf(order) ?? []
      return order.map((operation, at) => ({ operation, point: points[at] ?? operation.call }))
    })
    .sort((left, right) => left.point - right.point)
    .map(({ operation }) => operation)
}
