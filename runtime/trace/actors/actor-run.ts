/** A system of foreign actors as the steps of a run, with clocks that the actors do not keep. An adapter per wire feeds it. */
import type { Json } from '../../../machines/application/application.ts'
import { type Clock, receive, tick, zeroClock } from '../../../machines/clocks.ts'
import { isTimer } from '../../../machines/effects.ts'
import type { Considered } from '../considered.ts'
import { createContextLog } from '../context-log.ts'
import type { MachineDescription } from '../definition.ts'
import { appLimits, encode } from '../encode.ts'
import { type TraceHeader, type TraceMessage, type TraceStep, traceFormat, traceVersion } from '../format.ts'
import type { Shadow } from '../shadow.ts'
import { createNames } from './actor-names.ts'

/** An actor that has appeared. */
export interface Appeared {
  /** The wire's own name for it, such as XState's session id. */
  readonly key: string
  /** What people call it; where its parent has another of that name, or had one, it is numbered. */
  readonly name: string
  readonly parent: string | null
  readonly machine: MachineDescription
  /** The same for actors of the same machine, and only for those. */
  readonly machineKey: unknown
}

/** An actor has dealt with an event. */
export interface Taken {
  readonly key: string
  readonly event: { readonly type: string }
  readonly value: Json
  readonly context: Readonly<Record<string, unknown>>
  readonly status: 'active' | 'done' | 'error' | 'stopped'
  readonly error?: string
  readonly microsteps?: readonly Considered[]
  readonly actions?: readonly { readonly type: string; readonly params: unknown }[]
  /** Why it changed nothing. */
  readonly refused?: string
}

/** What an adapter reports of a system, in the order in which it happens. */
export interface ActorRun {
  appear(actor: Appeared): void
  isKnown(key: string): boolean
  /** An event is on its way; `from` is null if it comes from outside the system. */
  deliver(from: string | null, to: string, event: { readonly type: string }): void
  /** An actor has taken an event that was delivered before, or one of its own. */
  take(taken: Taken): void
  /** Repeats the header and starts each live actor from its current state, with steps counted from 0: for a viewer that joins late. */
  restart(): void
}

/** Where the steps go. */
export interface RunSink {
  header(header: TraceHeader): void
  step(step: TraceStep): void
}

export interface ActorRunOptions {
  /** Milliseconds; default: `Date.now`. */
  readonly now?: () => number
  /** What the header says of where the run comes from. */
  readonly origin: string
  /** Looks into contexts that an app may mutate in place; without one they are plain data. */
  readonly shadow?: Shadow
  /** Replaces contexts and events before they are encoded. */
  readonly sanitize?: (value: unknown, kind: 'context' | 'event') => unknown
}

interface Pending {
  readonly event: { readonly type: string }
  /** Null if it comes from the actor itself or from outside. */
  readonly sent: { readonly message: TraceMessage; readonly stamp: Clock } | null
  readonly isOwn: boolean
}

interface Actor extends Appeared {
  readonly node: string
  clock: Clock
  inbox: Pending[]
  value: Json
  isStarted: boolean
  isStopped: boolean
}

/** Actors that have stopped and are remembered, to name them when events still come for them. */
const stoppedMax = 4096

/** Entries of a vector clock: in a system with more actors the ones with the oldest news are dropped (L6). */
const vectorMax = 256

