// Which configurations are superfluous: all that can follow them can follow another one too.
import { acceptedTrait, type CompiledHistory, overwritesTrait, readsTrait } from './compiled-history.ts'
import type { Configuration } from './configuration.ts'
import { hasOp, isSubset } from './op-set.ts'
import type { SearchProblem } from './search-problem.ts'

/**
 * Whether all that can follow `worse` can follow `better` too, given that the state of `better` allows all that the
 * state of `worse` does (`inSink`: that one is a sink).
 *
 * So it is if `better` has used no unanswered operation that `worse` has not (and none in vain), has placed nothing but reads that `worse`
 * has still to place, and can make up for what `worse` has placed and it has not: unseen, before its last overwriting
 * operation.
 */
export function dominates(
  problem: SearchProblem,
  better: Configuration,
  worse: Configuration,
  inSink: boolean,
): boolean {
  if (better.cover < worse.cover || (better.unseen && !worse.unseen)) return false
  if (!isSubset(better.used, worse.used)) return false
  const { calls, compiled } = problem
  const { traits } = compiled
  for (const op of better.done.ops) {
    if (!(traits[op]! & readsTrait) && !hasOp(worse.done, op)) return false
  }
  const guarded: number[] = []
  const free: number[] = []
  for (const op of worse.done.ops) {
    if (hasOp(better.done, op)) continue
    const isAccepted = (traits[op]! & acceptedTrait) !== 0
    if (calls[op]! >= better.cover) {
      if (isAccepted && inSink) continue
      return false
    }
    if (isAccepted) free.push(op)
    else guarded.push(op)
  }
  if (guarded.length === 0) return true
  for (const op of worse.used.ops) if (calls[op]! < better.cover && !hasOp(better.used, op)) free.push(op)
  return canBury(problem, guarded, free)
}

/** Whether blocks made of `free` operations can hold all the `guarded` ones; tried greedily, so false is a guess. */
function canBury({ compiled }: SearchProblem, guarded: readonly number[], free: readonly number[]): boolean {
  const remaining = new Set(guarded)
  const helpers = new Set(free.filter((op) => !(compiled.traits[op]! & overwritesTrait)))
  for (const start of free) {
    if (!(compiled.traits[start]! & overwritesTrait)) continue
    let state: number | undefined = compiled.step(compiled.initial, start)[0]
    while (state !== undefined && remaining.size > 0) {
      state = placeNext(compiled, state, remaining) ?? placeHelper(compiled, state, helpers, remaining)
    }
    if (remaining.size === 0) return true
  }
  return false
}

/** Takes out of `remaining` an operation that fits, reads first; the state after it, or undefined when none fits. */
function placeNext(compiled: CompiledHistory, state: number, remaining: Set<number>): number | undefined {
  let update: number | undefined
  for (const op of remaining) {
    if (compiled.step(state, op).length === 0) continue
    update = op
    if (compiled.traits[op]! & readsTrait) break
  }
  if (update === undefined) return undefined
  remaining.delete(update)
  return compiled.step(state, update)[0]
}

/** Takes out of `helpers` an operation after which one of `remaining` fits. */
function placeHelper(
  compiled: CompiledHistory,
  state: number,
  helpers: Set<number>,
  remaining: ReadonlySet<number>,
): number | undefined {
  for (const op of helpers) {
    const next = compiled.step(state, op)[0]
    if (next === undefined || next === state) continue
    for (const other of remaining) {
      if (compiled.step(next, other).length === 0) continue
      helpers.delete(op)
      return next
    }
  }
  return undefined
}
