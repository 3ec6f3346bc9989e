/** One instance of a machine as a real XState actor system without time, effects and chance of its own: steps of JSON. */
import { type AnyActorLogic, type AnyActorRef, type AnyStateMachine, createActor } from 'xstate'
import type { EffectReport, Json } from '../application.ts'
import { actorTag, decode, encode, type References } from './codec.ts'
import type { DecodedReport, EffectSnapshot } from './inert.ts'
import { inertLogic, isEffect, isMachine, reportType } from './inert.ts'
import { type InlineLogics, inlinePrefix } from './inline-logics.ts'
import {
  assertKnownXState,
  type ExecutableAction,
  type InnerActor,
  innerOf,
  pathOf,
} from './xstate-internals.ts'

/** Another instance of the application, as the target of `sendTo`. */
export interface InstanceAddress {
  readonly machine: string
  readonly id: string
}

/** A delayed event (M2). Where two are due at the same moment, the lower `seq` is first. */
export interface Timer {
  readonly due: number
  readonly seq: number
  /** The actor that scheduled it, and the id under which it can be cancelled. */
  readonly source: readonly string[]
  readonly id: string
  readonly target: readonly string[] | InstanceAddress
  readonly event: Json
  /** Another was scheduled under the same id: as in XState, both fire, and this one cannot be cancelled. */
  readonly orphan?: true
}

/** An instance between two steps, all of it JSON. */
export interface SandboxState {
  readonly snapshot: PersistedActor
  readonly timers: readonly Timer[]
  /** Ids that were given to actors without one. */
  readonly ids: number
  readonly invocations: number
}

/** An actor's snapshot as JSON: XState's persisted form, with contexts as `encode` writes them. */
export interface PersistedActor {
  readonly status: string
  readonly context?: Json
  readonly children?: Readonly<Record<string, PersistedChild>>
  readonly [key: string]: unknown
}

interface PersistedChild {
  readonly src: string
  readonly snapshot: PersistedActor
  readonly systemId?: string
  readonly syncSnapshot?: boolean
}

/** What a step gives to the sandbox: its place in time, and where what it causes goes. */
export interface StepIo {
  readonly at: number
  nextSeq(): number
  readonly out: StepOutput
}

/** What a step caused beside the new state. */
export interface StepOutput {
  readonly emitted: unknown[]
  readonly outbox: { readonly to: InstanceAddress; readonly event: unknown }[]
  readonly effects: SandboxEffect[]
}

/** What the primary carries out once the step is decided (M4). */
export type SandboxEffect =
  | { readonly kind: 'action'; readonly name: string; readonly run: (outside?: SendOutside) => void }
  | {
      readonly kind: 'start'
      readonly invocation: number
      readonly path: readonly string[]
      readonly logic: AnyActorLogic
      readonly input: unknown
      readonly src: string
    }
  | { readonly kind: 'stop'; readonly invocation: number }
  | { readonly kind: 'deliver'; readonly invocation: number; readonly event: unknown }

/** What may happen to an instance. */
export type Stimulus =
  | { readonly kind: 'event'; readonly path: readonly string[]; readonly event: { readonly type: string } }
  | { readonly kind: 'timer'; readonly timer: Timer }
  | {
      readonly kind: 'report'
      readonly path: readonly string[]
      readonly invocation: number
      readonly report: EffectReport
    }

/** Where an event goes that a plain action sends after the step, such as `self.send(...)`. */
export type SendOutside = (path: readonly string[], event: unknown) => void

/** The parts of a sandbox that do not change from step to step. */
export interface SandboxOptions {
  readonly machine: AnyStateMachine
  /** The root actor's id. */
  readonly id: string
  readonly inline: InlineLogics
}

const relayedMax = 10_000

/** A running actor system of one instance, between the state that it was made of and its next. */
export class Sandbox {
  readonly #options: SandboxOptions
  readonly #timers = new Map<string, Timer>()
  readonly #effects = new WeakMap<object, AnyActorLogic>()
  readonly #references: References
  #ids = 0
  #invocations = 0
  /** Events that the step under way has brought from actor to actor. */
  #relayed = 0
  #phase: 'restoring' | 'stepping' | 'resting' = 'restoring'
  #io: StepIo | null = null
  #outside: SendOutside | null = null
  #root: InnerActor
  #failure: { readonly error: unknown } | null = null

