/** How the clock of a step came about: its own before, what a message brought, the greater of both, one more. */
import { formatVector, mergeVectors, type VectorClock } from '../../machines/clocks.ts'
import type { TraceStep } from '../../runtime/trace/format.ts'
import { mustTick } from './clock-rules.ts'
import type { Lane } from './lane.ts'
import type { Run } from './run.ts'
import { countBelow } from './sorted.ts'

/** A clock as a step shows it. */
export interface StepClock {
  readonly lamport: number
  readonly vector: VectorClock
  readonly truncated: boolean
}

/** How the clock of a step came about. */
export interface Making {
  readonly own: StepClock | null
  /** What came with a message that was received; null elsewhere, and where the run has not seen it sent. */
  readonly received: StepClock | null
  /** The greater of both, entry by entry. */
  readonly merged: StepClock
  /** Whether one more is to be added: not for events from within that change nothing (L1). */
  readonly ticks: boolean
  readonly result: StepClock
}

/** How the clock of a step came about; null for a step without a clock. */
export function makingOf(run: Run, step: TraceStep): Making | null {
  const result = clockOf(step)
  const lane = run.lane(step.node)
  if (result === null || lane === null) return null
  const earlier = clockAt(run, lane, step.i - 1)
  const own = earlier === null ? null : clockOf(earlier)
  const sentIn = step.kind === 'receive' ? (run.messages.of(step)?.sentIn ?? null) : null
  const send = sentIn === null ? undefined : run.step(sentIn)
  const received = send === undefined ? null : clockOf(send)
  const merged: StepClock = {
    lamport: Math.max(own?.lamport ?? 0, received?.lamport ?? 0),
    vector: mergeVectors(own?.vector ?? {}, received?.vector ?? {}),
    truncated: (own?.truncated ?? false) || (received?.truncated ?? false),
  }
  return { own, received, merged, ticks: mustTick(step) || result.lamport > merged.lamport, result }
}

/** The last step of the lane at or before step `i` that has a clock. */
export function clockAt(run: Run, lane: Lane, i: number): TraceStep | null {
  for (let index = countBelow(lane.steps, i + 1) - 1; index >= 0; index--) {
    const step = run.step(lane.steps[index]!)
    if (step !== undefined && step.vector !== null) return step
  }
  return null
}

export function clockText({ lamport, vector, truncated }: StepClock): string {
  return `L${lamport} ${formatVector(vector)}${truncated ? ' truncated' : ''}`
}

function clockOf({ lamport, vector, truncated }: TraceStep): StepClock | null {
  return lamport === null || vector === null ? null : { lamport, vector, truncated: truncated === true }
}
