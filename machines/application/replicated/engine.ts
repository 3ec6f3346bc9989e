/** Commands on instances of machines, as one deterministic step after another (M1 to M5). */
import type { AnyStateMachine } from 'xstate'
import type {
  Change,
  Chunk,
  Effect,
  EffectReport,
  Happened,
  Json,
  Moment,
  Selection,
  StartedEffect,
} from '../application.ts'
import { sealJson } from '../json.ts'
import { decode, encode } from './codec.ts'
import {
  type ActorsCommand,
  type InstanceResult,
  invalidActorsCommand,
  type ListResult,
  type OwnCommand,
  pageMax,
} from './commands.ts'
import { chanceOf, withInputs } from './determinism.ts'
import { InlineLogics } from './inline-logics.ts'
import { ActorsState, type Instance, keyOf, sandboxStateOf } from './instance.ts'
import { type EffectsOption, refuseWhatCannotRun } from './refusals.ts'
import {
  type InstanceAddress,
  type PersistedActor,
  Sandbox,
  type SandboxEffect,
  type SandboxState,
  type StepIo,
  type StepOutput,
  type Stimulus,
} from './sandbox.ts'

/** Makes the snapshot of an older version one of this version; both in XState's persisted form. Pure. */
export type Migrate = (
  snapshot: PersistedActor,
  from: { readonly machine: string; readonly id: string; readonly version: number },
) => PersistedActor

export interface EngineOptions {
  readonly machines: Readonly<Record<string, AnyStateMachine>>
  readonly version: number
  readonly migrate?: Migrate | undefined
  readonly effects: EffectsOption
}

/** Actor systems that are kept between two steps; the least recently used goes first. */
const keptMax = 1024
/** Every so many positions a kept actor system is left, for one from JSON: should they differ, replicas notice (M5). */
const renewEvery = 64
/** Steps that one command may cause by sends between instances. */
const stepsMax = 10_000

/** A change that watchers receive, and that replicas compare. */
export type InstanceChange = {
  readonly status: string
  readonly snapshot: PersistedActor
  readonly emitted: readonly Json[]
}

/** A command under way: the state so far, and what it did. */
interface Draft {
  state: ActorsState
  readonly moment: Moment
  steps: number
  seq: number
  readonly outbox: { readonly to: InstanceAddress; readonly event: unknown; readonly from: string }[]
  readonly touched: Map<string, Json[]>
  readonly effects: Effect[]
  /** The snapshots of what was touched, to be reported without parsing their text again. */
  readonly snapshots: Map<string, PersistedActor>
}

export class Engine {
  readonly #options: EngineOptions
  readonly #inline = new InlineLogics()
  readonly #kept = new Map<Instance, Sandbox>()

  constructor(options: EngineOptions) {
    this.#options = options
    for (const machine of Object.values(options.machines)) refuseWhatCannotRun(machine, options.effects)
  }

