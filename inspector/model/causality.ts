/** What happened before what, read off the vector clocks of a run (L3, L4, L6), and the messages that prove it. */
import { entryOf, formatVector } from '../../machines/clocks.ts'
import type { TraceStep } from '../../runtime/trace/format.ts'
import type { Lane } from './lane.ts'
import type { Run } from './run.ts'
import { countBelow } from './sorted.ts'

export type Relation = 'same' | 'before' | 'after' | 'concurrent' | 'unknown'

/** Why two steps relate as they do. */
export interface Proof {
  readonly relation: Relation
  /** The clock entries that decide, in words. */
  readonly reasons: readonly string[]
  /** The numbers of the steps of one chain from the earlier to the later; empty if none. */
  readonly path: readonly number[]
}

/** How step `a` relates to step `b`. A step without a clock, such as a crash, is placed by its node's steps around it. */
export function relate(run: Run, a: TraceStep, b: TraceStep): Relation {
  if (a.i === b.i) return 'same'
  if (a.node === null || b.node === null) return 'unknown'
  if (a.node === b.node) return a.i < b.i ? 'before' : 'after'
  const forth = reaches(run, a, b)
  if (forth === true) return 'before'
  const back = reaches(run, b, a)
  if (back === true) return 'after'
  return forth === 'unknown' || back === 'unknown' ? 'unknown' : 'concurrent'
}

/** What of one lane is before, concurrent with and after a step: three stretches, in this order (L4). */
export interface Cone {
  readonly lane: Lane
  readonly past: number
  readonly concurrent: number
  readonly future: number
  /** How many steps cannot be compared, because clocks dropped entries (L6); they count as concurrent too. */
  readonly unknown: number
}

/** The light cones of a step: each lane falls into past, concurrent and future. */
export function conesOf(run: Run, step: TraceStep): Cone[] {
  return run.lanes.map((lane) => {
    const relationAt = (index: number) => relate(run, step, run.step(lane.steps[index]!)!)
    const length = lane.steps.length
    const past = firstWhere(length, (index) => !['after', 'same'].includes(relationAt(index)))
    const future = firstWhere(length, (index) => relationAt(index) === 'before')
    const isUnsure = future > past && relationAt(past) === 'unknown'
    return {
      lane,
      // The step itself is neither.
      past: lane.id === step.node ? Math.max(0, past - 1) : past,
      concurrent: Math.max(0, future - past),
      future: length - future,
      unknown: isUnsure ? future - past : 0,
    }
  })
}

/** The first index for which an ascending property holds; `length` if none. */
function firstWhere(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}

/** The relation with what proves it: the deciding entries, and a chain of messages (L4). */
export function prove(run: Run, a: TraceStep, b: TraceStep): Proof {
  const relation = relate(run, a, b)
  const path = relation === 'before' ? chain(run, a, b) : relation === 'after' ? chain(run, b, a) : []
  return { relation, path, reasons: reasonsFor(run, relation, a, b) }
}

function reasonsFor(run: Run, relation: Relation, a: TraceStep, b: TraceStep): string[] {
  if (relation === 'same') return []
  if (a.node === null || b.node === null) return ['What happens to the network as a whole has no clock.']
  if (a.node === b.node) {
    return [
      `Both happened on ${a.node}, whose events are in one order: step ${Math.min(a.i, b.i)} came first.`,
    ]
  }
  const [early, late] = relation === 'after' ? [b, a] : [a, b]
  if (relation === 'before' || relation === 'after') return [knows(run, early, late)]
  if (relation === 'concurrent') return [doesNotKnow(run, a, b), doesNotKnow(run, b, a)]
  return [
    'A clock here has dropped entries (L6), and the answer would need one of them.',
    ...[a, b]
      .filter((step) => step.truncated)
      .map((step) => `Step ${step.i}: ${formatVector(step.vector ?? {})}, truncated`),
  ]
}

