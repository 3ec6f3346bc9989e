/** Clients that call at a steady pace, one call at a time each; everything they are answered is judged. */

import { setMaxListeners } from 'node:events'
import type { TimeClock } from '../../actors/ports.ts'
import type { KeyValueCommand } from '../../machines/application/key-value-store.ts'
import { keyValueWorkload } from '../../proof/simulate/workload.ts'
import { type KeyValueClient, StandbyError } from '../../runtime/index.ts'
import { createHistogram, type Distribution } from '../../runtime/observe/histogram.ts'
import { seededRandom } from '../../runtime/schedulers.ts'
import { wait } from '../../runtime/waiting.ts'
import type { Epoch, RunJudge } from './judge.ts'

export interface WorkloadOptions {
  readonly clients: readonly KeyValueClient[]
  readonly clock: TimeClock
  readonly judge: RunJudge
  /** For what is called when; the same seed makes the same choices. */
  readonly seed: number
  /** Calls a second, of all clients together, as long as answers come in time. */
  readonly rate: number
  readonly onAnswer?: (answer: Answer) => void
}

/** How one call ended. */
export interface Answer {
  readonly client: string
  readonly command: KeyValueCommand
  readonly tookMs: number
  /** Why there is no result; null if there is one. */
  readonly problem: string | null
  readonly result: unknown
}

export interface WorkloadCounts {
  readonly answered: number
  /** Answered calls of each operation. */
  readonly byOperation: Readonly<Record<KeyValueCommand['op'], number>>
  readonly unanswered: number
  readonly waitMs: Distribution
}

export interface Workload {
  counts(): WorkloadCounts
  /** Milliseconds that the longest call in progress has been waiting. */
  longestWaitNow(): number
  /** Makes no more calls, and waits for those in progress, `graceMs` at most. */
  stop(graceMs: number): Promise<void>
  /** Reads back every key that is not judged yet, `timeoutMs` for each at most, and judges the rest. */
  finish(timeoutMs: number): Promise<void>
}

export function startWorkload(options: WorkloadOptions): Workload {
  const { clients, clock, judge, seed, rate, onAnswer } = options
  const stopping = new AbortController()
  // Every client listens while it waits for its next call.
  setMaxListeners(0, stopping.signal)
  const waits = createHistogram()
  const waitingSince = new Map<string, number>()
  const byOperation = { put: 0, append: 0, get: 0, delete: 0, compareAndSet: 0 }
  let [made, unanswered] = [0, 0]
  let isReadingBack = false

  const call = async (client: KeyValueClient, command: KeyValueCommand): Promise<void> => {
    const judged = judge.called(client.id, command)
    const start = clock.now()
    waitingSince.set(client.id, start)
    let result: unknown = null
    let problem: string | null = null
    try {
      const answer = await client.execute(command)
      judge.answered(judged, answer)
      result = answer
      byOperation[command.op] += 1
      waits.record(clock.now() - start)
    } catch (error) {
      const { code, mayHaveExecuted } = failureOf(error)
      judge.failed(judged, mayHaveExecuted)
      problem = `no answer: ${code}`
      if (code !== 'stopped') unanswered += 1
    }
    waitingSince.delete(client.id)
    onAnswer?.({ client: client.id, command, tookMs: clock.now() - start, problem, result })
  }

  /** Reads the keys of an epoch that has ended, as calls of its history, and judges it. */
  const readBack = async (client: KeyValueClient, epoch: Epoch, timeoutMs?: number): Promise<void> => {
    let unread = 0
    for (const key of epoch.keys) {
      // Once one key is without an answer, so are the others.
      if (unread > 0) unread += 1
      else if (!(await isRead(client, epoch, key, timeoutMs))) unread = 1
    }
    judge.close(epoch, unread)
    if (unread > 0 || timeoutMs !== undefined) return
    for (const key of epoch.keys) await client.delete(key).catch(() => {})
  }

  const isRead = async (client: KeyValueClient, epoch: Epoch, key: string, timeoutMs?: number) => {
    const command = { op: 'get', key } as const
    const judged = judge.called(client.id, command, epoch)
    try {
      judge.answered(judged, await client.execute(command, timeoutMs === undefined ? {} : { timeoutMs }))
      return true
    } catch (error) {
      judge.failed(judged, failureOf(error).mayHaveExecuted)
      return false
    }
  }

  const run = async (client: KeyValueClient, index: number) => {
    const random = seededRandom(seed * 1000 + index)
    const pauseMs = (1000 * clients.length) / rate
    let next = clock.now() + random() * pauseMs
    while (!stopping.signal.aborted) {
      await wait(clock, Math.max(0, next - clock.now()), stopping.signal)
      if (stopping.signal.aborted) return
      await call(client, judge.withinEpoch(keyValueWorkload.command(random, made++)))
      const [ended] = judge.ended()
      if (ended !== undefined && !isReadingBack) {
        isReadingBack = true
        await readBack(client, ended)
        isReadingBack = false
      }
      next = Math.max(clock.now(), next + pauseMs * (0.5 + random()))
    }
  }

  const running = Promise.all(clients.map(run))

  return {
    counts: () => ({
      answered: Object.values(byOperation).reduce((sum, count) => sum + count, 0),
      byOperation,
      unanswered,
      waitMs: waits.read(),
    }),
    longestWaitNow: () => Math.max(0, ...[...waitingSince.values()].map((since) => clock.now() - since)),
    async stop(graceMs) {
      stopping.abort()
      const settled = new AbortController()
      await Promise.race([running.then(() => settled.abort()), wait(clock, graceMs, settled.signal)])
    },
    async finish(timeoutMs) {
      for (const epoch of judge.open()) await readBack(clients[0]!, epoch, timeoutMs)
    },
  }
}

function failureOf(error: unknown): { readonly code: string; readonly mayHaveExecuted: boolean } {
  return error instanceof StandbyError ? error : { code: String(error), mayHaveExecuted: true }
}
