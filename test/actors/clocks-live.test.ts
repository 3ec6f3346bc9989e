/** Clocks of live systems, against the graph of what really happened: who sent what, who received which copy of it, and in which order. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Observation } from '../../actors/observation.ts'
import { type Clock, compareClocks, compareTotal, happenedBefore } from '../../machines/clocks.ts'
import type { FaultRates } from '../../runtime/transport/faults.ts'
import { append, createWorld, type WorldOptions } from '../support/world.ts'

/** An event of a node: a step that ticked its clock, or a send. */
interface Event extends Clock {
  readonly node: string
  readonly kind: Observation['kind']
  /** The send of the message that was received. */
  readonly cause: Event | null
  /** The event of the same node just before. */
  readonly previous: Event | null
  /** This event and all that happened before it: an oracle that knows no clock. */
  readonly past: ReadonlySet<Event>
  readonly ignored: boolean
}

function eventsOf(observations: readonly Observation[]): readonly Event[] {
  const events: Event[] = []
  const newest = new Map<string, Event>()
  const sends = new Map<string, Event>()
  for (const { kind, node, clock, messageId, ignored = [] } of observations) {
    const isStep = kind === 'start' || kind === 'receive' || kind === 'timer' || kind === 'local'
    if (node === null || clock === null || !(isStep || kind === 'send')) continue
    const previous = newest.get(node) ?? null
    // A step that changed nothing and received nothing is no event: it did not tick.
    if (kind !== 'receive' && clock.lamport === previous?.lamport) continue
    const cause = kind === 'receive' ? sends.get(messageId!)! : null
    const past = new Set([...(previous?.past ?? []), ...(cause?.past ?? [])])
    const event: Event = { ...clock, node, kind, cause, previous, past, ignored: ignored.length > 0 }
    past.add(event)
    events.push(event)
    newest.set(node, event)
    if (kind === 'send') sends.set(messageId!, event)
  }
  return events
}

/** A busy time of a system with a bad network, crashes, restarts and cut links. */
function troubled(rates: FaultRates, options: WorldOptions) {
  const world = createWorld(options)
  world.faults(rates)
  for (let round = 0; round < 4; round++) {
    for (const name of ['c1', 'c2', 'c3', 'c4']) world.call(world.client(name), append('log', name))
    world.advance(60)
    const { servers } = world.cluster
    const server = servers[(round + (options.seed ?? 0)) % servers.length]!
    if (round === 1) server.crash()
    if (round === 2) for (const { alive, restart } of servers) if (!alive) restart()
    if (round === 2) world.cut(server.name, 'view-service')
    if (round === 3) world.network.heal()
  }
  return world
}

const networks = fc.record({
  seed: fc.nat(1000),
  drop: fc.double({ min: 0, max: 0.3, noNaN: true }),
  duplicate: fc.double({ min: 0, max: 0.3, noNaN: true }),
  delay: fc.double({ min: 0, max: 0.5, noNaN: true }),
})

const runs = { numRuns: 6 }
const unbounded = { vectorEntriesMax: Number.POSITIVE_INFINITY }

/** Checks every execution of a few, each with its events. */
function forAll(limits: object, check: (events: readonly Event[]) => void): void {
  fc.assert(
    fc.property(networks, ({ seed, ...rates }) => {
      check(eventsOf(troubled({ ...rates, delayMaxMs: 30 }, { seed, limits }).observations))
    }),
    runs,
  )
}

describe('clocks of a live system, with loss, duplicates and reordering', () => {
  test('L1: sends and timers tick, a receive is one more than both, refused and ignored messages included', () => {
    let ignored = 0
    forAll(unbounded, (events) => {
      for (const { lamport, previous, cause } of events) {
        expect(lamport).toBe(Math.max(previous?.lamport ?? 0, cause?.lamport ?? 0) + 1)
      }
      ignored += events.filter((event) => event.ignored).length
    })
    expect(ignored).toBeGreaterThan(0)
  })

  test('L2: Lamport time and node id are a strict total order that extends happened-before', () => {
    forAll(unbounded, (events) => {
      const order = [...events].sort(compareTotal)
      const place = new Map(order.map((event, index) => [event, index]))
      const isStrict = order.every(
        (event, index) => index === 0 || compareTotal(order[index - 1]!, event) === -1,
      )
      const isExtended = events.every((event) =>
        [...event.past].every((earlier) => earlier === event || place.get(earlier)! < place.get(event)!),
      )
      expect([isStrict, isExtended]).toEqual([true, true])
    })
  })

  test('L3: every entry of a vector is the number of events of that node in the causal past', () => {
    forAll(unbounded, (events) => {
      for (const { vector, past } of events) {
        const counts: Record<string, number> = {}
        for (const { node } of past) counts[node] = (counts[node] ?? 0) + 1
        expect(vector).toEqual(counts)
      }
    })
  })

  test('L4: an event happened before another exactly when the graph says so', () => {
    forAll(unbounded, (events) => {
      let wrong = 0
      for (const e of events) {
        for (const f of events) if (happenedBefore(e, f) !== (e !== f && f.past.has(e))) wrong += 1
      }
      expect(wrong).toBe(0)
    })
  })

  test('L5: the same system takes the same steps, no matter what its clocks keep', () => {
    const stepsOf = (limits: object) =>
      troubled({ drop: 0.1, delay: 0.3 }, { seed: 5, limits }).observations.map(
        ({ kind, node, t, envelope }) => [kind, node, t, envelope?.message],
      )
    expect(stepsOf({ vectorEntriesMax: 1 })).toEqual(stepsOf(unbounded))
  })

  test('L6: stamps that dropped entries say so, and comparing them is unknown before it is wrong', () => {
    let truncated = 0
    let decided = 0
    let unknown = 0
    forAll({ vectorEntriesMax: 1 }, (events) => {
      for (const e of events) {
        truncated += e.truncated ? 1 : 0
        for (const f of events) {
          const said = compareClocks(e, f)
          const isBefore = f.past.has(e)
          const isAfter = e.past.has(f)
          const is = e === f ? 'equal' : isBefore ? 'before' : isAfter ? 'after' : 'concurrent'
          if (said === 'unknown') unknown += 1
          else if (said === is) decided += 1
          else throw new Error(`expected ${is} or unknown, got ${said} for ${show(e)} and ${show(f)}`)
        }
      }
    })
    expect(truncated).toBeGreaterThan(0)
    expect(unknown).toBeGreaterThan(0)
    expect(decided).toBeGreaterThan(0)
  })
})

function show({ node, kind, lamport, vector, truncated }: Event): string {
  return JSON.stringify({ node, kind, lamport, vector, truncated })
}
