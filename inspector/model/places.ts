/** Where each step lies on each axis, and in which lane: one number a step, ready for drawing. */
import type { TraceStep } from '../../runtime/observe/trace.ts'
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
  const sent = new Map<string, { lamport: number; rank: number }>()
  let start: number | null = null
  let next = 0

  const causal = (step: TraceStep, index: number, track: Track | null) => {
    const own = lastIn[index]
    const cause = track === null || step.kind === 'send' ? undefined : sent.get(track.id)
    if (index < 0) return { lamport: end.lamport, rank: end.rank }
    // What the network does to a message lies with the message, not with the node's own events.
    if (step.lamport === null) {
      const at = step.message === undefined ? own : (cause ?? own)
      return at ?? { lamport: end.lamport, rank: end.rank }
    }
    return { lamport: step.lamport, rank: Math.max(own?.rank ?? -1, cause?.rank ?? -1) + 1 }
  }

  return {
    lane,
    on,
    end,
    take(step, index, track) {
      start ??= step.t
      const { lamport, rank } = causal(step, index, track)
      if (index >= 0 && step.lamport !== null) lastIn[index] = { lamport, rank }
      if (step.kind === 'send' && step.message !== undefined) sent.set(step.message.id, { lamport, rank })
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
      // Only messages that may still arrive are worth remembering.
      if (sent.size > sentMax)
        for (const id of [...sent.keys()].slice(0, sent.size - sentMax)) sent.delete(id)
    },
  }
}

const sentMax = 50_000