  /** One command, preceded by every timer that is due (M2). @throws for a command that fails: nothing has changed then. */
  execute(
    state: ActorsState,
    command: ActorsCommand | OwnCommand,
    moment: Moment = { at: 0, position: 0, own: false },
  ): readonly [ActorsState, Json, Happened?] {
    if (!moment.own) {
      const invalid = invalidActorsCommand(command, Object.keys(this.#options.machines))
      if (invalid !== null) throw new TypeError(invalid)
    }
    const draft: Draft = {
      state,
      moment,
      steps: 0,
      seq: state.seq,
      outbox: [],
      touched: new Map(),
      effects: [],
      snapshots: new Map(),
    }
    this.#fireDue(draft)
    const result = this.#run(draft, command) as unknown as Json
    this.#settleOutbox(draft)
    if (draft.touched.size === 0) return [draft.state, result]
    return [draft.state, result, { changes: this.#changesOf(draft), effects: draft.effects }]
  }

  /** The earliest moment at which a timer is due, and the command that fires it (M2). */
  wake(state: ActorsState): { readonly at: number; readonly command: Json } | null {
    const first = state.firstDue()
    return first === null ? null : { at: first.timer.due, command: { op: 'due' } }
  }

  /** Effects without an outcome, for a new primary (M4). */
  underWay(state: ActorsState): StartedEffect[] {
    const found: StartedEffect[] = []
    for (const [key] of state.busy.entriesAfter()) {
      const instance = state.instances.get(key)!
      const sandbox = this.#taken(instance)
      this.#keep(instance, sandbox)
      for (const effect of sandbox.effectsUnderWay()) found.push(started(instance, effect))
    }
    return found
  }

  /** A piece of the state: instances in the order of their keys (T5). */
  snapshot(state: ActorsState, cursor: Json, bytesMax: number): Chunk {
    const instances: (readonly [string, Instance])[] = []
    let bytes = 0
    for (const entry of state.instances.entriesAfter(cursor as string | null)) {
      const size = entry[1].text.length + 200 + entry[1].timers.length * 150
      if (instances.length > 0 && bytes + size > bytesMax) {
        const next = instances.at(-1)![0]
        return { data: { seq: state.seq, instances } as unknown as Json, next }
      }
      instances.push(entry)
      bytes += size
    }
    return { data: { seq: state.seq, instances } as unknown as Json, next: null }
  }

  /** @throws Error naming an instance that this version of the application cannot run. */
  restore(partial: unknown, data: Json): ActorsState {
    let state = (partial as ActorsState | null) ?? new ActorsState()
    const { seq, instances } = data as unknown as { seq: number; instances: [string, Instance][] }
    for (const [key, instance] of instances) {
      if (instance.version !== this.#options.version) this.#keep(instance, this.#taken(instance))
      state = state.with(key, instance, seq)
    }
    return new ActorsState(state.instances, state.due, state.busy, seq)
  }

  /** The instances that a watcher sees to begin with (W2). */
  *current(state: ActorsState, { key, prefix }: Selection, max: number): IterableIterator<Change> {
    let count = 0
    const first = state.instances.get(key)
    if (first !== undefined) {
      count++
      yield shown(key, first)
    }
    if (!prefix) return
    for (const [each, instance] of state.instances.entriesAfter(key === '' ? null : key)) {
      if (count++ >= max || !each.startsWith(key)) return
      yield shown(each, instance)
    }
  }

  /** A snapshot as XState's own object, with `matches`, `can` and `hasTag`. Its children are references that do nothing. */
  snapshotOf(machine: string, id: string, snapshot: PersistedActor): unknown {
    const state = { snapshot, timers: [], ids: 0, invocations: 0 }
    return Sandbox.restore(this.#sandboxOptions(machine, id), state).actor.getSnapshot()
  }

  #fireDue(draft: Draft): void {
    const { at } = draft.moment
    const { seq } = draft.state
    for (;;) {
      const first = draft.state.firstDue()
      // What these timers schedule for the same moment comes with the next command: no command runs for ever.
      if (first === null || first.timer.due > at || first.timer.seq >= seq) return
      this.#step(draft, first.key, first.instance, { kind: 'timer', timer: first.timer })
      this.#settleOutbox(draft)
    }
  }

  #run(draft: Draft, command: ActorsCommand | OwnCommand): InstanceResult | ListResult | null {
    if (command.op === 'due') return null
    if (command.op === 'list') return listed(draft.state, command)
    const key = keyOf(command.machine, command.id)
    const instance = draft.state.instances.get(key)
    const revision = draft.moment.position
    switch (command.op) {
      case 'start':
        if (instance !== undefined) return { created: false, snapshot: JSON.parse(instance.text), revision }
        this.#start(draft, key, command)
        return { created: true, snapshot: draft.snapshots.get(key) ?? null, revision }
      case 'read':
        return { snapshot: instance === undefined ? null : JSON.parse(instance.text), revision }
      case 'stop':
        if (instance !== undefined) this.#stop(draft, key, instance)
        return { stopped: instance !== undefined, snapshot: null, revision }
      case 'send': {
        if (instance === undefined) throw notStarted(command)
        this.#step(draft, key, instance, { kind: 'event', path: [], event: copied(command.event) }, true)
        const snapshot = draft.snapshots.get(key) ?? JSON.parse(instance.text)
        return { snapshot, emitted: draft.touched.get(key) ?? [], revision }
      }
      case 'outside':
      case 'report': {
        // The instance may have ended since: then the report is of no use any more (M4).
        if (instance === undefined || instance.born !== command.born) return null
        const stimulus = command.op === 'report' ? command : { path: command.path, event: command.event }
        this.#step(draft, key, instance, {
          kind: command.op === 'report' ? 'report' : 'event',
          ...stimulus,
        } as never)
        return null
      }
    }
  }

  #start(draft: Draft, key: string, { machine, id, input }: ActorsCommand & { op: 'start' }): void {
    const { out, io } = this.#ioOf(draft)
    const own = input === undefined ? undefined : decode(input, noReferences)
    const sandbox = this.#withInputs(draft, () => Sandbox.start(this.#sandboxOptions(machine, id), own, io))
    if (sandbox.status === 'error') throw failedStart(machine, sandbox.failure?.error)
    const born = { machine, id, born: draft.moment.position }
    this.#finish(draft, key, born, sandbox, out)
    // A machine that changes its context in place would change the one in its definition: it starts from JSON.
    this.#kept.delete(draft.state.instances.get(key)!)
  }

  #stop(draft: Draft, key: string, instance: Instance): void {
    const { out, io } = this.#ioOf(draft)
    const sandbox = this.#taken(instance)
    this.#withInputs(draft, () => sandbox.stop(io))
    draft.state = draft.state.with(key, null, draft.seq)
    draft.snapshots.delete(key)
    this.#collect(draft, key, instance, out)
  }

