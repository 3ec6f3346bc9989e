/** A system of real processes that are killed, paused, asked to leave and started again, on a network that can be cut. It judges nothing. */
import type { View } from '../../../machines/view.ts'
import type { Served } from '../../serve/processes.ts'
import { until } from '../../serve/processes.ts'
import type { LinkState } from './proxy.ts'

/** How the processes of a system are started, by name; again after each end. */
export interface Launcher {
  /** `view-service`, the names of servers, and of gateways. */
  readonly names: readonly string[]
  start(name: string, isFirst: boolean): Promise<Served>
  /** The link from one to another; `clients` is who calls, but for the gateway and `readerName`. null: this network has none to cut. */
  cut(from: string, to: string, state: LinkState): void
  cutReplies(from: string, to: string, state: 'open' | 'held'): void
}

/** Of the view: who is meant is found when it is needed. */
export type Who = 'primary' | 'backup' | 'idle' | 'view-service' | 'gateway'

/** A process that takes longer to leave was asked to in vain; its own bound is 5 s. */
const leaveMs = 12_000
const redundantMs = 60_000
export const viewServiceName = 'view-service'
/** Faults strike the first; a caller hops between both. */
export const gatewayNames = ['gateway', 'gateway-2'] as const
export const isGateway = (name: string) => gatewayNames.some((gateway) => gateway === name)
/** Who only reads; it has links of its own. */
export const readerName = 'reader'

/** Starts all processes. */
export async function startSurvivors(launcher: Launcher) {
  const alive = new Map<string, Served>()
  const logs: string[] = []
  const problems: string[] = []
  let view: View = { number: 0, primary: null, backup: null }
  const start = async (name: string, isFirst: boolean) => {
    alive.set(name, await launcher.start(name, isFirst))
  }
  await Promise.all(launcher.names.map((name) => start(name, true)))

  const nameOf = (node: string | null) =>
    [...alive.values()].find((served) => served.node === node)?.name ?? null
  const look = async () => {
    const status = await alive
      .get(viewServiceName)
      ?.status()
      .catch(() => null)
    if (status) view = status.view
    return status ?? null
  }
  const ended = async (name: string, signal: NodeJS.Signals): Promise<Served | null> => {
    const served = alive.get(name)
    if (served === undefined) return null
    alive.delete(name)
    served.process.kill(signal)
    const isOver = await Promise.race([
      served.ended.then(() => true),
      new Promise<false>((resolve) => setTimeout(resolve, leaveMs, false).unref()),
    ])
    logs.push(`---- ${served.node} (${signal}) ----\n${served.stderr()}`)
    if (!isOver) problems.push(`${served.node} did not end after ${signal}`)
    return served
  }

  return {
    /** What went wrong besides the history. */
    problems,
    served: (name: string) => alive.get(name) ?? null,
    /** The name of who is meant now; null where there is no one. */
    async find(who: Who): Promise<string | null> {
      if (who === 'view-service' || who === 'gateway') return alive.has(who) ? who : null
      await look()
      const [primary, backup] = [nameOf(view.primary), nameOf(view.backup)]
      if (who !== 'idle') return who === 'primary' ? primary : backup
      const isServer = (name: string) => name !== viewServiceName && !isGateway(name)
      return [...alive.keys()].find((name) => isServer(name) && name !== primary && name !== backup) ?? null
    },
    kill: (name: string) => ended(name, 'SIGKILL'),
    async restart(name: string) {
      if (!alive.has(name)) await start(name, false)
    },
    /** SIGTERM: it must leave with exit code 0 within its bound. */
    async leave(name: string) {
      const served = await ended(name, 'SIGTERM')
      if (served === null) return
      const { exitCode, signalCode } = served.process
      if (exitCode !== 0)
        problems.push(`${served.node} left with ${exitCode ?? signalCode}: ${served.stderr()}`)
      served.process.kill('SIGKILL')
    },
    pause: (name: string) => void alive.get(name)?.process.kill('SIGSTOP'),
    resume: (name: string) => void alive.get(name)?.process.kill('SIGCONT'),
    cut: launcher.cut,
    cutReplies: launcher.cutReplies,
    /** Resolves when the loss of any one server can be survived. @throws Error past the bound: then the system is stuck */
    async redundant(): Promise<void> {
      const isSo = async () => {
        const ends = [...alive.values()].filter((served) => served.hasEnded())
        if (ends.length > 0) throw new Error(`${ends[0]!.node} has ended by itself: ${ends[0]!.stderr()}`)
        const status = await look()
        return (
          status?.state === 'acknowledged' && nameOf(view.primary) !== null && nameOf(view.backup) !== null
        )
      }
      try {
        await until('a view with a backup that is acknowledged', isSo, redundantMs)
      } catch (error) {
        throw new Error(`${(error as Error).message}; ${await this.standing()}`)
      }
    },
    async standing(): Promise<string> {
      const statuses = await Promise.all(
        [...alive.values()].map((served) => served.status().catch((error) => `${served.node}: ${error}`)),
      )
      return statuses
        .map((status) =>
          typeof status === 'string'
            ? status
            : `${status.node} is ${status.state} in view ${JSON.stringify(Object.values(status.view))}`,
        )
        .join('; ')
    },
    logs: () =>
      [...logs, ...[...alive.values()].map((served) => `---- ${served.node} ----\n${served.stderr()}`)].join(
        '\n',
      ),
  }
}

export type Survivors = Awaited<ReturnType<typeof startSurvivors>>
