/** What every process answers over HTTP: whether it lives, whether it is ready, its status and its metrics. */
import * as v from 'valibot'
import type { StateDump } from '../dump.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { MonitoredNode } from '../node-status.ts'
import { HttpError } from './problem.ts'
import type { Route } from './route.ts'

/** The routes of one process. */
export function monitoringRoutes(node: MonitoredNode, metrics: Metrics): readonly Route[] {
  const readiness = v.object({ ready: v.boolean(), verdict: v.nullable(v.string()) })
  return [
    {
      method: 'GET',
      path: '/healthz',
      id: 'isAlive',
      summary: 'Whether the process lives.',
      open: true,
      answers: { 200: { description: 'It does.', schema: v.object({ live: v.literal(true) }) } },
      handle: () => ({ status: 200, body: { live: true } }),
    },
    {
      method: 'GET',
      path: '/readyz',
      id: 'isReady',
      summary: 'Whether the process can do its part: of a gateway, whether commands are decided.',
      open: true,
      answers: {
        200: { description: 'It can.', schema: readiness },
        503: { description: 'It cannot.', schema: readiness },
      },
      handle() {
        const { ready, verdict } = node.status()
        return { status: ready ? 200 : 503, body: { ready, verdict } }
      },
    },
    {
      method: 'GET',
      path: '/status',
      id: 'status',
      summary: 'Role, state, view and load of the process.',
      answers: { 200: { description: 'The status.', schema: v.looseObject({ node: v.string() }) } },
      handle: () => ({ status: 200, body: node.status() }),
    },
    {
      method: 'GET',
      path: '/metrics',
      id: 'metrics',
      summary: 'Metrics for Prometheus.',
      answers: { 200: { description: 'In the text format.', schema: v.string(), type: 'text/plain' } },
      async handle() {
        const { text, type } = await metrics.read()
        return { status: 200, text, headers: { 'content-type': type } }
      },
    },
  ]
}

/** What only a server answers: its state, if it is the current primary. */
export function dumpRoute(server: { readonly id: string; dump(): Promise<StateDump | null> }): Route {
  return {
    method: 'GET',
    path: '/dump',
    id: 'dump',
    summary: 'The state of this moment, as lines of JSON.',
    answers: { 200: { description: 'The lines.', schema: v.string(), type: 'application/x-ndjson' } },
    failures: ['notPrimary'],
    async handle() {
      const dump = await server.dump()
      if (dump === null)
        throw new HttpError(
          'notPrimary',
          `${server.id} cannot confirm that it is the primary; run standby status`,
        )
      const headers = {
        'content-type': 'application/x-ndjson',
        ...(dump.isHalfRestored && { 'standby-half-restored': 'true' }),
      }
      return { status: 200, lines: dump.lines, headers }
    },
  }
}
