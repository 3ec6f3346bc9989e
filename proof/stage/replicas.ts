/** Our replicas on the stage: a view service, servers and clients, called by hand and judged as the simulator judges. */
import type { AnyStateMachine, EventObject } from 'xstate'
import { type Charts, changed } from '../../actors/charts.ts'
import { checkedLimits, checkedTiming, type LimitOptions, type TimingOptions } from '../../actors/options.ts'
import { jsonCost } from '../../machines/application/json.ts'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import { clientDefaults, createClientMachine } from '../../machines/client/index.ts'
import { nodeId } from '../../machines/node-id.ts'
import { createServerMachine } from '../../machines/server/index.ts'
import type { View } from '../../machines/view.ts'
import { createViewServiceMachine } from '../../machines/view-service.ts'
import type { CheckedNode } from '../check/system.ts'
import { type BrokenChartName, brokenCharts } from './broken-charts.ts'
import type { Player } from './player.ts'
import { createReplicasJudge } from './replicas-judge.ts'
import type { Stage } from './stage.ts'
import type { Aim, Staged } from './staged.ts'

/** What a system of replicas consists of: plain data. */
export interface ReplicasOptions {
  readonly servers: readonly string[]
  readonly clients: readonly string[]
  /** How long a message is in flight if no one touches it, in milliseconds; default 1. */
  readonly latencyMs?: number
  readonly timing?: TimingOptions
  readonly limits?: LimitOptions
  /** A chart that is broken on purpose. */
  readonly broken?: BrokenChartName
}

export const viewServiceName = 'view-service'

/**
 * The system of these options. Its charts wait for fixed intervals: it has no live actors that measure round trips.
 * @throws StandbyError `invalidOption`
 */
export function stagedReplicas(options: ReplicasOptions): Staged {
  const { servers, clients, latencyMs = 1, broken } = options
  const timing = checkedTiming(options.timing)
  const limits = checkedLimits(options.limits)
  const charts: Charts = broken === undefined ? {} : brokenCharts[broken].charts
  const { pingIntervalMs, resendIntervalMs, retryIntervalMs } = timing
  const server = changed(
    createServerMachine(keyValueStore, { ...limits, pingIntervalMs, resendIntervalMs }) as AnyStateMachine,
    charts.server,
  )
  const client = changed(
    createClientMachine({
      retryIntervalMs,
      queueMax: limits.clientQueueMax,
      batchMax: limits.batchMax,
      batchBytesMax: Math.min(limits.batchBytesMax, clientDefaults.batchBytesMax),
    }) as AnyStateMachine,
    charts.client,
  )
  return {
    system: {
      nodes: [
        {
          id: viewServiceName,
          machine: createViewServiceMachine(timing),
          input: { id: viewServiceName },
          mayCrash: true,
        },
        ...servers.map((name) => livesOf(name, server)),
        ...clients.map((name) => livesOf(name, client)),
      ],
      crashes: Number.POSITIVE_INFINITY,
      restarts: Number.POSITIVE_INFINITY,
      timers: 'ordered',
    },
    origin: { world: options },
    latencyMs,
    calls: {
      clients,
      event: (commands, ids) =>
        ({
          type: 'call',
          calls: commands.map((command, index) => ({ id: ids[index]!, command, bytes: jsonCost(command) })),
        }) as EventObject,
      abandon: (id) => ({ type: 'abandon', ids: [id], code: 'aborted' }) as EventObject,
      whyInvalid: (command) => keyValueStore.validate?.(command) ?? null,
    },
    createJudge: () => createReplicasJudge({ servers, clients }),
    aims,
    whyNoRestart: (name) =>
      name === viewServiceName
        ? 'the view service keeps no record in this world: without it, it must not come back (V11)'
        : null,
    // The default header: charts with their default delays, whose layouts the page has.
    header: {},
  }
}

function livesOf(name: string, machine: AnyStateMachine): CheckedNode {
  const life = (incarnation: number) => {
    const id = nodeId(name, incarnation)
    return { id, input: { id, viewService: viewServiceName } }
  }
  return { ...life(1), machine, mayCrash: true, restart: life }
}

/** The view that the view service has now. */
export function viewOf(stage: Stage): View {
  return (stage.player(viewServiceName)!.snapshot.context as { view: View }).view
}

const aims: readonly Aim[] = [
  {
    id: 'viewChange',
    title: 'the view changes',
    wait({ stage }) {
      const { number } = viewOf(stage)
      return (later) => viewOf(later.stage).number !== number
    },
  },
  {
    id: 'settled',
    title: 'the view serves, its backup holding the state',
    wait: () => (later) => isSettled(later.stage),
  },
  { id: 'answered', title: 'every call has its answer', wait: () => (later) => later.pending() === 0 },
]

/** The view has a serving primary that has confirmed it, and a backup if there can be one. */
function isSettled(stage: Stage): boolean {
  const { primary, backup, number } = viewOf(stage)
  const servers = stage.players.filter(({ node }) => node.machine.id === 'server')
  const running = ({ id, isActive }: Player, wanted: string | null) => isActive && id === wanted
  const serving = servers.find((server) => running(server, primary))
  if (serving === undefined || !stage.player(viewServiceName)!.snapshot.hasTag('acknowledged')) return false
  const hasSpare = servers.some(({ isActive, id }) => isActive && id !== primary)
  return (
    (serving.snapshot.context as { view: View }).view.number === number &&
    serving.snapshot.hasTag('answersClients') &&
    (backup === null ? !hasSpare : servers.some((server) => running(server, backup)))
  )
}
