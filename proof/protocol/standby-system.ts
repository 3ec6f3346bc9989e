/** The protocol as a system to be checked: its charts as they are, with clients that have something to do. */
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import { type Charts, changed } from '../../actors/charts.ts'
import type { Application } from '../../machines/application/application.ts'
import { jsonSize } from '../../machines/application/json.ts'
import { type KeyValueCommand, keyValueStore } from '../../machines/application/key-value-store.ts'
import { type ClientContext, createClientMachine, type Settle } from '../../machines/client/index.ts'
import { nodeId } from '../../machines/node-id.ts'
import type { ServerOptions } from '../../machines/server/context.ts'
import { createServerMachine } from '../../machines/server/index.ts'
import { createViewServiceMachine, type ViewServiceContext } from '../../machines/view-service.ts'
import {
  always,
  type CheckedSystem,
  type Emission,
  type Goal,
  type Invariant,
  type Observer,
  reachable,
  type SystemView,
} from '../check/system.ts'
import { checkHistory } from '../history/check-history.ts'
import type { Operation } from '../history/history.ts'
import { keyValueModel } from '../history/key-value/model.ts'
import { type Cast, standbyInvariants, standbyStepInvariants } from './invariants.ts'
import { stuckOn } from './progress-promise.ts'

export interface StandbySystemOptions {
  /** How many servers; default 2. */
  readonly servers?: number
  /** What each client calls, one command after another; default: one client that puts and gets. */
  readonly clients?: readonly (readonly KeyValueCommand[])[]
  /** Views behind which nothing is explored; default 3. */
  readonly viewsMax?: number
  /** Crashes and restarts in all; default 0. Suspicion needs none: pings may always be late. */
  readonly crashes?: number
  readonly restarts?: number
  readonly application?: Application
  readonly serverOptions?: Partial<ServerOptions>
  /** Where the search begins; default: at the start. */
  readonly begin?: readonly Goal[]
  /** Other charts in the place of ours: for negative controls. */
  readonly charts?: Charts
}

/** The protocol with its invariants, its histories judged, and the goal that every client gets its results. */
export function standbySystem({
  servers = 2,
  clients = [
    [
      { op: 'put', key: 'a', value: '1' },
      { op: 'get', key: 'a' },
    ],
  ],
  viewsMax = 3,
  crashes = 0,
  restarts = 0,
  application = keyValueStore as unknown as Application,
  serverOptions = {},
  begin = [],
  charts = {},
}: StandbySystemOptions = {}): CheckedSystem {
  const viewService = 'view-service'
  const cast: Cast = {
    viewService,
    servers: Array.from({ length: servers }, (_, index) => nodeId(`s${index + 1}`, 1)),
    clients: clients.map((_, index) => nodeId(`c${index + 1}`, 1)),
  }
  const server = changed(createServerMachine(application, serverOptions), charts.server)
  const client = changed(createClientMachine(), charts.client)
  return {
    begin,
    nodes: [
      {
        id: viewService,
        machine: changed(createViewServiceMachine(), charts.viewService),
        input: { id: viewService },
      },
      ...cast.servers.map((id, index) => ({
        id,
        machine: server,
        input: { id, viewService },
        mayCrash: crashes > 0,
        ...(restarts > 0
          ? {
              restart: (life: number) => {
                const next = nodeId(`s${index + 1}`, life)
                return { id: next, input: { id: next, viewService } }
              },
            }
          : {}),
      })),
      ...cast.clients.map((id, index) => ({
        id,
        machine: client,
        input: { id, viewService },
        script: clients[index]!.map(callOf),
        ready: hasNothingToDo,
      })),
    ],
    crashes,
    restarts,
    invariants: [...standbyInvariants(cast), historyIsLinearizable],
    steps: standbyStepInvariants,
    goals: [allAnswered(clients)],
    prunes: [viewsBeyond(viewService, viewsMax)],
    observer: historyObserver,
    stuckOn: (system) => stuckOn(system, cast),
  }
}

/** I8: the history so far, calls that are not answered included, is linearizable. */
export const historyIsLinearizable: Invariant = always('I8: the history is linearizable', (system) => {
  const { verdict } = checkHistory(keyValueModel, operationsOf(system.observed() as History))
  return verdict === 'ok' || `the history is ${verdict}: ${JSON.stringify(system.observed())}`
})

/** Every call of every client was answered with a result. */
export function allAnswered(clients: readonly (readonly unknown[])[]) {
  const calls = clients.reduce((sum, commands) => sum + commands.length, 0)
  return reachable('every call is answered', (system) => {
    const { done } = system.observed() as History
    return done.filter(({ output }) => output !== undefined).length === calls
  })
}

