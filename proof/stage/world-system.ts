/** The live actors of one run of a world: it makes the choices it is given, one after another, and nothing by itself. */
import type { AnyActorRef, AnyMachineSnapshot } from 'xstate'
import type { ClientCore, KeyValueClient } from '../../actors/client.ts'
import { type Cluster, createCluster } from '../../actors/cluster.ts'
import type { Observation } from '../../actors/observation.ts'
import type { LimitOptions, TimingOptions } from '../../actors/options.ts'
import { createTrace } from '../../runtime/trace/write.ts'
import { type BrokenChartName, brokenCharts } from './broken-charts.ts'
import type { Choice } from './choice.ts'
import { createHeldClock, type HeldClock } from './held-clock.ts'
import { createHeldNetwork, type HeldNetwork, nameOf } from './held-network.ts'
import { createJudge } from './judge.ts'
import { carryOut, nextChoice } from './steps.ts'

/** What a world consists of: plain data. */
export interface WorldOptions {
  readonly servers: readonly string[]
  readonly clients: readonly string[]
  /** How long a message is under way when nobody touches it; default 1. */
  readonly latencyMs?: number
  readonly timing?: TimingOptions
  readonly limits?: LimitOptions
  /** A chart that is broken on purpose. */
  readonly broken?: BrokenChartName
}

export const viewServiceName = 'view-service'

/** One run. */
export interface WorldSystem {
  readonly options: WorldOptions
  readonly clock: HeldClock
  readonly network: HeldNetwork
  readonly cluster: Cluster<KeyValueClient & ClientCore>
  /** Null for a client that has crashed. */
  readonly clients: ReadonlyMap<string, KeyValueClient & ClientCore>
  /** Whether the node of that name is running. */
  isAlive(name: string): boolean
  /** The state of the newest life of the node of that name; null if there is none. */
  snapshot(name: string): AnyMachineSnapshot | null
  /** Why a choice cannot be made, or null when it was made. A choice that cannot be made changes nothing. */
  choose(choice: Choice): string | null
  /** What would happen by itself; null when nothing would ever. */
  next(): Exclude<Choice, { kind: 'next' }> | null
  crash(name: string): void
  restart(name: string): void
  /** The marks of a client's calls that have no answer. */
  calls(client: string): readonly number[]
  /** How many calls have no answer, of all clients. */
  pending(): number
  /** Whether a step broke something. */
  readonly broken: boolean
}

/**
 * Starts the actors on virtual time. `write` takes the lines of the trace: the header at once, then a line a step.
 * Equal options and choices write equal lines.
 */
export function createWorldSystem(options: WorldOptions, write: (line: string) => void): WorldSystem {
  const { servers, clients: clientNames, latencyMs = 1, timing, limits, broken } = options
  const charts = broken === undefined ? undefined : brokenCharts[broken].charts
  const clock = createHeldClock()
  const judge = createJudge({ servers, clients: clientNames })
  let isBroken = false
  const open = new Map<string, Set<number>>()
  const trace = createTrace({
    write,
    options: { world: options },
    verdictsOf(observation) {
      const verdicts = judge(observation)
      if (verdicts.length > 0) isBroken = true
      return verdicts
    },
  })
  const observe = (observation: Observation) => {
    const { kind, node, call } = observation
    if (node !== null && call !== undefined) {
      const name = nameOf(node)
      const calls = open.get(name) ?? new Set()
      open.set(name, calls)
      if (kind === 'call') calls.add(call.id)
      else calls.delete(call.id)
    }
    trace.observe(observation)
  }
  const network = createHeldNetwork({ clock, observe, latencyMs })
  const clients = new Map<string, KeyValueClient & ClientCore>()
  let cluster!: WorldSystem['cluster']

  const startClient = (name: string) =>
    clock.actAs(name, () => {
      clients.set(name, cluster.client({ name, timeoutMs: Number.POSITIVE_INFINITY }))
    })
  const tell = (kind: 'crash' | 'restart', node: string) =>
    observe({ kind, node, t: clock.now(), clock: null })

  clock.actAs(viewServiceName, () => {
    cluster = createCluster({
      transport: network,
      clock,
      observe,
      servers,
      timing,
      limits: { ...limits, vectorEntriesMax: Number.POSITIVE_INFINITY },
      ...(charts === undefined ? {} : { charts }),
      inspect(event) {
        if (event.type !== '@xstate.action' || event.action.type !== 'xstate.raise') return
        const { delay, event: raised } = event.action.params as { delay?: unknown; event: { type: string } }
        if (typeof delay === 'number') clock.announce((event.actorRef as AnyActorRef).id, raised.type)
      },
    })
  })
  for (const name of clientNames) startClient(name)

  const server = (name: string) => cluster.servers.find((one) => one.name === name)
  let hasViewService = true

  const system: WorldSystem = {
    options,
    clock,
    network,
    cluster,
    clients,
    isAlive: (name) =>
      name === viewServiceName ? hasViewService : (server(name)?.alive ?? clients.has(name)),
    snapshot(name) {
      const actor =
        name === viewServiceName
          ? cluster.viewService.actor
          : (server(name)?.node ?? clients.get(name))?.actor
      return (actor?.getSnapshot() as AnyMachineSnapshot | undefined) ?? null
    },
    choose: (choice) => carryOut(system, choice),
    next: () => nextChoice(system),
    crash(name) {
      if (name === viewServiceName) {
        hasViewService = false
        cluster.viewService.stop()
        tell('crash', cluster.viewService.id)
      } else if (clients.has(name)) {
        const client = clients.get(name)!
        clients.delete(name)
        client.stop()
      } else server(name)?.crash()
    },
    restart(name) {
      if (server(name) === undefined) startClient(name)
      else clock.actAs(name, () => server(name)!.restart())
    },
    calls: (name) => [...(open.get(name) ?? [])],
    pending: () => [...open.values()].reduce((sum, calls) => sum + calls.size, 0),
    get broken() {
      return isBroken
    },
  }
  return system
}