function knows(run: Run, early: TraceStep, late: TraceStep): string {
  return `Step ${early.i} ${ordinal(run, early)} of ${early.node}; step ${late.i} has ${early.node}:${knownBy(run, late, early.node!)} in its clock, so it knows of it (L4).`
}

function doesNotKnow(run: Run, a: TraceStep, b: TraceStep): string {
  return `Step ${a.i} ${ordinal(run, a)} of ${a.node}; step ${b.i} knows only ${a.node}:${knownBy(run, b, a.node!)}.`
}

function ordinal(run: Run, step: TraceStep): string {
  const count = ownCount(run, step)
  return ticks(run, step) ? `is event ${count}` : `follows event ${count - 1}`
}

function reaches(run: Run, a: TraceStep, b: TraceStep): boolean | 'unknown' {
  const count = ownCount(run, a)
  const clock = clockOf(run, b)
  if (knownBy(run, b, a.node!) >= count) return true
  return clock?.truncated && !Object.hasOwn(clock.vector ?? {}, a.node!) ? 'unknown' : false
}

/** The entry that everyone has who knows of the step: its own, or that of its node's next event if it did not tick. */
function ownCount(run: Run, step: TraceStep): number {
  const count = entryOf(clockOf(run, step)?.vector ?? {}, step.node!)
  return ticks(run, step) ? count : count + 1
}

/** Whether the step is an event of its node's clock: timers that change nothing, calls and crashes are not (L1). */
export function ticks(run: Run, step: TraceStep): boolean {
  if (step.vector === null || step.node === null) return false
  // A log counts every event, or counts wrongly.
  if (step.text !== undefined) return true
  const lane = run.lane(step.node)
  const before = lane === null ? undefined : clockBefore(run, lane, step.i)
  return before === undefined || entryOf(step.vector, step.node) > entryOf(before.vector ?? {}, step.node)
}

function knownBy(run: Run, step: TraceStep, node: string): number {
  const clock = clockOf(run, step)
  return clock === undefined ? 0 : entryOf(run.knowledge.of(clock) ?? {}, node)
}

/** The clock of a step, or of the last step of its node that has one. */
function clockOf(run: Run, step: TraceStep): TraceStep | undefined {
  if (step.vector !== null) return step
  const lane = run.lane(step.node)
  return lane === null ? undefined : clockBefore(run, lane, step.i)
}

/** The last step of a lane before step `i` that has a clock. */
export function clockBefore(run: Run, lane: Lane, i: number): TraceStep | undefined {
  for (let index = countBelow(lane.steps, i) - 1; index >= 0; index--) {
    const earlier = run.step(lane.steps[index]!)
    if (earlier?.vector) return earlier
  }
  return undefined
}

/**
 * Steps from `a` to `b`, which is after it: from each node, back to the first message that carried `a`.
 */
function chain(run: Run, a: TraceStep, b: TraceStep): number[] {
  const path = [b.i]
  const count = ownCount(run, a)
  let current = b
  for (let hops = 0; current.node !== a.node && hops < run.lanes.length + 1; hops++) {
    const lane = run.lane(current.node)
    const informed = lane === null ? undefined : firstThatKnows(run, lane.steps, a.node!, count, current.i)
    const sentIn = informed === undefined ? null : (run.messages.of(informed)?.sentIn ?? null)
    const send = sentIn === null ? undefined : run.step(sentIn)
    if (informed === undefined || send === undefined) return []
    if (informed.i !== current.i) path.push(informed.i)
    path.push(send.i)
    current = send
  }
  if (current.i !== a.i) path.push(a.i)
  return path.reverse()
}

function firstThatKnows(
  run: Run,
  steps: readonly number[],
  node: string,
  count: number,
  last: number,
): TraceStep | undefined {
  let [low, high] = [0, countBelow(steps, last + 1) - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (knownBy(run, run.step(steps[middle]!)!, node) >= count) high = middle
    else low = middle + 1
  }
  const found = steps[low]
  return found === undefined ? undefined : run.step(found)
}
