/** Any XState machine as a replicated application: one instance of one machine, or many instances of several. */
import type {
  AnyEventObject,
  AnyMachineSnapshot,
  AnyStateMachine,
  EmittedFrom,
  EventFromLogic,
  InputFrom,
  OutputFrom,
  SnapshotFrom,
} from 'xstate'
import type { Application, Happened, Json, Moment, Selection } from '../application.ts'
import { sealJson } from '../json.ts'
import { textPieces } from '../text-pieces.ts'
import { encode } from './codec.ts'
import {
  type ActorsCommand,
  type InstanceResult,
  invalidActorsCommand,
  invalidEvent,
  type ListResult,
  type OwnCommand,
} from './commands.ts'
import { Engine, type Migrate } from './engine.ts'
import { ActorsState, keyOf } from './instance.ts'
import type { EffectsOption } from './refusals.ts'
import type { PersistedActor } from './sandbox.ts'

export type { ActorsCommand, InstanceResult, ListResult } from './commands.ts'
export type { InstanceChange, Migrate } from './engine.ts'
export { ActorsState } from './instance.ts'
export type { EffectsOption } from './refusals.ts'
export type { InstanceAddress, PersistedActor } from './sandbox.ts'

/** The outcome of an event; all of it is JSON. */
export interface ReplicatedResult<Machine extends AnyStateMachine = AnyStateMachine, Selected = null> {
  /** The state value after the event. An event that the machine does not handle leaves it as it was. */
  readonly value: SnapshotFrom<Machine>['value']
  /** `done` once the machine has reached its final state; it takes no events after that. */
  readonly status: 'active' | 'done'
  /** The machine's output once it is done, else null. */
  readonly output: OutputFrom<Machine> | null
  /** What the machine emitted with `emit`, in order. */
  readonly emitted: readonly EmittedFrom<Machine>[]
  /** What the option `select` picked from the snapshot after the event; null without it. */
  readonly selected: Selected
}

/** How a machine is replicated. */
export interface ReplicatedOptions<Machine extends AnyStateMachine, Selected> {
  /** The machine's input, the same on every server. */
  readonly input?: InputFrom<Machine>
  /** What the caller sees of the snapshot after its event, such as `({ context }) => context.balance`. */
  readonly select?: (snapshot: SnapshotFrom<Machine>) => Selected
  /** Whether the primary carries out effects (M4), or a machine with effects is refused; default `run`. */
  readonly effects?: EffectsOption
}

/** What all machines of an application share. */
export interface ReplicatedActorsOptions<Machines extends Readonly<Record<string, AnyStateMachine>>> {
  /** The machines by the name under which their instances are addressed; no slashes in names. */
  readonly machines: Machines
  /** The version of these machines; default 1. Instances of an older version are migrated at their next event (U2). */
  readonly version?: number
  /** Makes the persisted snapshot of an older version one of this version. Pure. */
  readonly migrate?: Migrate
  /** Whether the primary carries out effects (M4), or machines with effects are refused; default `run`. */
  readonly effects?: EffectsOption
}

/** Many instances of several machines, as one application. */
export interface ReplicatedActors<Machines extends Readonly<Record<string, AnyStateMachine>>>
  extends Application<ActorsState, ActorsCommand, InstanceResult | ListResult> {
  readonly machines: Machines
  /** The key under which the changes of an instance can be watched. */
  keyOf(machine: string, id: string): string
  /** A snapshot out of a result, as XState's own object. */
  snapshotOf<Name extends keyof Machines & string>(
    machine: Name,
    id: string,
    snapshot: PersistedActor,
  ): SnapshotFrom<Machines[Name]>
}

/**
 * Makes an application of many instances of `machines`. Timers, children and what effects report are part of the
 * replicated state; effects run at the primary only, once the command that started them is decided (M1 to M4).
 *
 * Contexts, inputs, outputs and events are plain data. `Date`, `Map`, `Set`, errors, `bigint` and references to actors of
 * the same instance work in contexts; functions, symbols and instances of classes fail the event, with their place.
 * @throws TypeError for an unknown option, for what is no machine, naming an actor without implementation, or naming an
 * effect under `effects: 'refuse'`.
 * @example
 * const shop = replicatedActors({ machines: { order: orderMachine, courier: courierMachine } })
 * const cluster = createCluster({ application: shop })
 * const order = actorsOf(cluster.client(), shop).get('order', 'o-17')
 */
export function replicatedActors<const Machines extends Readonly<Record<string, AnyStateMachine>>>(
  options: ReplicatedActorsOptions<Machines>,
): ReplicatedActors<Machines> {
  refuseUnknown('replicatedActors', options, ['machines', 'version', 'migrate', 'effects'])
  const { machines, version = 1, migrate, effects = 'run' } = options
  const names = Object.keys(machines ?? {})
  if (names.length === 0)
    throw new TypeError(
      'replicatedActors: expected at least one machine, got none; pass { machines: { order: orderMachine } }',
    )
  for (const name of names) {
    if (name === '' || name.includes('/'))
      throw new TypeError(
        `replicatedActors: expected names of machines without a slash, got ${JSON.stringify(name)}`,
      )
    refuseNonMachine('replicatedActors', machines[name])
  }
  if (!Number.isSafeInteger(version) || version < 1)
    throw new TypeError(
      `replicatedActors: expected version to be a whole number from 1 on, got ${String(version)}`,
    )
  checkEffects('replicatedActors', effects)
  const engine = new Engine({ machines, version, migrate, effects })
  return {
    ...engineMethods(engine),
    name: names.join(', '),
    machines,
    initialState: new ActorsState(),
    validate: (command) => invalidActorsCommand(command, names),
    keyOf,
    snapshotOf: (machine, id, snapshot) => engine.snapshotOf(machine, id, snapshot) as never,
  }
}

