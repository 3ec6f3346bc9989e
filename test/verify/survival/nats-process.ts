/** A view service or a server over NATS, for launch-nats.ts: `argv[2]` its configuration, `argv[3]` the server of NATS, `argv[4]` `new` for a new system. */
import { readFileSync } from 'node:fs'
import { checkedConfig } from '../../../runtime/process/config.ts'
import { startHttpServer } from '../../../runtime/process/http-server.ts'
import { createProcessLog } from '../../../runtime/process/log.ts'
import { createMetrics } from '../../../runtime/process/metrics.ts'
import { monitoringRoutes } from '../../../runtime/process/monitoring-routes.ts'
import type { ProcessPorts } from '../../../runtime/process/node-process.ts'
import { startServerProcess } from '../../../runtime/process/server-process.ts'
import { startViewServiceProcess } from '../../../runtime/process/view-service-process.ts'
import { schedulerClock } from '../../../runtime/schedulers.ts'
import { openNatsTransport } from '../../../runtime/transport/nats.ts'
import { viewServiceName } from './system.ts'

const [, , configFile, servers, newText] = process.argv
const given = JSON.parse(readFileSync(configFile!, 'utf8')) as { readonly name: string }
const isViewService = given.name === viewServiceName
const config = checkedConfig(isViewService ? 'view-service' : 'server', given)
const log = createProcessLog({
  level: config.logLevel,
  format: config.logFormat,
  node: config.name,
  line: (line) => void process.stderr.write(`${line}\n`),
  now: () => Date.now(),
})
const metrics = createMetrics()
const transport = await openNatsTransport({
  connection: { servers: servers!, reconnectTimeWait: 200, waitOnFirstConnect: true },
})
const onFailure = (error: Error) => {
  log.write('error', error.message)
  process.exit(1)
}
const ports: ProcessPorts = { transport, clock: schedulerClock(), log, metrics, onFailure }
const node = isViewService
  ? await startViewServiceProcess(config, ports, { isNew: newText === 'new' })
  : await startServerProcess(config, ports)
await transport.ready()
const http = await startHttpServer({
  address: { host: '127.0.0.1', port: 0 },
  routes: monitoringRoutes(node, metrics),
  token: null,
  origins: [],
  bodyBytesMax: 1024,
})
process.on('SIGTERM', async () => {
  await node.drain()
  await transport.close()
  process.exit(0)
})
process.stdout.write(`${JSON.stringify({ ready: true, node: node.id, http: http.address })}\n`)
