/** How to break a chart: its guards, actions or states replaced, and what a mutant is. */
import {
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  assign,
  createMachine,
  type EventObject,
} from 'xstate'
import type { Application } from '../../machines/application/application.ts'
import { restoreReplica } from '../../machines/application/at-most-once.ts'
import { type KeyValueCommand, keyValueStore } from '../../machines/application/key-value-store.ts'
import type { ClientContext } from '../../machines/client/index.ts'
import type { Received } from '../../machines/messages.ts'
import type { ServerContext, ServerOptions } from '../../machines/server/context.ts'
import type { PureAction } from '../../machines/step.ts'
import type { CheckedSystem, Goal } from '../../proof/check/system.ts'
import {
  acknowledgedView,
  type StandbySystemOptions,
  standbySystem,
} from '../../proof/protocol/standby-system.ts'

export interface Mutant {
  /** What is broken, as a fact. */
  readonly name: string
  /** The rule that it breaks. */
  readonly rule: string
  readonly charts?: NonNullable<StandbySystemOptions['charts']>
  /** What is broken outside the charts. */
  readonly change?: (system: CheckedSystem) => CheckedSystem
  /** The system in which a search shows it; the common one is `common`. */
  readonly system?: Omit<StandbySystemOptions, 'charts'>
  /**
   * What catches it. `search`, the default: a violated invariant. `goal`: a goal that the sound system reaches is not
   * reached. `liveness`, `handlers`: those checks.
   */
  readonly means?: 'search' | 'goal' | 'liveness' | 'handlers'
  readonly goals?: readonly Goal[]
  /** Where no run of a small system shows it: events for one chart, and what the sound chart makes of them. */
  readonly played?: Played
}

export interface Played {
  readonly chart: 'viewService' | 'server' | 'client'
  readonly id?: string
  readonly input?: object
  readonly options?: Partial<ServerOptions>
  readonly events: readonly (EventObject | AnyEventObject)[]
  /** What is looked at after the last event. */
  readonly tell: (snapshot: AnyMachineSnapshot, actions: readonly PureAction[]) => unknown
  readonly sound: unknown
}

// biome-ignore lint/suspicious/noExplicitAny: implementations of foreign charts have no common type
export type Any = any
export interface Step {
  readonly context: ServerContext
  readonly event: Received
}
export type Change = (machine: AnyStateMachine) => AnyStateMachine

const provide =
  (part: 'guards' | 'actions', implementations: Record<string, unknown>): Change =>
  (machine) =>
    machine.provide({ [part]: implementations } as never)
export const guards = (implementations: Record<string, (step: Any, params: Any) => boolean>) =>
  provide('guards', implementations)
export const actions = (implementations: Record<string, unknown>) => provide('actions', implementations)
export const both =
  (a: Change, b: Change): Change =>
  (m) =>
    b(a(m))

/** What an `assign` of the chart would assign. */
export const assignedBy = (machine: AnyStateMachine, action: string) =>
  (machine.implementations.actions[action] as unknown as { assignment: (step: Any, params?: Any) => object })
    .assignment

/** What a guard of the chart says. */
export const guardOf =
  (machine: AnyStateMachine, name: string) =>
  (step: Any, params: Any): boolean =>
    (machine.implementations.guards[name] as Any)(step, params)

/** The chart hears another event in the place of some. */
export const hearing =
  (change: (event: Any, snapshot: AnyMachineSnapshot) => EventObject): Change =>
  (machine) =>
    Object.assign(Object.create(machine), {
      transition: (snapshot: AnyMachineSnapshot, event: EventObject, scope: never) =>
        machine.transition(snapshot as never, change(event, snapshot) as never, scope),
    }) as AnyStateMachine

/** The chart built again from a changed configuration. */
export const reconfigured =
  (change: (config: Any) => void): Change =>
  (machine) => {
    const config = copyOf(machine.config)
    change(config)
    return createMachine(config as never, machine.implementations as never)
  }
const copyOf = (value: Any): Any =>
  Array.isArray(value)
    ? value.map(copyOf)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)]))
      : value

export const application = keyValueStore as unknown as Application
export const onlyGets = (event: Any) => (event.commands as KeyValueCommand[]).every(({ op }) => op === 'get')
export const put = (value: string): KeyValueCommand => ({ op: 'put', key: 'a', value })
export const append = (value: string): KeyValueCommand => ({ op: 'append', key: 'a', value })
export const get: KeyValueCommand = { op: 'get', key: 'a' }

export const transitions = (state: Any, event: string): Any[] =>
  Array.isArray(state.on[event]) ? state.on[event] : [state.on[event]]
export const roleOf = (config: Any) => config.states.role.states

/** Actions that only broken charts have. */
const brokenActions = {
  startEmpty: assign(() => ({
    replica: restoreReplica(application, null, { position: 0, sessions: [], state: [] } as never, true)
      .replica,
  })),
  renumber: assign(({ context }: { context: ClientContext }) => ({ seq: context.seq + 1 })),
  renumberForward: assign(({ context: { outstanding, forwards } }: { context: ServerContext }) => ({
    outstanding: { ...outstanding!, number: forwards + 1 },
    forwards: forwards + 1,
  })),
  countRepeat: assign(({ context: { replica } }: { context: ServerContext }) => ({
    replica: { ...replica!, position: replica!.position + 1 },
  })),
  requeue: assign(({ context: { outstanding, queue } }: { context: ClientContext }) => ({
    queue: [...(outstanding ?? []), ...queue],
    outstanding: null,
  })),
}

/** The system of a mutant that names no other. */
export const common: StandbySystemOptions = {
  servers: 3,
  viewsMax: 3,
  clients: [[append('x')], [get]],
  begin: [acknowledgedView('view-service', 2)],
}

/** A chart as the mutant has it. */
export function brokenChart({ charts = {} }: Mutant, part: Played['chart']): Change {
  const withActions: Change = (machine) => machine.provide({ actions: brokenActions } as never)
  const change: Change = charts[part] ?? ((same) => same)
  // What only listens otherwise must stay outermost.
  return (machine) => change(withActions(machine))
}

/** The system in which a mutant is to be caught. */
export function systemOf(mutant: Mutant): CheckedSystem {
  const { system, change = (same) => same, goals } = mutant
  return change({
    ...standbySystem({
      ...common,
      ...system,
      charts: {
        viewService: brokenChart(mutant, 'viewService'),
        server: brokenChart(mutant, 'server'),
        client: brokenChart(mutant, 'client'),
      },
    }),
    ...(goals === undefined ? {} : { goals }),
  })
}

/** The same system, unbroken. */
export function soundSystemOf({ system, goals }: Mutant): CheckedSystem {
  return { ...standbySystem({ ...common, ...system }), ...(goals === undefined ? {} : { goals }) }
}
