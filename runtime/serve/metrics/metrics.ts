/** Prometheus metrics of a process, from its transport and its node; no chart runs slower for them. */
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import { jsonSize } from '../../../machines/application/json.ts'
import { refusalReasons } from '../../../machines/messages.ts'
import { parseNodeId } from '../../../machines/node-id.ts'
import type { View } from '../../../machines/view.ts'
import type { Network } from '../network.ts'
import type { NodeStatus } from '../node-status.ts'
import type { Tap } from '../tapped-transport.ts'
import { viewChangeOf } from '../view-changes.ts'
import { boundedLabel, createFamilies } from './metric-families.ts'
import { addNetworkMetrics } from './network-metrics.ts'
import { addNodeMetrics } from './node-metrics.ts'
import { watchRequests } from './request-latency.ts'

/** Which end of a state transfer. */
export type TransferSide = 'sent' | 'received'

/** The metrics of one process. */
export interface Metrics {
  /** Counts the messages that pass. */
  readonly tap: Tap
  /** The source of its gauges, read at each scrape. Call it once. */
  watch(status: () => NodeStatus): void
  /** Where the numbers of its transport come from. Once. */
  watchNetwork(counters: Network['counters']): void
  /** A receiver or sender of observations, and how many it has dropped so far. */
  watchDropped(sink: string, dropped: () => number): void
  /** The node refused a message before its chart saw it, for this reason. */
  messageRefused(reason: string): void
  /** The node has learnt of a newer view. */
  viewChanged(before: View, after: View): void
  /** A state transfer has ended as it should, in so many seconds. */
  transferred(side: TransferSide, seconds: number): void
  /** An operation of the gateway has ended; `code` is `ok` or the code of the error. */
  operation(op: string, code: string, seconds: number): void
  /** The text that Prometheus reads, and its content type. */
  read(): Promise<{ readonly text: string; readonly type: string }>
}

/** What metrics need of the world; all of it is optional. */
export interface MetricsOptions {
  /** Milliseconds, as fine as the host has them; default `performance.now`. */
  readonly now?: () => number
}

const latencyBuckets = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]
const transferBuckets = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 20, 60, 120, 300]

/** Metrics with a registry of their own. No label names a client, a session or a key: how many series there are does not grow with use. */
export function createMetrics({ now = () => performance.now() }: MetricsOptions = {}): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const families = createFamilies(registry)
  const sent = families.counted('standby_messages_sent_total', 'Protocol messages sent, by type.', 'type')
  const received = families.counted(
    'standby_messages_received_total',
    'Protocol messages received, by type.',
    'type',
  )
  const refusals = families.counted(
    'standby_refusals_total',
    'Requests refused by this server, by reason.',
    'reason',
    refusalReasons,
  )
  const messagesRefused = families.counted(
    'standby_messages_refused_total',
    'Messages refused before the node handled them: malformed, or from a wrong role.',
    'reason',
    ['malformed', 'wrongRole'],
  )
  const transferBytes = families.counted(
    'standby_transfer_bytes_total',
    'Bytes of state transfers, by side (sent, received), retransmissions included.',
    'side',
    ['sent', 'received'],
  )
  const transferSeconds = new Histogram({
    name: 'standby_transfer_seconds',
    help: 'Duration of completed state transfers, by side (sent, received).',
    labelNames: ['side'],
    buckets: transferBuckets,
    registers,
  })
  const viewChanges = new Counter({
    name: 'standby_view_changes_total',
    help: 'View changes seen by this node, by kind of change (first, primary, backup) and new primary.',
    labelNames: ['change', 'primary'],
    registers,
  })
  const primaries = new Set<string>()
  const dropped = new Map<string, () => number>()
  families.countedFrom(
    'standby_observations_dropped_total',
    'Log lines and spans that were dropped.',
    'sink',
    () => [...dropped].map(([sink, read]) => [sink, read()]),
  )
  const requestSeconds = new Histogram({
    name: 'standby_request_seconds',
    help: 'Latency of requests at the primary, from arrival to reply.',
    buckets: latencyBuckets,
    registers,
  })
  const operations = new Counter({
    name: 'standby_operations_total',
    help: 'Operations at the gateway, by command and result code.',
    labelNames: ['op', 'code'],
    registers,
  })
  const operationSeconds = new Histogram({
    name: 'standby_operation_seconds',
    help: 'Latency of operations at the gateway, by command.',
    labelNames: ['op'],
    buckets: latencyBuckets,
    registers,
  })
  const requests = watchRequests({ now, record: (seconds) => requestSeconds.observe(seconds) })

  return {
    tap: {
      receives(envelope) {
        const { message } = envelope
        received(message?.type ?? '(none)')
        if (message?.type === 'stateTransfer') transferBytes('received', jsonSize(message.data))
        return requests.receives(envelope)
      },
      sends(envelope) {
        const { message } = envelope
        sent(message.type)
        if (message.type === 'refusal') refusals(message.reason)
        if (message.type === 'stateTransfer') transferBytes('sent', jsonSize(message.data))
        requests.sends(envelope)
      },
    },
    watch: (status) => addNodeMetrics(families, status),
    watchNetwork: (counters) => addNetworkMetrics(families, counters),
    watchDropped: (sink, read) => void dropped.set(sink, read),
    messageRefused: (reason) => messagesRefused(reason),
    viewChanged(before, after) {
      const primary = boundedLabel(
        primaries,
        after.primary === null ? '(none)' : parseNodeId(after.primary).name,
      )
      primaries.add(primary)
      viewChanges.inc({ change: viewChangeOf(before, after), primary })
    },
    transferred: (side, seconds) => transferSeconds.observe({ side }, seconds),
    operation(op, code, seconds) {
      operations.inc({ op, code })
      operationSeconds.observe({ op }, seconds)
    },
    read: async () => ({ text: await registry.metrics(), type: registry.contentType }),
  }
}
