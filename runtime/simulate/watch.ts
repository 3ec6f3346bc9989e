/** Watches the invariants of a running system at every step, looking only at what a step can have changed. */
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import type { Observation } from '../../actors/observation.ts'
import type { Message } from '../../machines/messages.ts'
import { type NodeId, parseNodeId } from '../../machines/node-id.ts'
import type { ServerContext } from '../../machines/server-setup.ts'
import type { Invariant, NodeView, SentMessage, SystemView } from '../check/system.ts'
import { standbyInvariants, standbyStepInvariants } from '../invariants.ts'

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

interface Seat {
  view: NodeView
  /** Of what was sent, the newest of each kind that an invariant can ask for: bounded by views and sessions. */
  readonly sent: Map<string, SentMessage>
}

/** Watches I1 to I7 for servers and clients of these names. */
export function watchInvariants(cast: {
  readonly viewService: NodeId
  readonly servers: readonly string[]
  readonly clients: readonly string[]
}): Watch {
  const first = (name: string) => `${name}#1`
  const servers = cast.servers.map(first)
  const invariants = standbyInvariants({
    viewService: cast.viewService,
    servers,
    clients: cast.clients.map(first),
  })
  const seats = new Map<string, Seat>()
  /** Which invariants asked for a node when they were last evaluated. */
  const askers = new Map<string, Set<Invariant>>()
  let breach: Breach | null = null
  let evaluations = 0

  const nameOf = (id: NodeId) => parseNodeId(id).name
  const system = (asked: Set<string>): SystemView => ({
    ids: [cast.viewService, ...servers],
    node(id) {
      const name = nameOf(id)
      asked.add(name)
      return seats.get(name)?.view ?? absent
    },
    observed: () => undefined,
  })

  const evaluate = (invariant: Invariant, t: number, node: NodeId) => {
    evaluations++
    const asked = new Set<string>()
    const verdict = invariant.holds(system(asked))
    for (const name of asked) {
      const asking = askers.get(name) ?? new Set()
      askers.set(name, asking.add(invariant))
    }
    if (verdict !== true) breach ??= { name: invariant.name, reason: verdict, t, node }
  }

  const update = (id: NodeId, change: Partial<NodeView>, t: number) => {
    const name = nameOf(id)
    const seat: Seat = seats.get(name) ?? { view: absent, sent: new Map() }
    const before = seat.view
    seat.view = { ...before, id, ...change }
    const isNew = !seats.has(name)
    seats.set(name, seat)
    if (!isNew && before.id === id && change.snapshot !== undefined && change.alive === undefined) {
      for (const step of standbyStepInvariants) {
        const verdict = step.holds(before, seat.view)
        if (verdict !== true) breach ??= { name: step.name, reason: verdict, t, node: id }
      }
    }
    if (isNew) for (const invariant of invariants) evaluate(invariant, t, id)
    else for (const invariant of [...(askers.get(name) ?? [])]) evaluate(invariant, t, id)
  }

  return {
    breach: () => breach,
    evaluations: () => evaluations,
    observe(observation) {
      const { kind, node, t } = observation
      if (breach !== null || node === null) return
      if (kind === 'start') {
        update(node, { snapshot: observation.after!, alive: true, sent: sentOf(seats.get(nameOf(node))) }, t)
      } else if (kind === 'crash') update(node, { alive: false }, t)
      else if (kind === 'send') {
        const { from, to, message } = observation.envelope!
        const seat = seats.get(nameOf(node))
        const key = keyOf(message)
        if (seat === undefined || key === null) return
        const known = seat.sent.get(key)
        if (known !== undefined && !isNewer(known.message as Message, message)) return
        seat.sent.set(key, { from, to, message: message as EventObject })
        update(node, { sent: [...seat.sent.values()] }, t)
      } else if (observation.after !== undefined && matters(observation.before, observation.after)) {
        update(node, { snapshot: observation.after }, t)
      }
    },
  }
}

const absent: NodeView = {
  id: '',
  alive: false,
  snapshot: {
    context: { view: { number: 0, primary: null, backup: null }, replica: null },
    value: {},
    hasTag: () => false,
    matches: () => false,
  } as unknown as AnyMachineSnapshot,
  sent: [],
}

function sentOf(seat: Seat | undefined): readonly SentMessage[] {
  return seat === undefined ? [] : [...seat.sent.values()]
}

/** Invariants ask for views that were told, numbers that were pinged, and answers; for nothing else that was sent. */
function keyOf(message: Message): string | null {
  switch (message.type) {
    case 'viewReply':
      return `view ${message.view.number}`
    case 'ping':
      return `ping ${message.viewNumber}`
    case 'reply':
      return message.session === null ? null : `reply ${message.session}`
    default:
      return null
  }
}

/** Of the answers to a session the newest one implies the others. */
function isNewer(known: Message, message: Message): boolean {
  return known.type === 'reply' && message.type === 'reply' && message.seq > known.seq
}

/** Whether a step changed anything that an invariant can ask for. */
function matters(before: AnyMachineSnapshot | undefined, after: AnyMachineSnapshot): boolean {
  if (before === undefined || before.value !== after.value || before.tags !== after.tags) return true
  const [old, now] = [before.context as Partial<ServerContext>, after.context as Partial<ServerContext>]
  return (
    old.view !== now.view ||
    old.replica !== now.replica ||
    old.outstanding !== now.outstanding ||
    old.applied !== now.applied
  )
}
