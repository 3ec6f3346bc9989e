/** What every process answers over HTTP: whether it lives, whether it is ready, how it stands, and what it has counted. */
import type { HttpRoute } from './http-server.ts'
import type { Metrics } from './metrics.ts'
import type { NodeProcess } from './node-process.ts'

/** The routes of one process. */
export function monitoringRoutes(node: NodeProcess, metrics: Metrics): readonly HttpRoute[] {
  return [
    { method: 'GET', path: '/healthz', open: true, handle: () => ({ status: 200, body: { live: true } }) },
    {
      method: 'GET',
      path: '/readyz',
      open: true,
      handle() {
        const ready = node.isReady()
        return { status: ready ? 200 : 503, body: { ready } }
      },
    },
    { method: 'GET', path: '/status', handle: () => ({ status: 200, body: node.status() }) },
    {
      method: 'GET',
      path: '/metrics',
      async handle() {
        const { text, type } = await metrics.read()
        return { status: 200, body: text, headers: { 'content-type': type } }
      },
    },
  ]
}