  private constructor(options: SandboxOptions) {
    assertKnownXState()
    this.#options = options
    this.#root = undefined as never
    this.#references = {
      write: (ref) => actorTag(pathOf(innerOf(ref as unknown as AnyActorRef))),
      find: (path) => this.#find(path),
    }
  }

  /** A new instance, after its first step. Must run with the step's inputs (`withInputs`). */
  static start(options: SandboxOptions, input: unknown, io: StepIo): Sandbox {
    const sandbox = new Sandbox(options)
    sandbox.#phase = 'stepping'
    sandbox.#io = io
    try {
      sandbox.#create({ input })
      startActor(sandbox.#root)
    } finally {
      sandbox.#rest()
    }
    return sandbox
  }

  /** The instance of this state. Nothing of the machine's own runs. */
  static restore(options: SandboxOptions, state: SandboxState): Sandbox {
    const sandbox = new Sandbox(options)
    sandbox.#ids = state.ids
    sandbox.#invocations = state.invocations
    for (const timer of state.timers) sandbox.#timers.set(timerKey(timer), timer)
    sandbox.#create({ snapshot: sandbox.#restorable(options.machine, state.snapshot) })
    sandbox.#fill(sandbox.#root, state.snapshot)
    startActor(sandbox.#root)
    sandbox.#rest()
    return sandbox
  }

  /** The root actor. Only its snapshot is of use outside. */
  get actor(): AnyActorRef {
    return this.#root as unknown as AnyActorRef
  }

  get status(): string {
    return this.#root._snapshot.status
  }

  /**
   * One event, timer or report. False if its actor is gone, and then nothing has changed. Must run with the step's
   * inputs (`withInputs`).
   */
  step(stimulus: Stimulus, io: StepIo): boolean {
    this.#phase = 'stepping'
    this.#io = io
    try {
      return this.#take(stimulus)
    } finally {
      this.#rest()
    }
  }

  /** Stops the root actor, and with it all that it runs. Must run with the step's inputs (`withInputs`). */
  stop(io: StepIo): void {
    this.#phase = 'stepping'
    this.#io = io
    try {
      const root = this.#root as unknown as { stop(): void }
      root.stop()
    } finally {
      this.#rest()
    }
  }

  /** Whether the last step ended the root actor by an error, and which. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure
  }

  /** The state as JSON. @throws TypeError naming the place of what JSON cannot carry. */
  persist(): SandboxState {
    return {
      snapshot: this.#persisted(this.#root, 'context'),
      timers: [...this.#timers.values()].sort((a, b) => a.due - b.due || a.seq - b.seq),
      ids: this.#ids,
      invocations: this.#invocations,
    }
  }

  /** The effects that have no outcome yet, to be started again by a new primary. */
  effectsUnderWay(): Extract<SandboxEffect, { kind: 'start' }>[] {
    const found: Extract<SandboxEffect, { kind: 'start' }>[] = []
    const visit = (actor: InnerActor): void => {
      const logic = this.#effects.get(actor)
      if (logic !== undefined) {
        const { status, input, invocation } = actor._snapshot as unknown as EffectSnapshot
        const src = String(actor.src)
        if (status === 'active')
          found.push({ kind: 'start', invocation, path: pathOf(actor), logic, input, src })
      }
      for (const child of childrenOf(actor)) visit(child)
    }
    visit(this.#root)
    return found
  }

  #take(stimulus: Stimulus): boolean {
    if (stimulus.kind === 'timer') {
      const { source, id, target, event, orphan } = stimulus.timer
      this.#timers.delete(timerKey(stimulus.timer))
      if (orphan) this.#orphan(keyOf(source, id))
      if (!isPath(target)) {
        this.#io!.out.outbox.push({ to: target, event: decode(event, this.#references) })
        return true
      }
      return this.#deliver(target, decode(event, this.#references))
    }
    if (stimulus.kind === 'event') return this.#deliver(stimulus.path, stimulus.event)
    const actor = this.#find(stimulus.path)
    const { status, invocation } = (actor?._snapshot ?? {}) as Partial<EffectSnapshot>
    if (actor === undefined || status !== 'active' || invocation !== stimulus.invocation) return false
    const { kind, ...values } = stimulus.report as { kind: EffectReport['kind'] } & Record<string, Json>
    const report: DecodedReport = { kind, ...(decode(values, this.#references) as object) }
    actor._send({ type: reportType, report })
    return true
  }

  #deliver(path: readonly string[], event: unknown): boolean {
    const actor = this.#find(path)
    if (actor === undefined || actor._snapshot.status !== 'active') return false
    actor._send(event)
    return true
  }

  #rest(): void {
    if (this.#root?._snapshot.status === 'error' && this.#phase === 'stepping')
      this.#failure = { error: this.#root._snapshot.error }
    this.#phase = 'resting'
    this.#io = null
    this.#relayed = 0
    if (this.#root !== undefined) this.#settle(this.#root)
  }

  /** XState takes eventless transitions of parallel states in the order of entry, which a restored snapshot has lost. */
  #settle(actor: InnerActor): void {
    if (isMachine(actor.logic) && actor._snapshot.status === 'active' && hasParallel(actor.logic)) {
      const snapshot = actor._snapshot as unknown as { value: never; _nodes: unknown }
      const { _nodes } = actor.logic.resolveState({ value: snapshot.value, context: {} }) as never as {
        _nodes: unknown
      }
      snapshot._nodes = _nodes
    }
    for (const child of childrenOf(actor)) this.#settle(child)
  }

  #create(options: { readonly input?: unknown; readonly snapshot?: unknown }): void {
    const { machine, id } = this.#options
    const actor = createActor(machine, {
      ...options,
      id,
      logger: (...args: unknown[]) => this.#action('log', () => log(args)),
      inspect: ((event: { type: string; actorRef: unknown }) => {
        if (event.type === '@xstate.actor') this.#adopt(event.actorRef as InnerActor)
      }) as never,
    } as never)
    this.#root = innerOf(actor)
    // An observer keeps XState from throwing the error of a failed root at the process.
    actor.subscribe({ error: () => {} })
  }

  /** Called by XState for each new actor, before its first snapshot is made. */
  #adopt(actor: InnerActor): void {
    if (actor._parent === undefined) this.#takeOver(actor)
    const path = pathOf(actor)
    const scope = actor._actorScope
    actor.sessionId = path.length === 0 ? actor.id : path.join('/')
    scope.sessionId = actor.sessionId
    const execute = scope.actionExecutor
    scope.actionExecutor = (action) => execute(isOwn(action) ? action : this.#captured(action))
    if (path.length === 0) scope.emit = (event) => void this.#io?.out.emitted.push(event)
    if (typeof actor.src !== 'string' && actor._parent !== undefined)
      actor.src = this.#options.inline.nameOf(actor.logic, actor._parent, actor.id)
    if (!isEffect(actor.logic)) return
    this.#effects.set(actor, actor.logic)
    actor.logic = this.#inert
  }

  /** Time, ids and messages of the whole system. */
  #takeOver(root: InnerActor): void {
    const { system } = root
    system._bookId = () => (this.#phase === 'restoring' ? 'x' : `x:${this.#ids++}`)
    system._sendInspectionEvent = ({ type, actorRef }) => {
      if (type === '@xstate.actor') this.#adopt(actorRef as InnerActor)
    }
    system._relay = (_source, target, event) => {
      if (this.#phase === 'restoring') return
      const { _send: send } = target as Partial<InnerActor>
      if (send === undefined) this.#io?.out.outbox.push({ to: addressOf(target), event })
      else if (this.#phase === 'stepping') this.#relay(() => send.call(target, event))
      else this.#outside?.(pathOf(target as InnerActor), event)
    }
    system.scheduler.schedule = (source, target, event, delay, id) =>
      this.#schedule(source, target, event, delay, id)
    system.scheduler.cancel = (source, id) => void this.#timers.delete(keyOf(pathOf(source), id))
    system.scheduler.cancelAll = (actor) => this.#cancelAll(pathOf(actor))
  }

  /** A machine that sends to itself for ever ends with an error instead of holding up its servers. */
  #relay(send: () => void): void {
    if (++this.#relayed > relayedMax)
      throw new Error(
        `expected at most ${relayedMax} events within one step, got more; does an actor send to itself for ever?`,
      )
    send()
  }

  #schedule(
    source: InnerActor,
    target: unknown,
    event: unknown,
    delay: number,
    id: string | undefined,
  ): void {
    const io = this.#io
    if (io === null) return
    const seq = io.nextSeq()
    const timer: Timer = {
      due: io.at + Math.max(0, Math.ceil(Number.isFinite(delay) ? delay : 0)),
      seq,
      source: pathOf(source),
      id: id ?? `standby.${seq}`,
      target: '_send' in (target as object) ? pathOf(target as InnerActor) : addressOf(target),
      event: encode(event, 'a delayed event', this.#references),
    }
    // An infinite delay never ends, in XState's clock too.
    if (delay === Number.POSITIVE_INFINITY) return
    this.#orphan(timerKey(timer))
    this.#timers.set(timerKey(timer), timer)
  }

  #orphan(key: string): void {
    const former = this.#timers.get(key)
    if (former === undefined) return
    const orphan: Timer = { ...former, orphan: true }
    this.#timers.delete(key)
    this.#timers.set(timerKey(orphan), orphan)
  }

  /** A stopped actor neither sends what it had scheduled nor receives what others had scheduled for it. */
  #cancelAll(path: readonly string[]): void {
    const gone = path.join('\0')
    for (const [key, { source, target, orphan }] of this.#timers) {
      const isReceiver = isPath(target) && target.join('\0') === gone
      if (isReceiver || (!orphan && source.join('\0') === gone)) this.#timers.delete(key)
    }
  }

  /** An action with effects: not now, but at the primary once this step is decided (M4). */
  #captured(action: ExecutableAction): ExecutableAction {
    const { exec, info, params, type } = action
    if (exec === undefined) return action
    return { ...action, exec: () => this.#action(type, () => exec(info, params)) }
  }

  /** What it sends later, to an actor of this system, goes `outside`: into the replicated order. */
  #action(name: string, act: () => void): void {
    const run = (outside?: SendOutside) => {
      if (outside !== undefined) this.#outside = outside
      act()
    }
    this.#effect({ kind: 'action', name, run })
  }

  #effect(effect: SandboxEffect): void {
    this.#io?.out.effects.push(effect)
  }

  readonly #inert: AnyActorLogic = inertLogic({
    nextInvocation: () => this.#invocations++,
    started: (self, { input, invocation }) => {
      const actor = innerOf(self)
      const [path, src] = [pathOf(actor), String(actor.src)]
      this.#effect({ kind: 'start', invocation, path, logic: this.#effects.get(actor)!, input, src })
    },
    stopped: (_, { invocation }) => this.#effect({ kind: 'stop', invocation }),
    received: (_, { invocation }, event) => this.#effect({ kind: 'deliver', invocation, event }),
  })

  #find(path: readonly string[]): InnerActor | undefined {
    let actor: InnerActor | undefined = this.#root
    for (const id of path) actor = childOf(actor, id)
    return actor
  }

  #persisted(actor: InnerActor, where: string): PersistedActor {
    const { logic, _snapshot: snapshot } = actor
    const value = (part: unknown, name: string) => encode(part, name, this.#references)
    if (!isMachine(logic)) {
      const own = Object.entries(snapshot).filter(([, part]) => part !== undefined)
      const parts = own.map(([key, part]) => [key, value(part, `${key} of ${actor.id}`)])
      return Object.fromEntries(parts) as PersistedActor
    }
    const bare = { ...snapshot, context: {}, children: {} }
    const { output, error, ...persisted } = logic.getPersistedSnapshot(bare as never) as unknown as Record<
      string,
      unknown
    >
    const children: Record<string, PersistedChild> = {}
    for (const child of childrenOf(actor)) {
      children[child.id] = {
        src: String(child.src),
        snapshot: this.#persisted(child, `context of ${child.id}`),
        ...(child.systemId === undefined ? {} : { systemId: child.systemId }),
        ...(child._syncSnapshot ? { syncSnapshot: true } : {}),
      }
    }
    return {
      ...persisted,
      status: snapshot.status,
      context: value(snapshot.context, where),
      children,
      ...(output === undefined ? {} : { output: value(output, `output of ${actor.id}`) }),
      ...(error === undefined ? {} : { error: value(error, `error of ${actor.id}`) }),
    }
  }

  /** A snapshot that XState restores; contexts follow (`#fill`), because they may refer to any actor. */
  #restorable(logic: AnyActorLogic, persisted: PersistedActor): unknown {
    if (!isMachine(logic)) return { ...persisted, output: undefined, error: undefined, input: undefined }
    const children: Record<string, unknown> = {}
    for (const [id, child] of Object.entries(persisted.children ?? {})) {
      const named = child.src.startsWith(inlinePrefix)
      const src = named ? this.#options.inline.logicOf(child.src, child.snapshot) : child.src
      const own = typeof src === 'string' ? logicNamed(logic, src) : src
      children[id] = { ...child, src, snapshot: this.#restorable(own, child.snapshot) }
    }
    return { ...persisted, context: {}, output: undefined, error: undefined, children }
  }

  #fill(actor: InnerActor, persisted: PersistedActor): void {
    const snapshot = actor._snapshot as Record<string, unknown>
    for (const key of ['context', 'output', 'error', 'input']) {
      if (persisted[key] !== undefined) snapshot[key] = decode(persisted[key] as Json, this.#references)
    }
    for (const [id, child] of Object.entries(persisted.children ?? {})) {
      const found = childOf(actor, id)
      if (found === undefined) throw new Error(`expected an actor ${child.src} for ${id}, got none`)
      found.src = child.src
      this.#fill(found, child.snapshot)
    }
  }
}

