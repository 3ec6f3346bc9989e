/** A view service as a process: its record on disk, one process at a time, and a stop when the record proves to be lost or old (V11). */
import { StandbyError } from '../../actors/errors.ts'
import type { Envelope, Transport } from '../../actors/ports.ts'
import { createViewService } from '../../actors/view-service.ts'
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
import { tapped } from './tapped-transport.ts'
import { isStuck, type Situation, type Verdict, verdictOf } from './verdict.ts'

/** What only a view service is told. */
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
    if (options.isNew) await refuseOldSystem(id, ports.transport, ports, timing.pingCheckIntervalMs * 2)

    const observe = observerOf(ports)
    const viewService = createViewService({
      id,
      transport: tapped(ports.transport, metrics.tap, {
        receives(envelope) {
          const ahead = viewAhead(envelope, viewService.view().number)
          if (ahead !== null && !draining) onFailure(lostRecord(envelope.from, ahead))
          return ahead === null
        },
      }),
      clock,
      timing,
      record,
      vectorEntriesMax: config.limits.vectorEntriesMax,
      onRefused: reportRefused(ports),
      ...(config.servers && { servers: config.servers }),
      keep: (next) => store.save(next),
      ...(observe && { observe }),
    })
    const { actor } = viewService
    watchNode(actor, { log, metrics, onFailure }, (snapshot) =>
      snapshot.hasTag('acknowledged') ? 'acknowledged' : 'waiting for an acknowledgement',
    )
    const situation = (): Situation => ({
      ...actor.getSnapshot().context,
      acknowledged: viewService.acknowledged(),
    })
    watchVerdict(actor, situation, log)
    const stop = async () => {
      if (draining) return
      draining = true
      viewService.stop()
      await unlock()
    }
    const status = (): NodeStatus => ({
      node: id,
      role: 'view service',
      state: viewService.acknowledged() ? 'acknowledged' : 'awaitingAcknowledgement',
      view: viewService.view(),
      verdict: verdictOf(situation()),
      applied: null,
      queue: 0,
      transfer: null,
      lamport: lamportOf(actor),
      uptimeMs: clock.now() - startedAt,
      ready: !draining && !isStuck(situation()) && isConnected(ports),
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

/** The number of a view that a server knows and this view service never told; null if there is none. */
function viewAhead({ message }: Envelope, known: number): number | null {
  return message?.type === 'ping' && message.viewNumber > known ? message.viewNumber : null
}

/** Before anything is told in a new system: is there an old one that goes by its name? */
async function refuseOldSystem(
  id: string,
  transport: Transport,
  { clock }: Pick<ProcessPorts, 'clock'>,
  listenMs: number,
): Promise<void> {
  let found: StandbyError | null = null
  const detach = transport.attach(id, (envelope) => {
    const ahead = viewAhead(envelope, 0)
    if (ahead !== null) found = lostRecord(envelope.from, ahead)
  })
  await new Promise<void>((resolve) => void clock.setTimeout(resolve, listenMs))
  detach()
  if (found !== null) throw found
}

function lostRecord(server: string, viewNumber: number): StandbyError {
  return new StandbyError(
    'invalidStore',
    `expected a record of every view, got ${server}, which knows view ${viewNumber}: this record is lost or out of date; restore the newest one, or stop every server of the former system first`,
  )
}
