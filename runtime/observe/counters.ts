/** Counts what happens: messages, refusals, views, operations and how long they took. Its memory does not grow with the run. */
import type { Observation } from '../../actors/observation.ts'
import type { Message } from '../../machines/messages.ts'
import type { View } from '../../machines/view.ts'
import { createHistogram, type Distribution } from './histogram.ts'
import type { Sink } from './tee.ts'

/** How often, by name. */
export type Counts = Readonly<Record<string, number>>

/** All counts so far; names are in code-unit order. */
export interface Counted {
  readonly observations: number
  readonly byKind: Counts
  /** By message type. */
  readonly sent: Counts
  readonly received: Counts
  readonly dropped: Counts
  readonly duplicated: Counts
  readonly delayed: Counts
  /** Refusals that servers sent to clients, by reason (S3). */
  readonly refusals: Counts
  /** Why charts changed nothing, and why messages were not taken at all. */
  readonly ignored: Counts
  readonly viewChanges: number
  /** View changes that made another server primary. */
  readonly failovers: number
  readonly crashes: number
  readonly operations: {
    readonly called: number
    /** With a result, or with the error of the application. */
    readonly answered: number
    readonly failed: Counts
    readonly pending: number
  }
  /** From call to result, in milliseconds of the system's clock; each figure at most 5% above the truth. */
  readonly latencyMs: Distribution
}

/** A sink that counts and measures; `read` gives the counts so far. */
export interface Counters extends Sink {
  read(): Counted
}

/** Distinct names that one table keeps; all others are counted as `(other)`. */
const namesMax = 256
/** Calls under way whose start is remembered; a call beyond is counted, but its latency is not. */
const callsMax = 65_536

/** Counts what happens and measures how long calls take. What has been counted so far is read with `read()`. */
export function createCounters(): Counters {
  const tables = {
    byKind: createTable(),
    sent: createTable(),
    received: createTable(),
    dropped: createTable(),
    duplicated: createTable(),
    delayed: createTable(),
    refusals: createTable(),
    ignored: createTable(),
    failed: createTable(),
  }
  const perMessage = {
    send: tables.sent,
    receive: tables.received,
    drop: tables.dropped,
    duplicate: tables.duplicated,
    delay: tables.delayed,
  } as const
  const latencies = createHistogram()
  const calledAt = new Map<string, number>()
  let [observations, viewChanges, failovers, called, answered, failed] = [0, 0, 0, 0, 0, 0]

  const countReturn = ({ node, t, call }: Observation) => {
    const key = `${node} ${call?.id}`
    const start = calledAt.get(key)
    calledAt.delete(key)
    const failure = (call?.end as { failure?: { code: string } } | undefined)?.failure
    if (failure !== undefined) {
      failed += 1
      tables.failed.count(failure.code)
      return
    }
    answered += 1
    if (start !== undefined) latencies.record(t - start)
  }

  const countView = ({ before, after }: Observation) => {
    if (before === undefined || after?.machine?.id !== 'viewService') return
    const [old, view] = [before.context.view as View, after.context.view as View]
    if (old === view || old.number === view.number) return
    viewChanges += 1
    if (old.primary !== null && old.primary !== view.primary) failovers += 1
  }

  return {
    observe(observation) {
      const { kind, envelope, ignored = [] } = observation
      observations += 1
      tables.byKind.count(kind)
      if (kind in perMessage) {
        const message = envelope?.message as Message | null | undefined
        perMessage[kind as keyof typeof perMessage].count(message?.type ?? '(none)')
        if (kind === 'send' && message?.type === 'refusal') tables.refusals.count(message.reason)
      }
      for (const reason of ignored) tables.ignored.count(reason)
      if (kind === 'call') {
        called += 1
        if (calledAt.size < callsMax)
          calledAt.set(`${observation.node} ${observation.call?.id}`, observation.t)
      } else if (kind === 'return') countReturn(observation)
      else countView(observation)
    },
    read: () => ({
      observations,
      byKind: tables.byKind.read(),
      sent: tables.sent.read(),
      received: tables.received.read(),
      dropped: tables.dropped.read(),
      duplicated: tables.duplicated.read(),
      delayed: tables.delayed.read(),
      refusals: tables.refusals.read(),
      ignored: tables.ignored.read(),
      viewChanges,
      failovers,
      crashes: tables.byKind.get('crash'),
      operations: {
        called,
        answered,
        failed: tables.failed.read(),
        pending: called - answered - failed,
      },
      latencyMs: latencies.read(),
    }),
  }
}

function createTable() {
  const counts = new Map<string, number>()
  return {
    count(name: string) {
      const known = counts.has(name) || counts.size < namesMax
      const key = known ? name : '(other)'
      counts.set(key, (counts.get(key) ?? 0) + 1)
    },
    get: (name: string) => counts.get(name) ?? 0,
    read: (): Counts => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}
