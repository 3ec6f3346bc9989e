// Explains why a part of a history is illegal: where it breaks, what contradicts what, and how far an order goes.
import { findContradiction } from './breaking.ts'
import type { Budget } from './budget.ts'
import type { Configuration } from './configuration.ts'
import { cutBefore, findBreak } from './longest-prefix.ts'
import type { RecordedCall } from './model.ts'
import { search } from './search.ts'
import type { SearchProblem, SearchWidth } from './search-problem.ts'

/** Configurations that hold before a return which none of them allows. */
export interface BrokenSearch {
  readonly problem: SearchProblem
  readonly before: readonly Configuration[]
}

export interface Explanation<Op> extends BrokenSearch {
  /** The event of the first return by which the history is illegal. */
  readonly brokenAt: number
  /** The answers that contradict each other, by ascending call. */
  readonly breaking: readonly Op[]
}

/** What the explanation needs to know of the model. */
export interface ExplanationContext<Op> {
  problemOf(operations: readonly Op[]): SearchProblem
  /** Whether an operation never changes the state; unanswered ones are then left out. */
  isRead(operation: Op): boolean
}

/** Steps spent at most on whether a few answers contradict each other. */
const stepsPerCheck = 500_000

const width: SearchWidth = { configurationsMax: 4096, greedy: false }

/**
 * Explains an illegal part, `operations` by ascending call, in which a search broke at the return `foundAt`, perhaps
 * because of what returned at `suspectsAt`.
 *
 * When the budget ends, the break may be reported too early, and the contradiction may not be the smallest or only its last
 * answer.
 */
export function explain<Op extends RecordedCall<object, unknown>>(
  operations: readonly Op[],
  foundAt: number,
  suspectsAt: readonly number[],
  found: BrokenSearch,
  context: ExplanationContext<Op>,
  budget: Budget,
): Explanation<Op> {
  const isIllegal = (all: readonly Op[]) => {
    const relevant = all.filter((operation) => operation.return !== null || !context.isRead(operation))
    const share = budget.part(stepsPerCheck)
    return search(context.problemOf(relevant), width, share).kind === 'broken'
  }
  const searches = new Map([[foundAt, found]])
  const breakOf = (cut: readonly Op[], nextReturn: number) => {
    const problem = context.problemOf(cut)
    const result = search(problem, width, budget)
    if (result.kind === 'gaveUp') return 'gaveUp'
    const brokenAt = result.kind === 'broken' ? cut[result.op]!.return! : null
    const before = result.kind === 'broken' ? result.before : result.after
    searches.set(brokenAt ?? nextReturn, { problem, before })
    return { brokenAt }
  }
  const contradiction = findContradiction(operations, [foundAt, ...suspectsAt], isIllegal, budget)
  if (contradiction === null) return { brokenAt: foundAt, breaking: [lastOf(operations, foundAt)], ...found }
  const illegalAt = contradiction[contradiction.length - 1]!.return!
  const brokenAt = findBreak(operations, foundAt, illegalAt, breakOf)
  const breaking =
    brokenAt === illegalAt
      ? contradiction
      : (findContradiction(cutBefore(operations, brokenAt + 1), [foundAt, brokenAt], isIllegal, budget) ?? [
          lastOf(operations, brokenAt),
        ])
  const broken = searches.get(brokenAt) ?? searchBefore(operations, brokenAt, found, context, budget)
  return { brokenAt, breaking: breaking.sort((left, right) => left.call - right.call), ...broken }
}

function lastOf<Op extends RecordedCall<object, unknown>>(operations: readonly Op[], brokenAt: number): Op {
  return operations.find((operation) => operation.return === brokenAt)!
}

function searchBefore<Op extends RecordedCall<object, unknown>>(
  operations: readonly Op[],
  brokenAt: number,
  found: BrokenSearch,
  context: ExplanationContext<Op>,
  budget: Budget,
): BrokenSearch {
  const problem = context.problemOf(cutBefore(operations, brokenAt))
  const result = search(problem, width, budget)
  return result.kind === 'passed' ? { problem, before: result.after } : found
}
