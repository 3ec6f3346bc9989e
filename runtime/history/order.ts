// Orders of operations: read off a search, replayed against the model, and given points in time.
import { overwritesTrait } from './compiled-history.ts'
import type { Configuration } from './configuration.ts'
import type { SearchProblem } from './expansion.ts'
import { type RecordedCall, type SequentialModel, unknownOutput } from './model.ts'

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
    const next = new Map<string, State>()
    for (const state of states) {
      for (const follower of model.step(state, operation, output) ?? [])
        next.set(model.key(follower), follower)
    }
    states = [...next.values()]
  }
  return states
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