  /** @param isCalled whether a caller waits, which receives an error; without one the instance ends with it, as in XState. */
  #step(draft: Draft, key: string, instance: Instance, stimulus: Stimulus, isCalled = false): void {
    if (instance.status !== 'active') return
    if (++draft.steps > stepsMax)
      throw new Error(
        `expected at most ${stepsMax} steps of a command, got more; do instances send to each other for ever?`,
      )
    if (draft.moment.position % renewEvery === 0) this.#kept.delete(instance)
    const sandbox = this.#taken(instance)
    const { out, io } = this.#ioOf(draft)
    const taken = this.#withInputs(draft, () => sandbox.step(stimulus, io))
    if (!taken && stimulus.kind !== 'timer') {
      this.#keep(instance, sandbox)
      return
    }
    if (isCalled && sandbox.failure !== null) throw sandbox.failure.error
    this.#finish(draft, key, instance, sandbox, out)
  }

  #finish(
    draft: Draft,
    key: string,
    { machine, id, born }: Pick<Instance, 'machine' | 'id' | 'born'>,
    sandbox: Sandbox,
    out: StepOutput,
  ): void {
    const { snapshot, timers, ids, invocations } = sandbox.persist()
    const { version, effects: option } = this.#options
    if (option === 'refuse' && out.effects.length > 0) throw hiddenEffect(machine, out.effects[0]!)
    const next: Instance = {
      machine,
      id,
      version,
      born,
      status: snapshot.status,
      text: JSON.stringify(snapshot),
      timers: snapshot.status === 'active' ? timers : [],
      ids,
      invocations,
      effects: sandbox.effectsUnderWay().length,
    }
    const former = draft.state.instances.get(key)
    draft.snapshots.set(key, snapshot)
    if (former !== undefined && isSame(former, next)) {
      this.#keep(former, sandbox)
      if (out.emitted.length + out.effects.length + out.outbox.length > 0)
        this.#collect(draft, key, former, out)
      return
    }
    draft.state = draft.state.with(key, next, draft.seq)
    this.#collect(draft, key, next, out)
    this.#keep(next, sandbox)
  }

  #collect(draft: Draft, key: string, instance: Instance, out: StepOutput): void {
    const emitted = draft.touched.get(key) ?? []
    for (const event of out.emitted) emitted.push(emittedJson(event, emitted.length))
    draft.touched.set(key, emitted)
    for (const effect of out.effects) draft.effects.push(effectOf(instance, effect))
    for (const { to, event } of out.outbox) draft.outbox.push({ to, event, from: key })
  }

  /** Sends between instances are decided in the same order: each is taken within the command that caused it. */
  #settleOutbox(draft: Draft): void {
    for (let sent = draft.outbox.shift(); sent !== undefined; sent = draft.outbox.shift()) {
      const key = keyOf(sent.to.machine, sent.to.id)
      const instance = draft.state.instances.get(key)
      const event = plain(sent.event, `an event to ${key}`) as { type: string }
      if (instance === undefined) draft.effects.push(undelivered(sent.from, key, event.type))
      else this.#step(draft, key, instance, { kind: 'event', path: [], event })
    }
  }

  #changesOf({ touched, state, snapshots }: Draft): Change[] {
    return [...touched].map(([key, emitted]) => {
      const instance = state.instances.get(key)
      const snapshot = snapshots.get(key)
      if (instance === undefined || snapshot === undefined) return { key }
      const value: InstanceChange = { status: instance.status, snapshot, emitted }
      return { key, value: value as unknown as Json }
    })
  }

  #ioOf(draft: Draft): { readonly out: StepOutput; readonly io: StepIo } {
    const out: StepOutput = { emitted: [], outbox: [], effects: [] }
    return { out, io: { at: draft.moment.at, nextSeq: () => draft.seq++, out } }
  }

  /** M3: chance is a function of the position, and of the step among those of one command. */
  #withInputs<Value>(draft: Draft, run: () => Value): Value {
    const { at, position } = draft.moment
    return withInputs(at, chanceOf(position * 4096 + (draft.steps % 4096)), run)
  }

  #sandboxOptions(machine: string, id: string) {
    return { machine: this.#options.machines[machine]!, id, inline: this.#inline }
  }

  /** The actor system of an instance: the kept one, which is its caller's from now on, or one from JSON. */
  #taken(instance: Instance): Sandbox {
    const kept = this.#kept.get(instance)
    this.#kept.delete(instance)
    return (
      kept ?? Sandbox.restore(this.#sandboxOptions(instance.machine, instance.id), this.#stateOf(instance))
    )
  }

  #keep(instance: Instance, sandbox: Sandbox): void {
    if (this.#kept.size >= keptMax) this.#kept.delete(this.#kept.keys().next().value!)
    this.#kept.set(instance, sandbox)
  }

  /** U2: an older snapshot is migrated when it is needed. */
  #stateOf(instance: Instance): SandboxState {
    const state = sandboxStateOf(instance)
    const { version, migrate } = this.#options
    if (instance.version === version) return state
    if (instance.version > version) throw newerVersion(instance, version)
    const { machine, id } = instance
    const snapshot = migrate?.(state.snapshot, { machine, id, version: instance.version }) ?? state.snapshot
    try {
      this.#options.machines[machine]!.resolveState({ value: snapshot.value, context: {} } as never)
    } catch (cause) {
      throw cannotMigrate(instance, version, cause)
    }
    return { ...state, snapshot }
  }
}

