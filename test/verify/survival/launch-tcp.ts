/** A system of `standby serve` over TCP with a gateway, each pair of processes with a link of its own that can be cut. */
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { createProcesses } from '../../serve/processes.ts'
import { createSystem, served } from '../../serve/processes.ts'
import type { BrokenChartsName } from './broken-charts.ts'
import { type Link, openLink } from './proxy.ts'
import { gatewayNames, isGateway, type Launcher, readerName, viewServiceName } from './system.ts'

const brokenServer = new URL('./broken-server.ts', import.meta.url).pathname

/** How the processes are not as they should be. */
export interface TcpLauncherOptions {
  readonly hasBrokenLogs?: boolean
  /** The charts of its servers. */
  readonly broken?: BrokenChartsName | undefined
}

/**
 * The launcher, and where a caller dials. `hasBrokenLogs`: everything is logged, of half of the processes to a disk that is
 * full, of the others to pipes that no one reads any more.
 */
export async function tcpLauncher(
  processes: ReturnType<typeof createProcesses>,
  servers: readonly string[],
  { hasBrokenLogs = false, broken }: TcpLauncherOptions = {},
): Promise<{
  readonly launcher: Launcher
  directoryOf(dialer: string): Readonly<Record<string, string>>
}> {
  let starts = 0
  const full = hasBrokenLogs ? openSync('/dev/full', 'w') : -1
  const system = await createSystem(processes, servers, () => {
    starts += 1
    return hasBrokenLogs && starts % 2 === 0 ? full : 'pipe'
  })
  processes.onEnd(() => {
    if (hasBrokenLogs) closeSync(full)
  })
  const listeners = [viewServiceName, ...servers]
  const dialers = [...listeners, 'clients', readerName, ...gatewayNames]
  const links = new Map<string, Link>()
  for (const from of dialers) {
    for (const to of listeners) {
      if (from === to) continue
      const link = await openLink(Number(system.peers[to]!.split(':')[1]))
      links.set(`${from} > ${to}`, link)
      processes.onEnd(() => link.close())
    }
  }
  const directoryOf = (from: string) =>
    Object.fromEntries(
      listeners
        .filter((to) => to !== from)
        .map((to) => [to, `127.0.0.1:${links.get(`${from} > ${to}`)!.port}`] as const),
    )
  const flagsOf = (name: string) =>
    Object.entries(directoryOf(name)).flatMap(([to, at]) => ['--peer', `${to}=${at}`])

  const brokenServerOf = (name: string, charts: BrokenChartsName) => {
    const { peers, timing, http } = JSON.parse(readFileSync(system.config, 'utf8'))
    const own = { name, listen: peers[name], data: join(processes.folder, name), peers: directoryOf(name) }
    const given = JSON.stringify({ ...own, timing, http, logFormat: 'json' })
    return served(name, processes.run([given, charts], { program: brokenServer }))
  }
  const started = (name: string, ofViewService: readonly string[], flags: readonly string[]) => {
    if (name === viewServiceName) return system.viewService(...ofViewService)
    if (isGateway(name)) return system.gateway(name, ...flags)
    return broken === undefined ? system.server(name, ...flags) : brokenServerOf(name, broken)
  }

  return {
    directoryOf,
    launcher: {
      names: [...listeners, ...gatewayNames],
      async start(name, isFirst) {
        const flags = [...flagsOf(name), ...(hasBrokenLogs ? ['--log-level', 'debug'] : [])]
        const served = await started(name, isFirst ? [...flags, '--new-system'] : flags, flags)
        if (hasBrokenLogs) for (const pipe of [served.process.stdout, served.process.stderr]) pipe?.destroy()
        return served
      },
      cut: (from, to, state) => links.get(`${from} > ${to}`)?.set(state),
      cutReplies: (from, to, state) => links.get(`${from} > ${to}`)?.setReplies(state),
    },
  }
}
