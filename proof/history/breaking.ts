// Why a history is illegal: a few answers that contradict each other under any other answers.
import type { Budget } from './budget.ts'
import type { RecordedCall } from './model.ts'

/** Says whether no order explains the operations; false also when that could not be found out. */
export type IsIllegal<Op> = (operations: readonly Op[]) => boolean

/**
 * A smallest set of answers that contradict each other, by ascending return: with every other call left unanswered,
 * the history is still illegal, and none of the set can be left out (unless the budget ended first). Null when the budget
 * ended before any was found.
 *
 * It is looked for among the answers given around the events `centers`, ever further from them. To forget an answer only
 * ever allows more orders, so what is found is a cause and no accident of the search.
 */
export function findContradiction<Op extends RecordedCall<object, unknown>>(
  operations: readonly Op[],
  centers: readonly number[],
  isIllegal: IsIllegal<Op>,
  budget: Budget,
): Op[] | null {
  const answered = operations
    .filter((operation) => operation.return !== null)
    .sort((left, right) => left.return! - right.return!)
  const contradicts = (answers: readonly Op[]) => isIllegal(withOnlyAnswers(operations, answers))
  for (let reach = 1; reach < answered.length && budget.outOf === null; reach *= 2) {
    const near = around(answered, centers, reach)
    if (contradicts(near)) return shrink(near, contradicts, budget)
  }
  return contradicts(answered) ? shrink(answered, contradicts, budget) : null
}

/** The answers at most `reach` places from that at one of the `centers`. */
function around<Op extends RecordedCall<object, unknown>>(
  answered: readonly Op[],
  centers: readonly number[],
  reach: number,
): Op[] {
  const places = centers.map((center) => answered.findIndex((operation) => operation.return! >= center))
  return answered.filter((_, place) => places.some((center) => Math.abs(place - center) < reach))
}

/** Leaves out ever shorter runs of answers, the latest first, while the rest still contradicts itself. */
function shrink<Op>(
  found: readonly Op[],
  contradicts: (kept: readonly Op[]) => boolean,
  budget: Budget,
): Op[] {
  let kept = found.slice()
  for (let run = Math.max(1, kept.length >> 1); run >= 1; run = run === 1 ? 0 : (run + 1) >> 1) {
    for (let to = kept.length; to > 0 && budget.outOf === null; to -= run) {
      const fewer = [...kept.slice(0, Math.max(0, to - run)), ...kept.slice(to)]
      if (fewer.length > 0 && contradicts(fewer)) kept = fewer
    }
  }
  return kept
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
