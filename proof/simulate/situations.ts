/** Situations that a simulation should meet, and how often it did: without a failover, a run shows nothing about failover. */
import type { AnyMachineSnapshot } from 'xstate'
import type { Cluster } from '../../actors/cluster.ts'
import type { Observation } from '../../actors/observation.ts'
import type { Message } from '../../machines/messages.ts'
import type { NodeId } from '../../machines/node-id.ts'
import type { ServerContext } from '../../machines/server/context.ts'
import type { View } from '../../machines/view.ts'
import type { ViewServiceContext } from '../../machines/view-service.ts'
import type { Faults } from '../../runtime/transport/faults.ts'

/** What should happen sometimes, in a large enough set of seeds. */
export const situations = [
  'view changed',
  'failover',
  'failover under load',
  'live primary replaced',
  'primary crashes',
  'primary crashes under load',
  'primary crashes before it acknowledges',
  'lone primary crashes',
  'lone primary answers',
  'primary and backup both down',
  'all servers down',
  'backup appointed beside a dead primary',
  'backup crashes during its transfer',
  'idle server expired',
  'former primary becomes backup',
  'deposed primary asked',
  'another server asked',
  'another view named',
  'asked during a transfer',
  'refused as overloaded',
  'answers without the view service',
  'pair cut off from each other',
  'transfer retried',
  'transfer of an older view',
  'transfer copied after forwards',
  'state of several pieces',
  'forward of another view',
  'forward before the state',
  'late acknowledgement',
  'requests batched',
  'answer repeated',
  'answer repeated by the next primary',
  'session expired',
  'message lost',
  'message duplicated',
] as const

/** One of the situations that are counted. */
export type Situation = (typeof situations)[number]

/** What a count needs to know of the run in addition to its observations. */
export interface SituationsOptions {
  readonly cluster: () => Cluster<unknown>
  readonly faults: Faults
  readonly isLoaded: () => boolean
}

/** Answers to so many sessions are remembered, to tell who repeats them. */
const sessionsKept = 1024

/** Counts situations as they come by. */
export class Situations {
  readonly counts: Record<string, number> = Object.fromEntries(situations.map((name) => [name, 0]))
  readonly #options: SituationsOptions
  /** Who answered a session last. */
  readonly #answerers = new Map<number, NodeId>()

  constructor(options: SituationsOptions) {
    this.#options = options
  }

  /** A call that ended without a result, by its code. */
  failed(code: string): void {
    this.counts[`call ${code}`] = (this.counts[`call ${code}`] ?? 0) + 1
  }

  /** A server is about to crash. */
  crashes(name: string): void {
    const cluster = this.#options.cluster()
    const server = cluster.server(name)
    if (!server.alive) return
    if (server.role === 'primary') {
      this.#count(this.#options.isLoaded() ? 'primary crashes under load' : 'primary crashes')
      const isCurrent = cluster.view().primary === server.id
      if (isCurrent && cluster.view().backup === null) this.#count('lone primary crashes')
      if (isCurrent && !cluster.viewService.acknowledged())
        this.#count('primary crashes before it acknowledges')
    }
    if (server.node.state() === 'backup.awaitingState') this.#count('backup crashes during its transfer')
    const isLeft = (id: NodeId | null) =>
      cluster.servers.some((other) => other.alive && other.id === id && other !== server)
    const { primary, backup } = cluster.view()
    if ([primary, backup].includes(server.id) && backup !== null && !isLeft(primary) && !isLeft(backup))
      this.#count('primary and backup both down')
    if (cluster.servers.every((other) => other === server || !other.alive)) this.#count('all servers down')
  }

  observe(observation: Observation): void {
    const { kind } = observation
    if (kind === 'send') this.#sent(observation.envelope!.message, observation.node!)
    else if (kind === 'receive' || kind === 'timer') this.#stepped(observation)
    else if (kind === 'duplicate') this.#count('message duplicated')
    else if (kind === 'drop') this.#dropped(observation)
  }

