/** Whether the clocks of a recorded run are right: they are judged against the graph of its events, which uses no clock. */
import type { Observation } from '../../actors/observation.ts'
import { type Clock, entryOf } from '../../machines/clocks.ts'
import { type AuditedEvent, type ClockFault, createClockAudit } from './clock-audit.ts'
import { inCausalOrder } from './event-graph.ts'

/**
 * What can be wrong. `cyclic`: events that happened before themselves. `unsent`: a received message has no recorded
 * send. `gapped`: a node's own count skips an event, or repeats one. `unmerged`: a clock lacks what its causal past
 * knew. `invented`: it knows more than its causal past did.
 */
export type CausalityFault = 'cyclic' | 'unsent' | 'gapped' | 'unmerged' | 'invented'

/** One fault, at the event where it shows first. */
export interface CausalityProblem {
  readonly fault: CausalityFault
  readonly node: string
  /** Index of the observation, from 0. */
  readonly index: number
  /** What was expected and what was found, in a sentence. */
  readonly reason: string
}

interface Event {
  readonly index: number
  readonly node: string
  readonly clock: Clock
  readonly kind: Observation['kind']
  readonly previous: Event | null
  readonly message: string | null
  /** `receive`: who sent the message, and its own count then, if the recording has the stamp. */
  readonly sender: { readonly node: string; readonly count: number } | null
}

/**
 * The faults of a run's clocks, by index. Each clock must be one more of its own than the greatest of its immediate
 * past: its node's previous event and, for a receive, the send (L1, L3). Empty for a sound run.
 *
 * Each root cause is one problem: effects of a wrong clock, events that merely follow a cycle, and receives of a send
 * that a reported gap covers are not repeated. Observations stand in the order in which they were made; those of
 * different nodes may be interleaved in any way. Entries that a truncated clock dropped are not missed (L6). A node
 * whose start is not recorded ran before the recording, and what it did then is not missed either; if no start is
 * recorded at all, an event without any past shows that the recording is whole. Source: Fidge (1988), Mattern (1989).
 *
 * @example
 * const seen: Observation[] = []
 * simulate({ seed: 7 }, { observe: (observation) => void seen.push(observation) })
 * causalityProblems(seen) // []
 */
export function causalityProblems(observations: readonly Observation[]): CausalityProblem[] {
  const { events, sends, isWhole, mayPrecede } = eventsOf(observations)
  const causesOf = ({ previous, kind, message }: Event) => [
    previous,
    kind === 'receive' ? (sends.get(message!) ?? null) : null,
  ]
  const problems: CausalityProblem[] = []
  const gaps: { readonly node: string; readonly from: number; readonly to: number }[] = []
  const audit = createClockAudit()
  const audited = (event: Event): AuditedEvent => {
    const { node, clock, kind, message, previous } = event
    const start = previous !== null ? undefined : isWhole(event) ? 'zero' : 'unknown'
    return {
      node,
      clock,
      ticks: mayStand(event) ? 'may' : 'must',
      ...(start !== undefined && { start }),
      ...(kind === 'send' && { sent: message! }),
      ...(kind === 'receive' && { received: message! }),
    }
  }
  for (const group of inCausalOrder(events, causesOf)) {
    const [event] = group as [Event]
    if (group.length > 1) {
      for (const one of group) audit.accept(audited(one))
      problems.push(cycleProblem(group))
      continue
    }
    const fault = audit.take(audited(event))
    if (fault === null) continue
    // The missing first events of a node are the sends that its peers received.
    if (fault.fault === 'gapped' && event.previous === null && hasUnsentFrom(events, sends, event)) continue
    if (fault.fault === 'gapped') gaps.push({ node: event.node, from: fault.expected, to: fault.found })
    problems.push({
      fault: fault.fault,
      node: event.node,
      index: event.index,
      reason: sentence(event, fault),
    })
  }
  const reported = new Set<string>()
  for (const { kind, message, node, index, clock, sender } of events) {
    if (kind !== 'receive' || sends.has(message!) || reported.has(message!)) continue
    if (mayPrecede(sender)) continue
    const covers = ({ node: other, from, to }: (typeof gaps)[number]) => {
      if (sender !== null) return sender.node === other && sender.count >= from && sender.count < to
      const known = entryOf(clock.vector, other)
      return other !== node && known >= from && known < to
    }
    if (gaps.some(covers)) continue
    reported.add(message!)
    const reason = `expected a send of ${message} before ${node} receives it, got none`
    problems.push({ fault: 'unsent', node, index, reason })
  }
  return problems.sort((a, b) => a.index - b.index)
}