/** Whether a step left everything as it was: such an event changes nothing, and no watcher is notified. */
function isSame(former: Instance, next: Instance): boolean {
  return (
    former.text === next.text &&
    former.version === next.version &&
    former.ids === next.ids &&
    former.invocations === next.invocations &&
    former.timers.length === next.timers.length &&
    former.timers.every((timer, index) => timer === next.timers[index])
  )
}

function listed(state: ActorsState, command: ActorsCommand & { op: 'list' }): ListResult {
  const { machine, prefix = '', after, limit = 100 } = command
  const start = machine === undefined ? '' : keyOf(machine, prefix)
  const entries: { machine: string; id: string; status: string }[] = []
  const from = after != null && after > start ? after : start
  const max = Math.min(limit, pageMax)
  const first = after == null ? state.instances.get(start) : undefined
  if (first !== undefined) entries.push(entryOf(first))
  for (const [key, instance] of state.instances.entriesAfter(from === '' ? null : from)) {
    if (!key.startsWith(start)) break
    if (entries.length >= max) return { entries, next: keyOf(entries.at(-1)!.machine, entries.at(-1)!.id) }
    entries.push(entryOf(instance))
  }
  return { entries, next: null }
}

function shown(key: string, { status, text }: Instance): Change {
  const value: InstanceChange = { status, snapshot: JSON.parse(text), emitted: [] }
  return { key, value: value as unknown as Json }
}