/** What an application of an engine has in any case. */
function engineMethods(engine: Engine) {
  return {
    timed: () => true,
    execute: (state: ActorsState, command: ActorsCommand, moment?: Moment) =>
      engine.execute(state, command, moment) as unknown as [
        ActorsState,
        InstanceResult | ListResult,
        Happened?,
      ],
    wake: (state: ActorsState) => engine.wake(state),
    current: (state: ActorsState, selection: Selection, max: number) => engine.current(state, selection, max),
    underWay: (state: ActorsState) => engine.underWay(state),
    snapshot: (state: ActorsState, cursor: Json, bytesMax: number) =>
      engine.snapshot(state, cursor, bytesMax),
    restore: (partial: unknown, data: Json) => engine.restore(partial, data),
  }
}

/** The id of the one instance of `replicated(machine)`. */
const only = 'only'

/** What only `actorOf` asks of `replicated(machine)`, beside events. */
type OwnOrRead =
  | OwnCommand
  | { readonly op: 'read' }
  | { readonly op: 'send'; readonly event: AnyEventObject }

/** The application of one machine. */
export interface ReplicatedMachine<Machine extends AnyStateMachine, Selected = null>
  extends Application<SnapshotFrom<Machine>, EventFromLogic<Machine>, ReplicatedResult<Machine, Selected>> {
  readonly machine: Machine
  /** The key under which its changes can be watched. */
  readonly key: string
  /** A snapshot out of a result, as XState's own object. */
  snapshotOf(snapshot: PersistedActor): SnapshotFrom<Machine>
}

/**
 * Makes `machine` an application: an event is a command, and the machine's snapshot is the state. It has the powers of
 * `replicatedActors`: timers, children and reports of effects are replicated, effects run at the primary.
 *
 * An event on which a guard or an assignment throws fails with an `applicationError` and changes nothing.
 * @throws TypeError for what is no machine or no option, for a start that fails, naming an actor without
 * implementation, or the place in the context that is not plain data.
 * @example
 * const application = replicated(accountMachine, { select: ({ context }) => context.balance })
 * const cluster = createCluster({ application })
 */
export function replicated<Machine extends AnyStateMachine, Selected = null>(
  machine: Machine,
  ...[options = {}]: undefined extends InputFrom<Machine>
    ? [options?: ReplicatedOptions<Machine, Selected>]
    : [options: ReplicatedOptions<Machine, Selected> & { readonly input: InputFrom<Machine> }]
): ReplicatedMachine<Machine, Selected> {
  refuseNonMachine('replicated', machine)
  refuseUnknown('replicated', options, ['effects', 'input', 'select'])
  const { input, select, effects = 'run' } = options as ReplicatedOptions<AnyStateMachine, unknown>
  checkEffects('replicated', effects)
  // An empty name would be no key; it is the machine's own business otherwise.
  const name = machine.id.replaceAll('/', '_') || 'machine'
  const key = keyOf(name, only)
  const engine = new Engine({ machines: { [name]: machine }, version: 1, effects })
  const encodedInput = input === undefined ? undefined : encode(input, 'input', { write: refuseReference })
  const start = { op: 'start', machine: name, id: only, input: encodedInput } as ActorsCommand
  const [trial, , happened] = engine.execute(new ActorsState(), start)
  const view = (state: ActorsState) => new MachineState(engine, name, key, state)
  /** A machine that does something when it starts does so when its first command gives it a time. */
  const isStarted =
    trial.due.size === 0 && (happened?.effects ?? []).length === 0 && !dependsOnMoment(engine, start)
  const initialState = isStarted ? view(trial) : view(trial).unstarted()

  const resultOf = ({ snapshot }: MachineState, emitted: readonly unknown[]) =>
    sealJson({
      value: snapshot.value,
      status: snapshot.status,
      output: snapshot.output ?? null,
      emitted,
      selected: select?.(snapshot as never) ?? null,
    })

  const application: Application<MachineState, AnyEventObject | OwnOrRead, Json> = {
    name: machine.id,
    initialState,
    timed: () => true,
    execute(state, command, moment = { at: 0, position: 0, own: false }) {
      const isEvent = 'type' in (command ?? {})
      const invalid =
        isEvent || command == null ? invalidEvent(command) : invalidOwn(command as OwnOrRead, moment)
      if (invalid !== null) throw new TypeError(invalid)
      let actors = state.actors
      let before: Happened | undefined
      if (!state.isStarted) [actors, , before] = engine.execute(new ActorsState(), start, moment)
      const asked = isEvent ? { op: 'send', event: command } : (command as object)
      const [next, result, did] = engine.execute(
        actors,
        { machine: name, id: only, ...asked } as unknown as ActorsCommand,
        moment,
      )
      const after = next === state.actors && state.isStarted ? state : view(next)
      const all = joined(before, did)
      const emitted = (result as unknown as InstanceResult | null)?.emitted ?? []
      const answer = isEvent ? resultOf(after, emitted) : result
      return all === undefined ? [after, answer] : [after, answer, all]
    },
    wake: (state) =>
      state.isStarted ? engine.wake(state.actors) : { at: 0, command: { op: 'due' } satisfies OwnCommand },
    current: ({ actors, isStarted: began }, selection, max) =>
      began ? engine.current(actors, selection, max) : [],
    underWay: ({ actors, isStarted: began }) => (began ? engine.underWay(actors) : []),
    ...textPieces<MachineState>(
      (state) => JSON.stringify(state),
      (text) => {
        const data = JSON.parse(text) as { unstarted?: boolean }
        return data.unstarted === true ? initialState : view(engine.restore(null, data as Json))
      },
    ),
    validate: (command) =>
      typeof command === 'object' && command !== null && 'op' in command && !('type' in command)
        ? invalidOwn(command as OwnOrRead, { at: 0, position: 0, own: false })
        : invalidEvent(command),
  }
  const machineApplication = {
    ...application,
    machine,
    key,
    snapshotOf: (snapshot: PersistedActor) => engine.snapshotOf(name, only, snapshot),
  }
  return machineApplication as unknown as ReplicatedMachine<Machine, Selected>
}

