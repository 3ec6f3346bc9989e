/**
 * Lamport and vector clocks as plain values: what they record and how they compare, not when a node ticks them.
 *
 * Everything here is pure and total: arguments are never changed, a missing entry is 0, and any string is a
 * node id (`__proto__` and `1` included), whether the vector is a literal or came from `JSON.parse` (L3).
 */
import { parseNodeId } from './node-id.ts'

/** A count of events for each node id; a missing entry is 0 (L3). */
export type VectorClock = Readonly<Record<string, number>>

/** A node's Lamport and vector clock; `truncated` says that entries were dropped somewhere in its past (L6). */
export interface Clock {
  readonly lamport: number
  readonly vector: VectorClock
  readonly truncated?: true
}

/** How two clocks relate: exactly one of four (L3). */
export type Causality = 'equal' | 'before' | 'after' | 'concurrent'

/** A clock right after an event, with the node on which it happened, if known. */
export type StampedEvent = Clock & { readonly node?: string }

/** What `boundClock` keeps. */
export interface BoundOptions {
  /** The most client entries to keep; `keep` counts as one of them, and stays even at 0. */
  entriesMax: number
  /** True for clients, whose entries are capped; the same answer for all incarnations of a name. */
  isClient: (id: string) => boolean
  /** An entry that always stays: the node whose clock this is. Required if that node is a client or may be dead. */
  keep?: string
}

/** The clock of a node before its first event. */
export const zeroClock: Clock = Object.freeze({ lamport: 0, vector: Object.freeze({}) })

/** The number of events of `id` that the vector has seen; 0 if it has no entry (L3). */
export function entryOf(vector: VectorClock, id: string): number {
  const count: unknown = vector[id]
  // What a plain object inherits is never a number.
  return typeof count === 'number' ? count : 0
}

/** The clock after an event of `id`'s own, a send or a timer that changes state (L1, L3). */
export function tick(clock: Clock, id: string): Clock {
  const vector = { ...clock.vector }
  setEntry(vector, id, entryOf(vector, id) + 1)
  return stamped(clock.lamport + 1, vector, clock.truncated)
}

/** The clock after `id` received a message stamped `stamp`, however old: the greater of both, then one event more (L1, L3). */
export function receive(clock: Clock, id: string, stamp: Clock): Clock {
  const vector = { ...clock.vector }
  raise(vector, stamp.vector)
  setEntry(vector, id, entryOf(vector, id) + 1)
  return stamped(Math.max(clock.lamport, stamp.lamport) + 1, vector, clock.truncated || stamp.truncated)
}

/** The least upper bound of two vectors, without zero entries: commutative, associative, idempotent (L3). */
export function mergeVectors(a: VectorClock, b: VectorClock): VectorClock {
  const merged = {}
  raise(merged, a)
  raise(merged, b)
  return merged
}

/** How vector `a` relates to vector `b`, entry by entry; exact where neither lost entries (L3). */
export function compareVectors(a: VectorClock, b: VectorClock): Causality {
  const below = atMost(a, b)
  const above = atMost(b, a)
  if (below) return above ? 'equal' : 'before'
  return above ? 'after' : 'concurrent'
}

/**
 * How the events stamped `a` and `b` relate: exact when both are complete, never wrong when one is not (L6).
 *
 * An entry of a truncated clock is only a lower bound: a dropped entry may come back, too small, from someone
 * who knew less. It is exact if it can never be dropped, so say which ids are clients (default: all of them)
 * and, where known, on which `node` each event happened; both turn answers of `unknown` into decisions.
 * Expects clocks that events produced, bounded with `keep` naming the event's own node.
 */
export function compareClocks(
  a: StampedEvent,
  b: StampedEvent,
  isClient: (id: string) => boolean = () => true,
): Causality | 'unknown' {
  if (!a.truncated && !b.truncated) return compareVectors(a.vector, b.vector)
  const forth = reaches(a, b, isClient)
  const back = reaches(b, a, isClient)
  // Happened-before implies a smaller Lamport time (L2), which no stamp drops: one direction is always excluded.
  if (a.lamport < b.lamport) return forth === 'unknown' ? 'unknown' : forth ? 'before' : 'concurrent'
  if (a.lamport > b.lamport) return back === 'unknown' ? 'unknown' : back ? 'after' : 'concurrent'
  // Stamps of one event are cut from one clock, largest counters first: one shows all that the other shows.
  return forth === true || back === true ? 'equal' : 'concurrent'
}

/**
 * Whether event `e` happened before event `f`, read off one entry (L4).
 *
 * `vector` is the clock right after the event on `node`; no entry of `node` in it means no event, before nothing.
 * With an `f` that dropped entries, true is still true but false proves nothing: use `compareClocks`.
 */
export function happenedBefore(
  e: { readonly node: string; readonly vector: VectorClock },
  f: { readonly node: string; readonly vector: VectorClock },
): boolean {
  const count = entryOf(e.vector, e.node)
  const known = entryOf(f.vector, e.node)
  return count > 0 && (e.node === f.node ? known > count : known >= count)
}

