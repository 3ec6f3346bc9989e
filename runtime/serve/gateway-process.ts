/** A gateway as a process: a client of the system that answers HTTP, for callers in any language. */
import { randomBytes } from 'node:crypto'
import { type Client, type ClientActorOptions, createClient } from '../../actors/client.ts'
import type { Json } from '../../machines/application/application.ts'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import type { AnyApplication } from './config/application.ts'
import type { ProcessConfig } from './config/config.ts'
import { createHttpSessions, type HttpSessions } from './http/http-sessions.ts'
import { openSession } from './http/open-session.ts'
import {
  lamportOf,
  type NodeProcess,
  type NodeStatus,
  observerOf,
  type ProcessPorts,
  reportRefused,
  watchNode,
  within,
} from './node-process.ts'
import { tapped } from './tapped-transport.ts'

/** A gateway that runs, and the ways into it. */
export interface GatewayProcess extends NodeProcess {
  /** For operations that nobody will ask for again; they go out together. */
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
  const id = `${config.name}-${randomBytes(4).toString('hex')}#1`
  const observe = observerOf(ports)
  const transport = tapped(ports.transport, metrics.tap)
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
  const sessions = createHttpSessions({ ...common, sessionsMax, probe: createProbe(client, common) })
  watchNode(client.actor, ports, () => 'a client')
  let [draining, stopped] = [false, false]

  const pending = () => client.pending() + sessions.pending()
  const isReady = () => !draining && client.actor.getSnapshot().context.view.primary !== null
  const stop = async () => {
    if (stopped) return
    stopped = true
    draining = true
    client.stop()
    sessions.stop()
  }
  const status = (): NodeStatus => ({
    node: id,
    role: 'gateway',
    state: String(client.actor.getSnapshot().value),
    view: client.actor.getSnapshot().context.view,
    applied: null,
    queue: pending(),
    transfer: null,
    lamport: lamportOf(client.actor),
    uptimeMs: clock.now() - startedAt,
    ready: isReady(),
    draining,
  })
  metrics.watch(status)
  return {
    id,
    client,
    sessions,
    application,
    status,
    isReady,
    stop,
    async drain() {
      if (draining) return
      draining = true
      if (!(await within(clock, drainMs, () => pending() === 0)))
        log.write('warn', `leaves after ${drainMs} ms with ${pending()} operations unanswered`)
      await stop()
      log.write('info', 'has left')
    },
  }
}

const probeMs = 2000

/** Something that the servers have to decide, and that changes nothing; one at a time. Tells the view of who was answered; null: nobody. */
function createProbe(client: Client<Json, Json>, options: Omit<ClientActorOptions, 'id'>) {
  const viewOf = ({ actor }: Pick<typeof client, 'actor'>) => actor.getSnapshot().context.view.number
  const ask = async () => {
    if (options.application === keyValueStore) {
      await client.execute({ op: 'get', key: '' }, { timeoutMs: probeMs })
      return viewOf(client)
    }
    // Of an application that nobody knows here no command is known to be harmless; a session that is opened is.
    const opened = await openSession({ ...options, id: `probe-${randomBytes(8).toString('hex')}#1` }, probeMs)
    opened.client.stop()
    return viewOf(opened.client)
  }
  let last: Promise<unknown> = Promise.resolve()
  return (): Promise<number | null> => {
    const next = last.then(ask).catch(() => null)
    last = next
    return next
  }
}
