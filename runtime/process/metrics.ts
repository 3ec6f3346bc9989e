/** What a process counts, for Prometheus. It taps the transport and asks the node when somebody scrapes: no chart runs slower for it. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Envelope } from '../../actors/ports.ts'
import { jsonSize } from '../../machines/json.ts'
import type { NodeStatus } from './node-process.ts'
import type { Tap } from './tapped-transport.ts'

/** The metrics of one process. */
export interface Metrics {
  /** Counts the messages that pass. */
  readonly tap: Tap
  /** Where its gauges come from; asked when somebody scrapes. */
  watch(status: () => NodeStatus): void
  /** An operation of the gateway has ended; `code` is `ok` or the code of the error. */
  operation(op: string, code: string, seconds: number): void
  /** The text that Prometheus reads, and its content type. */
  read(): Promise<{ readonly text: string; readonly type: string }>
}

/** Message types that are not ours count as one. */
const typesMax = 64

/** Metrics with a registry of their own. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const sent = new Map<string, number>()
  const received = new Map<string, number>()
  const refusals = new Map<string, number>()
  let transferBytes = 0
  let status: (() => NodeStatus) | null = null

  const count = (counts: Map<string, number>, name: string) => {
    const key = counts.has(name) || counts.size < typesMax ? name : '(other)'
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  /** A counter whose numbers are kept in a map, which costs less for each message than labels do. */
  const counterOf = (name: string, help: string, label: string, counts: ReadonlyMap<string, number>) =>
    new Counter({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset()
        for (const [key, value] of counts) this.inc({ [label]: key }, value)
      },
    })
  const gaugeOf = (name: string, help: string, value: (status: NodeStatus) => number | null) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const read = status === null ? null : value(status())
        if (read === null) this.reset()
        else this.set(read)
      },
    })

  counterOf('standby_messages_sent_total', 'Messages sent, by type.', 'type', sent)
  counterOf(
    'standby_messages_received_total',
    'Messages delivered to this process, by type.',
    'type',
    received,
  )
  counterOf('standby_refusals_total', 'Requests that were refused, by reason (S3).', 'reason', refusals)
  new Counter({
    name: 'standby_transfer_bytes_total',
    help: 'Bytes of state sent in pieces of state transfers, repeats included.',
    registers,
    collect() {
      this.reset()
      this.inc(transferBytes)
    },
  })
  gaugeOf(
    'standby_transfer_pieces',
    'Pieces of the state transfer under way that are confirmed.',
    ({ transfer }) => transfer?.pieces ?? null,
  )
  gaugeOf('standby_view_number', 'Number of the newest view that this node knows.', ({ view }) => view.number)
  gaugeOf('standby_ready', 'Whether the node can do its part.', ({ ready }) => Number(ready))
  gaugeOf('standby_draining', 'Whether the node is about to leave.', ({ draining }) => Number(draining))
  gaugeOf(
    'standby_queue_length',
    'What waits: requests at a primary, calls at a gateway.',
    ({ queue }) => queue,
  )
  gaugeOf(
    'standby_commands_applied',
    'Commands that the replica of this server has executed.',
    ({ applied }) => applied,
  )
  gaugeOf('standby_lamport_time', 'Lamport time of the node.', ({ lamport }) => lamport)
  const role = new Gauge({
    name: 'standby_role',
    help: 'What the node is: 1 for its role.',
    labelNames: ['role'],
    registers,
    collect() {
      role.reset()
      if (status !== null) role.set({ role: status().role }, 1)
    },
  })
  const operations = new Counter({
    name: 'standby_operations_total',
    help: 'Operations of the gateway, by command and by how they ended.',
    labelNames: ['op', 'code'],
    registers,
  })
  const latency = new Histogram({
    name: 'standby_operation_seconds',
    help: 'From the arrival of an operation at the gateway to its result.',
    labelNames: ['op'],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
    registers,
  })

  return {
    tap: {
      receives({ message }: Envelope) {
        count(received, message?.type ?? '(none)')
        return true
      },
      sends({ message }) {
        count(sent, message.type)
        if (message.type === 'refusal') count(refusals, message.reason)
        if (message.type === 'stateTransfer') transferBytes += jsonSize(message.data)
      },
    },
    watch(next) {
      status = next
    },
    operation(op, code, seconds) {
      operations.inc({ op, code })
      latency.observe({ op }, seconds)
    },
    read: async () => ({ text: await registry.metrics(), type: registry.contentType }),
  }
}
