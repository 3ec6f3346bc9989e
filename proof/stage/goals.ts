/** What a world can be left to itself for, until it comes about. */
import type { WorldSystem } from './world-system.ts'

export interface Goal {
  /** Completes 'run until ...'. */
  readonly title: string
  /** Begins to wait; the answer says of the system as it is later whether it has come about. */
  readonly wait: (system: WorldSystem) => (later: WorldSystem) => boolean
}

export const goals = {
  viewChange: {
    title: 'the view changes',
    wait(system) {
      const { number } = system.cluster.view()
      return (later) => later.cluster.view().number !== number
    },
  },
  settled: {
    title: 'the view serves, its backup holding the state',
    wait: () => isSettled,
  },
  answered: { title: 'every call has its answer', wait: () => (later) => later.pending() === 0 },
  violation: { title: 'something is broken', wait: () => (later) => later.broken },
} as const satisfies Record<string, Goal>

/** The name of a goal. */
export type GoalName = keyof typeof goals

/** The view has a serving primary that has confirmed it, with a backup if there can be one. */
function isSettled({ cluster }: WorldSystem): boolean {
  const { primary, backup, number } = cluster.view()
  const node = cluster.servers.find(({ alive, id }) => alive && id === primary)?.node
  const snapshot = node?.actor.getSnapshot()
  if (snapshot === undefined || !cluster.viewService.acknowledged()) return false
  const spare = cluster.servers.some(({ alive, id }) => alive && id !== primary)
  const isBackupAlive = cluster.servers.some(({ alive, id }) => alive && id === backup)
  return (
    snapshot.context.view.number === number &&
    snapshot.hasTag('answersClients') &&
    (backup === null ? !spare : isBackupAlive)
  )
}
