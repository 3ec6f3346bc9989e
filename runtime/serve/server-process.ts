/** A server as a process: it goes on where its data folder says that it was (D1), and leaves nothing behind unanswered. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { ClientActorOptions } from '../../actors/client.ts'
import { storedId } from '../../actors/durable-server.ts'
import { StandbyError } from '../../actors/errors.ts'
import { checkedTiming } from '../../actors/options.ts'
import { createServer, roleIn, stateIn } from '../../actors/server.ts'
import { defaultViewServiceId } from '../../actors/view-service.ts'
import { type KeyValueState, keyValueStore } from '../../machines/application/key-value-store.ts'
import { parseNodeId } from '../../machines/node-id.ts'
import { noView, type View } from '../../machines/view.ts'
import { nodeFileSystem } from '../store/file-system.ts'
import { incarnationFile, nextLife } from '../store/incarnations.ts'
import { hasLevelStore, type LevelStore, openLevelStore } from '../store/level-store.ts'
import { until } from '../waiting.ts'
import type { ProcessConfig } from './config/config.ts'
import { openDataFolder } from './data-folder.ts'
import { dumpLines, type StateDump } from './dump.ts'
import { dumpRoute, monitoringRoutes } from './http/monitoring-routes.ts'
import { openSession } from './http/open-session.ts'
import { withLocalNodes } from './local-nodes.ts'
import { watchTransfer } from './metrics/transfer-progress.ts'
import {
  lamportOf,
  type NodeProcess,
  observerOf,
  type ProcessPorts,
  reportRefused,
  watchNode,
} from './node-process.ts'
import type { NodeStatus } from './node-status.ts'
import { restoreMark } from './restore.ts'
import { createStaleReplies } from './stale-replies.ts'
import { type Tap, tapped } from './tapped-transport.ts'

/** A server that runs, and the way to its state. */
export interface ServerProcess extends NodeProcess {
  /**
   * A dump of the state of this moment; null unless it is the current primary, as a command that was decided
   * after this moment has shown.
   */
  dump(): Promise<StateDump | null>
}

/**
 * Starts the server.
 * @throws StandbyError `invalidStore` where its next life cannot be known, or another process works in the data folder
 */
