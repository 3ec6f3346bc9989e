/** A process with clients, for callers.ts: `argv[2]` says how they are made. It executes what it is reported, and says what came of it. */
import type { Charts } from '../../../actors/charts.ts'
import { createClient, type KeyValueClient, withKeyValueMethods } from '../../../actors/client.ts'
import type { KeyValueCommand } from '../../../machines/application/key-value-store.ts'
import { schedulerClock } from '../../../runtime/schedulers.ts'
import { openNatsTransport } from '../../../runtime/transport/nats.ts'
import { openTcpTransport } from '../../../runtime/transport/tcp.ts'
import { type BrokenChartsName, brokenCharts } from './broken-charts.ts'
import { type ClientOrder, type ClientWord, executeOn } from './callers.ts'

/** How the clients of a process are made. */
export interface ClientsOptions {
  /** Never used before (C3). */
  readonly ids: readonly string[]
  /** Where the servers are, over TCP; or the server of NATS. */
  readonly directory?: Readonly<Record<string, string>>
  readonly nats?: string
  /** Their charts are broken. */
  readonly broken?: BrokenChartsName
}

/** Clients that share a transport. */
export async function openClients({ ids, directory = {}, nats, broken }: ClientsOptions) {
  const charts: Charts = broken === undefined ? {} : brokenCharts[broken]
  const transport =
    nats === undefined
      ? await openTcpTransport({ directory })
      : await openNatsTransport({ connection: { servers: nats, waitOnFirstConnect: true } })
  const clock = schedulerClock()
  const clients: KeyValueClient[] = ids.map((id) =>
    withKeyValueMethods(createClient<KeyValueCommand, never>({ id, transport, clock, charts })),
  )
  return {
    clients,
    async close() {
      for (const client of clients) client.stop()
      await transport.close()
    },
  }
}

if (process.send !== undefined && process.argv[1]?.endsWith('client-process.ts')) {
  const { clients } = await openClients(JSON.parse(process.argv[2]!) as ClientsOptions)
  const say = (word: ClientWord) => void process.send?.(word)
  process.on('message', ({ call, client, command }: ClientOrder) => {
    executeOn(clients[client]!, command).then(
      (result) => say({ call, result }),
      (error: Error) => say({ call, error: error.message }),
    )
  })
  process.on('disconnect', () => process.exit(0))
}
