/**
 * Plays any checked system step by step, and nothing by itself: clocks, timers, messages and faults on held time.
 *
 * The page, the replay of counterexamples, liveness checks and lifted traces all play on it.
 */
import type { EventObject } from 'xstate'
import { messageIdOf, type Observation } from '../../actors/observation.ts'
import type { Envelope } from '../../actors/ports.ts'
import type { Settle } from '../../machines/client/index.ts'
import { type Clock, receive, tick, zeroClock } from '../../machines/clocks.ts'
import type { Ignore, Send } from '../../machines/effects.ts'
import { parseNodeId } from '../../machines/node-id.ts'
import type { PureAction } from '../../machines/step.ts'
import type { Happening } from '../check/happening.ts'
import type { CheckedSystem, NodeView, SentMessage, SystemView } from '../check/system.ts'
import { type HeldMessage, Network } from './network.ts'
import { type ArmedTimer, Player, type Taken } from './player.ts'
import { type MessageName, SentMessages } from './sent-messages.ts'

/** One step of a node, or one event of the network: what it changed, and the observations of it. */
export interface Act {
  /** Null for the start of all nodes, and for the network. */
  readonly player: Player | null
  readonly before: NodeView | null
  readonly after: NodeView | null
  readonly observations: readonly Observation[]
}

export interface StageOptions {
  /** Receives each act when it is complete. */
  readonly onAct?: (act: Act) => void
  /** How long a message is in flight if no one touches it; default: 1 ms. */
  readonly latencyMs?: () => number
}

/** Clocks follow L1 and are never cut (L6). */
export class Stage {
  readonly system: CheckedSystem
  readonly players: readonly Player[]
  readonly network: Network
  /** Crashes and restarts so far. */
  crashes = 0
  restarts = 0
  /** Messages that were dropped and duplicated by choice so far. */
  losses = 0
  duplicates = 0
  /** How long a message is in flight if no one touches it, in milliseconds. */
  latencyMs: () => number
  readonly #onAct: (act: Act) => void
  readonly #byId = new Map<string, Player>()
  readonly #sent = new SentMessages()
  #observations: Observation[] | null = null
  #observed: unknown
  #now = 0
  #order = 0

