/** A system of `standby serve` whose processes meet at a NATS server. It has no links to cut: what fails is the server itself. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { createProcesses } from '../../serve/processes.ts'
import { served, timing } from '../../serve/processes.ts'
import { gatewayNames, isGateway, type Launcher, viewServiceName } from './system.ts'

/** The launcher of a view service, servers and a gateway that know the server of NATS at `url`. */
export function natsLauncher(
  { folder, run }: ReturnType<typeof createProcesses>,
  servers: readonly string[],
  url: string,
): Launcher {
  const config = join(folder, 'system.json')
  const network = { transport: 'nats', natsServers: [url] }
  writeFileSync(config, JSON.stringify({ ...network, timing, logFormat: 'json', http: '127.0.0.1:0' }))
  const roleOf = (name: string) => {
    if (name === viewServiceName) return 'view-service'
    return isGateway(name) ? 'client-gateway' : 'server'
  }
  return {
    names: [viewServiceName, ...servers, ...gatewayNames],
    start(name, isFirst) {
      const data = isGateway(name) ? [] : ['--data', join(folder, name)]
      const isNew = name === viewServiceName && isFirst ? ['--new-system'] : []
      return served(name, run(['serve', roleOf(name), '--name', name, '--config', config, ...data, ...isNew]))
    },
    cut() {},
    cutReplies() {},
  }
}
