/** A gateway as a process: a client of the system that answers HTTP, for callers in any language. */
import { randomBytes } from 'node:crypto'
import { type Client, createClient } from '../../actors/client.ts'
import type { Json } from '../../machines/application/application.ts'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import { until } from '../waiting.ts'
import type { AnyApplication } from './config/application.ts'
import type { ProcessConfig } from './config/config.ts'
import { watchDecisions } from './decisions.ts'
import { gatewayRoutes } from './http/gateway-routes.ts'
import { createHttpSessions, type HttpSessions } from './http/http-sessions.ts'
import { monitoringRoutes } from './http/monitoring-routes.ts'
import { createOpenRate } from './http/open-rate.ts'
import {
  isConnected,
  lamportOf,
  type NodeProcess,
  observerOf,
  type ProcessPorts,
  reportRefused,
  watchNode,
} from './node-process.ts'
import type { NodeStatus } from './node-status.ts'
import { tapped } from './tapped-transport.ts'

/** A gateway that runs, and the ways into it. */
export interface GatewayProcess extends NodeProcess {
  /** For operations without a session; they go out together. */
  readonly client: Client<Json, Json>
  readonly sessions: HttpSessions
  readonly application: AnyApplication
}

/** Sessions that a gateway keeps in memory. */
const sessionsMax = 10_000

/** Starts the gateway. */
export function startGatewayProcess(config: ProcessConfig, ports: ProcessPorts): GatewayProcess {
  const { clock, log, metrics, application = keyValueStore } = ports
  const { timing, limits, drainMs } = config
  const startedAt = clock.now()
  // A name that was never used before, so that there is nothing to keep on disk (C3).
  const name = `${config.name}-${randomBytes(4).toString('hex')}`
  const id = `${name}#1`
  const observe = observerOf(ports)
  const decisions = watchDecisions({
    name: `${name}-probe`,
    client: {
      transport: ports.transport,
      clock,
      timing,
      limits,
      ...(config.servers && { servers: config.servers }),
    },
  })
  const transport = tapped(ports.transport, metrics.tap, {
    receives({ message }) {
      if (message?.type === 'reply') decisions.note()
      return true
    },
  })
  const common = {
    transport,
    clock,
    timing,
    limits,
    application,
    onRefused: reportRefused(ports),
    ...(config.servers && { servers: config.servers }),
    ...(observe && { observe }),
  }
  const client = createClient<Json, Json>({ ...common, id })
  const sessions = createHttpSessions({ ...common, sessionsMax })
  const mayOpen = createOpenRate({ clock })
  watchNode(client.actor, ports, () => 'a client')
  let [draining, stopped] = [false, false]

  const pending = () => client.pending() + sessions.pending()
  const stop = async () => {
    if (stopped) return
    stopped = true
    draining = true
    decisions.stop()
    client.stop()
    sessions.stop()
  }
  const drain = async () => {
    if (draining) return
    draining = true
    if (!(await until(clock, () => pending() === 0, drainMs)))
      log.write('warn', `leaves after ${drainMs} ms with ${pending()} operations unanswered`)
    await stop()
    log.write('info', 'has left')
  }
  const status = (): NodeStatus => ({
    node: id,
    role: 'gateway',
    state: String(client.actor.getSnapshot().value),
    view: client.actor.getSnapshot().context.view,
    verdict: null,
    applied: null,
    queue: pending(),
    transfer: null,
    lamport: lamportOf(client.actor),
    uptimeMs: clock.now() - startedAt,
    ready: !draining && decisions.areMade() && isConnected(ports),
    draining,
  })
  metrics.watch(status)
  const self = { id, client, sessions, application, status, stop, drain }
  return {
    ...self,
    routes() {
      const monitoring = monitoringRoutes(self, metrics)
      const gateway = { ...self, mayOpen, isDraining: () => draining }
      return [...gatewayRoutes(gateway, metrics, monitoring), ...monitoring]
    },
  }
}
