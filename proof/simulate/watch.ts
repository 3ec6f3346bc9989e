/** Watches the invariants of a running system at every step: after a step only those that have ever asked for what it changed. */
import type { AnyMachineSnapshot } from 'xstate'
import { knownOptions } from '../../actors/known-options.ts'
import type { Observation } from '../../actors/observation.ts'
import { type NodeId, parseNodeId } from '../../machines/node-id.ts'
import { judged } from '../check/properties/judged.ts'
import type { Invariant, StepInvariant, SystemView } from '../check/system.ts'
import { standbyInvariants, standbyStepInvariants } from '../protocol/invariants.ts'
import { Seat } from './seat.ts'

/** A broken invariant: which, why, when and at which node it showed. */
export interface Breach {
  readonly name: string
  readonly reason: string
  /** Virtual milliseconds. */
  readonly t: number
  readonly node: NodeId
}

/** Listens to observations and remembers the first breach. */
export interface Watch {
  readonly observe: (observation: Observation) => void
  breach(): Breach | null
  /** How often an invariant was evaluated. */
  evaluations(): number
}

/** Who is watched, and what must hold. */
export interface WatchOptions {
  readonly viewService: NodeId
  readonly servers: readonly string[]
  readonly clients: readonly string[]
  /** Default: I1 to I7. */
  readonly invariants?: readonly Invariant[]
  readonly steps?: readonly StepInvariant[]
}

/** After so many views the messages that spoke of old ones are forgotten, but for those that a node is still in. */
const viewsKept = 64

/**
 * Watches servers and clients of these names. An invariant is a function of what it asks for, so a step that changed
 * nothing of that cannot change its verdict: it is not evaluated. What it asks for is noted while it is evaluated.
 */
export function watchInvariants(options: WatchOptions): Watch {
  knownOptions('watchInvariants', options, {
    viewService: true,
    servers: true,
    clients: true,
    invariants: true,
    steps: true,
  })
  const { viewService, servers, clients, steps = standbyStepInvariants } = options
  const first = (name: string) => `${name}#1`
  const cast = { viewService, servers: servers.map(first), clients: clients.map(first) }
  const invariants = options.invariants ?? standbyInvariants(cast)
  const seats = new Map([viewService, ...servers, ...clients].map((name) => [name, new Seat()]))
  const byId = new Map<NodeId, Seat>()
  let breach: Breach | null = null
  let evaluations = 0
  let forgotten = 0

  const seatOf = (id: NodeId): Seat | undefined => {
    let seat = byId.get(id)
    if (seat === undefined) {
      seat = seats.get(parseNodeId(id).name)
      if (seat !== undefined) byId.set(id, seat)
    }
    return seat
  }
  const system: SystemView = {
    ids: [viewService, ...cast.servers, ...cast.clients],
    node(id) {
      const seat = seatOf(id)
      if (seat === undefined) throw new Error(`expected a node of the cast, got ${id}`)
      return seat.face
    },
    observed: () => undefined,
  }

  const fail = (name: string, reason: string, t: number, node: NodeId) => {
    breach ??= { name, reason, t, node }
  }
  const evaluate = (invariant: Invariant, t: number, node: NodeId) => {
    evaluations++
    Seat.asking = invariant
    const verdict = judged(() => invariant.holds(system))
    Seat.asking = null
    if (verdict !== true) fail(invariant.name, verdict, t, node)
  }
  /** Evaluates every invariant that reads something that this step changed. */
  const settle = (seat: Seat, t: number, node: NodeId) => {
    for (const invariant of seat.takeAskers()) evaluate(invariant, t, node)
  }

  const forgetOldViews = (newest: number) => {
    forgotten = newest
    const held = new Set([...seats.values()].map((seat) => seat.viewNumber))
    const isKept = (number: number) =>
      number > newest - viewsKept || held.has(number) || held.has(number - 1) || held.has(number + 1)
    for (const seat of seats.values()) seat.forget(isKept)
    for (const id of byId.keys()) if (byId.get(id)!.face.id !== id) byId.delete(id)
  }

  const step = (seat: Seat, { before, after, t }: Observation, node: NodeId) => {
    if (after === undefined || (before !== undefined && isSameButClock(before, after))) return
    if (before !== undefined) {
      const [old, now] = seat.pair(before, after)
      for (const { name, holds } of steps) {
        const verdict = holds(old, now)
        if (verdict !== true) fail(name, verdict, t, node)
      }
    }
    seat.move(after)
    settle(seat, t, node)
  }

  return {
    breach: () => breach,
    evaluations: () => evaluations,
    observe(observation) {
      const { kind, node, t } = observation
      if (breach !== null || node === null) return
      const seat = seatOf(node)
      if (seat === undefined) return
      if (kind === 'start') {
        const isFirst = seat.begin(node, observation.after!)
        if (isFirst) for (const invariant of invariants) evaluate(invariant, t, node)
        settle(seat, t, node)
      } else if (kind === 'crash') {
        seat.crash()
        settle(seat, t, node)
      } else if (kind === 'send') {
        if (!seat.send(observation.envelope!)) return
        if (node === viewService && seat.viewNumber >= forgotten + viewsKept) forgetOldViews(seat.viewNumber)
        settle(seat, t, node)
      } else step(seat, observation, node)
    },
  }
}

/** Most messages leave their receiver unchanged. */
function isSameButClock(before: AnyMachineSnapshot, after: AnyMachineSnapshot): boolean {
  if (before === after) return true
  if (before.value !== after.value || before.status !== after.status) return false
  const [old, now] = [before.context, after.context]
  for (const key in now) if (key !== 'clock' && old[key] !== now[key]) return false
  return true
}