  #count(situation: Situation): void {
    this.counts[situation]!++
  }

  #dropped({ detail, envelope }: Observation): void {
    this.#count('message lost')
    if (detail === 'link cut' && envelope!.message.type === 'forward')
      this.#count('pair cut off from each other')
  }

  #sent(message: Message, node: NodeId): void {
    if (message.type === 'refusal') {
      if (message.reason === 'wrongServer') this.#count('another server asked')
      else if (message.reason === 'wrongView') this.#count('another view named')
      else if (message.reason === 'stateTransfer') this.#count('asked during a transfer')
      else if (message.reason === 'overloaded') this.#count('refused as overloaded')
    } else if (message.type === 'reply') {
      if (message.outcome.kind === 'sessionExpired') this.#count('session expired')
      else this.#answered(message.session, node)
    } else if (message.type === 'stateTransfer') {
      if (message.index > 0) this.#count('state of several pieces')
    } else if (message.type === 'forward') {
      if (message.requests.length > 1) this.#count('requests batched')
    }
  }

  #answered(session: number | null, node: NodeId): void {
    const { cluster, faults } = this.#options
    const { backup, primary } = cluster().view()
    if (backup === null && primary === node) this.#count('lone primary answers')
    if (!faults.connected(node, cluster().viewService.id)) this.#count('answers without the view service')
    if (session === null) return
    this.#answerers.delete(session)
    this.#answerers.set(session, node)
    if (this.#answerers.size > sessionsKept) this.#answerers.delete(this.#answerers.keys().next().value!)
  }

  #stepped({ kind, node, ignored, envelope, before, after, actions }: Observation): void {
    if (before === undefined || after === undefined) return
    for (const reason of ignored ?? []) {
      if (reason.startsWith('forward: not from the primary')) this.#count('forward of another view')
      else if (reason.startsWith('forwardAck: not of')) this.#count('late acknowledgement')
      else if (reason.startsWith('stateTransfer: of an older view')) this.#count('transfer of an older view')
      else if (reason.startsWith('forward: precedes')) this.#count('forward before the state')
    }
    if ('incarnations' in before.context) {
      if (before.context.servers !== after.context.servers)
        this.#viewServiceStepped(before.context, after.context)
      return
    }
    if (!('replica' in before.context)) return
    const [old, now] = [before.context as ServerContext, after.context as ServerContext]
    if (kind === 'timer') {
      if (now.sending !== null && isIn(before, 'transferringState')) this.#count('transfer retried')
      return
    }
    const { type } = envelope!.message
    if (
      old.view !== now.view &&
      old.view.primary === node &&
      now.view.backup === node &&
      old.replica !== null
    )
      this.#count('former primary becomes backup')
    if (
      type === 'stateTransfer' &&
      now.replica !== null &&
      old.replica === now.replica &&
      now.applied.number > 0
    )
      this.#count('transfer copied after forwards')
    if (type !== 'request') return
    if (before.hasTag('answersClients') && old.view.number < this.#options.cluster().view().number)
      this.#count('deposed primary asked')
    if (old.replica !== now.replica) return
    for (const action of actions!) {
      const message = action.type === 'send' ? (action.params as { message: Message }).message : null
      if (message?.type !== 'reply' || message.outcome.kind !== 'results') continue
      this.#count('answer repeated')
      const first = this.#answerers.get(message.session!)
      if (first !== undefined && first !== node) this.#count('answer repeated by the next primary')
    }
  }

  #viewServiceStepped(before: ViewServiceContext, after: ViewServiceContext): void {
    const [old, now]: View[] = [before.view, after.view] as [View, View]
    const members = [old!.primary, old!.backup, now!.primary, now!.backup]
    const isGone = ({ id }: { id: NodeId }) =>
      !members.includes(id) && !after.servers.some((other) => other.id === id)
    if (before.servers.some(isGone)) this.#count('idle server expired')
    if (old!.number === now!.number) return
    this.#count('view changed')
    const { servers } = this.#options.cluster()
    const lives = (id: NodeId | null) => servers.some((server) => server.alive && server.id === id)
    if (old!.primary !== null && old!.primary !== now!.primary) {
      this.#count('failover')
      if (this.#options.isLoaded()) this.#count('failover under load')
      if (lives(old!.primary)) this.#count('live primary replaced')
    } else if (now!.backup !== null && !lives(now!.primary))
      this.#count('backup appointed beside a dead primary')
  }
}

function isIn(snapshot: AnyMachineSnapshot, state: string): boolean {
  return snapshot.matches({ role: { primary: state } } as never)
}
