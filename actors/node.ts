/** One node: a chart as XState actor logic, with its clocks kept in one place, on a transport. Charts never touch a clock. */
import type {
  ActorLogic,
  AnyActorRef,
  AnyMachineSnapshot,
  AnyStateMachine,
  EventObject,
  Snapshot,
} from 'xstate'
import { boundClock, type Clock, receive, tick } from '../machines/clocks.ts'
import { type Ignore, isTimer, type Send } from '../machines/effects.ts'
import { invalidMessage, type Message } from '../machines/messages.ts'
import type { NodeId } from '../machines/node-id.ts'
import { type Scope, takeStepOf } from '../machines/step/take-step.ts'
import type { PureAction } from '../machines/step.ts'
import { createRoleCheck, invalidSender, invalidStamp, type SystemRoles } from './envelope.ts'
import { type Microstep, messageIdOf, type Observation } from './observation.ts'
import type { Envelope, Observe, TimeClock, Transport } from './ports.ts'

/** What a node needs of the world. */
export interface NodePorts {
  readonly transport: Transport
  readonly clock: TimeClock
  readonly observe?: Observe
  /** Receives each message that the node refused before its chart saw it. */
  readonly onRefused?: (refused: RefusedMessage) => void
}

/** A message that was refused before any chart saw it. */
export interface RefusedMessage {
  readonly envelope: Envelope
  /** `wrongRole`: sender or receiver are not those of this type of message (N6). */
  readonly reason: 'malformed' | 'wrongRole'
  /** What was expected, in a sentence. */
  readonly detail: string
}

/** What a chart needs to become a node. */
export interface NodeOptions extends NodePorts {
  readonly id: NodeId
  /** Who may send what to this node (N6); default: every sender, every message. */
  readonly roles?: SystemRoles
  /** Client entries kept in the node's vector clock (L6); default, and `Infinity`: all, and those of dead incarnations too. */
  readonly vectorEntriesMax?: number
  /** Carries out the chart's other effects, after the step that asked for them. */
  readonly carryOut?: (action: PureAction) => void
  /** Receives the actor before the chart's first step. */
  readonly begins?: (self: AnyActorRef) => void
  /** Receives each accepted message before the chart does. */
  readonly hears?: (message: Message) => void
  /** Whether the node is stopping: XState stops an actor only after the current step, and nothing may be sent in between. */
  readonly isHalted?: () => boolean
  /** Whether each message reaches the chart with this node's time as `now`, for an application that uses time (M1). */
  readonly tellsTime?: boolean
  /**
   * Makes state durable before anything that a step sent leaves (V11, D2): calls `proceed` at once or later, once for
   * each step and in the order of the steps, or `fail`, which ends the node.
   */
  readonly durably?: (step: DurableStep, proceed: () => void, fail: (error: unknown) => void) => void
  /** The snapshot to go on from, with its clock, instead of the initial one (D1). Its timers fire at once. */
  readonly recovered?: AnyMachineSnapshot
}

/** A step, for those who make state durable. */
export interface DurableStep {
  /** Null before the first step. */
  readonly before: AnyMachineSnapshot | null
  readonly event: EventObject
  readonly after: AnyMachineSnapshot
  /** Whether anything waits for it: a message to send, or an effect. */
  readonly tells: boolean
}

/** The event with which an envelope reaches the chart: the message, who sent it, and the stamp that only this file reads. */
type Arrival = Message & { readonly from: NodeId; readonly stamp: Clock; readonly now?: number }

/**
 * Actor logic for `machine` as node `id`. It attaches to the transport when its actor starts and detaches when it stops;
 * a stopped actor sends nothing more and finishes nothing, which is what a crash is. An actor that fails stops likewise.
 *
 * Clocks: a message received merges and ticks, everything sent ticks and is stamped, an event from within ticks when it
 * changes state (L1, L3).
 */
