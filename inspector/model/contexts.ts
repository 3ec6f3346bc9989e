/** The context of any node at any step, rebuilt from patches; what was rebuilt is kept at intervals, so that a jump is short. */
import type { Json } from '../../machines/application/application.ts'
import type { TraceStep } from '../../runtime/trace/format.ts'
import { applyPatch } from '../../runtime/trace/patch.ts'
import type { Lane } from './lane.ts'
import { countBelow } from './sorted.ts'

export interface Contexts {
  /** The node's context after step `i`; undefined where the run does not tell, as before its start. */
  at(lane: Lane, i: number): Json | undefined
  /** Steps before `cut` are about to be forgotten: what they say is kept. */
  forgetBefore(lane: Lane, cut: number): void
}

/** Steps of a node between two contexts that are kept. */
const interval = 64

export function createContexts(stepAt: (i: number) => TraceStep | undefined): Contexts {
  /** By node: the context after the step with that number. */
  const kept = new Map<string, Map<number, Json>>()

  const keptOf = (lane: Lane): Map<number, Json> => {
    const known = kept.get(lane.id) ?? new Map<number, Json>()
    kept.set(lane.id, known)
    return known
  }

  const at = (lane: Lane, i: number): Json | undefined => {
    const known = keptOf(lane)
    const last = countBelow(lane.steps, i + 1) - 1
    let base: Json | undefined
    let from = last
    for (; from >= 0; from--) {
      const number = lane.steps[from]!
      base = known.get(number) ?? stepAt(number)?.after?.context
      if (base !== undefined) break
    }
    if (base === undefined) {
      base = known.get(-1)
      from = -1
      if (base === undefined) return undefined
    }
    for (let index = from + 1; index <= last; index++) {
      const number = lane.steps[index]!
      base = patched(base, stepAt(number))
      if (index % interval === 0) known.set(number, base)
    }
    return base
  }

  return {
    at,
    forgetBefore(lane, cut) {
      const known = keptOf(lane)
      const base = at(lane, cut - 1)
      for (const number of known.keys()) if (number < cut) known.delete(number)
      if (base !== undefined) known.set(-1, base)
    },
  }
}

/** A patch that does not fit changes nothing: a trace from elsewhere must not stop the page. */
function patched(base: Json, step: TraceStep | undefined): Json {
  const patch = step?.after?.patch
  if (patch === undefined || patch.length === 0) return base
  try {
    return applyPatch(base, patch)
  } catch {
    return base
  }
}
