/** The network of a process: the transport that its configuration names, to the peers that it names. */
import { StandbyError } from '../../actors/errors.ts'
import type { Observe, TimeClock, Transport } from '../../actors/ports.ts'
import type { EnvelopeCounters } from '../transport/endpoint.ts'
import { type MeshTransport, openTcpTransport, type TransportCounters } from '../transport/tcp.ts'
import { formatAddress } from './config/address.ts'
import type { NetworkConfig } from './config/network-config.ts'
import { watchKeyFile } from './key-file.ts'
import type { ProcessLog } from './log.ts'

/** A transport that is open. */
export interface Network extends Transport {
  /** Where others reach it; null if it only dials. */
  readonly address: string | null
  /** What it has counted; what is about connections is absent over NATS. */
  counters(): EnvelopeCounters & Partial<TransportCounters>
  /** Why messages do not pass, if the transport knows; null if they do. Only over NATS, which is one way for all. */
  problem?(): string | null
  close(): Promise<void>
}

/**
 * Opens it. `log` receives peers that were refused, here and by others, once for each peer and reason.
 * @throws StandbyError `invalidOption`; the system's error if it cannot listen
 */
export async function openNetwork(
  config: NetworkConfig,
  clock: TimeClock,
  log: Pick<ProcessLog, 'write'> = noLog,
): Promise<Network> {
  const observe: Observe = ({ kind, detail }) => {
    if (kind === 'refuse') log.write('warn', detail ?? 'refuses a peer')
  }
  if (config.transport === 'nats') {
    const { openNatsNetwork } = await loadNats()
    return Object.assign(await openNatsNetwork(config, clock, observe), { address: null })
  }
  const transport = await openMesh(config, { clock, observe })
  if (config.keyFile === null) return transport
  const unwatch = watchKeyFile(config.keyFile, transport, log)
  return {
    ...transport,
    close() {
      unwatch()
      return transport.close()
    },
  }
}

const noLog = { write: () => {} }

async function openMesh(
  config: NetworkConfig,
  ports: { readonly clock: TimeClock; readonly observe: Observe },
): Promise<MeshTransport> {
  const { transport, listen, peers, authentication, insecure, system, tls, origins } = config
  const scheme = transport === 'tcp' ? '' : tls === null ? 'ws://' : 'wss://'
  const directory = new Map(
    Object.entries(peers).map(([name, peer]) => [name, `${scheme}${formatAddress(peer)}`]),
  )
  const options = {
    ...ports,
    system,
    directory: (name: string) => directory.get(name),
    ...(listen && { listen: { ...listen, insecure, origins } }),
    ...(authentication && { authentication }),
    ...(tls && { tls }),
  }
  if (transport === 'tcp') return openTcpTransport(options)
  const { openWebSocketTransport } = await import('../transport/websocket.ts')
  return openWebSocketTransport(options)
}

/** Whether what a configuration needs is installed. @throws StandbyError `invalidOption` */
export async function checkInstalled({ transport }: NetworkConfig): Promise<void> {
  if (transport === 'nats') await loadNats()
}

/** @throws StandbyError `invalidOption`, with how to install the package that is missing */
export async function loadNats(
  load = () => import('./nats-network.ts'),
): Promise<typeof import('./nats-network.ts')> {
  try {
    return await load()
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new StandbyError(
      'invalidOption',
      'transport: expected the package of NATS to be installed; npm install @nats-io/transport-node',
      { cause },
    )
  }
}