export async function startServerProcess(config: ProcessConfig, ports: ProcessPorts): Promise<ServerProcess> {
  const {
    clock,
    log,
    metrics,
    charts,
    onFailure,
    files = nodeFileSystem,
    application = keyValueStore,
  } = ports
  const { name, timing, limits, drainMs } = config
  const startedAt = clock.now()
  const data = config.data!
  const unlock = await openDataFolder(data, files)
  let store: LevelStore | null = null
  try {
    store = await openStore(config, data)
    const recovering = clock.now()
    const kept = store === null ? null : storedId(store)
    const id = kept ?? nextLife(incarnationFile(data, files), name, Date.now())
    let [draining, stopped] = [false, false]
    const heartbeat = createHeartbeat(() => clock.now())
    const observe = observerOf(ports)
    let viewOf = (): View => noView
    const nodes = withLocalNodes(ports.transport, { clock, viewOf: () => viewOf() })
    const staleReplies = createStaleReplies(
      (to) => (to === id ? server.actor : null),
      (envelope) => nodes.server.send(envelope),
    )
    const server = createServer({
      id,
      application,
      transport: tapped(
        nodes.server,
        metrics.tap,
        heartbeat,
        {
          // Clients of a server that is leaving ask the next primary soon enough.
          receives: ({ message }) => !(draining && message?.type === 'request'),
        },
        staleReplies,
      ),
      clock,
      timing,
      limits,
      ...(store && { store }),
      onRefused: reportRefused(ports),
      ...(config.servers && { servers: config.servers }),
      ...(charts && { charts }),
      ...(observe && { observe }),
    })
    const { actor } = server
    if (kept !== null)
      log.write('info', 'has recovered its state', {
        position: server.applied(),
        view: actor.getSnapshot().context.view.number,
        ms: clock.now() - recovering,
      })
    viewOf = () => actor.getSnapshot().context.view
    watchNode(actor, { log, metrics, onFailure }, ({ value }) => roleIn(value))
    const { transferBytesMax } = limits
    const transfer = watchTransfer(actor, { clock, log, metrics, transferBytesMax })

    const stop = async () => {
      if (stopped) return
      stopped = true
      draining = true
      server.stop()
      await store?.close()
      await unlock()
    }
    const isHeard = () =>
      clock.now() - heartbeat.heardAt() < timing.pingCheckIntervalMs * timing.pingTimeout + 1000
    /** A view that names a former life of this server waits for a server that never comes back. */
    const isNamed = (member: string | null) =>
      member !== null && member !== id && parseNodeId(member).name === name
    const isReady = () => {
      const { primary, backup } = viewOf()
      return !draining && isHeard() && !isNamed(primary) && !isNamed(backup)
    }

    /** No client waits for work of this server, and the view can do without it. */
    const canGo = () => {
      const { context, value } = actor.getSnapshot()
      if (roleIn(value) !== 'primary') return true
      if (context.outstanding !== null || context.queue.size > 0) return false
      if (context.view.backup === null) return true
      // V4: a primary that goes before its view is acknowledged takes the system with it.
      return stateIn(value) === 'primary.serving' && heartbeat.acknowledged() === context.view.number
    }
    const drain = async () => {
      if (draining) return
      draining = true
      const begun = clock.now()
      const isDone = await until(clock, canGo, drainMs)
      const { context, value } = actor.getSnapshot()
      if (roleIn(value) === 'primary') {
        const isAlone = context.view.backup === null
        if (!isDone)
          log.write(
            'warn',
            `leaves after ${drainMs} ms with work under way: its callers ask the next primary`,
          )
        else if (isAlone && context.replica !== null && store === null)
          log.write('warn', 'leaves as a primary without a backup: the state goes with it')
      }
      await stop()
      log.write('info', 'has left', { ms: clock.now() - begun })
    }
    const status = (): NodeStatus => {
      const snapshot = actor.getSnapshot()
      const { context } = snapshot
      return {
        node: id,
        role: roleIn(snapshot.value),
        state: stateIn(snapshot.value),
        view: context.view,
        verdict: null,
        applied: context.replica?.position ?? null,
        queue: context.queue.size + (context.outstanding?.requests.length ?? 0),
        transfer: transfer(),
        lamport: lamportOf(actor),
        uptimeMs: clock.now() - startedAt,
        ready: isReady(),
        draining,
      }
    }
    metrics.watch(status)
    const dump = async () => {
      const snapshot = actor.getSnapshot()
      const { replica, view } = snapshot.context
      if (replica === null || draining || !snapshot.hasTag('answersClients')) return null
      const common = { transport: nodes.clients, clock, timing, limits }
      if (!(await isConfirmed(common, view.number, viewOf))) return null
      const { state, position } = replica
      const isHalfRestored =
        application === keyValueStore && (state as KeyValueState).get(restoreMark) !== undefined
      const origin = { node: id, viewNumber: view.number, position }
      return { lines: dumpLines(application, state, origin), isHalfRestored }
    }
    const self = { id, status, drain, stop, dump }
    return { ...self, routes: () => [dumpRoute(self), ...monitoringRoutes(self, metrics)] }
  } catch (error) {
    await store?.close()
    await unlock()
    throw error
  }
}

/** The state of a server lies in this folder within its data folder. */
const stateFolder = 'state'

/** @throws StandbyError `invalidStore` */
async function openStore(
  { durability, system, name }: ProcessConfig,
  data: string,
): Promise<LevelStore | null> {
  const folder = join(data, stateFolder)
  if (durability !== 'memory') return openLevelStore({ folder, owner: { system, server: name }, durability })
  // A life that keeps nothing would leave behind a state that looks newer than it is (N2).
  if (!hasLevelStore(folder)) return null
  throw new StandbyError(
    'invalidStore',
    `expected no state in ${folder} for --durability memory, got one; start with --durability flush to go on with it, or move it away`,
  )
}

/** How many retries a confirmation may take. */
const confirmRetries = 40

/** Whether a command of this moment is decided here, in this very view: then no later view had a say before it (S4, I3). */
async function isConfirmed(
  options: Omit<ClientActorOptions, 'id'>,
  viewNumber: number,
  viewOf: () => View,
): Promise<boolean> {
  const id = `dump-${randomBytes(8).toString('hex')}#1`
  try {
    const { client } = await openSession(
      { ...options, id },
      checkedTiming(options.timing).retryIntervalMs * confirmRetries,
    )
    client.stop()
    return viewOf().number === viewNumber
  } catch {
    return false
  }
}

/** What this server's pings and their replies show: whether the view service receives them, and which view is confirmed. */
function createHeartbeat(now: () => number) {
  let heardAt = Number.NEGATIVE_INFINITY
  let [pinged, answers, confirmed] = [0, 0, 0]
  const tap: Tap = {
    sends({ message }) {
      if (message.type !== 'ping' || message.viewNumber === pinged) return
      pinged = message.viewNumber
      answers = 0
    },
    receives({ from, message }) {
      if (message?.type !== 'viewReply' || from !== defaultViewServiceId) return true
      heardAt = now()
      answers += 1
      // The first answer may be one to the ping before.
      if (answers >= 2) confirmed = pinged
      return true
    },
  }
  return { ...tap, heardAt: () => heardAt, acknowledged: () => confirmed }
}
