// Judges whether a history is linearizable: the door to the search, part by part, ever wider.
import * as v from 'valibot'
import { checked } from '../../actors/checked.ts'
import { Budget } from './budget.ts'
import { validateTimes } from './history.ts'
import type { Judgement, PartJudgement } from './judgement.ts'
import type { RecordedCall, SequentialModel } from './model.ts'
import { mergeOrders } from './order.ts'
import { Part } from './part.ts'
import { strategiesFor } from './strategies.ts'

/** Limits of a judgement. Its verdict depends on the machine only by `timeLimitMs`; an explanation takes a second at most. */
export interface CheckOptions {
  /** Steps of the model over all parts, beside which an explanation may take as many. Default: 20 million. */
  readonly stepsMax?: number
  /** Milliseconds over all parts. Default: no limit. */
  readonly timeLimitMs?: number
  /** Configurations kept at an event, with some kB for each at worst: the bound on memory. Default: 20,000. */
  readonly configurationsMax?: number
  /** Whether to look for the smallest contradiction in an illegal part. Default: true. */
  readonly explain?: boolean
}

/**
 * Judges whether a history is linearizable with respect to a sequential model.
 *
 * Every answered operation must take effect at one point between its call and its return; an unanswered one at some
 * point after its call, or never. The time taken is polynomial in practice; what exceeds the limits is `unknown`.
 *
 * Errors: `HistoryError` for event numbers that are not distinct, or returns before calls; `TypeError` for what is no
 * model, no list of operations or no options.
 * Source: Herlihy and Wing (1990) for the notion and its locality; Wing and Gong (1993) and Lowe (2017) for the search.
 *
 * @example
 * const { verdict, reason } = checkHistory(keyValueModel, parseHistory(text), { timeLimitMs: 10_000 })
 */
export function checkHistory<State, Input extends object, Output, Op extends RecordedCall<Input, Output>>(
  model: SequentialModel<State, Input, Output>,
  history: readonly Op[],
  options: CheckOptions = {},
): Judgement<Op> {
  refuseOdd(model, history, options)
  validateTimes(history)
  const { stepsMax = 20_000_000, timeLimitMs = Number.POSITIVE_INFINITY } = options
  const budget = new Budget(stepsMax, timeLimitMs)
  const parts = [...(model.partition?.(history) ?? new Map([['', [...history]]]))].map(
    ([name, operations]) => new Part(model, name, operations),
  )
  const strategies = strategiesFor(model.compile !== undefined, options.configurationsMax ?? 20_000)
  for (const [index, strategy] of strategies.entries()) {
    if (parts.some((part) => part.isIllegal)) break
    const isLast = index === strategies.length - 1
    const stepsOfPart = isLast ? stepsMax : Math.ceil(stepsMax / Math.min(16, 4 * parts.length))
    for (const part of parts) part.search(strategy, budget.part(stepsOfPart))
  }
  const explanation = budget.beside(Math.min(stepsMax, explanationStepsMin + 4 * budget.steps), explanationMs)
  const judgements = parts.map((part) => part.judge(options.explain === false ? null : explanation))
  return combine(judgements, budget.steps)
}

function refuseOdd(model: unknown, history: unknown, options: unknown): void {
  const { step, key } = (model ?? {}) as Partial<SequentialModel<unknown, object, unknown>>
  if (typeof step !== 'function' || typeof key !== 'function')
    throw new TypeError(`expected a model with step and key, such as keyValueModel, got ${shown(model)}`)
  if (!Array.isArray(history))
    throw new TypeError(
      `expected a list of operations, as parseHistory and HistoryRecorder give one, got ${shown(history)}`,
    )
  const odd = history.findIndex((operation) => typeof operation !== 'object' || operation === null)
  if (odd >= 0)
    throw new TypeError(
      `operation ${odd + 1}: expected { client, output, call, return } and its input, got ${shown(history[odd])}`,
    )
  checked('checkHistory', optionsSchema, options)
}

function shown(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'an object without them' : String(value)
}

const someNumber = 'expected a number above 0, or Infinity'
const limit = v.optional(v.pipe(v.number(someNumber), v.gtValue(0, someNumber)))
const optionsSchema = v.strictObject(
  {
    stepsMax: limit,
    timeLimitMs: limit,
    configurationsMax: limit,
    explain: v.optional(v.boolean('expected true or false')),
  } satisfies Record<keyof Required<CheckOptions>, v.GenericSchema>,
  'expected options such as { timeLimitMs: 1000 }',
)

/** Milliseconds that an explanation may take after the verdict. */
const explanationMs = 900

/** Steps that an explanation may take, however few the search took. */
const explanationStepsMin = 1_000_000

function combine<Op extends RecordedCall<object, unknown>>(
  partitions: readonly PartJudgement<Op>[],
  steps: number,
): Judgement<Op> {
  const illegal = partitions
    .filter((part) => part.verdict === 'illegal')
    .sort((left, right) => left.brokenAt! - right.brokenAt!)[0]
  const decisive = illegal ?? partitions.find((part) => part.verdict === 'unknown')
  if (decisive !== undefined) {
    const { verdict, longestPrefix, breaking, reason } = decisive
    return { verdict, partitions, longestPrefix, breaking, reason, steps }
  }
  const longestPrefix = mergeOrders(partitions.map((part) => part.longestPrefix))
  const operations = partitions.reduce((sum, part) => sum + part.operations.length, 0)
  const reason = `an order was found for all ${operations} operations`
  return { verdict: 'ok', partitions, longestPrefix, breaking: [], reason, steps }
}
