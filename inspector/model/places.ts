/** Where each step lies on each axis, and in which lane: one number a step, ready for drawing. */
import type { TraceStep } from '../../runtime/trace/format.ts'
import type { Track } from './messages.ts'

/**
 * `order`: as recorded, evenly; `time`: milliseconds since the first step; `lamport`: Lamport time; `rank`: the length of
 * the longest chain of events that led to it.
 */
export type Axis = 'order' | 'time' | 'lamport' | 'rank'
export const axes: readonly Axis[] = ['order', 'time', 'lamport', 'rank']

export interface Places {
  /** -1 for what happens to the network as a whole. */
  readonly lane: readonly number[]
  readonly on: Readonly<Record<Axis, readonly number[]>>
  /** The greatest place so far. */
  readonly end: Readonly<Record<Axis, number>>
  take(step: TraceStep, lane: number, track: Track | null): void
  /** Drops the first `count` steps. */
  forget(count: number): void
}

export function createPlaces(): Places {
  const lane: number[] = []
  const on: Record<Axis, number[]> = { order: [], time: [], lamport: [], rank: [] }
  const end: Record<Axis, number> = { order: 0, time: 0, lamport: 0, rank: 0 }
  const lastIn: { lamport: number; rank: number }[] = []
  let start: number | null = null
  let [first, next] = [0, 0]

  const sendOf = (step: TraceStep, sentIn: number | null | undefined) => {
    const index = sentIn == null || sentIn === step.i ? -1 : sentIn - first
    return index < 0 ? undefined : { lamport: on.lamport[index]!, rank: on.rank[index]! }
  }
  const causal = (step: TraceStep, index: number, track: Track | null) => {
    const own = lastIn[index]
    const cause = sendOf(step, track?.sentIn)
    if (index < 0) return { lamport: end.lamport, rank: end.rank }
    // What the network does to a message lies with the message, not with the node's own events.
    if (step.vector === null) {
      const at = step.message === undefined ? own : (cause ?? own)
      return at ?? { lamport: end.lamport, rank: end.rank }
    }
    const joined = step.joined?.map(({ sentIn }) => sendOf(step, sentIn)) ?? []
    const ranks = [own, cause, ...joined].map((before) => before?.rank ?? -1)
    return { lamport: step.lamport ?? own?.lamport ?? 0, rank: Math.max(...ranks) + 1 }
  }

  return {
    lane,
    on,
    end,
    take(step, index, track) {
      if (start === null) [start, first] = [step.t, step.i]
      const { lamport, rank } = causal(step, index, track)
      if (index >= 0 && step.vector !== null) lastIn[index] = { lamport, rank }
      const places = { order: next, time: step.t - start, lamport, rank }
      next += 1
      lane.push(index)
      for (const axis of axes) {
        on[axis].push(places[axis])
        end[axis] = Math.max(end[axis], places[axis])
      }
    },
    forget(count) {
      lane.splice(0, count)
      for (const axis of axes) on[axis].splice(0, count)
      first += count
    },
  }
}
