// Why a history is illegal: a few answers that contradict each other, whatever else was answered.
import type { Budget } from './budget.ts'
import type { RecordedCall } from './model.ts'

/** Says whether no order explains the operations; false also when that could not be found out. */
export type IsIllegal<Op> = (operations: readonly Op[]) => boolean

/**
 * Some answers around the return at `foundAt` that contradict each other: with every other call left unanswered, the
 * history is still illegal. The last of them cannot be left out; all answers, when the budget ends before.
 *
 * To forget an answer only ever allows more orders, so what is found is a cause and no accident of the search.
 */
export function findContradiction<Op extends RecordedCall<object, unknown>>(
  operations: readonly Op[],
  foundAt: number,
  isIllegal: IsIllegal<Op>,
  budget: Budget,
): Op[] {
  const answered = operations.filter((operation) => operation.return !== null).sort(byReturn)
  const center = answered.findIndex((operation) => operation.return === foundAt)
  const contradicts = (from: number, to: number) =>
    isIllegal(withOnlyAnswers(operations, answered.slice(from, to)))
  let [from, to] = [0, answered.length]
  for (let reach = 1; reach < answered.length && budget.outOf === null; reach *= 2) {
    const [low, high] = [Math.max(0, center + 1 - reach), Math.min(answered.length, center + reach)]
    if (!contradicts(low, high)) continue
    ;[from, to] = [low, high]
    break
  }
  let enough = to
  for (let tooFew = Math.max(from, center); tooFew + 1 < enough && budget.outOf === null; ) {
    const middle = (tooFew + enough) >> 1
    if (contradicts(from, middle)) enough = middle
    else tooFew = middle
  }
  return answered.slice(from, enough)
}

/**
 * A smallest set of the given answers that still contradict each other, by ascending call: none can be left out, unless
 * the budget ended first. The last answer must be one that cannot.
 */
export function shrinkContradiction<Op extends RecordedCall<object, unknown>>(
  operations: readonly Op[],
  found: readonly Op[],
  isIllegal: IsIllegal<Op>,
  budget: Budget,
): Op[] {
  let kept = [...found].sort((left, right) => byReturn(right, left))
  for (let run = Math.max(1, kept.length >> 1); run >= 1; run = run === 1 ? 0 : (run + 1) >> 1) {
    for (let to = kept.length; to > 1 && budget.outOf === null; to -= run) {
      const fewer = [...kept.slice(0, Math.max(1, to - run)), ...kept.slice(to)]
      if (isIllegal(withOnlyAnswers(operations, fewer))) kept = fewer
    }
  }
  return kept.sort((left, right) => left.call - right.call)
}

/** The history up to the last of some answers, with all other calls left unanswered. */
function withOnlyAnswers<Op extends RecordedCall<object, unknown>>(
  operations: readonly Op[],
  answers: readonly Op[],
): Op[] {
  const kept = new Set(answers)
  const last = answers.reduce((latest, operation) => Math.max(latest, operation.return!), -1)
  return operations
    .filter(({ call }) => call < last)
    .map((operation) => (kept.has(operation) ? operation : { ...operation, return: null }))
}

function byReturn(left: { return: number | null }, right: { return: number | null }): number {
  return left.return! - right.return!
}
