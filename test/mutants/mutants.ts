/** Broken protocols: our own charts with one guard, action or rule put out of order. Each must be caught; a check that lets one live is no check. */
import { type AnyStateMachine, assign, createMachine, enqueueActions } from 'xstate'
import type { Application } from '../../machines/application.ts'
import type { Replica } from '../../machines/at-most-once.ts'
import { restoreReplica } from '../../machines/at-most-once.ts'
import type { ClientContext } from '../../machines/client.ts'
import { type KeyValueCommand, type KeyValueState, keyValueStore } from '../../machines/key-value-store.ts'
import type { Received } from '../../machines/messages.ts'
import { OrderedMap } from '../../machines/ordered-map.ts'
import type { ServerContext } from '../../machines/server-setup.ts'
import type { ViewServiceContext } from '../../machines/view-service.ts'
import {
  acknowledgedView,
  type StandbySystemOptions,
  standbySystem,
} from '../../runtime/check/standby-system.ts'

export interface Mutant {
  /** What is broken, as a fact. */
  readonly name: string
  /** The rule that it breaks. */
  readonly rule: string
  readonly charts: NonNullable<StandbySystemOptions['charts']>
  /** The system in which a search shows it; the common one is in mutants.test.ts. */
  readonly system?: Omit<StandbySystemOptions, 'charts'>
  /** Where no run of the system shows it: what to inject into a backup that awaits its state, or into a primary. */
  readonly injected?: {
    readonly role: 'backup' | 'primary'
    readonly event: Received
    readonly refused: string
  }
}

// biome-ignore lint/suspicious/noExplicitAny: implementations of foreign charts have no common type
type Any = any
interface Step {
  readonly context: ServerContext
  readonly event: Received
}

const provide =
  (part: 'guards' | 'actions', implementations: Record<string, unknown>) =>
  (machine: AnyStateMachine): AnyStateMachine =>
    machine.provide({ [part]: implementations } as never)
const guards = (implementations: Record<string, (step: Any, params: Any) => boolean>) =>
  provide('guards', implementations)
const actions = (implementations: Record<string, unknown>) => provide('actions', implementations)
const both =
  (a: (m: AnyStateMachine) => AnyStateMachine, b: (m: AnyStateMachine) => AnyStateMachine) =>
  (m: AnyStateMachine) =>
    b(a(m))

/** What an `assign` of the chart would assign. */
const assignedBy = (machine: AnyStateMachine, action: string) =>
  (machine.implementations.actions[action] as unknown as { assignment: (step: Any, params?: Any) => object })
    .assignment

const application = keyValueStore as unknown as Application

