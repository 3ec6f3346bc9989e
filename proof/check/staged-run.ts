/** A run as observations, as live nodes would have made them: clocks, guards, refusals. It decides nothing; the happenings say all. */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate'
import { microstepsOf } from '../../actors/node.ts'
import { type Microstep, messageIdOf, type Observation } from '../../actors/observation.ts'
import type { Envelope } from '../../actors/ports.ts'
import type { Settle } from '../../machines/client/index.ts'
import { type Clock, receive, tick, zeroClock } from '../../machines/clocks.ts'
import type { Ignore, Send } from '../../machines/effects.ts'
import type { PureAction, Stepper } from '../../machines/step.ts'
import type { Happening } from './engine/locals.ts'
import { createTolerantStepper } from './engine/tolerant-stepper.ts'
import { Links } from './links.ts'
import type { CheckedNode, CheckedSystem, NodeView, Observer, SentMessage, SystemView } from './system.ts'

/** One life on the stage. */
interface Actor {
  readonly node: CheckedNode
  readonly stepper: Stepper<AnyStateMachine>
  readonly microsteps: Microstep[]
  id: string
  life: number
  snapshot: AnyMachineSnapshot
  clock: Clock
  /** Events of the script that have happened. */
  scripted: number
  alive: boolean
  /** Those that are set, by their ids. */
  timers: ReadonlyMap<string, ArmedTimer>
  /** What was ever sent from here, former lives included, each message once. */
  sent: readonly SentMessage[]
}

/** A timer that is set, and when it is due. */
export interface ArmedTimer {
  readonly node: string
  readonly event: EventObject
  readonly due: number
}

interface Sent {
  readonly message: SentMessage
  /** Every time it was sent, with how often that copy has arrived. */
  readonly copies: { readonly envelope: Envelope; received: number }[]
}

/**
 * Plays happenings on the charts, one after another, and tells what live nodes would have told. Clocks follow L1 and are
 * never cut (L6); a happening takes one millisecond.
 */
export class Stage {
  readonly #actors: Actor[]
  readonly #links: Links
  readonly #observe: (observation: Observation) => void
  readonly #sent = new Map<string, Sent>()
  readonly #observer: Observer | undefined
  /** What was sent since somebody last took it. */
  #fresh: SentMessage[] = []
  #observed: unknown
  #now = 0

