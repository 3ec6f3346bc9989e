// Why a history is illegal: a smallest set of answers that contradict each other.
import type { Budget } from './budget.ts'
import type { RecordedCall } from './model.ts'

/** Says whether no order explains the operations; false also when that could not be found out. */
export type IsIllegal<Op> = (operations: readonly Op[], budget: Budget) => boolean

/**
 * The answers that contradict each other: with every other call left unanswered, the history is still illegal.
 *
 * None of them can be left out (unless the budget ends first; the set is then a contradiction, but not a smallest one).
 * To forget an answer only ever allows more orders, so what is found is a cause and no accident of the search.
 * `operations` are those of one part by ascending call, `brokenAt` the event of the return that no order allows.
 */
export function findBreaking<Op extends RecordedCall<object, unknown>>(
  operations: readonly Op[],
  brokenAt: number,
  isIllegal: IsIllegal<Op>,
  budget: Budget,
): Op[] {
  const called = operations.filter(({ call }) => call < brokenAt)
  const answered = called
    .filter((operation) => operation.return !== null && operation.return <= brokenAt)
    .sort((left, right) => right.return! - left.return!)
  const contradicts = (kept: readonly Op[]) => {
    const keeps = new Set(kept)
    return isIllegal(
      called.map((operation) => (keeps.has(operation) ? operation : { ...operation, return: null })),
      budget,
    )
  }
  const recent = growUntil(answered, contradicts, budget)
  const smallest = shrink(recent, contradicts, budget)
  return smallest.sort((left, right) => left.call - right.call)
}

/** The last few answers that contradict each other already, found by doubling. */
function growUntil<Op>(
  latestFirst: readonly Op[],
  contradicts: (kept: readonly Op[]) => boolean,
  budget: Budget,
): Op[] {
  for (let count = 1; count < latestFirst.length && budget.outOf === null; count *= 2) {
    const kept = latestFirst.slice(0, count)
    if (contradicts(kept)) return kept
  }
  return latestFirst.slice()
}

/** Leaves out ever smaller runs of answers while the rest still contradicts itself; the first one always stays. */
function shrink<Op>(
  found: readonly Op[],
  contradicts: (kept: readonly Op[]) => boolean,
  budget: Budget,
): Op[] {
  let kept = found.slice()
  for (let run = kept.length >> 1; run >= 1; run = run === 1 ? 0 : (run + 1) >> 1) {
    for (let from = kept.length; from > 1 && budget.outOf === null; from -= run) {
      const start = Math.max(1, from - run)
      const fewer = [...kept.slice(0, start), ...kept.slice(from)]
      if (fewer.length < kept.length && contradicts(fewer)) kept = fewer
    }
  }
  return kept
}