/** The total order of events that extends happened-before: by Lamport time, then by node id in code units (L2). */
export function compareTotal(
  a: { readonly lamport: number; readonly node: string },
  b: { readonly lamport: number; readonly node: string },
): -1 | 0 | 1 {
  if (a.lamport !== b.lamport) return a.lamport < b.lamport ? -1 : 1
  return compareIds(a.node, b.node)
}

/** The vector as text, sorted by id in code units, without zero entries: `{a:1 b:2}` (L3). */
export function formatVector(vector: VectorClock): string {
  return `{${presentIds(vector)
    .sort(compareIds)
    .map((id) => `${id}:${vector[id]}`)
    .join(' ')}}`
}

/**
 * The clock as it goes on the wire: dead incarnations dropped, client entries capped, the rest untouched (L6).
 *
 * Of the clients those with the greatest counters stay, ties by id. Returns the same object if nothing is dropped.
 */
export function boundClock(clock: Clock, options: BoundOptions): Clock {
  const { entriesMax, isClient, keep } = options
  const { vector } = clock
  const newest = new Map<string, number>()
  const ids = Object.keys(vector)
  for (const id of ids) {
    const { name, incarnation } = parseNodeId(id)
    if (vector[id]! > 0 && incarnation >= (newest.get(name) ?? 0)) newest.set(name, incarnation)
  }
  const hasDead = newest.size < ids.length
  const clients: string[] = []
  const others: string[] = []
  let present = 0
  for (const id of ids) {
    if (!(vector[id]! > 0)) continue
    present += 1
    if (id === keep) others.push(id)
    else if (hasDead && isDead(id, newest)) continue
    else if (isClient(id)) clients.push(id)
    else others.push(id)
  }
  const keepsClient = keep !== undefined && entryOf(vector, keep) > 0 && isClient(keep)
  const room = Math.max(0, keepsClient ? entriesMax - 1 : entriesMax)
  if (others.length + clients.length === present && clients.length <= room) return clock
  const bounded = {}
  for (const id of others) setEntry(bounded, id, vector[id]!)
  for (const id of greatest(clients, vector, room)) setEntry(bounded, id, vector[id]!)
  return stamped(clock.lamport, bounded, true)
}

/** Of the ids those with the greatest counters, ties by id. Counters are sorted alone, which takes no comparing of ids but for ties. */
function greatest(ids: readonly string[], vector: VectorClock, room: number): readonly string[] {
  if (ids.length <= room) return ids
  if (room === 0) return []
  const counts = new Float64Array(ids.length)
  for (let i = 0; i < ids.length; i++) counts[i] = vector[ids[i]!]!
  const least = counts.sort()[ids.length - room]!
  const kept = ids.filter((id) => vector[id]! > least)
  const ties = ids.filter((id) => vector[id] === least).sort(compareIds)
  return [...kept, ...ties.slice(0, room - kept.length)]
}

function stamped(lamport: number, vector: VectorClock, truncated: true | undefined): Clock {
  return truncated ? { lamport, vector, truncated } : { lamport, vector }
}

/** Plain assignment, unless the id is that of the one inherited accessor. */
function setEntry(vector: Record<string, number>, id: string, value: number): void {
  if (id === '__proto__') {
    Object.defineProperty(vector, id, { value, writable: true, enumerable: true, configurable: true })
  } else vector[id] = value
}

/** Raises each entry to at least its value in `floor`. */
function raise(vector: Record<string, number>, floor: VectorClock): void {
  for (const id of Object.keys(floor)) {
    if (floor[id]! > entryOf(vector, id)) setEntry(vector, id, floor[id]!)
  }
}

function atMost(a: VectorClock, b: VectorClock): boolean {
  for (const id of Object.keys(a)) if (a[id]! > entryOf(b, id)) return false
  return true
}

/** Whether `b` knows the event stamped `a`, going only by what both stamps prove. */
function reaches(a: StampedEvent, b: StampedEvent, isClient: (id: string) => boolean): boolean | 'unknown' {
  const beyond = presentIds(a.vector).filter((id) => a.vector[id]! > entryOf(b.vector, id))
  // Knowing an event is knowing its node's own count (L4), and that entry is among those that `a` kept.
  if (a.node === undefined ? beyond.length === 0 : !beyond.includes(a.node)) return true
  if (!b.truncated) return false
  const newest = newestIncarnations(presentIds(b.vector))
  const exact = beyond.some((id) => !isClient(id) && !isDead(id, newest))
  return exact ? false : 'unknown'
}

function presentIds(vector: VectorClock): string[] {
  return Object.keys(vector).filter((id) => vector[id]! > 0)
}

function newestIncarnations(ids: readonly string[]): ReadonlyMap<string, number> {
  const newest = new Map<string, number>()
  for (const id of ids) {
    const { name, incarnation } = parseNodeId(id)
    if (incarnation >= (newest.get(name) ?? 0)) newest.set(name, incarnation)
  }
  return newest
}

function isDead(id: string, newest: ReadonlyMap<string, number>): boolean {
  const { name, incarnation } = parseNodeId(id)
  return incarnation < (newest.get(name) ?? 0)
}

function compareIds(a: string, b: string): -1 | 0 | 1 {
  return a < b ? -1 : a > b ? 1 : 0
}
