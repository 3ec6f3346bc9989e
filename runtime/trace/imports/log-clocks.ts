/** The events of logs in causal order, the edges that their vector clocks imply, and what is wrong with the clocks (L3, L4). */
import { entryOf } from '../../../machines/clocks.ts'
import { inCausalOrder } from '../../observe/event-graph.ts'

/** An event as a log has it. */
export interface LoggedEvent {
  readonly host: string
  /** Its host's own entry. */
  readonly own: number
  readonly vector: Readonly<Record<string, number>>
}

/** What is wrong with a logged clock. */
export interface LogFault {
  readonly kind: 'repeated' | 'gap' | 'fallen' | 'unmerged' | 'invented' | 'unknown host' | 'cycle'
  /** What was expected and what the log has, in a sentence about this event. */
  readonly text: string
}

/** An event in its place. */
export interface Placed<Event> {
  readonly event: Event
  /** The events of other hosts that it follows at once: each has a smaller place. */
  readonly causes: readonly Event[]
  readonly fault: LogFault | null
}

/** The events of one host by own count, and those counts. */
interface Host<Event> {
  readonly events: Event[]
  readonly owns: number[]
}

/**
 * The events, each after those that its clock includes, as if logs stand one behind the other. Clocks that are wrong
 * are named at the event where the fault shows first; events that include each other keep the order of the log.
 */
export function placeEvents<Event extends LoggedEvent>(events: readonly Event[]): Placed<Event>[] {
  const hosts = hostsOf(events)
  const previous = new Map<Event, Event>()
  for (const { events: own } of hosts.values())
    for (let index = 1; index < own.length; index++) previous.set(own[index]!, own[index - 1]!)
  const causes = new Map(events.map((event) => [event, causesOf(hosts, event, previous.get(event))]))
  const known = new Set<string>()
  const placed = new Set<Event>()
  const order: Placed<Event>[] = []
  const groups = inCausalOrder(events, (event) => [previous.get(event) ?? null, ...causes.get(event)!])
  for (const group of groups) {
    // A host's own events stay in their order, even if their clocks disagree.
    const ranked = group.length === 1 ? group : inOrderOf(hosts, group)
    for (const event of ranked) {
      const before = causes.get(event)!.filter((cause) => placed.has(cause))
      const isCyclic = before.length < causes.get(event)!.length
      const fault = isCyclic
        ? cycleFault(event, causes.get(event)!.find((cause) => !placed.has(cause))!)
        : faultOf(hosts, known, event, previous.get(event), before)
      placed.add(event)
      order.push({ event, causes: before, fault })
    }
  }
  return order
}

function hostsOf<Event extends LoggedEvent>(events: readonly Event[]): ReadonlyMap<string, Host<Event>> {
  const hosts = new Map<string, Host<Event>>()
  for (const event of events) {
    const known = hosts.get(event.host)
    if (known === undefined) hosts.set(event.host, { events: [event], owns: [] })
    else known.events.push(event)
  }
  for (const host of hosts.values()) {
    host.events.sort((a, b) => a.own - b.own)
    host.owns.push(...host.events.map(({ own }) => own))
  }
  return hosts
}

function inOrderOf<Event extends LoggedEvent>(
  hosts: ReadonlyMap<string, Host<Event>>,
  group: readonly Event[],
): Event[] {
  const ranks = new Map<Event, number>()
  for (const { events } of hosts.values()) events.forEach((event, rank) => void ranks.set(event, rank))
  const queues = new Map<string, Event[]>()
  for (const event of group) {
    const queue = queues.get(event.host)
    if (queue === undefined) queues.set(event.host, [event])
    else queue.push(event)
  }
  for (const queue of queues.values()) queue.sort((a, b) => ranks.get(a)! - ranks.get(b)!)
  return group.map(({ host }) => queues.get(host)!.shift()!)
}

/** For each entry that rises: the last logged event that it includes, unless another of these includes that one. */
function causesOf<Event extends LoggedEvent>(
  hosts: ReadonlyMap<string, Host<Event>>,
  event: Event,
  before: Event | undefined,
): Event[] {
  const news: Event[] = []
  for (const [name, count] of Object.entries(event.vector)) {
    const last = lastIncluded(hosts.get(name), count)
    if (name !== event.host && last !== undefined && last.own > entryOf(before?.vector ?? {}, name))
      news.push(last)
  }
  const includes = (other: Event, one: Event) =>
    other !== one &&
    entryOf(other.vector, one.host) >= one.own &&
    // Two that include each other are a cycle of their own.
    entryOf(one.vector, other.host) < other.own
  return news.filter((one) => !news.some((other) => includes(other, one)))
}

function lastIncluded<Event extends LoggedEvent>(host: Host<Event> | undefined, count: number) {
  if (host === undefined) return undefined
  let [low, high] = [0, host.owns.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (host.owns[middle]! <= count) low = middle + 1
    else high = middle
  }
  return host.events[low - 1]
}

/** The first fault of a clock. A host whose first count is above 1 began before the log: no fault. */
function faultOf<Event extends LoggedEvent>(
  hosts: ReadonlyMap<string, Host<Event>>,
  known: Set<string>,
  event: Event,
  before: Event | undefined,
  causes: readonly Event[],
): LogFault | null {
  const { host, own, vector } = event
  const name = `event ${own} of ${host}`
  if (before !== undefined && own === before.own)
    return {
      kind: 'repeated',
      text: `expected each event of ${host} to have its own count, got ${own} again`,
    }
  if (before !== undefined && own > before.own + 1) {
    const text = `expected event ${before.own + 1} of ${host} next, got ${own}: ${own - before.own - 1} missing`
    return { kind: 'gap', text }
  }
  for (const [other, count] of Object.entries(before?.vector ?? {})) {
    const now = entryOf(vector, other)
    if (other !== host && now < count)
      return {
        kind: 'fallen',
        text: `expected ${host} to still know ${count} events of ${other}, got ${now} in ${name}`,
      }
  }
  for (const cause of causes) {
    for (const [other, count] of Object.entries(cause.vector)) {
      const now = entryOf(vector, other)
      if (other !== host && now < count)
        return {
          kind: 'unmerged',
          text: `the clock of ${name} includes event ${cause.own} of ${cause.host}, which knew ${other}:${count}, but has ${now === 0 ? `no ${other}` : `${other}:${now}`}`,
        }
    }
  }
  return inventedIn(hosts, known, event)
}

/** An entry beyond what its host has logged; each is reported at its first appearance. */
function inventedIn<Event extends LoggedEvent>(
  hosts: ReadonlyMap<string, Host<Event>>,
  known: Set<string>,
  { host, own, vector }: Event,
): LogFault | null {
  for (const [other, count] of Object.entries(vector)) {
    if (other === host || count === 0) continue
    const logged = hosts.get(other)
    const last = logged?.owns.at(-1)
    if (last !== undefined && count <= last) continue
    const claim = last === undefined ? other : `${other}:${count}`
    if (known.has(claim)) continue
    known.add(claim)
    if (last === undefined) {
      const text = `expected only hosts of the log in clocks, got ${other}, which has no event here`
      return { kind: 'unknown host', text }
    }
    return {
      kind: 'invented',
      text: `expected at most ${other}:${last}, its last event here, got ${other}:${count} in event ${own} of ${host}`,
    }
  }
  return null
}

function cycleFault(event: LoggedEvent, cause: LoggedEvent): LogFault {
  const text = `event ${event.own} of ${event.host} and event ${cause.own} of ${cause.host} include each other; no arrow is drawn back`
  return { kind: 'cycle', text }
}