/** The state of one machine: XState's snapshot to look at, the replicated state inside. */
class MachineState {
  readonly #engine: Engine
  readonly #name: string
  readonly #key: string
  readonly actors: ActorsState
  readonly isStarted: boolean
  #snapshot: AnyMachineSnapshot | null = null

  constructor(engine: Engine, name: string, key: string, actors: ActorsState, isStarted = true) {
    this.#engine = engine
    this.#name = name
    this.#key = key
    this.actors = actors
    this.isStarted = isStarted
  }

  /** The same to look at, but to be started by the first command. */
  unstarted(): MachineState {
    return new MachineState(this.#engine, this.#name, this.#key, this.actors, false)
  }

  get snapshot(): AnyMachineSnapshot {
    const { text } = this.actors.instances.get(this.#key)!
    this.#snapshot ??= this.#engine.snapshotOf(this.#name, only, JSON.parse(text)) as AnyMachineSnapshot
    return this.#snapshot
  }

  get value() {
    return this.snapshot.value
  }
  get context() {
    return this.snapshot.context
  }
  get status() {
    return this.snapshot.status
  }
  get output() {
    return this.snapshot.output
  }
  get error() {
    return this.snapshot.error
  }
  get children() {
    return this.snapshot.children
  }
  get tags() {
    return this.snapshot.tags
  }

  toJSON(): Json {
    return this.isStarted ? this.actors.toJSON() : { unstarted: true }
  }
}

/** Whether the start looks at time or chance: then it must wait for those of its first command. */
function dependsOnMoment(engine: Engine, start: ActorsCommand): boolean {
  const text = (at: number, position: number) =>
    JSON.stringify(
      engine.execute(new ActorsState(), start, { at, position, own: false })[0].instances.first()?.[1].text,
    )
  return text(1, 1) !== text(98_765_432_100, 7)
}

function joined(before: Happened | undefined, after: Happened | undefined): Happened | undefined {
  if (before === undefined || after === undefined) return before ?? after
  // Of one instance the later snapshot says it all.
  const changes = [...(before.changes ?? []), ...(after.changes ?? [])]
  return { changes, effects: [...(before.effects ?? []), ...(after.effects ?? [])] }
}

/** Commands that are no events: reads, and what the primary proposes. */
function invalidOwn(command: OwnOrRead, { own }: Moment): string | null {
  const { op } = command ?? {}
  if (op === 'read') return null
  if (op === 'send') return invalidEvent((command as { event?: unknown }).event)
  if (own) return null
  return invalidEvent(command)
}

function refuseReference(): never {
  throw new TypeError('expected plain data, got a reference to an actor')
}

function refuseNonMachine(where: string, machine: unknown): void {
  const { transition, root } = (machine ?? {}) as { transition?: unknown; root?: unknown }
  if (typeof transition === 'function' && root !== undefined) return
  const got = machine === null ? 'null' : typeof machine
  throw new TypeError(`${where}: expected an XState machine, got ${got}; createMachine makes one`)
}

function refuseUnknown(where: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options ?? {}).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const names = `${known.slice(0, -1).join(', ')} and ${known.at(-1)}`
  throw new TypeError(`${where}: expected the options ${names} only, got ${unknown}; leave it out`)
}

function checkEffects(where: string, effects: unknown): void {
  if (effects === 'run' || effects === 'refuse') return
  throw new TypeError(`${where}: expected effects to be 'run' or 'refuse', got ${String(effects)}`)
}
