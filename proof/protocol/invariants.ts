/** The invariants of the protocol, one list for the checker, the simulator and the page. They read states and sent messages, nothing else. */
import type { AnyMachineSnapshot } from 'xstate'
import type { Replica } from '../../machines/application/at-most-once.ts'
import type { ClientContext } from '../../machines/client/index.ts'
import type { Message } from '../../machines/messages.ts'
import { type NodeId, parseNodeId } from '../../machines/node-id.ts'
import type { ServerContext } from '../../machines/server/context.ts'
import { nextView, type View } from '../../machines/view.ts'
import type { ViewServiceContext } from '../../machines/view-service.ts'
import {
  always,
  everyStep,
  type Invariant,
  type NodeView,
  type SentMessage,
  type StepInvariant,
  type SystemView,
} from '../check/system.ts'

/** Which nodes play which part; servers and clients by the ids of their first lives. */
export interface Cast {
  readonly viewService: NodeId
  readonly servers: readonly NodeId[]
  readonly clients: readonly NodeId[]
}

/**
 * These read what was sent, and are asked once all is sent that steps without any other effect send. They complain
 * that a message was not sent only where it has had an effect, so that it was sent in every run to that state.
 */
const onceSent = { monotone: true } as const

/**
 * I1 to I7 for this cast, each as several small properties over few nodes, so that a verdict can be remembered for few
 * local states. I8 needs the history of the run: `historyIsLinearizable` in check/scenarios.
 */
export function standbyInvariants({ viewService, servers, clients }: Cast): Invariant[] {
  const pairs = servers.flatMap((a) => servers.filter((b) => b !== a).map((b) => [a, b] as const))
  return [
    always(
      'I1: consecutive views differ by one in number and follow V3',
      (system) => viewsFollow(viewsSentFacts(system.node(viewService))),
      onceSent,
    ),
    always(
      'V8: only servers are in a view',
      (system) => viewsAreOfServers(viewsSentFacts(system.node(viewService)), servers),
      onceSent,
    ),
    ...[...servers, ...clients].map((id) =>
      always(
        `I1: ${id} knows no other view of a number than the view service`,
        (system) => viewWasSent(viewOf(system.node(id).snapshot), viewsSentFacts(system.node(viewService))),
        onceSent,
      ),
    ),
    ...servers.map((id) =>
      always(
        `I2 V4: ${id} was replaced, or given a missing backup, only after it had acknowledged its view`,
        (system) => changedAfterAcknowledging(system, viewService, id),
        onceSent,
      ),
    ),
    ...servers.map((id) =>
      always(`I2: ${id} holds the state when it is in an acknowledged view`, (system) =>
        holdsStateWhenAcknowledged(system.node(viewService), system.node(id)),
      ),
    ),
    always('I3: at most one server can decide a new command', (system) => {
      const deciders = servers.filter((id) => canDecide(system, servers, id))
      return deciders.length <= 1 || `${deciders.join(' and ')} can both decide`
    }),
    ...servers.map((id) =>
      always(
        `I4: what ${id} answered is in the state of the newest served view`,
        (system) => answersAreKept(system, { viewService, servers, clients }, id),
        onceSent,
      ),
    ),
    ...pairs.map(([primary, backup]) =>
      always(
        `I5: ${backup} as backup has what ${primary} has, or that and the outstanding forward`,
        (system) => pairAgrees(system.node(primary), system.node(backup)),
      ),
    ),
  ]
}

/** Properties of single steps: V2, V5, I6 and I7. */
export const standbyStepInvariants: readonly StepInvariant[] = [
  everyStep('V2: view numbers grow by exactly 1', (before, after) => {
    if (!isViewService(after)) return true
    const [old, now] = [viewOf(before.snapshot).number, viewOf(after.snapshot).number]
    return now <= old + 1 || `the view service went from view ${old} to view ${now}`
  }),
  everyStep('V5: a change that is due is made at once', (_before, after) => {
    if (!isViewService(after)) return true
    const { view, servers } = after.snapshot.context as ViewServiceContext
    const acknowledged = after.snapshot.hasTag('acknowledged')
    const due = nextView({ view, acknowledged, alive: servers.map(({ id }) => id) })
    return due === null || `view ${due.number} is due and was not made`
  }),
  everyStep('V5: a promotion appoints a live idle server in the same step', (before, after) => {
    if (!isViewService(after) || viewOf(before.snapshot).number === 0) return true
    const { view, servers } = after.snapshot.context as ViewServiceContext
    if (view.primary === viewOf(before.snapshot).primary || view.backup !== null) return true
    const idle = servers.find(({ id }) => id !== view.primary)
    return idle === undefined || `${view.primary} was promoted alone, although ${idle.id} was idle`
  }),
  everyStep('I7: a view number never decreases', (before, after) => {
    if (before.id !== after.id) return true
    const [old, now] = [viewOf(before.snapshot).number, viewOf(after.snapshot).number]
    return now >= old || `${after.id} went from view ${old} back to ${now}`
  }),
  everyStep('I6: a stored sequence number of a session never decreases within a view', (before, after) => {
    const [old, now] = [replicaOf(before), replicaOf(after)]
    if (before.id !== after.id || old === null || now === null || old === now) return true
    // A transfer replaces what was there, also what the old view left undecided.
    if (viewOf(before.snapshot).number !== viewOf(after.snapshot).number) return true
    for (const [id, session] of old.sessions.entriesAfter(null)) {
      const later = now.sessions.get(id)
      if (later !== undefined && later.seq < session.seq) {
        return `session ${id} went from sequence number ${session.seq} back to ${later.seq}`
      }
    }
    return true
  }),
]