function eventsOf(observations: readonly Observation[]) {
  const events: Event[] = []
  const sends = new Map<string, Event>()
  const newest = new Map<string, Event>()
  const firsts = new Map<string, Event>()
  for (const [index, { kind, node, clock, messageId, envelope }] of observations.entries()) {
    const isEvent = ['start', 'receive', 'timer', 'local', 'send'].includes(kind)
    if (!isEvent || node === null || clock === null) continue
    const previous = newest.get(node) ?? null
    const stamp = kind === 'receive' ? envelope?.stamp : undefined
    const event: Event = {
      index,
      node,
      clock,
      kind,
      previous,
      message: messageId ?? null,
      sender:
        stamp === undefined ? null : { node: envelope!.from, count: entryOf(stamp.vector, envelope!.from) },
    }
    events.push(event)
    newest.set(node, event)
    if (previous === null) firsts.set(node, event)
    if (kind === 'send' && !sends.has(messageId!)) sends.set(messageId!, event)
  }
  const hasStarts = events.some(({ kind }) => kind === 'start')
  const fromTheBeginning =
    !hasStarts && events.some(({ node, clock }) => clock.lamport <= 1 && entryOf(clock.vector, node) <= 1)
  const isWhole = ({ kind }: Event) => fromTheBeginning || kind === 'start'
  return { events, sends, isWhole, mayPrecede: createPrecedence(firsts, isWhole) }
}

/** Whether a send may precede the recording: its sender ran then, before its first recorded event. */
function createPrecedence(firsts: ReadonlyMap<string, Event>, isWhole: (event: Event) => boolean) {
  const isPartial = [...firsts.values()].some((event) => !isWhole(event))
  return (sender: Event['sender']): boolean => {
    const first = sender === null ? undefined : firsts.get(sender.node)
    if (sender === null || first === undefined) return isPartial
    // A first step that did not tick shows the count of the send before it.
    const before = entryOf(first.clock.vector, first.node) - (mayStand(first) ? 0 : 1)
    return !isWhole(first) && sender.count <= before
  }
}

/** A timer or an event from within does not tick if it changes nothing (L1). */
function mayStand({ kind }: Event): boolean {
  return kind === 'timer' || kind === 'local'
}

/** Whether a message was received that has no recorded send and that only these missing events can have sent. */
function hasUnsentFrom(events: readonly Event[], sends: ReadonlyMap<string, Event>, first: Event): boolean {
  const own = entryOf(first.clock.vector, first.node)
  return events.some(({ kind, message, clock, node, sender }) => {
    if (kind !== 'receive' || node === first.node || sends.has(message!)) return false
    const count = sender === null ? entryOf(clock.vector, first.node) : sender.count
    return (sender === null || sender.node === first.node) && count > 0 && count < own
  })
}

function cycleProblem(events: readonly Event[]): CausalityProblem {
  const [first] = events as [Event]
  const places = events.map(({ node, index }) => `${index} of ${node}`).join(', ')
  const reason = `expected causes before effects, got a cycle of ${events.length} events: ${places}`
  return { fault: 'cyclic', node: first.node, index: first.index, reason }
}

function sentence({ node }: Event, { fault, entry, expected, found }: ClockFault): string {
  if (fault === 'gapped') return `expected event ${expected} of ${node}, got ${found}`
  if (entry === null) return `expected Lamport time ${expected} at ${node}, got ${found}`
  return `expected ${node} to know ${expected} events of ${entry}, got ${found}`
}
