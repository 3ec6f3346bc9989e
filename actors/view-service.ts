/** The view service as a live actor. */
/// <reference lib="esnext.disposable" preserve="true" />
import { type Actor, createActor, type InspectionEvent, type Observer } from 'xstate'
import { type NodeId, parseNodeId } from '../machines/node-id.ts'
import type { View } from '../machines/view.ts'
import { createViewServiceMachine, type ViewRecord, viewRecord } from '../machines/view-service.ts'
import { type Charts, changed } from './charts.ts'
import { checked } from './checked.ts'
import { durableViewService } from './durable-view-service.ts'
import { StandbyError } from './errors.ts'
import { knownOptions } from './known-options.ts'
import { type DurableStep, type NodePorts, nodeLogic, startNode } from './node.ts'
import { checkedTiming, defaultLimits, schemas, type TimingOptions } from './options.ts'
import type { ServerStore } from './ports.ts'

/** The default id of the view service. */
export const defaultViewServiceId: NodeId = 'view-service'

/** What every live actor can be given. */
export interface ActorOptions extends NodePorts {
  readonly timing?: TimingOptions
  /** Changed charts, for negative controls; default: ours. */
  readonly charts?: Charts
  /** XState's own inspection, as in `createActor`. */
  readonly inspect?: Observer<InspectionEvent> | ((event: InspectionEvent) => void)
  /** Client entries in the vector clock (L6); default 16, `Infinity` for uncapped clocks. */
  readonly vectorEntriesMax?: number
}

/** The names of `ActorOptions`, for each kind of node to add its own. */
export const commonOptions = {
  transport: true,
  clock: true,
  observe: true,
  onRefused: true,
  timing: true,
  charts: true,
  inspect: true,
  vectorEntriesMax: true,
} as const satisfies Record<keyof ActorOptions, true>

/** What a view service needs: the ports, and a record if it must survive a restart. */
export interface ViewServiceOptions extends ActorOptions {
  /** Default `view-service`. */
  readonly id?: NodeId
  /** The names of the servers; others may not ping (N6). Default: any name may. */
  readonly servers?: readonly string[]
  /** What a former life left, to go on from (V11). */
  readonly record?: ViewRecord | null
  /** Makes a record durable before it is sent to any node; must return only then (V11). */
  readonly keep?: (record: ViewRecord) => void
  /** Where it keeps its record, instead of `record` and `keep`. */
  readonly store?: ServerStore
}

/** The running chart of a view service, as XState knows it. */
export type ViewServiceActor = Actor<ReturnType<typeof createViewServiceMachine>>

/** A running view service. */
export interface ViewServiceNode {
  readonly id: NodeId
  readonly actor: ViewServiceActor
  view(): View
  /** Whether the current view's primary has confirmed it (V4). */
  acknowledged(): boolean
  stop(): void
  [Symbol.dispose](): void
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a view service. One at a time: it is the one node that must not be there twice.
 * @throws StandbyError `invalidOption`, or `duplicateNode` when its id is taken.
 */
export function createViewService(options: ViewServiceOptions): ViewServiceNode {
  checked('createViewService', schemas.ports, options)
  knownOptions('createViewService', options, {
    ...commonOptions,
    id: true,
    servers: true,
    record: true,
    keep: true,
    store: true,
  })
  const { id = defaultViewServiceId, keep, inspect } = options
  const stored =
    options.store && durableViewService(checked('store', schemas.store, options.store) as ServerStore)
  const record = stored?.record ?? options.record ?? null
  const timing = checkedTiming(options.timing)
  const machine = changed(createViewServiceMachine(timing), options.charts?.viewService)
  let kept = JSON.stringify(record)
  const node = {
    vectorEntriesMax: defaultLimits.vectorEntriesMax,
    ...options,
    id,
    roles: { own: 'viewService', viewService: id, servers: declaredServers(options.servers) } as const,
    ...(stored && { durably: stored.durably }),
    ...(keep === undefined
      ? {}
      : {
          durably: ({ after }: DurableStep, proceed: () => void) => {
            const next = viewRecord(after.context, after.hasTag('acknowledged'))
            const text = JSON.stringify(next)
            if (next.view.number > 0 && text !== kept) keep(next)
            kept = text
            proceed()
          },
        }),
  }
  const logic = nodeLogic(machine, node)
  const actor: ViewServiceActor = createActor(logic, {
    id,
    input: { id, record },
    clock: options.clock,
    inspect,
  })
  startNode(actor, node)
  const stop = () => void actor.stop()
  return {
    id,
    actor,
    view: () => actor.getSnapshot().context.view,
    acknowledged: () => actor.getSnapshot().hasTag('acknowledged'),
    stop,
    [Symbol.dispose]: stop,
    [Symbol.asyncDispose]: async () => stop(),
  }
}

/**
 * The declared names of servers, if they are names; `own` is a server that must be among them.
 * @throws StandbyError `invalidOption`
 */
export function declaredServers(given: unknown, own?: NodeId): readonly string[] | undefined {
  if (given === undefined) return undefined
  const servers = checked('servers', schemas.serverNames, given)
  const name = own === undefined ? undefined : parseNodeId(own).name
  if (name === undefined || servers.includes(name)) return servers
  throw new StandbyError(
    'invalidOption',
    `servers: expected ${JSON.stringify(name)} to be among the servers of its own system, got ${servers.join(', ')}; add it`,
  )
}
