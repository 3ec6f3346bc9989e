/** What each step of a run can know of other nodes: its clock, raised by what the drawn arrows prove (L3, L4). */
import { entryOf, type VectorClock } from '../../machines/clocks.ts'
import type { TraceStep } from '../../runtime/trace/format.ts'
import type { Track } from './messages.ts'

/**
 * The vectors by which steps are compared. A clock that was not merged lacks what its message brought, and a log may
 * claim events that come later: comparing by these vectors agrees with the order of each node and with every message.
 * Of a sound run they are the clocks themselves.
 */
export interface Knowledge {
  /** Null for a step without a clock. */
  of(step: TraceStep): VectorClock | null
  take(step: TraceStep, track: Track | null): void
  forgetBefore(cut: number): void
}

export function createKnowledge(stepAt: (i: number) => TraceStep | undefined): Knowledge {
  /** Only where it differs from the clock. */
  const raised = new Map<number, VectorClock>()
  const last = new Map<string, VectorClock>()
  const logged = new Map<string, number>()

  const of = (step: TraceStep) => raised.get(step.i) ?? step.vector
  const sendOf = (i: number | null | undefined): VectorClock | null => {
    const step = i == null ? undefined : stepAt(i)
    return step === undefined ? null : of(step)
  }

  return {
    of,
    take(step, track) {
      const { i, node, vector, text } = step
      if (node === null || vector === null) return
      let known: VectorClock = text === undefined ? vector : withoutLater(vector, node, logged)
      if (text !== undefined) logged.set(node, Math.max(logged.get(node) ?? 0, entryOf(vector, node)))
      // What a truncated clock dropped stays dropped: keeping it would take memory for every client (L6).
      if (!step.truncated) {
        known = raisedBy(known, last.get(node), node)
        if (step.kind !== 'send' && track?.sentIn !== i) known = raisedBy(known, sendOf(track?.sentIn), node)
        for (const { sentIn } of step.joined ?? []) known = raisedBy(known, sendOf(sentIn), node)
      }
      if (known !== vector) raised.set(i, known)
      last.set(node, known)
    },
    forgetBefore(cut) {
      for (const i of raised.keys()) {
        if (i >= cut) return
        raised.delete(i)
      }
    },
  }
}

/** The same vector if nothing rises. The own entry is the node's own business. */
function raisedBy(vector: VectorClock, floor: VectorClock | null | undefined, node: string): VectorClock {
  let result: Record<string, number> | null = null
  for (const id of Object.keys(floor ?? {})) {
    if (id === node || floor![id]! <= entryOf(vector, id)) continue
    result ??= Object.assign(Object.create(null), vector) as Record<string, number>
    result[id] = floor![id]!
  }
  return result ?? vector
}

/** Claims of events that the log places later are cut down to those that it has placed. */
function withoutLater(vector: VectorClock, node: string, logged: ReadonlyMap<string, number>): VectorClock {
  let result: Record<string, number> | null = null
  for (const id of Object.keys(vector)) {
    const most = logged.get(id) ?? 0
    if (id === node || vector[id]! <= most) continue
    result ??= Object.assign(Object.create(null), vector) as Record<string, number>
    result[id] = most
  }
  return result ?? vector
}