/** Whether a server is in a state in which a new command could be decided and answered (I3). */
export function canDecide(system: SystemView, servers: readonly NodeId[], id: NodeId): boolean {
  const node = system.node(id)
  if (!node.alive || !servesClients(node)) return false
  const { view } = contextOf(node)
  if (view.backup === null) return true
  const backup = lifeOf(system, servers, view.backup)
  if (backup === null || !backup.alive) return false
  return contextOf(backup).view.number === view.number && isIn(backup, 'backup', 'serving')
}

/** The facts in the messages that a node has sent; memoized per list. */
interface SentFacts {
  readonly views: ReadonlyMap<number, View>
  /** By descending number. */
  readonly newestFirst: readonly View[]
  readonly answers: readonly { readonly session: number; readonly seq: number }[]
  /** The numbers that each life has pinged; every life that has sent anything is there. */
  readonly pings: ReadonlyMap<NodeId, ReadonlySet<number>>
}

const factsBy = new WeakMap<readonly SentMessage[], SentFacts>()

function factsOf(sent: readonly SentMessage[]): SentFacts {
  const known = factsBy.get(sent)
  if (known !== undefined) return known
  const views = new Map<number, View>()
  const answers: { session: number; seq: number }[] = []
  const pings = new Map<NodeId, Set<number>>()
  for (const { from, message } of sent) {
    const said = message as Message
    let pinged = pings.get(from)
    if (pinged === undefined) {
      pinged = new Set()
      pings.set(from, pinged)
    }
    if (said.type === 'ping') pinged.add(said.viewNumber)
    else if (said.type === 'viewReply') views.set(said.view.number, said.view)
    else if (said.type === 'reply' && said.session !== null && said.outcome.kind === 'results')
      answers.push({ session: said.session, seq: said.seq })
  }
  const newestFirst = [...views.values()].sort((a, b) => b.number - a.number)
  const all = { views, newestFirst, answers, pings }
  factsBy.set(sent, all)
  return all
}

/** The views that the view service has sent, by number, its current one among them. */
function viewsSentFacts(viewService: NodeView): ReadonlyMap<number, View> {
  const { views } = factsOf(viewService.sent)
  const current = (viewService.snapshot.context as ViewServiceContext).view
  // Two views of one number would be two here.
  return views.get(current.number) === current ? views : new Map(views).set(current.number, current)
}

function viewsFollow(views: ReadonlyMap<number, View>): true | string {
  for (const [number, view] of views) {
    if (number > 0 && view.primary === null) return `view ${number} has no primary`
    if (view.primary !== null && view.primary === view.backup)
      return `view ${number} has one server in both roles`
    const next = views.get(number + 1)
    if (next === undefined || number === 0) continue
    if (next.primary !== view.primary && next.primary !== view.backup) {
      return `the primary of view ${number + 1} is neither primary nor backup of view ${number}`
    }
    if (next.primary === view.primary && next.backup === view.backup)
      return `views ${number} and ${number + 1} are the same`
  }
  return true
}

function viewsAreOfServers(views: ReadonlyMap<number, View>, servers: readonly NodeId[]): true | string {
  const names = servers.map((id) => parseNodeId(id).name)
  for (const { number, primary, backup } of views.values()) {
    const stranger = [primary, backup].find((id) => id !== null && !names.includes(parseNodeId(id).name))
    if (stranger !== undefined) return `${stranger} is in view ${number}, but is no server`
  }
  return true
}

function viewWasSent(view: View, views: ReadonlyMap<number, View>): true | string {
  if (view.number === 0) return true
  const other = views.get(view.number)
  if (other === undefined) return `view ${view.number} was never sent`
  return (
    (other.primary === view.primary && other.backup === view.backup) ||
    `view ${view.number} is another one here`
  )
}

/** Whether `id` pinged with the number of each view that it lost, and of each that gave it a missing backup. */
function changedAfterAcknowledging(system: SystemView, viewService: NodeId, id: NodeId): true | string {
  const views = viewsSentFacts(system.node(viewService))
  for (const [number, view] of views) {
    const next = views.get(number + 1)
    if (next === undefined || view.primary === null) continue
    if (next.primary === view.primary && view.backup !== null) continue
    const pinged = factsOf(system.node(id).sent).pings.get(view.primary)
    if (pinged === undefined && view.primary !== id) continue
    const acknowledged = pinged?.has(number)
    if (!acknowledged)
      return `view ${number} was never acknowledged, yet view ${number + 1} has another primary or a backup more`
  }
  return true
}

