/** A process from its configuration: network, node and HTTP, started in this order and ended in the other. Signals are the command line's. */
import type { Charts } from '../../actors/charts.ts'
import { schedulerClock } from '../schedulers.ts'
import { formatAddress } from './config/address.ts'
import { loadApplication } from './config/application.ts'
import type { ProcessConfig } from './config/config.ts'
import { startGatewayProcess } from './gateway-process.ts'
import { bodyLimitsOf } from './http/body-limits.ts'
import { type HttpServer, startHttpServer } from './http/http-server.ts'
import { createProcessLog, type ProcessLog } from './log.ts'
import { createMetrics } from './metrics/metrics.ts'
import { type Network, openNetwork } from './network.ts'
import type { NodeProcess, ProcessPorts } from './node-process.ts'
import { startServerProcess } from './server-process.ts'
import { flushed, loadTracing } from './tracing.ts'
import { startViewServiceProcess, type ViewServiceProcessOptions } from './view-service-process.ts'

/** What a process needs in addition to its configuration. */
export interface RunOptions extends ViewServiceProcessOptions {
  /** Changed charts of a server, for negative controls; default: ours. */
  readonly charts?: Charts
  /** Takes the lines of the log, and reports lost ones. */
  readonly line: (line: string, onLost: () => void) => void
  /** The node cannot go on; called once. The process is stopped already. */
  readonly onFailure: (error: Error) => void
}

/** A process that runs, and where it can be reached. */
export interface RunningProcess {
  readonly node: NodeProcess
  readonly log: ProcessLog
  /** null if it only dials. */
  readonly address: string | null
  readonly httpAddress: string | null
  /** Leaves in an orderly way, within the bound of the configuration and a little. Twice is harmless. */
  drain(): Promise<void>
  /** Stops at once. */
  stop(): Promise<void>
}

/** What is left of HTTP requests is cut off after this long, when there is nothing more to answer. */
const httpGraceMs = 500

/** @throws StandbyError; the system's error if it cannot listen */
export async function startProcess(config: ProcessConfig, options: RunOptions): Promise<RunningProcess> {
  const clock = schedulerClock()
  const metrics = createMetrics()
  const log = createProcessLog({
    level: config.logLevel,
    format: config.logFormat,
    node: config.name,
    line: options.line,
    now: () => Date.now(),
  })
  const application = await loadApplication(config.application)
  const tracing = await loadTracing(config.system, process.env)
  const transport = await openNetwork(config, clock, log)
  metrics.watchNetwork(() => transport.counters())
  metrics.watchDropped('log', log.lost)
  let failure: Error | null = null
  const onFailure = (error: Error) => {
    if (failure !== null) return
    failure = error
    log.write('error', error.message)
    void stop().then(() => options.onFailure(error))
  }
  if (tracing !== null) metrics.watchDropped('opentelemetry', () => tracing.givenUp)
  const ports: ProcessPorts = {
    transport: tracing?.withArrivals(transport) ?? transport,
    clock,
    log,
    metrics,
    application,
    onFailure,
    networkProblem: transport.problem,
    ...(tracing && { observe: tracing.observe }),
    ...(options.charts && { charts: options.charts }),
  }
  let node: NodeProcess | null = null
  let http: HttpServer | null = null
  const stop = async () => {
    await node?.stop()
    await Promise.all([http?.close(httpGraceMs), transport.close(), flushed(tracing)])
  }
  try {
    node = await startNode(config, ports, options)
    http = await startHttp(config, node, log)
    return {
      node,
      log,
      address: reachableAt(transport, config),
      httpAddress: http?.address ?? null,
      stop,
      async drain() {
        await node!.drain()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function startNode(config: ProcessConfig, ports: ProcessPorts, options: RunOptions): Promise<NodeProcess> {
  switch (config.role) {
    case 'view-service':
      return startViewServiceProcess(config, ports, options)
    case 'server':
      return startServerProcess(config, ports)
    case 'client-gateway':
      return Promise.resolve(startGatewayProcess(config, ports))
  }
}

async function startHttp(
  { http, httpToken, origins, limits }: ProcessConfig,
  node: NodeProcess,
  log: ProcessLog,
): Promise<HttpServer | null> {
  if (http === null) return null
  const bodies = bodyLimitsOf(limits)
  return startHttpServer({ address: http, routes: node.routes(), token: httpToken, origins, bodies, log })
}

function reachableAt(transport: Network, { listen }: ProcessConfig): string | null {
  return transport.address ?? (listen === null ? null : formatAddress(listen))
}
