/** What the runner needs of any process of a system: routes, status, graceful shutdown. */
import type { AnyActorRef, AnyMachineSnapshot } from 'xstate'
import type { Charts } from '../../actors/charts.ts'
import type { RefusedMessage } from '../../actors/node.ts'
import type { Observe, TimeClock, Transport } from '../../actors/ports.ts'
import type { Clock } from '../../machines/clocks.ts'
import type { NodeId } from '../../machines/node-id.ts'
import type { View } from '../../machines/view.ts'
import { tee } from '../observe/tee.ts'
import type { FileSystem } from '../store/file-system.ts'
import type { AnyApplication } from './config/application.ts'
import type { Route } from './http/route.ts'
import { type ProcessLog, storyLines } from './log.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { MonitoredNode } from './node-status.ts'

/** A process that runs. */
export interface NodeProcess extends MonitoredNode {
  readonly id: NodeId
  /** What it answers over HTTP, if HTTP is served. */
  routes(): readonly Route[]
  /** Takes on nothing new, ends what is under way, hands over, and stops, within `drainMs`. Idempotent. */
  drain(): Promise<void>
  /** Stops at once. Idempotent. */
  stop(): Promise<void>
}

/** What a process needs of the world. */
export interface ProcessPorts {
  readonly transport: Transport
  readonly clock: TimeClock
  readonly log: ProcessLog
  readonly metrics: Metrics
  /** Observes the node, in addition to the log. */
  readonly observe?: Observe
  /** What is replicated; default: the key-value store. */
  readonly application?: AnyApplication
  /** Changed charts, for negative controls; default: ours. */
  readonly charts?: Charts
  /** Why the network carries no messages; null if it does, as far as is known. */
  readonly networkProblem?: (() => string | null) | undefined
  /** Default: that of the operating system. */
  readonly files?: FileSystem
  /** The node cannot go on, and its process has to end. */
  readonly onFailure: (error: Error) => void
}

/** Logs and counts each new view, logs each new state of the chart's part `role`, and ends the process when the actor fails. */
export function watchNode(
  actor: AnyActorRef,
  { log, metrics, onFailure }: Pick<ProcessPorts, 'log' | 'metrics' | 'onFailure'>,
  roleOf: (snapshot: AnyMachineSnapshot) => string,
): void {
  type Context = { readonly view: View; readonly clock: Clock }
  /** What a view service has read from its record is no change. */
  let counted = (actor.getSnapshot() as { context: Context }).context.view
  let view: View | null = null
  let role = ''
  actor.subscribe({
    next(snapshot: AnyMachineSnapshot) {
      const { view: newest, clock } = snapshot.context as Context
      const next = roleOf(snapshot)
      if (newest === view && next === role) return
      const { number, primary, backup } = newest
      const { lamport } = clock
      if (number > counted.number) {
        metrics.viewChanged(counted, newest)
        counted = newest
      }
      if (newest !== view && number > 0) log.write('info', `view ${number}`, { primary, backup, lamport })
      if (next !== role && role !== '') log.write('info', `is ${next}`, { view: number, lamport })
      view = newest
      role = next
    },
    error: (error: unknown) => onFailure(error instanceof Error ? error : new Error(String(error))),
  })
}

/** The observers of a node as one; undefined without any, which costs the node less. */
export function observerOf({ log, observe }: Pick<ProcessPorts, 'log' | 'observe'>): Observe | undefined {
  const lines = storyLines(log)
  return lines === undefined || observe === undefined ? (lines ?? observe) : tee(lines, observe).observe
}

/** Senders and reasons whose first refusal was logged; with as many, one line says that there are more. */
const refusalsMax = 1000

/** Whether the network carries messages, as far as is known. */
export function isConnected({ networkProblem }: Pick<ProcessPorts, 'networkProblem'>): boolean {
  return (networkProblem?.() ?? null) === null
}

/** Counts each message that the node refused before its chart saw it, and logs the first of each sender and reason (N6). */
export function reportRefused({ log, metrics }: Pick<ProcessPorts, 'log' | 'metrics'>) {
  const logged = new Set<string>()
  return ({ envelope, reason, detail }: RefusedMessage): void => {
    metrics.messageRefused(reason)
    const from = typeof envelope.from === 'string' ? envelope.from.slice(0, 200) : '(none)'
    const key = `${reason} ${from}`
    if (logged.has(key) || logged.size > refusalsMax) return
    logged.add(key)
    if (logged.size > refusalsMax) log.write('warn', 'refuses messages of more senders than are logged')
    else log.write('warn', `refuses a message: ${detail}`, { from, reason })
  }
}

/** The Lamport time in a node's context. */
export function lamportOf(actor: { getSnapshot(): AnyMachineSnapshot }): number {
  return (actor.getSnapshot().context.clock as Clock).lamport
}
