/** A view service as a process: its record on disk, one process at a time, and no views while the record proves to be old (V11). */
import { createViewService, type ViewServiceNode } from '../../actors/view-service.ts'
import type { ViewRecord } from '../../machines/view-service.ts'
import { nodeFileSystem } from '../store/file-system.ts'
import type { Store } from '../store/store.ts'
import { openViewRecord, viewRecordFile } from '../store/view-record.ts'
import type { ProcessConfig } from './config/config.ts'
import { openDataFolder } from './data-folder.ts'
import { monitoringRoutes } from './http/monitoring-routes.ts'
import type { LogLevel, ProcessLog } from './log.ts'
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
import { createRecordGuard, refuseOldSystem } from './record-guard.ts'
import { tapped } from './tapped-transport.ts'
import { isStuck, type Situation, type Verdict, verdictOf } from './verdict.ts'

/** Options of a view service only. */
export interface ViewServiceProcessOptions {
  /** The very first start of a system, which has no record yet. */
  readonly isNew: boolean
  /** Where the record lies; default: a file in the data folder. */
  readonly store?: Store<ViewRecord>
}

/**
 * Starts the view service.
 * @throws StandbyError `invalidStore` where V11 forbids a start, or another process works in the data folder
 */
export async function startViewServiceProcess(
  config: ProcessConfig,
  ports: ProcessPorts,
  options: ViewServiceProcessOptions,
): Promise<NodeProcess> {
  const { clock, log, metrics, onFailure, files = nodeFileSystem } = ports
  const { name: id, timing } = config
  const startedAt = clock.now()
  const data = config.data!
  const unlock = await openDataFolder(data, files)
  let draining = false
  try {
    const store = options.store ?? viewRecordFile(data, files)
    const record = openViewRecord(store, options)
    const servers = config.servers
    if (options.isNew) {
      const listenMs = timing.pingCheckIntervalMs * 2
      await refuseOldSystem({ id, transport: ports.transport, clock, servers }, listenMs)
    }

    const observe = observerOf(ports)
    const guard = createRecordGuard({
      ...{ id, clock, log, servers, transport: ports.transport },
      known: () => viewService.view().number,
      holdMs: timing.pingCheckIntervalMs * (timing.pingTimeout + 1),
      suspend: () => viewService.stop(),
      resume: () => begin(store.load()),
    })
    let viewService: ViewServiceNode
    const begin = (from: ViewRecord | null) => {
      viewService = createViewService({
        id,
        transport: tapped(ports.transport, metrics.tap, guard.tap),
        clock,
        timing,
        record: from,
        vectorEntriesMax: config.limits.vectorEntriesMax,
        onRefused: reportRefused(ports),
        ...(servers && { servers }),
        keep: (next) => store.save(next),
        ...(observe && { observe }),
      })
      watchNode(viewService.actor, { log, metrics, onFailure }, (snapshot) =>
        snapshot.hasTag('acknowledged') ? 'acknowledged' : 'waiting for an acknowledgement',
      )
      watchVerdict(viewService.actor, situation, log)
    }
    const situation = (): Situation => ({
      ...viewService.actor.getSnapshot().context,
      acknowledged: viewService.acknowledged(),
    })
    begin(record)
    const stop = async () => {
      if (draining) return
      draining = true
      guard.stop()
      viewService.stop()
      await unlock()
    }
    const status = (): NodeStatus => ({
      node: id,
      role: 'view service',
      state: stateOf(guard.isSuspended(), viewService.acknowledged()),
      view: viewService.view(),
      verdict: verdictOf(situation()),
      applied: null,
      queue: 0,
      transfer: null,
      lamport: lamportOf(viewService.actor),
      uptimeMs: clock.now() - startedAt,
      ready: !draining && !guard.isSuspended() && !isStuck(situation()) && isConnected(ports),
      draining,
    })
    metrics.watch(status)
    // What it knows is on disk, so that there is nothing to hand over.
    const self = { id, status, drain: stop, stop }
    return { ...self, routes: () => monitoringRoutes(self, metrics) }
  } catch (error) {
    await unlock()
    throw error
  }
}

function stateOf(isSuspended: boolean, isAcknowledged: boolean): string {
  if (isSuspended) return 'suspended'
  return isAcknowledged ? 'acknowledged' : 'awaitingAcknowledgement'
}

/** Logs the verdict each time it changes. */
function watchVerdict(
  actor: { subscribe(observer: { next(): void; error(): void }): unknown },
  situation: () => Situation,
  log: ProcessLog,
): void {
  let verdict: Verdict | null = null
  const look = () => {
    const next = verdictOf(situation())
    if (next === verdict) return
    verdict = next
    const { number, primary, backup } = situation().view
    log.write(levelOf(next), `the system is ${next}${adviceOn(next)}`, { view: number, primary, backup })
  }
  look()
  actor.subscribe({ next: look, error: () => {} })
}

function levelOf(verdict: Verdict): LogLevel {
  if (verdict === 'lost') return 'error'
  return verdict === 'alone' ? 'warn' : 'info'
}

function adviceOn(verdict: Verdict): string {
  if (verdict === 'alone') return ': a crash of its only server with the state stops it; start another server'
  return verdict === 'lost' ? ': no server with the state is left; found a new system and restore a dump' : ''
}