  constructor(system: CheckedSystem, observe: (observation: Observation) => void = () => {}) {
    this.#observe = observe
    this.#observer = system.observer
    this.#observed = system.observer?.initial
    this.#links = new Links(system)
    this.#actors = system.nodes.map((node) => {
      const microsteps: Microstep[] = []
      const stepper = createTolerantStepper(node.machine, (inspected) => {
        if (inspected.type === '@xstate.microstep') microsteps.push(...microstepsOf(inspected))
      })
      const { id } = node
      const timers = new Map<string, ArmedTimer>()
      const rest = { id, life: 1, clock: zeroClock, scripted: 0, alive: true, timers, sent: [] }
      return { node, stepper, microsteps, snapshot: null as never, ...rest }
    })
    for (const actor of this.#actors) this.#start(actor, actor.node.input ?? { id: actor.id })
  }

  /** Of the messages of this type from one node to another the one that was first sent as number `nth`, from 0; null if there is none. */
  message({ from, to, type, nth }: MessageName): SentMessage | null {
    return this.#named(from, to, type)[nth] ?? null
  }

  nameOf({ from, to, message }: SentMessage): MessageName {
    const { type } = message
    const text = JSON.stringify(message)
    const nth = this.#named(from, to, type).findIndex((other) => JSON.stringify(other.message) === text)
    return { from, to, type, nth }
  }

  /** The event of the node's script that comes next; null if there is none. */
  scripted(id: string): EventObject | null {
    const actor = this.#actors.find((other) => other.id === id)
    return actor?.node.script?.[actor.scripted] ?? null
  }

  /** Milliseconds. */
  get now(): number {
    return this.#now
  }

  /** The timers that are set on nodes that live. */
  timers(): ArmedTimer[] {
    return this.#actors.flatMap((actor) => (takesEvents(actor) ? [...actor.timers.values()] : []))
  }

  /** The events of scripts that may come now. */
  scripts(): Happening[] {
    return this.#actors.flatMap((actor) => {
      const { id, node, snapshot, scripted } = actor
      const event = node.script?.[scripted]
      const mayCome = takesEvents(actor) && event !== undefined && (node.ready?.(snapshot) ?? true)
      return mayCome ? [{ kind: 'script' as const, node: id, event }] : []
    })
  }

  /** What was sent since this was last asked, for nodes that live. */
  takeSent(): SentMessage[] {
    const fresh = this.#fresh.filter(({ to }) => this.lives(to))
    this.#fresh = []
    return fresh
  }

  lives(id: string): boolean {
    return this.#actors.some((actor) => takesEvents(actor) && actor.id === id)
  }

  /** What properties can see. */
  view(): SystemView {
    return {
      ids: this.#actors.map(({ node }) => node.id),
      node: (first) => {
        const actor = this.#actors.find(({ node }) => node.id === first)
        if (actor === undefined) throw new Error(`expected one of the nodes, got ${first}`)
        const { id, alive, snapshot, sent } = actor
        return { id, alive, snapshot, sent } satisfies NodeView
      },
      observed: () => this.#observed,
    }
  }

  /**
   * @param at when it happens; default: a millisecond later than the one before
   * @throws Error where no such node lives or no such message was sent.
   */
  play(happening: Happening, at = this.#now + 1): void {
    this.#now = at
    const actor = this.#actors.find(({ id }) => id === happening.node)
    if (actor === undefined) throw new Error(`expected a node ${happening.node}, found none`)
    switch (happening.kind) {
      case 'deliver':
        this.#deliver(actor, happening.message)
        break
      case 'timer':
        this.#forget(actor, happening.event)
        this.#take(actor, 'timer', happening.event)
        break
      case 'script':
        actor.scripted += 1
        this.#tellCalls(actor, happening.event)
        this.#take(actor, 'local', happening.event, {}, happening.event)
        break
      case 'crash':
        Object.assign(actor, { alive: false, timers: new Map() })
        this.#tell(actor, { kind: 'crash', clock: null })
        break
      case 'restart': {
        actor.life += 1
        const { id, input } = actor.node.restart!(actor.life)
        Object.assign(actor, { id, clock: zeroClock, alive: true })
        this.#tell(actor, { kind: 'restart', clock: null })
        this.#start(actor, input)
      }
    }
  }

  #start(actor: Actor, input: unknown): void {
    const { snapshot, actions } = this.#collecting(actor, () => actor.stepper.start(input as never))
    actor.snapshot = snapshot
    this.#finish(actor, 'start', { type: 'xstate.init' }, tick(actor.clock, actor.id), actions)
    this.#fold(actor, null, actions)
  }

  #deliver(actor: Actor, sent: SentMessage): void {
    const { copies = [] } = this.#sent.get(JSON.stringify(sent)) ?? {}
    const copy = copies.find(({ received }) => received === 0) ?? copies.at(-1)
    if (copy === undefined) throw new Error(`expected a ${sent.message.type} to ${sent.to}, none was sent`)
    const { envelope } = copy
    const about = { envelope, messageId: messageIdOf(envelope), copy: copy.received }
    if (copy.received > 0)
      this.#tell(actor, { kind: 'duplicate', node: envelope.from, clock: null, ...about })
    copy.received += 1
    this.#take(actor, 'receive', { ...sent.message, from: sent.from } as EventObject, about)
  }

  #take(
    actor: Actor,
    kind: 'receive' | 'timer' | 'local',
    event: EventObject,
    about: About = {},
    scripted: EventObject | null = null,
  ): void {
    const before = actor.snapshot
    const { snapshot, actions } = this.#collecting(actor, () =>
      actor.stepper.step(before as never, event as never),
    )
    actor.snapshot = snapshot
    const { envelope } = about
    const clock =
      envelope !== undefined
        ? receive(actor.clock, actor.id, envelope.stamp)
        : snapshot === before
          ? actor.clock
          : tick(actor.clock, actor.id)
    this.#finish(actor, kind, event, clock, actions, { before, ...about })
    this.#fold(actor, scripted, actions)
  }

  /** Of timers that fire, whichever they are: the one with this event is not set any more. */
  #forget(actor: Actor, event: EventObject): void {
    const text = JSON.stringify(event)
    actor.timers = new Map([...actor.timers].filter(([, timer]) => JSON.stringify(timer.event) !== text))
  }

  /** Shows the observer what a search shows it: what is neither `send` nor `ignore` nor a timer, and scripts. */
  #fold(actor: Actor, event: EventObject | null, actions: readonly PureAction[]): void {
    const others = actions.filter(
      ({ type }) => !['send', 'ignore', 'xstate.raise', 'xstate.cancel'].includes(type),
    )
    if (this.#observer === undefined || (others.length === 0 && event === null)) return
    this.#observed = this.#observer.observe(this.#observed, { node: actor.id, event, actions: others })
  }

  #collecting(
    actor: Actor,
    run: () => { readonly snapshot: unknown; readonly actions: readonly PureAction[] },
  ) {
    actor.microsteps.length = 0
    const { snapshot, actions } = run()
    return { snapshot: snapshot as AnyMachineSnapshot, actions }
  }

  /** Tells of a step, then sends what it asked for: each send ticks and is stamped (L1). */
  #finish(
    actor: Actor,
    kind: Observation['kind'],
    event: EventObject,
    clock: Clock,
    actions: readonly PureAction[],
    about: About & { readonly before?: AnyMachineSnapshot } = {},
  ): void {
    actor.clock = clock
    this.#tell(actor, {
      kind,
      clock,
      event,
      after: actor.snapshot,
      actions,
      microsteps: [...actor.microsteps],
      ignored: actions.flatMap(({ type, params }) => (type === 'ignore' ? [(params as Ignore).reason] : [])),
      ...about,
    })
    for (const { type, params } of actions) {
      if (type === 'send') this.#send(actor, params as Send)
      else if (type === 'settle') this.#tellReturns(actor, (params ?? {}) as Partial<Settle>)
      else if (type === 'xstate.raise' || type === 'xstate.cancel') this.#setTimer(actor, params)
    }
  }

  /** A timer that is set, or set again, or cancelled. */
  #setTimer(actor: Actor, params: unknown): void {
    const { event, id, sendId, delay } = (params ?? {}) as Partial<TimerParams>
    const timers = new Map(actor.timers)
    if (event === undefined) timers.delete(String(sendId ?? params))
    else if (delay !== undefined) {
      timers.delete(id ?? event.type)
      timers.set(id ?? event.type, { node: actor.id, event, due: this.#now + delay })
    }
    actor.timers = timers
  }

  #send(actor: Actor, { to, message }: Send): void {
    actor.clock = tick(actor.clock, actor.id)
    const from = actor.id
    const envelope: Envelope = { from, to, message, stamp: actor.clock }
    const about = { envelope, messageId: messageIdOf(envelope), copy: 0 }
    this.#tell(actor, { kind: 'send', clock: actor.clock, ...about })
    if (this.#links.isCut(from, to)) {
      this.#tell(actor, { kind: 'drop', clock: null, detail: 'the link is cut', ...about })
      return
    }
    const sent: SentMessage = { from, to, message: message as EventObject }
    const key = JSON.stringify(sent)
    this.#fresh.push(sent)
    const known = this.#sent.get(key) ?? { message: sent, copies: [] }
    if (known.copies.length === 0) actor.sent = [...actor.sent, sent]
    known.copies.push({ envelope, received: 0 })
    this.#sent.set(key, known)
  }

  #named(from: string, to: string, type: string): SentMessage[] {
    return [...this.#sent.values()]
      .map(({ message }) => message)
      .filter((sent) => sent.from === from && sent.to === to && sent.message.type === type)
  }

  /** Calls of our own clients are told as calls, so that their lives can be drawn. */
  #tellCalls(actor: Actor, event: EventObject): void {
    for (const { id, command } of callsIn(event))
      this.#tell(actor, { kind: 'call', clock: null, call: { id, command } })
  }

  #tellReturns(actor: Actor, { calls = [] }: Partial<Settle>): void {
    const made = (actor.node.script ?? []).flatMap(callsIn)
    for (const { id, end } of calls) {
      const { command } = made.find((call) => call.id === id) ?? { command: null }
      this.#tell(actor, { kind: 'return', clock: null, call: { id, command, end } })
    }
  }

  #tell(actor: Actor, observation: Omit<Observation, 'node' | 't'> & { readonly node?: string }): void {
    this.#observe({ node: actor.id, t: this.#now, ...observation })
  }
}

interface TimerParams {
  readonly event: EventObject
  readonly id: string
  readonly sendId: string
  readonly delay: number
}

type About = Pick<Observation, 'envelope' | 'messageId' | 'copy'>

/** A message by who sent it to whom: its type, and how many others of that type came before it. */
export interface MessageName {
  readonly from: string
  readonly to: string
  readonly type: string
  readonly nth: number
}

function callsIn(event: EventObject): readonly { readonly id: number; readonly command: unknown }[] {
  const { type, calls } = event as EventObject & { calls?: unknown }
  return type === 'call' && Array.isArray(calls) ? calls : []
}

/** A machine that is done takes no more. */
function takesEvents({ alive, snapshot }: Actor): boolean {
  return alive && snapshot.status === 'active'
}