export function createActorRun(
  sink: RunSink,
  { now = Date.now, origin, shadow, sanitize }: ActorRunOptions,
): ActorRun {
  const actors = new Map<string, Actor>()
  const contexts = createContextLog(shadow)
  const names = createNames()
  const stopped: string[] = []
  let described = new Map<unknown, string>()
  let i = 0

  const clean = <Value>(value: Value, kind: 'context' | 'event'): Value =>
    sanitize === undefined ? value : (sanitize(value, kind) as Value)
  const emit = (step: Omit<TraceStep, 'i' | 't' | 'operations' | 'verdicts'>) => {
    sink.step({ i: i++, ...step, t: now(), operations: [], verdicts: [] } as TraceStep)
  }
  const clocksOf = ({ clock }: Actor) => ({
    lamport: clock.lamport,
    vector: clock.vector,
    ...(clock.truncated ? { truncated: true as const } : {}),
  })
  const begin = () => {
    i = 0
    described = new Map()
    sink.header({
      format: traceFormat,
      version: traceVersion,
      seed: null,
      options: { origin },
      machines: [],
      nodes: [],
    })
  }

  /** The machine's id, and its description if this run has not given it yet. */
  const machineOf = ({ machine, machineKey }: Actor) => {
    const known = described.get(machineKey)
    if (known !== undefined) return { machine: known }
    const taken = new Set(described.values())
    let id = machine.id
    for (let number = 2; taken.has(id); number++) id = `${machine.id}~${number}`
    described.set(machineKey, id)
    return { machine: id, definition: id === machine.id ? machine : { ...machine, id } }
  }

  const start = (actor: Actor, rest: Partial<TraceStep>) => {
    actor.isStarted = true
    const parent = actor.parent === null ? undefined : actors.get(actor.parent)?.node
    emit({
      node: actor.node,
      kind: 'start',
      ...machineOf(actor),
      ...(parent === undefined ? {} : { parent }),
      ...clocksOf(actor),
      ...rest,
    })
  }

  const lose = (actor: Actor, { sent }: Pending, detail: string) => {
    if (sent === null) return
    emit({
      node: actor.node,
      kind: 'drop',
      message: sent.message,
      lamport: null,
      vector: null,
      detail,
    })
  }

  const stop = (actor: Actor, kind: 'stop' | 'crash', detail: string) => {
    actor.isStopped = true
    for (const pending of actor.inbox.splice(0)) lose(actor, pending, 'stopped before it took it')
    emit({ node: actor.node, kind, lamport: null, vector: null, detail })
    contexts.forget(actor.node)
    stopped.push(actor.key)
    if (stopped.length > stoppedMax) actors.delete(stopped.shift()!)
  }

  /** The delivery that this event is: the first of it; what was delivered before that was taken without a word. */
  const pendingOf = (actor: Actor, event: { readonly type: string }): Pending | undefined => {
    let index = actor.inbox.findIndex((pending) => pending.event === event)
    if (index < 0) index = actor.inbox.findIndex((pending) => pending.event.type === event.type)
    if (index < 0) return undefined
    for (const pending of actor.inbox.splice(0, index)) arrive(actor, pending, {})
    return actor.inbox.shift()
  }

  const arrive = (actor: Actor, { event, sent, isOwn }: Pending, rest: Partial<TraceStep>) => {
    const { node, clock } = actor
    const isRefused = rest.refused !== undefined
    const next = sent === null ? (isRefused ? clock : tick(clock, node)) : receive(clock, node, sent.stamp)
    actor.clock = bounded(next, node)
    emit({
      node,
      kind: sent === null ? (isOwn && isTimer(event) ? 'timer' : 'local') : 'receive',
      ...(sent === null ? { event: encode(clean(event, 'event'), appLimits) } : { message: sent.message }),
      ...clocksOf(actor),
      ...rest,
    })
  }

  begin()
  return {
    appear(appeared) {
      const above = appeared.parent === null ? undefined : actors.get(appeared.parent)
      const node = names.nameFor(above === undefined ? appeared.name : `${above.node}/${appeared.name}`)
      actors.set(appeared.key, {
        ...appeared,
        node,
        clock: zeroClock,
        inbox: [],
        value: null,
        isStarted: false,
        isStopped: false,
      })
    },
    isKnown: (key) => actors.has(key),
    deliver(from, to, event) {
      const actor = actors.get(to)
      if (actor === undefined) return
      const sender = from === null || from === to ? undefined : actors.get(from)
      const isInit = event.type === 'xstate.init'
      // The actor that starts another precedes it.
      if (isInit && sender !== undefined) actor.clock = sender.clock
      let sent: Pending['sent'] = null
      if (sender !== undefined && !isInit) {
        sender.clock = tick(sender.clock, sender.node)
        const message = messageOf(sender, actor, clean(event, 'event'), event.type, now())
        emit({ node: sender.node, kind: 'send', message, ...clocksOf(sender) })
        sent = { message, stamp: sender.clock }
      }
      const pending = { event, sent, isOwn: from === to }
      if (!actor.isStopped) actor.inbox.push(pending)
      else if (sent !== null) lose(actor, pending, 'it has stopped')
      else
        emit({
          node: actor.node,
          kind: 'drop',
          lamport: null,
          vector: null,
          event: encode(clean(event, 'event'), appLimits),
          detail: 'it has stopped',
        })
    },
    take({ key, event, value, context, status, error, microsteps = [], actions, refused }) {
      const actor = actors.get(key)
      if (actor === undefined || actor.isStopped) return
      const { node } = actor
      const before = actor.isStarted ? { before: { value: actor.value } } : {}
      const isFirst = !actor.isStarted
      const rest: Partial<TraceStep> = {
        ...before,
        after: { value, ...contexts.entryFor(node, fieldsOf(clean(context, 'context')), isFirst) },
        ...(microsteps.length === 0 ? {} : { microsteps }),
        ...(refused === undefined ? {} : { refused: { event: event.type, reason: refused } }),
        ...(actions === undefined ? {} : { actions: actions.map(actionEntry) }),
      }
      actor.value = value
      const isStop = event.type === 'xstate.stop'
      if (isFirst) {
        pendingOf(actor, event)
        actor.clock = tick(actor.clock, node)
        start(actor, rest)
      } else if (!isStop) {
        arrive(actor, pendingOf(actor, event) ?? { event, sent: null, isOwn: true }, rest)
      }
      if (status === 'error') stop(actor, 'crash', `failed: ${error ?? 'unknown error'}`)
      else if (isStop || status === 'stopped') stop(actor, 'stop', 'stopped')
      else if (status === 'done') stop(actor, 'stop', 'done')
    },
    restart() {
      begin()
      for (const actor of actors.values()) {
        if (!actor.isStarted || actor.isStopped) continue
        const context = contexts.last(actor.node) ?? {}
        start(actor, { after: { value: actor.value, context }, detail: 'was there before' })
      }
    },
  }
}

/** What `sanitize` made of a context; if that is no record, as a field of one. */
function fieldsOf(context: unknown): Readonly<Record<string, unknown>> {
  const isRecord = typeof context === 'object' && context !== null && !Array.isArray(context)
  return isRecord ? (context as Record<string, unknown>) : { context }
}

function messageOf(sender: Actor, to: Actor, event: unknown, type: string, sentAt: number): TraceMessage {
  const { type: _, ...body } = (typeof event === 'object' && event !== null ? event : { event }) as {
    type?: unknown
  }
  const id = `${sender.node}@${sender.clock.lamport}`
  return {
    id,
    copy: 0,
    type: String(type),
    from: sender.node,
    to: to.node,
    body: encode(body, appLimits),
    sentAt,
  }
}

function actionEntry({ type, params }: { type: string; params: unknown }) {
  return { type, params: encode(params ?? null, appLimits) }
}

function bounded(clock: Clock, node: string): Clock {
  const entries = Object.entries(clock.vector)
  if (entries.length <= vectorMax) return clock
  const kept = entries.sort(([a, m], [b, n]) => Number(b === node) - Number(a === node) || n - m)
  return { ...clock, vector: Object.fromEntries(kept.slice(0, vectorMax)), truncated: true }
}