  constructor(system: CheckedSystem, { onAct = () => {}, latencyMs = () => 1 }: StageOptions = {}) {
    this.system = system
    this.#onAct = onAct
    this.latencyMs = latencyMs
    this.#observed = system.observer?.initial
    this.players = playersOf(system)
    for (const player of this.players) this.#byId.set(player.id, player)
    this.network = new Network({
      clock: { now: () => this.#now, nextOrder: this.#nextOrder },
      observe: (observation) => this.#report(observation),
      latencyMs: () => this.latencyMs(),
      isOrdered: system.network === 'ordered',
      nameOf: (id) => this.nameOf(id),
    })
    for (const { from, to } of system.cuts ?? [])
      this.network.cutFromTheStart(this.nameOf(from), this.nameOf(to))
    this.#act(null, () => {
      for (const player of this.players) this.#start(player, player.node.input ?? { id: player.id })
    })
  }

  /** Virtual milliseconds. */
  get now(): number {
    return this.#now
  }

  /** Moves time forward; never back. */
  advance(at: number): void {
    this.#now = Math.max(this.#now, at)
  }

  player(name: string): Player | undefined {
    return this.players.find((player) => player.name === name)
  }

  /** The name of the node that has had this id in any incarnation; the id itself if there is no such node. */
  nameOf(id: string): string {
    return this.#byId.get(id)?.name ?? id
  }

  /** The message or the timer that is due first; null if there is neither. */
  firstDue(): HeldMessage | ArmedTimer | null {
    const message = this.network.first()
    const timer = this.#firstTimer()
    if (message === undefined || timer === undefined) return message ?? timer ?? null
    return isBefore(timer, message) ? timer : message
  }

  /** Whether a message to this id can be taken now. */
  lives(id: string): boolean {
    const player = this.#byId.get(id)
    return player?.id === id && player.isActive
  }

  /** The next event of a node's script, if it may come now; null otherwise. */
  readyScript(player: Player): EventObject | null {
    const event = player.node.script?.[player.scripted]
    if (event === undefined || !player.isActive) return null
    return (player.node.ready?.(player.snapshot) ?? true) ? event : null
  }

  /** The next event of the script of the node with this id, ready or not; null if none. */
  nextScript(id: string): EventObject | null {
    const player = this.#byId.get(id)
    return player?.node.script?.[player.scripted] ?? null
  }

  /** What properties can see. */
  view(): SystemView {
    return {
      ids: this.players.map(({ node }) => node.id),
      node: (first) => {
        const player = this.players.find(({ node }) => node.id === first)
        if (player === undefined) throw new Error(`expected one of the nodes, got ${first}`)
        return player.view()
      },
      observed: () => this.#observed,
    }
  }

  /** Time moves to when the copy is due, and its node takes it. */
  deliver(message: HeldMessage): void {
    const { envelope, id } = message
    const player = this.#byId.get(envelope.to)
    if (player?.id !== envelope.to) throw new Error(`expected a node ${envelope.to} that lives, found none`)
    this.advance(message.due)
    this.network.take(message)
    const event = { ...(envelope.message as EventObject), from: envelope.from }
    this.#take(player, 'receive', event, { envelope, messageId: id })
  }

  /** Time moves to when the timer is due, and it fires. */
  fire({ node, event, due }: ArmedTimer): void {
    const player = this.#byId.get(node)!
    this.advance(due)
    player.forgetTimer(event)
    this.#take(player, 'timer', event)
  }

  /** An event from within the node's own process, such as the next one of its script. */
  local(player: Player, event: EventObject, isScripted = false): void {
    if (isScripted) player.scripted += 1
    this.#act(player, () => {
      for (const { id, command } of callsIn(event)) {
        player.calls.set(id, command)
        this.#report({ ...this.#at(player), kind: 'call', call: { id, command } })
      }
      this.#step(player, 'local', event, {}, event)
    })
  }

  crash(player: Player): void {
    this.#act(player, () => {
      this.crashes += 1
      player.alive = false
      player.forgetTimers()
      player.calls.clear()
      this.#report({ ...this.#at(player), kind: 'crash' })
    })
  }

  /** The node's next life. */
  restart(player: Player): void {
    this.#act(player, () => {
      this.restarts += 1
      player.life += 1
      const { id, input } = player.node.restart!(player.life)
      Object.assign(player, { id, clock: zeroClock, alive: true, callsMade: 0 })
      this.#byId.set(id, player)
      this.#report({ ...this.#at(player), kind: 'restart' })
      this.#start(player, input)
    })
  }

  /** The `nth` distinct message of this type on this link (0-based); null if none. */
  message(name: MessageName): SentMessage | null {
    return this.#sent.find(name)
  }

  nameOfMessage(sent: SentMessage): MessageName {
    return this.#sent.nameOf(sent)
  }

  /**
   * Executes an action of a search: a message is delivered as often as the search says.
   * @param at when it happens; default: a millisecond after the one before
   * @throws Error if no such node lives or no such message was sent
   */
  play(happening: Happening, at = this.#now + 1): void {
    this.#now = at
    const player = this.#byId.get(happening.node)
    if (player === undefined) throw new Error(`expected a node ${happening.node}, found none`)
    switch (happening.kind) {
      case 'deliver': {
        this.#act(player, () => {
          const copy = this.#copyOf(happening.message)
          if (happening.kept) this.network.duplicate(copy.envelope)
          this.network.take(copy)
          const { envelope, id } = copy
          const event = { ...(envelope.message as EventObject), from: envelope.from }
          this.#step(player, 'receive', event, { envelope, messageId: id })
        })
        break
      }
      case 'lose':
        this.network.drop(this.#copyOf(happening.message), 'lost')
        break
      case 'timer':
        player.forgetTimer(happening.event)
        this.#take(player, 'timer', happening.event)
        break
      case 'script':
        this.local(player, happening.event, true)
        break
      case 'crash':
        this.crash(player)
        break
      case 'restart':
        this.restart(player)
    }
  }

  /** The ids of all sends of an equal message, the newest last. */
  idsOf(message: SentMessage): readonly string[] {
    return this.#sent.idsOf(message)
  }

  /** A copy that is in flight, put there if need be. */
  #copyOf(message: SentMessage): HeldMessage {
    const ids = this.idsOf(message)
    const held = this.network.inFlight().find(({ id }) => ids.includes(id))
    if (held !== undefined) return held
    const sent = this.network.sent(ids.at(-1) ?? '')
    if (sent !== undefined) return this.network.duplicate(sent)
    throw new Error(`expected a ${message.message.type} to ${message.to}, none was sent`)
  }

  #firstTimer(): ArmedTimer | undefined {
    let first: ArmedTimer | undefined
    for (const player of this.players) {
      const [timer] = player.timers()
      if (timer !== undefined && (first === undefined || isBefore(timer, first))) first = timer
    }
    return first
  }

  #nextOrder = (): number => this.#order++

  #act(player: Player | null, run: () => void): void {
    const before = player?.view() ?? null
    const observations: Observation[] = []
    this.#observations = observations
    try {
      run()
    } finally {
      this.#observations = null
    }
    this.#onAct({ player, before, after: player?.view() ?? null, observations })
  }

  #report(observation: Observation): void {
    if (this.#observations !== null) this.#observations.push(observation)
    else this.#onAct({ player: null, before: null, after: null, observations: [observation] })
  }

  #at({ id }: Player) {
    return { node: id, t: this.#now, clock: null }
  }

  #start(player: Player, input: unknown): void {
    const taken = player.start(input)
    this.#finish(player, 'start', { type: 'xstate.init' }, tick(player.clock, player.id), taken)
    this.#fold(player, null, taken.actions)
  }

  #take(player: Player, kind: 'receive' | 'timer' | 'local', event: EventObject, about: About = {}): void {
    this.#act(player, () => this.#step(player, kind, event, about))
  }

  #step(
    player: Player,
    kind: 'receive' | 'timer' | 'local',
    event: EventObject,
    about: About = {},
    scripted: EventObject | null = null,
  ): void {
    const taken = player.take(event)
    const { envelope } = about
    const clock =
      envelope !== undefined
        ? receive(player.clock, player.id, envelope.stamp)
        : taken.after === taken.before
          ? player.clock
          : tick(player.clock, player.id)
    this.#finish(player, kind, event, clock, taken, about)
    this.#fold(player, scripted, taken.actions)
  }

  /** Shows the observer what a search shows it: scripts, and actions other than `send`, `ignore` and timers. */
  #fold(player: Player, event: EventObject | null, actions: readonly PureAction[]): void {
    const { observer } = this.system
    if (observer === undefined) return
    const others = actions.filter(
      ({ type }) => !['send', 'ignore', 'xstate.raise', 'xstate.cancel'].includes(type),
    )
    if (others.length === 0 && event === null) return
    this.#observed = observer.observe(this.#observed, { node: player.id, event, actions: others })
  }

  /** Reports a step, then sends what it asked for: each send ticks and is stamped (L1). */
  #finish(
    player: Player,
    kind: Observation['kind'],
    event: EventObject,
    clock: Clock,
    { before, after, actions, microsteps }: Taken,
    about: About = {},
  ): void {
    player.clock = clock
    this.#report({
      ...this.#at(player),
      kind,
      clock,
      event,
      ...(before === undefined ? {} : { before }),
      after,
      actions,
      microsteps,
      ignored: actions.flatMap(({ type, params }) => (type === 'ignore' ? [(params as Ignore).reason] : [])),
      ...about,
    })
    for (const { type, params } of actions) {
      if (type === 'send') this.#send(player, params as Send)
      else if (type === 'xstate.raise' || type === 'xstate.cancel')
        player.setTimer(params, this.#now, this.#nextOrder)
    }
    for (const { type, params } of actions) if (type === 'settle') this.#settle(player, params)
  }

  #send(player: Player, { to, message }: Send): void {
    player.clock = tick(player.clock, player.id)
    const envelope: Envelope = { from: player.id, to, message, stamp: player.clock }
    const id = messageIdOf(envelope)
    const sent: SentMessage = { from: player.id, to, message: message as EventObject }
    const isCut = this.network.isCut(player.id, to)
    // What a cut link swallows was never sent, to a property as to a search.
    if (!isCut && this.#sent.add(sent, id)) player.hasSent(sent)
    this.#report({
      ...this.#at(player),
      kind: 'send',
      clock: player.clock,
      envelope,
      messageId: id,
      copy: 0,
    })
    this.network.send(envelope)
  }

  /** Calls of our own clients are reported with their ends, so that operations can be drawn and judged. */
  #settle(player: Player, params: unknown): void {
    const { calls } = (params ?? {}) as Partial<Settle>
    if (!Array.isArray(calls)) return
    for (const { id, end } of calls as Settle['calls']) {
      if (id === null || !player.calls.has(id as number)) continue
      const command = player.calls.get(id as number)
      player.calls.delete(id as number)
      this.#report({ ...this.#at(player), kind: 'return', call: { id: id as number, command, end } })
    }
  }
}

interface Due {
  readonly due: number
  readonly order: number
}

function isBefore(one: Due, other: Due): boolean {
  return one.due < other.due || (one.due === other.due && one.order < other.order)
}

type About = Pick<Observation, 'envelope' | 'messageId'>

function callsIn(event: EventObject): readonly { readonly id: number; readonly command: unknown }[] {
  const { type, calls } = event as EventObject & { calls?: unknown }
  return type === 'call' && Array.isArray(calls) ? calls : []
}

/** Nodes go by their ids without an incarnation, unless two would have one name. */
function playersOf({ nodes }: CheckedSystem): Player[] {
  const short = nodes.map(({ id }) => parseNodeId(id).name)
  const isUnique = new Set(short).size === nodes.length
  return nodes.map((node, index) => new Player(node, isUnique ? short[index]! : node.id))
}