export function nodeLogic<Machine extends AnyStateMachine>(machine: Machine, options: NodeOptions): Machine {
  const { id, transport, clock: time, observe, carryOut, durably, recovered } = options
  const { vectorEntriesMax: entriesMax = Number.POSITIVE_INFINITY } = options
  const misfitOf = options.roles && createRoleCheck(options.roles)
  const isBounded = entriesMax !== Number.POSITIVE_INFINITY
  const step = takeStepOf(machine)
  let detach: () => void = () => {}
  let stopped = false
  let failure: { readonly error: unknown } | null = null
  let collected: PureAction[] = []
  let microsteps: Microstep[] = []
  /** The envelope that arrived last, and the event that was made of it. */
  let newest: { readonly event: EventObject; readonly envelope: Envelope } | null = null
  const scopes = new WeakMap<Scope, Scope>()

  /** XState reports every microstep to inspectors. Wrapping that call costs less than registering an inspector. */
  const watched = (system: Scope['system']): Scope['system'] => {
    const inner = system as InspectedSystem
    const _sendInspectionEvent: InspectedSystem['_sendInspectionEvent'] = (inspected) => {
      if (inspected.type === '@xstate.microstep') microsteps.push(...microstepsOf(inspected))
      inner._sendInspectionEvent(inspected)
    }
    return { ...inner, _sendInspectionEvent } as Scope['system']
  }

  /** The actor's own scope, except that the chart's effects are collected instead of executed. */
  const collecting = (scope: Scope): Scope => {
    let wrapped = scopes.get(scope)
    if (wrapped === undefined) {
      const collect: Scope['actionExecutor'] = (action) => {
        collected.push({ type: action.type, params: action.params })
        if (action.type.startsWith('xstate.')) scope.actionExecutor(action)
      }
      wrapped = {
        ...scope,
        system: observe === undefined ? scope.system : watched(scope.system),
        get actionExecutor() {
          return collect
        },
        // For every microstep XState assigns an executor of its own that also lists the actions. No code reads the list,
        // and V8 puts a function that is assigned to a property into its old space, with all that it holds.
        set actionExecutor(_) {},
      }
      scopes.set(scope, wrapped)
    }
    return wrapped
  }

  const take = (
    before: AnyMachineSnapshot | null,
    event: EventObject,
    scope: Scope,
    run: (scope: Scope) => unknown,
  ) => {
    collected = []
    microsteps = []
    const stamp = (event as Partial<Arrival>).stamp
    const stepped = run(collecting(scope)) as AnyMachineSnapshot
    const known = (before ?? stepped).context.clock as Clock
    const arrived = stamp !== undefined
    let clock = arrived ? receive(known, id, stamp) : stepped !== before ? tick(known, id) : known
    if (isBounded && (before === null || mayExceed(clock, stepped, before))) clock = bounded(clock, stepped)

    const actions = collected
    const outgoing: Envelope[] = []
    const arrivalClock = clock
    for (const { type, params } of actions) {
      if (type !== 'send') continue
      const { to, message } = params as Send
      clock = tick(clock, id)
      outgoing.push({ from: id, to, message, stamp: clock })
    }
    const after = clock === known ? stepped : withClock(stepped, clock, before)
    const steps = microsteps
    scope.defer(() =>
      orLeave(() => {
        observe?.(observation(before, event, after, actions, steps, arrivalClock))
        const proceed = () => {
          sendAll(outgoing)
          for (const action of actions) if (isEffect(action)) carryOut?.(action)
        }
        if (durably === undefined) return proceed()
        const tells = outgoing.length > 0 || actions.some(isEffect)
        durably(
          { before, event, after, tells },
          () => !hasLeft() && proceed(),
          (error) => {
            if (hasLeft()) return
            failure = { error }
            scope.self.send({ type: 'node.failed' })
          },
        )
      }),
    )
    return after
  }

  const hasLeft = () => stopped || options.isHalted?.() === true

  const leave = (): void => {
    stopped = true
    detach()
  }

  /** XState stops an actor that throws, without a word to its logic: the transport must not go on delivering to it. */
  const orLeave = <Value>(run: () => Value): Value => {
    try {
      return run()
    } catch (error) {
      leave()
      throw error
    }
  }

  const sendAll = (envelopes: readonly Envelope[]): void => {
    for (const envelope of envelopes) {
      if (hasLeft()) return
      observe?.({
        kind: 'send',
        node: id,
        t: time.now(),
        clock: envelope.stamp,
        envelope,
        messageId: messageIdOf(envelope),
        copy: 0,
      })
      transport.send(envelope)
    }
  }

  const observation = (
    before: AnyMachineSnapshot | null,
    event: EventObject,
    after: AnyMachineSnapshot,
    actions: readonly PureAction[],
    steps: readonly Microstep[],
    clock: Clock,
  ): Observation => {
    const node = id
    const t = time.now()
    const ignored = reasonsIn(actions)
    if (before === null)
      return { kind: 'start', node, t, clock, event, after, actions, microsteps: steps, ignored }
    const taken = { node, t, clock, event, before, after, actions, microsteps: steps, ignored }
    if ((event as Partial<Arrival>).stamp !== undefined) {
      const envelope = envelopeOf(event as Arrival)
      return Object.assign(taken, { kind: 'receive', envelope, messageId: messageIdOf(envelope) } as const)
    }
    const kind = isTimer(event) ? 'timer' : 'local'
    return Object.assign(taken, { kind } as const)
  }

  /** What arrives while a step is under way waits, so that the newest envelope may be another event's. */
  const envelopeOf = (event: Arrival): Envelope => {
    if (newest?.event === event) return newest.envelope
    const { stamp, from, now: _, ...message } = event
    return { from, to: id, message: message as Message, stamp }
  }

  /** The entries of clients are capped; those of servers and of the view service are not (L6). */
  const bounded = (clock: Clock, { context }: AnyMachineSnapshot): Clock => {
    const { viewService, view, servers } = context as {
      viewService?: NodeId
      view: { primary: NodeId | null; backup: NodeId | null }
      servers?: readonly { readonly id: NodeId }[]
    }
    const isClient = (other: NodeId) =>
      other !== viewService &&
      other !== view.primary &&
      other !== view.backup &&
      !servers?.some((server) => server.id === other)
    return boundClock(clock, { entriesMax, isClient, keep: id })
  }

  const receiveEnvelope = (actor: { send(event: EventObject): void }, envelope: Envelope): void => {
    if (stopped) return
    const { from, to, message, stamp } = envelope
    const invalid =
      to !== id
        ? `expected an envelope to ${id}, got one to ${to}`
        : (invalidSender(from) ?? invalidStamp(stamp) ?? invalidMessage(message))
    const misfit = invalid === null ? (misfitOf?.(from, message.type) ?? null) : null
    if (invalid !== null) refuseEnvelope(envelope, 'malformed', invalid)
    if (misfit !== null) refuseEnvelope(envelope, 'wrongRole', misfit)
    if ((invalid ?? misfit) !== null) return
    // Not `{ ...message, from, stamp }`: adding to a spread makes V8 draw up a new hidden class each time.
    const event: EventObject = options.tellsTime
      ? Object.assign({}, message, { from, stamp, now: Math.max(0, Math.floor(time.now())) })
      : Object.assign({}, message, { from, stamp })
    newest = { event, envelope }
    options.hears?.(message)
    actor.send(event)
  }

  const refuseEnvelope = (envelope: Envelope, reason: RefusedMessage['reason'], detail: string): void => {
    observe?.({
      kind: 'refuse',
      node: id,
      t: time.now(),
      clock: null,
      envelope,
      ignored: [detail],
      detail,
    })
    options.onRefused?.({ envelope, reason, detail })
  }

  const logic: ActorLogic<Snapshot<unknown>, EventObject, unknown> = {
    ...(machine as unknown as ActorLogic<Snapshot<unknown>, EventObject, unknown>),
    getInitialSnapshot(scope, input) {
      options.begins?.(scope.self)
      return take(null, { type: 'xstate.init' }, scope, (shared) => {
        const initial = machine.getInitialSnapshot(shared as never, input as never)
        if (recovered === undefined) return initial
        // D3: recovery sends nothing; what the initial state sends is not what this node would.
        collected = []
        return recovered
      })
    },
    transition(snapshot, event, scope) {
      if (event.type === 'xstate.stop') {
        leave()
        return machine.transition(snapshot as never, event as never, scope as never)
      }
      return orLeave(() => {
        if (failure !== null) throw failure.error
        return take(snapshot as AnyMachineSnapshot, event, scope, (shared) =>
          step(snapshot as AnyMachineSnapshot, event, shared),
        )
      })
    },
    start(snapshot, scope) {
      // XState's type of `start` leaves out the scope that it passes.
      ;(machine.start as (snapshot: unknown, scope: unknown) => void)(snapshot, scope)
      detach = transport.attach(id, (envelope) => receiveEnvelope(scope.self, envelope))
      stopped = false
      if (recovered === undefined) return
      for (const type of timersOf(recovered)) scope.self.send({ type } as never)
    },
    restoreSnapshot(snapshot, scope) {
      options.begins?.(scope.self)
      return machine.restoreSnapshot(snapshot as never, scope as never)
    },
    getPersistedSnapshot: (snapshot, persistOptions) =>
      machine.getPersistedSnapshot(snapshot as never, persistOptions),
  }
  return logic as unknown as Machine
}