function startActor(root: InnerActor): void {
  const actor = root as unknown as { start(): void }
  actor.start()
}

/** XState's own actions are part of the step. */
function isOwn({ type }: ExecutableAction): boolean {
  return type.startsWith('xstate.')
}

function keyOf(source: readonly string[], id: string): string {
  return `${source.join('\0')}|${id}`
}

function timerKey({ source, id, seq, orphan }: Timer): string {
  return orphan ? `${keyOf(source, id)}|${seq}` : keyOf(source, id)
}

function isPath(target: Timer['target']): target is readonly string[] {
  return Array.isArray(target)
}

function addressOf(target: unknown): InstanceAddress {
  const { machine, id } = (target ?? {}) as Partial<InstanceAddress>
  if (typeof machine === 'string' && typeof id === 'string') return { machine, id }
  throw new TypeError('expected the target of sendTo to be an actor or { machine, id }, got something else')
}

function childrenOf(actor: InnerActor): readonly InnerActor[] {
  const { children } = actor._snapshot as { children?: Record<string, InnerActor | undefined> }
  return Object.values(children ?? {}).filter((child) => child !== undefined)
}

function childOf(actor: InnerActor | undefined, id: string): InnerActor | undefined {
  const { children } = (actor?._snapshot ?? {}) as { children?: Record<string, InnerActor | undefined> }
  return children !== undefined && Object.hasOwn(children, id) ? children[id] : undefined
}

/** The logic of a child, as XState finds it: by name, or by its place in the chart. */
function logicNamed(machine: AnyStateMachine, src: string): AnyActorLogic {
  const [, index, nodeId] = /^xstate\.invoke\.(\d+)\.(.*)$/s.exec(src) ?? []
  if (nodeId === undefined) return machine.implementations.actors[src] as AnyActorLogic
  const { invoke } = machine.getStateNodeById(nodeId).config
  const config = Array.isArray(invoke) ? invoke[Number(index)] : invoke
  return (config as { src: AnyActorLogic }).src
}

const parallels = new WeakMap<AnyStateMachine, boolean>()

function hasParallel(machine: AnyStateMachine): boolean {
  let found = parallels.get(machine)
  if (found === undefined) {
    const visit = (node: { type: string; states: object }): boolean =>
      node.type === 'parallel' || Object.values(node.states).some(visit)
    found = visit(machine.root)
    parallels.set(machine, found)
  }
  return found
}

/** XState's `log` writes to the console of the platform. */
function log(args: readonly unknown[]): void {
  const output = Reflect.get(globalThis, 'console') as { log(...args: unknown[]): void }
  output.log(...args)
}
