/** The rules of the clocks, looked at on a run: what each step's clock should be, and which rule a clock breaks (L1, L3). */
import { entryOf, formatVector, mergeVectors, type VectorClock } from '../../machines/clocks.ts'
import type { TraceStep } from '../../runtime/trace/format.ts'
import { countBelow, type Lane, type Run } from './run.ts'

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

/** A step whose clock is not what the rules make of what was before it. */
export interface BrokenRule {
  readonly i: number
  /** `L1` for Lamport clocks, `L3` for vectors. */
  readonly rule: 'L1' | 'L3'
  readonly text: string
}

/** Looks at every step once, in order. */
export interface ClockAudit {
  take(step: TraceStep): BrokenRule | null
}

const zero: StepClock = { lamport: 0, vector: {}, truncated: false }

/** A node begins from zero, an actor from the clock of whoever started it; of one that was there before nothing is known. */
function startOf({ parent, detail }: TraceStep, clocks: ReadonlyMap<string, readonly StepClock[]>) {
  if (detail !== undefined) return []
  return parent === undefined ? [zero] : (clocks.get(parent) ?? [])
}

export function createClockAudit(): ClockAudit {
  /** The clocks that a node may go on from: the one it showed, and after a wrong one also the right one. */
  const clocks = new Map<string, readonly StepClock[]>()
  const sent = new Map<string, StepClock>()
  return {
    take(step) {
      const now = clockOf(step)
      const node = step.node
      if (now === null || node === null || step.text !== undefined) return null
      // Of a node whose start the run has not seen nothing is known.
      const bases = step.kind === 'start' ? startOf(step, clocks) : (clocks.get(node) ?? [])
      const received = step.kind === 'receive' ? (sent.get(step.message?.id ?? '') ?? null) : null
      clocks.set(node, [now])
      if (step.kind === 'send' && step.message !== undefined) {
        sent.set(step.message.id, now)
        if (sent.size > sentMax) sent.delete(sent.keys().next().value as string)
      }
      if (step.kind === 'receive' && received === null) return null
      const judged = bases.map(
        (own) => wrongLamport(step, own, received, now) ?? wrongVector(step, node, own, received, now),
      )
      if (judged.length === 0 || judged.includes(null)) return null
      // One wrong clock is one finding: what follows from the right one is right.
      clocks.set(node, [now, rightClock(step, node, bases[0]!, received)])
      return judged[0]!
    },
  }
}

function rightClock(step: TraceStep, node: string, own: StepClock, received: StepClock | null): StepClock {
  const vector = mergeVectors(own.vector, received?.vector ?? {})
  const more = mustTick(step) ? 1 : 0
  return {
    lamport: Math.max(own.lamport, received?.lamport ?? 0) + more,
    vector: { ...vector, [node]: entryOf(vector, node) + more },
    truncated: own.truncated || (received?.truncated ?? false),
  }
}

const sentMax = 50_000

function wrongLamport(
  step: TraceStep,
  own: StepClock,
  received: StepClock | null,
  now: StepClock,
): BrokenRule | null {
  const broken = (text: string): BrokenRule => ({ i: step.i, rule: 'L1', text })
  const most = Math.max(own.lamport, received?.lamport ?? 0)
  if (now.lamport === most + 1) return null
  if (received !== null) {
    return broken(
      `receiving sets max(${own.lamport}, ${received.lamport}) + 1 = ${most + 1}, but the clock says ${now.lamport}`,
    )
  }
  if (!mustTick(step)) {
    if (now.lamport === own.lamport) return null
    return broken(`one event adds 1 to ${own.lamport} or nothing, but the clock says ${now.lamport}`)
  }
  return broken(
    `${step.kind === 'send' ? 'sending' : 'an event'} adds 1 to ${own.lamport}, but the clock says ${now.lamport}`,
  )
}

function wrongVector(
  step: TraceStep,
  node: string,
  own: StepClock,
  received: StepClock | null,
  now: StepClock,
): BrokenRule | null {
  const broken = (text: string): BrokenRule => ({ i: step.i, rule: 'L3', text })
  const merged = mergeVectors(own.vector, received?.vector ?? {})
  const ticked = now.lamport > Math.max(own.lamport, received?.lamport ?? 0) || mustTick(step)
  const expected = entryOf(merged, node) + (ticked ? 1 : 0)
  if (entryOf(now.vector, node) !== expected) {
    return broken(
      `the own entry ${node} is ${entryOf(merged, node)} before${ticked ? ', so it becomes' : ' and stays'} ${expected}, but the clock says ${entryOf(now.vector, node)}`,
    )
  }
  const mayDrop = own.truncated || received?.truncated || now.truncated
  for (const id of new Set([...Object.keys(merged), ...Object.keys(now.vector)])) {
    if (id === node) continue
    const [most, found] = [entryOf(merged, id), entryOf(now.vector, id)]
    // Entries may be dropped from a truncated clock, but never grow (L6).
    if (found === most || (mayDrop && found < most)) continue
    const from =
      received === null
        ? `the own ${entryOf(own.vector, id)}`
        : `max(${entryOf(own.vector, id)}, ${entryOf(received.vector, id)})`
    return broken(`the entry of ${id} is ${from} = ${most}, but the clock says ${found}`)
  }
  return null
}

/** A send, a receive, a start and whatever changed something are events (L1). */
function mustTick({ kind, before, after }: TraceStep): boolean {
  if (kind === 'send' || kind === 'receive' || kind === 'start') return true
  if (before === undefined || after === undefined) return false
  return (after.patch?.length ?? 0) > 0 || JSON.stringify(before.value) !== JSON.stringify(after.value)
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
