/** What every process answers over HTTP: whether it lives, whether it is ready, how it stands, and what it has counted. */

import type { Metrics } from '../metrics/metrics.ts'
import type { NodeProcess } from '../node-process.ts'
import type { ServerProcess } from '../server-process.ts'
import { HttpError, type HttpRoute } from './http-server.ts'

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

/** What a server answers besides: its state, where it is the current primary. */
export function dumpRoute(server: ServerProcess): HttpRoute {
  return {
    method: 'GET',
    path: '/dump',
    async handle() {
      const dump = await server.dump()
      if (dump === null)
        throw new HttpError(
          409,
          'notPrimary',
          `expected the current primary, got ${server.id}, to which nobody confirms that it is; see standby status`,
        )
      const headers = {
        'content-type': 'application/x-ndjson',
        ...(dump.isHalfRestored && { 'standby-half-restored': 'true' }),
      }
      return { status: 200, lines: dump.lines, headers }
    },
  }
}
