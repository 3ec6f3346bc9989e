/** The events of logs in an order that no vector clock speaks against, and for each the events of others that it follows at once (L4). */
import { entryOf } from '../../machines/clocks.ts'
import { countBelow } from '../model/sorted.ts'

/** An event as a log tells it. */
export interface LoggedEvent {
  readonly host: string
  /** Its host's own entry. */
  readonly own: number
  readonly vector: Readonly<Record<string, number>>
}

/** An event with the events of other hosts that lie next before it. */
export interface Placed<Event> {
  readonly event: Event
  readonly causes: readonly Event[]
}

interface Host<Event> {
  /** By their own entries, ascending. */
  readonly events: Event[]
  owns: readonly number[]
  /** How many are placed. */
  placed: number
}

/**
 * The events as they stand in the log, but each after those that its clock includes, as with logs of one host after the other.
 * @throws Error where clocks go in a circle, or a host counts two events alike.
 */
export function inCausalOrder<Event extends LoggedEvent>(events: readonly Event[]): Placed<Event>[] {
  const hosts = new Map<string, Host<Event>>()
  for (const event of events) {
    const known = hosts.get(event.host)
    if (known === undefined) hosts.set(event.host, { events: [event], owns: [], placed: 0 })
    else known.events.push(event)
  }
  for (const [name, host] of hosts) {
    host.owns = host.events.sort((a, b) => a.own - b.own).map(({ own }) => own)
    const twice = host.owns.find((own, index) => own === host.owns[index + 1])
    if (twice !== undefined)
      throw new Error(`${name} counts ${twice} twice; each event of a host has a count of its own`)
  }
  const order: Placed<Event>[] = []
  for (const event of events) {
    const waiting = [event]
    while (waiting.length > 0) {
      const next = waiting.at(-1)!
      const first = firstBefore(hosts, next)
      if (first === undefined) {
        waiting.pop()
        const host = hosts.get(next.host)!
        // It may have been placed before another one of the log.
        if (host.events[host.placed] !== next) continue
        order.push({ event: next, causes: causesOf(hosts, next, host.events[host.placed - 1]) })
        host.placed += 1
      } else if (waiting.push(first) > events.length) {
        throw new Error(
          `the clocks of ${next.host} and ${first.host} go in a circle: each includes the other`,
        )
      }
    }
  }
  return order
}

type Hosts<Event> = ReadonlyMap<string, Host<Event>>

/** The first event that is still to be placed and that the clock of this one includes. */
function firstBefore<Event extends LoggedEvent>(hosts: Hosts<Event>, event: Event): Event | undefined {
  for (const [name, count] of Object.entries(event.vector)) {
    const { events, placed } = hosts.get(name) ?? noHost
    const first = events[placed] as Event | undefined
    if (first !== undefined && first !== event && first.own <= count) return first
  }
  return undefined
}

const noHost = { events: [], owns: [], placed: 0 }

/** For each entry that is higher than at the host's event before: the last event that is logged of it, unless another of these includes it. */
function causesOf<Event extends LoggedEvent>(hosts: Hosts<Event>, event: Event, before?: Event): Event[] {
  const news: Event[] = []
  for (const [name, count] of Object.entries(event.vector)) {
    const { events, owns } = hosts.get(name) ?? noHost
    const last = events[countBelow(owns, count + 1) - 1] as Event | undefined
    if (name !== event.host && last !== undefined && last.own > entryOf(before?.vector ?? {}, name))
      news.push(last)
  }
  return news.filter(
    (one) => !news.some((other) => other !== one && entryOf(other.vector, one.host) >= one.own),
  )
}