/**
 * Starts the actor of a node. Failing later, by an application or a port that throws, is a crash of this node alone: it is
 * observed, or thrown unhandled if there is no observer.
 * @throws StandbyError `duplicateNode` or `stopped` where the transport refuses the node.
 */
export function startNode(
  actor: AnyActorRef,
  { id, clock, observe }: NodeOptions,
  onFailure?: () => void,
): void {
  let isStarting = true
  const subscription = actor.subscribe({
    error: (error) => {
      if (isStarting) return
      onFailure?.()
      if (observe === undefined) throw error
      const detail = `failed: ${error instanceof Error ? error.message : String(error)}`
      observe({ kind: 'crash', node: id, t: clock.now(), clock: null, detail })
    },
  })
  actor.start()
  isStarting = false
  const { status, error } = actor.getSnapshot() as Snapshot<unknown>
  if (status !== 'error') return
  subscription.unsubscribe()
  throw error
}

/** Only a new entry, or a change of who is a server, can put a clock past its bounds. */
function mayExceed(clock: Clock, after: AnyMachineSnapshot, before: AnyMachineSnapshot): boolean {
  const { view, servers, clock: known } = before.context
  if (after.context.view !== view || after.context.servers !== servers) return true
  return Object.keys(clock.vector).length !== Object.keys(known.vector).length
}