/** The chart built again from a changed configuration. */
const reconfigured = (change: (config: Any) => void) => (machine: AnyStateMachine) => {
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

const onlyGets = (event: Any) => (event.commands as KeyValueCommand[]).every(({ op }) => op === 'get')
const put = (value: string): KeyValueCommand => ({ op: 'put', key: 'a', value })
const append = (value: string): KeyValueCommand => ({ op: 'append', key: 'a', value })
const get: KeyValueCommand = { op: 'get', key: 'a' }

const transitions = (state: Any, event: string): Any[] =>
  Array.isArray(state.on[event]) ? state.on[event] : [state.on[event]]
const roleOf = (config: Any) => config.states.role.states

export const mutants: readonly Mutant[] = [
  {
    name: 'reads are served without the backup',
    rule: 'S4',
    charts: {
      server: guards({ isAlone: ({ context, event }) => context.view.backup === null || onlyGets(event) }),
    },
  },
  {
    name: 'the primary executes and answers before the acknowledgement',
    rule: 'S4',
    charts: { server: guards({ isAlone: () => true }) },
  },
  {
    name: 'a view is acknowledged before its transfer is confirmed',
    rule: 'S1',
    charts: {
      server: actions({
        ping: enqueueActions(({ context, enqueue }: Any) =>
          enqueue({
            type: 'send',
            params: { to: context.viewService, message: { type: 'ping', viewNumber: context.view.number } },
          }),
        ),
      }),
    },
  },
  {
    name: 'the transfer leaves out the sessions',
    rule: 'T1',
    charts: {
      server: actions({
        install: assign(({ context }: Any) => ({
          replica: withoutSessions(context.arriving.partial.replica),
          arriving: null,
        })),
      }),
    },
  },
  {
    name: 'the transfer merges into what the backup had',
    rule: 'T1',
    charts: {
      server: (machine) =>
        actions({
          adoptView: assign((step: Any) => ({
            ...assignedBy(machine, 'adoptView')(step),
            former: step.context.replica ?? step.context.former ?? null,
          })),
          install: assign(({ context }: Any) => ({
            replica: merged(context.former, context.arriving.partial.replica),
            arriving: null,
          })),
        })(machine),
    },
    system: { servers: 2, clients: [[put('x'), put('y')]], viewsMax: 4 },
  },
  {
    name: 'a forward is accepted from an old view',
    rule: 'S5',
    charts: { server: guards({ isForeign: () => false }) },
    system: { servers: 2, clients: [[append('x'), append('y')]], viewsMax: 4 },
  },
  {
    name: 'a forward that precedes the transfer is applied',
    rule: 'S5',
    charts: {
      server: reconfigured((config) => {
        const { backup } = roleOf(config)
        backup.states.awaitingState.on.forward = {
          target: 'serving',
          actions: ['startEmpty', 'applyForward', 'confirmForward'],
        }
      }),
    },
    injected: {
      role: 'backup',
      event: { type: 'forward', from: 's1#1', viewNumber: 2, number: 1, requests: [] },
      refused: 'forward: precedes the state transfer',
    },
  },
  {
    name: 'a late acknowledgement is accepted',
    rule: 'S6',
    charts: {
      server: guards({
        isNotMyForward: ({ event, context }) => event.number !== context.outstanding?.number,
      }),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 4 },
  },
  {
    name: 'an older forward is applied again',
    rule: 'S6',
    charts: {
      server: guards({ isNextForward: ({ event, context }) => event.number !== context.applied.number }),
    },
    system: { servers: 2, clients: [[append('x'), append('y')]], viewsMax: 2 },
  },
  {
    name: 'a second copy of the transfer is installed',
    rule: 'T3',
    charts: {
      server: actions({
        confirmPiece: enqueueActions(({ context, event, enqueue }: Any) => {
          if (context.replica !== null && event.last) {
            enqueue.assign({ replica: restoreReplica(application, null, event.data, true).replica })
          }
          const message = { type: 'stateTransferAck', viewNumber: context.view.number, index: event.index }
          enqueue({ type: 'send', params: { to: event.from, message } })
        }),
      }),
    },
  },
  {
    name: 'a transfer of an older view is installed',
    rule: 'T3',
    charts: {
      server: guards({
        isOfMyView: ({ context, event }) => event.from === context.view.primary,
        isLastPiece: ({ event }) => event.last === true,
      }),
    },
    system: { servers: 2, clients: [[append('x')]], viewsMax: 4 },
  },
  {
    name: 'a transfer that was not confirmed unblocks the primary',
    rule: 'T2',
    charts: {
      server: reconfigured((config) => {
        roleOf(config).primary.states.transferringState.after.resendInterval = {
          target: 'serving',
          actions: 'endTransfer',
        }
      }),
    },
  },
  {
    name: 'the primary decides commands during the transfer',
    rule: 'T2',
    charts: {
      server: reconfigured((config) => {
        const { transferringState } = roleOf(config).primary.states
        transitions(transferringState, 'request')[1] = { actions: ['wait', 'decideAlone'] }
      }),
    },
  },
  {
    name: 'an acknowledgement by anyone confirms the transfer',
    rule: 'T6',
    charts: {
      server: guards({
        confirmsAll: ({ event }) => event.type === 'stateTransferAck',
        confirmsAllWithWork: ({ event, context }) =>
          event.type === 'stateTransferAck' && context.queue.size > 0,
      }),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 4 },
  },
  {
    name: 'a backup answers clients',
    rule: 'S3',
    charts: {
      server: reconfigured((config) => {
        roleOf(config).backup.states.serving.on.request = { actions: ['wait', 'decideAlone'] }
      }),
      client: guards({}),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 3 },
  },
  {
    name: 'a lone primary that lost its backup answers in the old view',
    rule: 'S8',
    charts: {
      server: reconfigured((config) => {
        roleOf(config).primary.states.awaitingBackupAck.after.resendInterval = {
          target: 'serving',
          actions: 'commit',
        }
      }),
    },
  },
  {
    name: 'a server that is no longer primary keeps its state for the next transfer to skip',
    rule: 'T1',
    charts: {
      server: (machine) =>
        both(
          actions({
            adoptView: assign((step: Any) => ({
              ...assignedBy(machine, 'adoptView')(step),
              replica: step.context.replica ?? (assignedBy(machine, 'adoptView')(step) as Any).replica,
            })),
          }),
          reconfigured((config) => {
            const { awaitingState } = roleOf(config).backup.states
            awaitingState.on.stateTransfer = [
              { guard: 'holdsOldState', target: 'serving', actions: 'confirmPiece' },
              ...transitions(awaitingState, 'stateTransfer'),
            ]
          }),
        )(machine).provide({
          guards: {
            holdsOldState: ({ context, event }: Any) =>
              context.replica !== null && event.view.number === context.view.number,
          },
        } as never),
    },
    system: { servers: 2, clients: [[put('x'), put('y')]], viewsMax: 4 },
  },
  {
    name: 'an older view is adopted',
    rule: 'S2',
    charts: {
      server: guards({ isNotNewer: ({ context, event }) => event.view.number === context.view.number }),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 3 },
  },
  {
    name: 'an empty server starts as primary of any view',
    rule: 'N5',
    charts: {
      server: guards({ namesMePrimaryWithoutState: () => false }),
      viewService: (machine) => promotingAnyone(machine),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 3 },
  },
  {
    name: 'the primary is replaced although it has not acknowledged its view',
    rule: 'V4',
    charts: {
      viewService: both(
        (machine) =>
          guards({
            mustChangeView: (step) => call(machine, 'guards', 'mustChangeView', step, { acknowledged: true }),
          })(machine),
        (machine) =>
          actions({
            changeView: assign((step: Any) =>
              assignedBy(machine, 'changeView')(step, { acknowledged: true }),
            ),
          })(machine),
      ),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 4, begin: [] },
  },
  {
    name: 'the ping of a backup acknowledges the view',
    rule: 'V4',
    charts: {
      viewService: guards({
        acknowledges: ({ context, event }) =>
          event.type === 'ping' && event.viewNumber === context.view.number,
      }),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 4, begin: [] },
  },
  {
    name: 'an old number acknowledges the view',
    rule: 'V4',
    charts: {
      viewService: guards({
        acknowledges: ({ context, event }) => event.type === 'ping' && event.from === context.view.primary,
      }),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 4, begin: [] },
  },
  {
    name: 'view numbers are left out',
    rule: 'V2',
    charts: {
      viewService: (machine) =>
        actions({
          changeView: assign((step: Any, params: Any) => {
            const next = assignedBy(machine, 'changeView')(step, params) as ViewServiceContext
            return next.view.number < 2
              ? next
              : { ...next, view: { ...next.view, number: next.view.number + 1 } }
          }),
        })(machine),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 4, begin: [] },
  },
  {
    name: 'promotion and the appointment of a backup are two changes',
    rule: 'V5',
    charts: {
      viewService: (machine) =>
        actions({
          changeView: assign((step: Any, params: Any) => {
            const next = assignedBy(machine, 'changeView')(step, params) as ViewServiceContext
            const isPromotion =
              next.view.primary !== step.context.view.primary && step.context.view.number > 0
            return isPromotion ? { ...next, view: { ...next.view, backup: null } } : next
          }),
        })(machine),
    },
    system: { servers: 3, clients: [], viewsMax: 3 },
  },
  {
    name: 'stored results are not repeated but executed again',
    rule: 'S9',
    charts: {
      server: (machine) =>
        actions({
          wait: assign((step: Any) => assignedBy(machine, 'wait')({ ...step, event: renumbered(step) })),
        })(machine).provide({
          guards: { isAnswered: () => false, isStale: () => false, isWaiting: () => false },
        } as never),
    },
    system: { servers: 1, clients: [[append('x'), get]], viewsMax: 1, begin: [] },
  },
  {
    name: 'a client sends a command again under a new number',
    rule: 'S9',
    charts: {
      client: reconfigured((config) => {
        const { retryInterval } = config.states.awaitingReply.after
        retryInterval.actions = ['askViewService', 'renumber']
      }),
    },
    system: { servers: 1, clients: [[append('x'), get]], viewsMax: 1, begin: [] },
  },
  {
    name: 'a client takes any reply for its own',
    rule: 'C3',
    charts: { client: guards({ isNotMine: () => false }) },
    system: { servers: 2, clients: [[put('x'), get]], viewsMax: 2 },
  },
  {
    name: 'a request that names another view is decided',
    rule: 'S3',
    charts: { server: guards({ namesAnotherView: () => false }) },
    injected: {
      role: 'primary',
      event: { type: 'request', from: 'c1#1', viewNumber: 7, session: null, seq: 0, commands: [], bytes: 0 },
      refused: 'wrongView',
    },
  },
]

function withoutSessions(replica: Replica): Replica {
  return {
    ...replica,
    sessions: OrderedMap.from(),
    sessionOf: OrderedMap.from(),
    byRecency: OrderedMap.from(),
  }
}

function merged(former: Replica | null, replica: Replica): Replica {
  let state = replica.state as KeyValueState
  for (const [key, value] of (former?.state as KeyValueState | undefined)?.entriesAfter(null) ?? [])
    state = state.set(key, value)
  return { ...replica, state }
}

function call(machine: AnyStateMachine, part: 'guards', name: string, step: Any, params: Any): boolean {
  return (machine.implementations[part][name] as Any)(step, params)
}

/** A view service that makes an idle server primary when primary and backup are gone. */
function promotingAnyone(machine: AnyStateMachine): AnyStateMachine {
  const isOrphaned = ({ context, event }: Any) => {
    const { view, servers } = context as ViewServiceContext
    const alive = servers.map(({ id }) => id)
    return (
      event.type === 'ping' &&
      view.number > 1 &&
      view.primary !== null &&
      !alive.includes(view.primary) &&
      event.from !== view.primary
    )
  }
  return machine.provide({
    guards: {
      mustChangeView: (step: Any, params: Any) =>
        isOrphaned(step) || call(machine, 'guards', 'mustChangeView', step, params),
    },
    actions: {
      changeView: assign((step: Any, params: Any) => {
        const next = assignedBy(machine, 'changeView')(step, params) as ViewServiceContext
        if (!isOrphaned(step)) return next
        return {
          ...next,
          view: { number: step.context.view.number + 1, primary: step.event.from, backup: null },
        }
      }),
    },
  } as never)
}

/** A request under the next free number of its session, so that nothing recognises it. */
function renumbered({ context, event }: Step): Received<'request'> {
  const request = event as Received<'request'>
  if (request.session === null) return request
  const stored = context.replica?.sessions.get(request.session)
  return { ...request, seq: Math.max(request.seq, (stored?.seq ?? 0) + 1) }
}

/** Actions that only broken charts have. */
export const brokenActions = {
  startEmpty: assign(() => ({
    replica: restoreReplica(application, null, { position: 0, sessions: [], state: [] } as never, true)
      .replica,
  })),
  renumber: assign(({ context }: { context: ClientContext }) => ({ seq: context.seq + 1 })),
}

/** The system of a mutant that names no other. */
export const common: StandbySystemOptions = {
  servers: 3,
  viewsMax: 3,
  clients: [[append('x')], [get]],
  begin: [acknowledgedView('view-service', 2)],
}

/** The system in which a mutant is to be caught. */
export function systemOf({ charts, system }: Mutant) {
  const withActions =
    (change?: (machine: AnyStateMachine) => AnyStateMachine) => (machine: AnyStateMachine) =>
      (change?.(machine) ?? machine).provide({ actions: brokenActions } as never)
  return standbySystem({
    ...common,
    ...system,
    charts: { ...charts, server: withActions(charts.server), client: withActions(charts.client) },
  })
}
