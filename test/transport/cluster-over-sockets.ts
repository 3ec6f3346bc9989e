/** A whole system in which every node has a transport of its own, as if each were a process. It asserts nothing. */
import { createClient, type KeyValueClient, withKeyValueMethods } from '../../actors/client.ts'
import type { NodePorts } from '../../actors/node.ts'
import { createServer, type ServerNode } from '../../actors/server.ts'
import { createViewService, type ViewServiceNode } from '../../actors/view-service.ts'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import type { MeshTransport } from '../../runtime/transport/mesh-options.ts'
import type { OpenMesh } from './socket-ends.ts'

const timing = { pingIntervalMs: 50, pingCheckIntervalMs: 150, retryIntervalMs: 30, resendIntervalMs: 30 }

export interface SocketCluster {
  readonly viewService: ViewServiceNode
  readonly servers: ReadonlyMap<string, ServerNode>
  client(name: string): KeyValueClient
  /** Ends a server and its sockets at once. */
  kill(name: string): Promise<void>
  isRedundant(): boolean
  transports(): readonly MeshTransport[]
  stop(): Promise<void>
}

/** A view service, three servers, and one process of clients. */
export async function startCluster(open: OpenMesh): Promise<SocketCluster> {
  const addresses = new Map<string, string>()
  const directory = (name: string) => addresses.get(name)
  const clock = schedulerClock()
  const transports = new Map<string, MeshTransport>()
  const seat = async (name: string): Promise<NodePorts & { timing: typeof timing }> => {
    const transport = await open({ directory, listen: {} })
    addresses.set(name, transport.address!)
    transports.set(name, transport)
    return { transport, clock, timing }
  }

  const viewService = createViewService(await seat('view-service'))
  const servers = new Map<string, ServerNode>()
  for (const name of ['s1', 's2', 's3'])
    servers.set(name, createServer({ ...(await seat(name)), id: `${name}#1` }))
  const ofClients = await open({ directory })
  transports.set('clients', ofClients)
  const clients: KeyValueClient[] = []
  return {
    viewService,
    servers,
    client(name) {
      const ports = { transport: ofClients, clock, timing }
      const client = createClient({
        ...ports,
        id: `${name}#1`,
        application: keyValueStore,
        timeoutMs: 20_000,
      })
      clients.push(withKeyValueMethods(client as never))
      return clients.at(-1)!
    },
    async kill(name) {
      servers.get(name)!.stop()
      await transports.get(name)!.close()
    },
    isRedundant: () => viewService.acknowledged() && viewService.view().backup !== null,
    transports: () => [...transports.values()],
    async stop() {
      for (const client of clients) client.stop()
      for (const server of servers.values()) server.stop()
      viewService.stop()
      await Promise.all([...transports.values()].map((transport) => transport.close()))
    },
  }
}