/** The clock is the only part of a context that is not the chart's own. What this step made, and no other code has seen, is not copied. */
function withClock(
  snapshot: AnyMachineSnapshot,
  clock: Clock,
  before: AnyMachineSnapshot | null,
): AnyMachineSnapshot {
  if (before !== null && snapshot.context !== before.context) {
    snapshot.context.clock = clock
    return snapshot
  }
  const context = { ...snapshot.context, clock }
  return (
    snapshot !== before ? Object.assign(snapshot, { context }) : { ...snapshot, context }
  ) as AnyMachineSnapshot
}

function isEffect({ type }: PureAction): boolean {
  return type === 'settle' || type === 'decided' || type === 'deliver'
}

/** The timers that run in a snapshot. */
function timersOf(snapshot: AnyMachineSnapshot): readonly string[] {
  const nodes = snapshot._nodes as readonly { readonly transitions: ReadonlyMap<string, unknown> }[]
  return nodes.flatMap(({ transitions }) => [...transitions.keys()].filter((type) => isTimer({ type })))
}

function reasonsIn(actions: readonly PureAction[]): readonly string[] {
  let reasons: string[] | null = null
  for (const { type, params } of actions) {
    if (type !== 'ignore') continue
    reasons ??= []
    reasons.push((params as Ignore).reason)
  }
  return reasons ?? none
}

const none: readonly string[] = Object.freeze([])

/** The part of XState's system that notifies inspectors. */
type InspectedSystem = Scope['system'] & {
  readonly _sendInspectionEvent: (inspected: { readonly type: string }) => void
}

/** The transitions in XState's inspection event of one microstep. */
export function microstepsOf(inspected: object): Microstep[] {
  const { event, _transitions } = inspected as {
    event: EventObject
    _transitions: { source: { id: string }; target?: { id: string }[]; guard?: unknown }[]
  }
  return _transitions.map(({ source, target, guard }) => ({
    event: event.type,
    source: source.id,
    target: target?.map((node) => node.id) ?? [],
    guard: guardName(guard),
  }))
}

function guardName(guard: unknown): string | null {
  if (guard === undefined) return null
  if (typeof guard === 'string') return guard
  return (guard as { type?: string }).type ?? '(inline)'
}