function holdsStateWhenAcknowledged(viewService: NodeView, server: NodeView): true | string {
  if (!viewService.snapshot.hasTag('acknowledged')) return true
  const { view } = viewService.snapshot.context as ViewServiceContext
  if (server.id !== view.primary && server.id !== view.backup) return true
  const context = contextOf(server)
  if (context.view.number > view.number) return true
  if (context.view.number < view.number)
    return `view ${view.number} is acknowledged, but ${server.id} has not adopted it`
  return context.replica !== null || `view ${view.number} is acknowledged, but ${server.id} holds no state`
}

/** Every answer to a request is found in the session tables of the newest served view's members. */
function answersAreKept(system: SystemView, { viewService, servers }: Cast, id: NodeId): true | string {
  const { answers } = factsOf(system.node(id).sent)
  if (answers.length === 0) return true
  const view = newestServed(system, viewService, servers)
  if (view === null) return true
  for (const member of [view.primary, view.backup]) {
    const node = member === null ? null : lifeOf(system, servers, member)
    const replica = node === null ? null : replicaOf(node)
    if (node === null || replica === null) continue
    for (const { session, seq } of answers) {
      const stored = replica.sessions.get(session)
      if (stored === undefined ? replica.position < session : stored.seq < seq) {
        return `${node.id} of view ${view.number} lacks request ${session}/${seq}, which ${id} has answered`
      }
    }
  }
  return true
}

/** The newest view whose primary has begun serving; null if a dead incarnation leaves that open. */
function newestServed(system: SystemView, viewService: NodeId, servers: readonly NodeId[]): View | null {
  const service = system.node(viewService)
  const current = (service.snapshot.context as ViewServiceContext).view
  const { newestFirst } = factsOf(service.sent)
  for (let index = newestFirst[0]?.number === current.number ? 0 : -1; index < newestFirst.length; index++) {
    const view = index < 0 ? current : newestFirst[index]!
    if (view.primary === null) return null
    const primary = lifeOf(system, servers, view.primary)
    if (primary === null) return null
    const { number } = contextOf(primary).view
    if (number === view.number && servesClients(primary)) return view
    if (number > view.number) {
      const hasServed = factsOf(primary.sent).pings.get(view.primary)?.has(view.number)
      if (!hasServed) return null
      // The number before is pinged in a view that is not confirmed, also where that one was not confirmed either (S1).
      const backup = view.backup === null ? null : lifeOf(system, servers, view.backup)
      if (backup === null) return view.backup === null ? view : null
      if (contextOf(backup).view.number >= view.number) return view
    }
  }
  return null
}

function pairAgrees(primary: NodeView, backup: NodeView): true | string {
  if (!servesClients(primary) || !isIn(backup, 'backup', 'serving')) return true
  const [first, second] = [contextOf(primary), contextOf(backup)]
  if (first.view.number !== second.view.number || first.view.backup !== backup.id) return true
  if (second.view.primary !== primary.id || first.replica === null || second.replica === null) return true
  const ahead = first.outstanding !== null && second.applied.number === first.outstanding.number
  const decided = first.forwards - (first.outstanding === null ? 0 : 1)
  if (!ahead && second.applied.number !== decided) {
    return `${backup.id} has applied forward ${second.applied.number}, ${primary.id} has decided ${decided}`
  }
  if (ahead)
    return second.replica.position >= first.replica.position || `${backup.id} is behind ${primary.id}`
  return (
    textOf(first.replica) === textOf(second.replica) || `${primary.id} and ${backup.id} hold different states`
  )
}

const texts = new WeakMap<Replica, string>()

function textOf(replica: Replica): string {
  let text = texts.get(replica)
  if (text === undefined) {
    text = JSON.stringify(replica)
    texts.set(replica, text)
  }
  return text
}

function isViewService({ snapshot }: NodeView): boolean {
  return 'incarnations' in snapshot.context
}

function servesClients({ snapshot }: NodeView): boolean {
  return snapshot.hasTag('answersClients')
}

function isIn({ snapshot }: NodeView, role: string, state: string): boolean {
  return snapshot.matches({ role: { [role]: state } } as never)
}

/** The node whose newest life has this id; null if that life is over or has not begun. */
function lifeOf(system: SystemView, servers: readonly NodeId[], id: NodeId): NodeView | null {
  for (const server of servers) {
    if (server !== id && server.slice(0, server.lastIndexOf('#')) !== id.slice(0, id.lastIndexOf('#')))
      continue
    const node = system.node(server)
    if (node.id === id) return node
  }
  return null
}

function contextOf({ snapshot }: NodeView): ServerContext {
  return snapshot.context as ServerContext
}

function viewOf(snapshot: AnyMachineSnapshot): View {
  return (snapshot.context as ServerContext | ViewServiceContext | ClientContext).view
}

function replicaOf({ snapshot }: NodeView): Replica | null {
  return (snapshot.context as Partial<ServerContext>).replica ?? null
}