function entryOf({ machine, id, status }: Instance) {
  return { machine, id, status }
}

/** Where a sandbox meets an actor reference in an event that leaves it, there is nothing to refer to outside. */
function plain(value: unknown, where: string): Json {
  return encode(value, where, {
    write: () => {
      throw new TypeError(`expected plain data in ${where}, got a reference to an actor; send its id instead`)
    },
  })
}

/** What is emitted leaves the machine as it is written: it is never decoded. */
function emittedJson(event: unknown, index: number): Json {
  return (sealJson({ emitted: Array(index).fill(null).concat([event]) }) as { emitted: Json[] }).emitted[
    index
  ]!
}

const noReferences = { find: () => undefined }

/** A copy that the machine may change in place: the command itself is kept elsewhere, and may be executed again. */
function copied(event: unknown): { readonly type: string } {
  return decode(plain(event, 'event'), noReferences) as { readonly type: string }
}

function effectOf(instance: Instance, effect: SandboxEffect): Effect {
  const { machine, id, born } = instance
  switch (effect.kind) {
    case 'action':
      return {
        kind: 'run',
        name: effect.name,
        run: (send) =>
          effect.run((path, event) =>
            send({ op: 'outside', machine, id, born, path, event: plain(event, 'an event') }),
          ),
      }
    case 'start':
      return started(instance, effect)
    case 'stop':
      return { kind: 'stop', key: effectKey(instance, effect.invocation) }
    case 'deliver':
      return { kind: 'deliver', key: effectKey(instance, effect.invocation), event: effect.event }
  }
}

function started(instance: Instance, effect: SandboxEffect & { kind: 'start' }): StartedEffect {
  const { machine, id, born } = instance
  const { path, invocation, logic, input, src } = effect
  return {
    kind: 'start',
    key: effectKey(instance, invocation),
    id: path.at(-1) ?? id,
    src,
    logic,
    input,
    command(report: EffectReport) {
      const { kind, ...values } = report
      const encoded = Object.entries(values)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, plain(value, `${name} of ${src}`)])
      const json = { kind, ...Object.fromEntries(encoded) }
      return { op: 'report', machine, id, born, path, invocation, report: json }
    },
  }
}

function effectKey({ machine, id, born }: Instance, invocation: number): string {
  return `${keyOf(machine, id)}@${born}#${invocation}`
}

function undelivered(from: string, to: string, type: string): Effect {
  const text = `standby: ${from} sent ${type} to ${to}, which is not started; the event is lost`
  return { kind: 'run', name: 'undelivered', run: () => warn(text) }
}

function warn(text: string): void {
  const output = Reflect.get(globalThis, 'console') as { warn(text: string): void }
  output.warn(text)
}

function notStarted({ machine, id }: { readonly machine: string; readonly id: string }): Error {
  return new Error(
    `expected ${keyOf(machine, id)} to be started, got an event to no instance; call start first`,
  )
}

function failedStart(machine: string, cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new TypeError(
    `replicated: expected ${machine} to start, got an error: ${message}; does it need an input?`,
    { cause },
  )
}

function hiddenEffect(machine: string, effect: SandboxEffect): TypeError {
  const what =
    effect.kind === 'action' ? `the action ${effect.name}` : `an actor with effects (${effect.kind})`
  return new TypeError(
    `replicated: expected ${machine} to have no effects, got ${what}; allow them with effects: 'run'`,
  )
}

function newerVersion({ machine, id, version }: Instance, own: number): Error {
  return new Error(
    `expected ${keyOf(machine, id)} of version ${own} at most, got version ${version}; start this server with the newer application`,
  )
}

function cannotMigrate({ machine, id, version }: Instance, own: number, cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new Error(
    `expected ${keyOf(machine, id)} of version ${version} to fit version ${own}, got: ${message}; say in migrate what became of that state`,
    { cause },
  )
}