/** The view service has this view, acknowledged: with a backup, the state has been transferred. */
export function acknowledgedView(viewService: string, number: number): Goal {
  return reachable(`view ${number} is acknowledged`, (system) => {
    const { snapshot } = system.node(viewService)
    return (snapshot.context as ViewServiceContext).view.number === number && snapshot.hasTag('acknowledged')
  })
}

/** Behind a view of this number nothing is explored. */
export function viewsBeyond(viewService: string, viewsMax: number) {
  return (system: SystemView) =>
    (system.node(viewService).snapshot.context as ViewServiceContext).view.number > viewsMax
}

function callOf(command: KeyValueCommand, index: number): EventObject {
  return {
    type: 'call',
    calls: [{ id: index + 1, command, bytes: jsonSize(command as never) }],
  } as EventObject
}

function hasNothingToDo(snapshot: AnyMachineSnapshot): boolean {
  const { outstanding, queue } = snapshot.context as ClientContext
  return outstanding === null && queue.length === 0
}

/**
 * A history without the order of what may as well be concurrent: for each call, how many calls of each client had been
 * answered when it was made. Runs that differ only in the order of concurrent events share it.
 */
interface History {
  readonly done: readonly Recorded[]
  readonly open: readonly Recorded[]
}

interface Recorded {
  readonly client: string
  readonly call: number
  readonly command: KeyValueCommand
  /** Answered calls of each client when this one was made. */
  readonly after: Readonly<Record<string, number>>
  /** Undefined for a call that ended without a result. */
  readonly output?: unknown
}

const historyObserver: Observer = {
  initial: { done: [], open: [] } satisfies History,
  observe(value, { node, event, actions }: Emission) {
    let { done, open } = value as History
    if (event?.type === 'call') {
      const [{ id, command }] = (event as unknown as { calls: [{ id: number; command: KeyValueCommand }] })
        .calls
      const after: Record<string, number> = {}
      for (const { client } of done) after[client] = (after[client] ?? 0) + 1
      open = sorted([...open, { client: node, call: id, command, after }])
    }
    for (const { type, params } of actions) {
      if (type !== 'settle') continue
      for (const { id, end } of (params as Settle).calls) {
        const made = open.find(({ client, call }) => client === node && call === id)
        if (made === undefined || !('value' in end)) continue
        open = open.filter((other) => other !== made)
        done = sorted([...done, { ...made, output: end.value }])
      }
    }
    return { done, open } satisfies History
  },
}

function sorted(calls: Recorded[]): Recorded[] {
  return calls.sort((a, b) => (a.client === b.client ? a.call - b.call : a.client < b.client ? -1 : 1))
}

/**
 * The same history with event numbers. What had been answered when a call was made grows with time, so calls in the order
 * of how much that was are in the order of time; each returns as late as the others' calls allow.
 */
function operationsOf({ done, open }: History): Operation[] {
  const calls = [...done, ...open].sort((a, b) => total(a.after) - total(b.after))
  const started = new Map<Recorded, number>()
  const operations: Operation[] = []
  const returned = new Set<Recorded>()
  let now = 0
  const returnWhere = (isDue: (call: Recorded) => boolean) => {
    for (const call of done) {
      if (returned.has(call) || !isDue(call)) continue
      returned.add(call)
      operations.push(operationOf(call, started.get(call)!, now++))
    }
  }
  for (const call of calls) {
    // A client's calls are answered in their order: the first so many of them.
    returnWhere((other) => positionOf(other, done) < (call.after[other.client] ?? 0))
    started.set(call, now++)
  }
  returnWhere(() => true)
  for (const call of open) operations.push(operationOf(call, started.get(call)!, null))
  return operations
}

function total(after: Readonly<Record<string, number>>): number {
  return Object.values(after).reduce((sum, count) => sum + count, 0)
}

function positionOf(call: Recorded, done: readonly Recorded[]): number {
  return done.filter((other) => other.client === call.client && other.call < call.call).length
}

function operationOf({ client, command, output }: Recorded, call: number, end: number | null): Operation {
  const { op, key } = command
  const value = 'value' in command ? command.value : null
  // An append answers the new length; the model speaks of the new value, or of nothing but the acknowledgement.
  const answered = op === 'append' ? null : ((output ?? null) as never)
  return { ...command, client, op, key, value, output: answered, call, return: end } as Operation
}
