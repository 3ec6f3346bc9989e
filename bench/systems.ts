/** The two systems that are compared, behind one face: the charts (`standby`) and the protocol by hand (`baseline`). */
import { asyncScheduler, type SchedulerLike } from 'rxjs'
import type { CallEnd } from '../actors/client.ts'
import type { Application } from '../machines/application/application.ts'
import { type KeyValueCommand, keyValueStore } from '../machines/application/key-value-store.ts'
import { createCluster, schedulerClock, seededRandom } from '../runtime/index.ts'
import { withFaults } from '../runtime/transport/faults.ts'
import { createMemoryTransport } from '../runtime/transport/memory.ts'
import { createBaseline } from './baseline.ts'

export const subjects = ['standby', 'baseline'] as const
export type Subject = (typeof subjects)[number]

export interface SystemOptions {
  readonly servers: number
  /** Default: the key-value store, empty. */
  readonly application?: Application
  /** Default: real time. */
  readonly scheduler?: SchedulerLike
  /** How long a message is under way; default 0. */
  readonly delayMs?: number
}

export interface SystemClient {
  execute(command: KeyValueCommand): Promise<unknown>
  submit(command: KeyValueCommand, done: (end: CallEnd) => void): unknown
}

export interface System {
  readonly name: Subject
  client(): SystemClient
  /** Whether the view is confirmed, and has a backup if there are servers for one. */
  isReady(): boolean
  crashPrimary(): void
  stop(): Promise<void>
}

/** Starts a system; both have the same ports, options and store. */
export function startSystem(name: Subject, options: SystemOptions): System {
  const { servers, application = keyValueStore as Application, scheduler, delayMs = 0 } = options
  const clock = schedulerClock(scheduler ?? asyncScheduler)
  const transport = createMemoryTransport({ delayMs, ...(scheduler === undefined ? {} : { scheduler }) })
  const hasBackup = (backup: string | null) => servers === 1 || backup !== null
  if (name === 'standby') {
    const cluster = createCluster({ servers, application, transport, clock })
    return {
      name,
      client: () => cluster.client() as SystemClient,
      isReady: () => cluster.viewService.acknowledged() && hasBackup(cluster.view().backup),
      crashPrimary: () => cluster.primary()?.crash(),
      stop: () => cluster.stop(),
    }
  }
  const faulty = withFaults(transport, { clock, random: seededRandom(1) })
  const baseline = createBaseline({ servers, application, transport: faulty, clock })
  return {
    name,
    client: () => baseline.client(),
    isReady: () => baseline.acknowledged() && hasBackup(baseline.view().backup),
    crashPrimary: () => baseline.server(baseline.view().primary)?.stop(),
    stop: () => baseline.stop(),
  }
}

/** Waits, in real time, until a system is ready. */
export async function untilReady(system: System): Promise<void> {
  while (!system.isReady()) await new Promise((resolve) => setTimeout(resolve, 5))
}
