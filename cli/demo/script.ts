/** The story of a run: which server is killed when, and where the network breaks. It waits for the system, never the other way round. */

import type { TimeClock } from '../../actors/ports.ts'
import type { StandbyCluster } from '../../runtime/index.ts'
import { until, wait } from '../../runtime/waiting.ts'

// biome-ignore lint/suspicious/noExplicitAny: the story is the same for every application
type AnyCluster = StandbyCluster<any>

/** The levers that a script, or a person, moves. */
export interface Levers {
  killPrimary(): void
  killBackup(): void
  /** Kills the server, or starts it again if it is dead. */
  toggle(name: string): void
  restartAll(): void
  /** Cuts the primary and one client off from everyone else. */
  isolatePrimary(): void
  heal(): void
}

export interface ScriptOptions {
  readonly cluster: AnyCluster
  readonly levers: Levers
  readonly clock: TimeClock
  /** Milliseconds between two events. */
  readonly gapMs: number
  /** Called before each event with a sentence that says what happens. */
  readonly onScene: (text: string) => void
  readonly signal: AbortSignal
}

/** Whether the view is confirmed and every server in it lives, so that one more fault does no harm. */
export function isHealthy(cluster: AnyCluster): boolean {
  const { primary, backup } = cluster.view()
  if (!cluster.viewService.acknowledged() || cluster.primary() === null) return false
  return cluster.backup() !== null && cluster.network.connected(primary!, backup!) && !isBroken(cluster)
}

function isBroken({ servers, view, network }: AnyCluster): boolean {
  const { primary } = view()
  return servers.some(({ id, alive }) => alive && primary !== null && !network.connected(id, primary))
}

export function createLevers(cluster: AnyCluster, clientNames: readonly string[]): Levers {
  const names = cluster.servers.map(({ name }) => name)
  return {
    killPrimary: () => cluster.primary()?.crash(),
    killBackup: () => cluster.backup()?.crash(),
    toggle(name) {
      const server = cluster.server(name)
      if (server.alive) server.crash()
      else server.restart()
    },
    restartAll() {
      for (const server of cluster.servers) if (!server.alive) server.restart()
    },
    isolatePrimary() {
      const primary = cluster.primary()?.name
      if (primary === undefined) return
      const [first, ...others] = clientNames
      const servers = names.filter((name) => name !== primary)
      cluster.network.partition([primary, first!], [cluster.viewService.id, ...servers, ...others])
    },
    heal: () => cluster.network.heal(),
  }
}

/** Runs the story over and over, until `signal` aborts. */
export async function runScript(options: ScriptOptions): Promise<void> {
  const { cluster, clock, signal, onScene } = options
  const count = cluster.servers.length
  onScene(
    count === 1
      ? 'One server starts. It becomes primary without a backup, so no faults are injected.'
      : `${count} servers start: one becomes primary, one backup, and the others stand by.`,
  )
  await until(clock, () => isHealthy(cluster), 10_000, signal)
  if (count === 1) return
  for (;;) {
    for (const act of [primaryDies, primaryIsCutOff, backupDies, replicasAreCutOff]) {
      if (signal.aborted) return
      await until(clock, () => isHealthy(cluster), 10_000, signal)
      await act(options)
    }
  }
}

async function primaryDies(options: ScriptOptions): Promise<void> {
  const { cluster, levers, onScene } = options
  if (!(await gap(options))) return
  const server = cluster.primary()
  if (server === null) return
  const { name, id } = server
  onScene(`${id}, the primary, is killed. Its backup has all that any client was ever answered.`)
  levers.killPrimary()
  if (!(await gap(options))) return
  onScene(`${name} is started again. Its state is gone with its former life, so it is a new server.`)
  levers.restartAll()
}

async function primaryIsCutOff(options: ScriptOptions): Promise<void> {
  const { cluster, levers, onScene } = options
  if (!(await gap(options))) return
  const primary = cluster.primary()
  if (primary === null) return
  onScene(
    `The network splits. ${primary.id} may still believe that it is primary, but answers no client without its backup.`,
  )
  levers.isolatePrimary()
  if (!(await gap(options))) return
  onScene('The network heals. What was never answered is asked again, and takes effect once.')
  levers.heal()
}

async function backupDies(options: ScriptOptions): Promise<void> {
  const { cluster, levers, onScene } = options
  if (!(await gap(options))) return
  const backup = cluster.backup()
  if (backup === null) return
  onScene(`${backup.id}, the backup, is killed. Nothing is answered until it is dropped or replaced.`)
  levers.killBackup()
  if (!(await gap(options))) return
  onScene(`${backup.name} is started again, as a new server.`)
  levers.restartAll()
}

async function replicasAreCutOff(options: ScriptOptions): Promise<void> {
  const { cluster, levers, onScene, clock, signal } = options
  if (!(await gap(options))) return
  const [primary, backup] = [cluster.primary(), cluster.backup()]
  if (primary === null || backup === null) return
  onScene(
    `The link from ${primary.id} to ${backup.id} breaks. Both still reach the view service: clients get no answer, and no wrong one.`,
  )
  cluster.network.cut(primary.name, backup.name)
  await wait(clock, Math.min(1000, options.gapMs), signal)
  if (signal.aborted) return
  onScene('The link works again, and what waited is answered.')
  levers.heal()
}

/** Waits for the next event; false when there is no further event. */
async function gap({ clock, gapMs, signal }: ScriptOptions): Promise<boolean> {
  await wait(clock, gapMs, signal)
  return !signal.aborted
}
