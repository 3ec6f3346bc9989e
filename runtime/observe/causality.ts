/** Whether the clocks of a recorded run tell what really happened: they are held against the graph of its events, which knows no clock. */
import type { Observation } from '../../actors/observation.ts'
import { type Clock, entryOf } from '../../machines/clocks.ts'

/**
 * What can be wrong. `cyclic`: events that happened before themselves. `unsent`: a message was received that nobody is
 * seen to send. `gapped`: a node's own count skips an event, or repeats one. `unmerged`: a clock lacks what its causal
 * past knew. `invented`: it knows more than its causal past did.
 */
export type CausalityFault = 'cyclic' | 'unsent' | 'gapped' | 'unmerged' | 'invented'

/** One event whose clock is wrong. */
export interface CausalityProblem {
  readonly fault: CausalityFault
  readonly node: string
  /** Of the observation, counted from 0. */
  readonly index: number
  /** What was expected and what was found, in a sentence. */
  readonly reason: string
}

interface Event {
  readonly index: number
  readonly node: string
  readonly clock: Clock
  readonly previous: Event | null
  /** The message that was received; null for every other event. */
  readonly received: string | null
}

/**
 * Every event of a run whose clocks are not those that the rules give it: one more of its own than the greatest of what
 * happened just before, at its node and, for a receive, at the sender (L1, L3). Empty for a sound run.
 *
 * Observations in the order in which they were made; those of different nodes may be in any order. Entries that were
 * dropped on purpose are not missed (L6). Source: Fidge (1988) and Mattern (1989).
 *
 * @example
 * const seen: Observation[] = []
 * simulate({ seed: 7 }, { observe: (observation) => void seen.push(observation) })
 * causalityProblems(seen) // []
 */
export function causalityProblems(observations: readonly Observation[]): CausalityProblem[] {
  const { events, sends } = eventsOf(observations)
  const problems: CausalityProblem[] = []
  const report = (fault: CausalityFault, { index, node }: Event, reason: string) =>
    void problems.push({ fault, node, index, reason })

  for (const event of events) {
    if (event.received !== null && !sends.has(event.received))
      report('unsent', event, `${event.node} received ${event.received}, which nobody is seen to send`)
  }
  const expected = new Map<Event, Clock>()
  const ordered = inCausalOrder(events, sends)
  for (const event of ordered) {
    const cause = event.received === null ? undefined : sends.get(event.received)
    const pasts = [event.previous, cause].flatMap((past) => (past == null ? [] : [expected.get(past)!]))
    const clock = after(pasts, event.node)
    expected.set(event, clock)
    compare(event, clock, report)
  }
  const left = new Set(events)
  for (const event of ordered) left.delete(event)
  for (const event of left)
    report('cyclic', event, `${event.node} took this event after something that happened only because of it`)
  return problems.sort((a, b) => a.index - b.index)
}

function eventsOf(observations: readonly Observation[]) {
  const events: Event[] = []
  const sends = new Map<string, Event>()
  const newest = new Map<string, Event>()
  for (const [index, { kind, node, clock, messageId }] of observations.entries()) {
    const isEvent = ['start', 'receive', 'timer', 'local', 'send'].includes(kind)
    if (!isEvent || node === null || clock === null) continue
    const previous = newest.get(node) ?? null
    // A step that changed nothing and received nothing is no event: it did not tick.
    if (kind !== 'receive' && kind !== 'send' && clock.lamport === previous?.clock.lamport) continue
    const event = { index, node, clock, previous, received: kind === 'receive' ? messageId! : null }
    events.push(event)
    newest.set(node, event)
    if (kind === 'send') sends.set(messageId!, event)
  }
  return { events, sends }
}

/** Each event after those that it follows from; events on a cycle, and behind one, are left out (Kahn 1962). */
function inCausalOrder(events: readonly Event[], sends: ReadonlyMap<string, Event>): Event[] {
  const followers = new Map<Event, Event[]>()
  const waitsFor = new Map<Event, number>()
  for (const event of events) {
    const cause = event.received === null ? undefined : sends.get(event.received)
    const causes = [event.previous, cause].filter((past) => past != null)
    waitsFor.set(event, causes.length)
    for (const past of causes) {
      const known = followers.get(past)
      if (known === undefined) followers.set(past, [event])
      else known.push(event)
    }
  }
  const ordered = events.filter((event) => waitsFor.get(event) === 0)
  for (let place = 0; place < ordered.length; place++) {
    for (const follower of followers.get(ordered[place]!) ?? []) {
      const left = waitsFor.get(follower)! - 1
      waitsFor.set(follower, left)
      if (left === 0) ordered.push(follower)
    }
  }
  return ordered
}

/** The clock of an event at `node` whose immediate past had these. Written apart from machines/clocks, which is on trial. */
function after(pasts: readonly Clock[], node: string): Clock {
  const counts = new Map<string, number>()
  let lamport = 0
  let truncated = false
  for (const past of pasts) {
    lamport = Math.max(lamport, past.lamport)
    truncated ||= past.truncated === true
    for (const [id, count] of Object.entries(past.vector))
      if (count > (counts.get(id) ?? 0)) counts.set(id, count)
  }
  counts.set(node, (counts.get(node) ?? 0) + 1)
  const vector = Object.fromEntries(counts)
  return { lamport: lamport + 1, vector, ...(truncated ? { truncated } : {}) }
}

type Report = (fault: CausalityFault, event: Event, reason: string) => void

function compare(event: Event, expected: Clock, report: Report): void {
  const { node, clock } = event
  const own = entryOf(expected.vector, node)
  if (entryOf(clock.vector, node) !== own) {
    report('gapped', event, `expected event ${own} of ${node}, got ${entryOf(clock.vector, node)}`)
    return
  }
  if (clock.lamport !== expected.lamport) {
    const fault = clock.lamport < expected.lamport ? 'unmerged' : 'invented'
    report(fault, event, `expected Lamport time ${expected.lamport} at ${node}, got ${clock.lamport}`)
    return
  }
  for (const id of new Set([...Object.keys(expected.vector), ...Object.keys(clock.vector)])) {
    const [known, wanted] = [entryOf(clock.vector, id), entryOf(expected.vector, id)]
    if (known < wanted && clock.truncated !== true) {
      report('unmerged', event, `expected ${node} to know ${wanted} events of ${id}, got ${known}`)
      return
    }
    if (known > wanted) {
      report('invented', event, `expected ${node} to know ${wanted} events of ${id}, got ${known}`)
      return
    }
  }
}
