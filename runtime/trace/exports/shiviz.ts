/** A run as a log for ShiViz: a line for each event of a node, with a vector clock that counts only the events of the log. */

import { chartState } from '../../observe/story.ts'
import type { TraceStep } from '../format.ts'
import type { ReadTrace } from '../read.ts'
import { eventText } from './text.ts'

/** The first line of every log: how ShiViz reads the others. The second line is empty: the log is one execution. */
export const shivizHeader =
  '(?<host>\\S+) (?<clock>\\{.*?\\}) (?<lamport>\\d+) (?<t>\\d+) (?<kind>\\S+) (?<state>\\S+) (?<event>.*)'

/** The host of what happens to messages on their way, and to the network as a whole. */
const network = '(network)'

type Vector = Readonly<Record<string, number>>

/**
 * The log: header, empty line, events in the order of the trace.
 *
 * ShiViz wants each host to count its own events 1, 2, 3 ... and a clock to name logged events only. The clocks of a trace
 * count ticks, of which some have no step and some steps have none; so each entry is replaced by the number of the last
 * logged event that it is known to include. Happened-before between logged events stays as it was (L4).
 */
export function toShiviz({ steps }: Pick<ReadTrace, 'steps'>): string {
  const hostOf = uniqueHosts()
  const logged = numbered(steps)
  const isAnyTruncated = steps.some(({ truncated }) => truncated)
  const counts = new Map<string, Ticks>()
  for (const { host, own, index } of logged) {
    const ticks = counts.get(host) ?? []
    counts.set(host, ticks)
    if (own !== null) ticks.push({ own, index })
  }
  const states = new Map<string, string>()
  const clocks = new Map<string, Map<string, number>[]>()
  const lines = logged.map(({ step, host, index, vector }) => {
    const { node, after, lamport, t, kind } = step
    if (after !== undefined && node !== null) states.set(node, chartState(after.value).replaceAll(/\s/g, ''))
    const own = clocks.get(host) ?? []
    clocks.set(host, own)
    const clock = new Map(own.at(-1))
    own.push(clock)
    for (const [other, count] of Object.entries(vector)) {
      const known = other === host ? 0 : lastIncluded(counts.get(other) ?? [], count)
      if (known <= (clock.get(other) ?? 0)) continue
      clock.set(other, known)
      // Of a vector that dropped entries the rest is still known (L6).
      if (isAnyTruncated) raise(clock, clocks.get(other)?.[known - 1])
    }
    clock.set(host, index)
    const entries = [...clock].map(([other, count]) => `${JSON.stringify(hostOf(other))}:${count}`)
    const state = (node === null ? undefined : states.get(node)) || '-'
    const time = Math.max(0, Math.round(t))
    return `${hostOf(host)} {${entries.join(',')}} ${lamport ?? 0} ${time} ${kind} ${state} ${eventText(step)}`
  })
  return `${shivizHeader}\n\n${lines.join('\n')}\n`
}

function raise(clock: Map<string, number>, floor: ReadonlyMap<string, number> = new Map()): void {
  for (const [host, count] of floor) if (count > (clock.get(host) ?? 0)) clock.set(host, count)
}

interface Logged {
  readonly step: TraceStep
  readonly host: string
  /** Counts the host's events in the log, from 1. */
  readonly index: number
  /** The host's own entry where this event ticked it; null if it did not. */
  readonly own: number | null
  readonly vector: Vector
}

/** Events of one host that ticked its clock: the count after it, and its place in the log. */
type Ticks = { readonly own: number; readonly index: number }[]

function numbered(steps: readonly TraceStep[]): Logged[] {
  const indices = new Map<string, number>()
  const ticked = new Map<string, number>()
  const sent = new Map<string, Vector>()
  return steps.map((step) => {
    const { node, kind, message, vector } = step
    const isOnTheWay = vector === null && message !== undefined && kind !== 'refuse'
    const host = node === null || isOnTheWay ? network : node
    const index = (indices.get(host) ?? 0) + 1
    indices.set(host, index)
    if (kind === 'send' && message !== undefined && vector !== null) sent.set(message.id, vector)
    const count = vector === null ? undefined : vector[host]
    const own = count !== undefined && count > (ticked.get(host) ?? 0) ? count : null
    if (own !== null) ticked.set(host, own)
    const cause = isOnTheWay ? sent.get(message.id) : undefined
    return { step, host, index, own, vector: vector ?? cause ?? {} }
  })
}

/** The place in the log of the last event that a clock with this entry is sure to include; 0 for none. */
function lastIncluded(ticks: Ticks, count: number): number {
  let [low, high] = [0, ticks.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (ticks[middle]!.own <= count) low = middle + 1
    else high = middle
  }
  return ticks[low - 1]?.index ?? 0
}

/** Names that ShiViz can keep: without blanks, and none that every JavaScript object has already. */
function uniqueHosts(): (node: string) => string {
  const hosts = new Map<string, string>()
  const taken = new Set<string>()
  return (node) => {
    const known = hosts.get(node)
    if (known !== undefined) return known
    let host = node.replaceAll(/\s/g, '_') || '(unnamed)'
    while (taken.has(host) || host in {}) host += "'"
    taken.add(host)
    hosts.set(node, host)
    return host
  }
}
