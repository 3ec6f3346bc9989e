/** Clients that put, append and get at a steady pace, one call at a time each; everything they are answered is checked. */

import { setMaxListeners } from 'node:events'
import type { Random, TimeClock } from '../../actors/ports.ts'
import { parseNodeId } from '../../machines/node-id.ts'
import { type KeyValueClient, StandbyError } from '../../runtime/index.ts'
import { createHistogram, type Distribution } from '../../runtime/observe/histogram.ts'
import { seededRandom } from '../../runtime/schedulers.ts'
import { wait } from '../../runtime/waiting.ts'
import { type CheckedCommand, type Checks, tokenEnd } from './checks.ts'

export interface WorkloadOptions {
  readonly clients: readonly KeyValueClient[]
  readonly clock: TimeClock
  readonly checks: Checks
  /** For what is called when; the same seed makes the same choices. */
  readonly seed: number
  /** Calls a second, of all clients together, as long as answers come in time. */
  readonly rate: number
  readonly onAnswer?: (answer: Answer) => void
}

/** How one call ended. */
export interface Answer {
  readonly client: string
  readonly command: CheckedCommand
  readonly tookMs: number
  /** Why there is no result, or what is wrong with it; null when all is well. */
  readonly problem: string | null
  readonly result: unknown
}

export interface WorkloadCounts {
  readonly answered: number
  readonly puts: number
  readonly appends: number
  readonly gets: number
  readonly unanswered: number
  readonly waitMs: Distribution
}

export interface Workload {
  counts(): WorkloadCounts
  /** Milliseconds that the longest call under way has been waiting. */
  longestWaitNow(): number
  /** Makes no more calls, and waits for those under way, `graceMs` at most. */
  stop(graceMs: number): Promise<void>
  /** Reads back what was appended, so that the checks can compare. */
  readBack(timeoutMs: number): Promise<void>
}

const registerKeys = ['x', 'y', 'z']
/** A journal longer than this is closed, read back and deleted, so that a long run stays small. */
const journalLengthMax = 2000

export function startWorkload(options: WorkloadOptions): Workload {
  const { clients, clock, checks, seed, rate, onAnswer } = options
  const stopping = new AbortController()
  // Every client listens while it waits for its next call.
  setMaxListeners(0, stopping.signal)
  const waits = createHistogram()
  const waitingSince = new Map<string, number>()
  const counted = { put: 0, append: 0, get: 0, unanswered: 0 }
  let journal = 1
  let tokens = 0
  const journalKey = (number: number) => (number === 1 ? 'journal' : `journal-${number}`)
  const underWay = new Map<string, number>()
  const closed: string[] = []

  const commandOf = (random: Random, name: string): CheckedCommand => {
    const dice = random()
    const register = registerKeys[Math.floor(random() * registerKeys.length)]!
    if (dice < 0.4) {
      return { op: 'append', key: journalKey(journal), value: `${name}.${++tokens}${tokenEnd}` }
    }
    if (dice < 0.7) return { op: 'put', key: register, value: `${name}.${++tokens}` }
    return { op: 'get', key: dice < 0.82 ? journalKey(journal) : register }
  }

  const call = async (client: KeyValueClient, command: CheckedCommand): Promise<unknown> => {
    const checked = checks.called(client.id, command)
    const start = clock.now()
    waitingSince.set(client.id, start)
    const { key } = command
    underWay.set(key, (underWay.get(key) ?? 0) + 1)
    let result: unknown = null
    let problem: string | null
    try {
      result = await client.execute(command)
      problem = checks.answered(checked, result)
      counted[command.op] += 1
      waits.record(clock.now() - start)
    } catch (error) {
      const { code, mayHaveExecuted } =
        error instanceof StandbyError ? error : { code: String(error), mayHaveExecuted: true }
      checks.failed(checked, mayHaveExecuted)
      problem = `no answer: ${code}`
      if (code !== 'stopped') counted.unanswered += 1
    }
    waitingSince.delete(client.id)
    underWay.set(key, underWay.get(key)! - 1)
    onAnswer?.({ client: client.id, command, tookMs: clock.now() - start, problem, result })
    return result
  }

  const turnJournal = (result: unknown) => {
    if (typeof result !== 'number' || result < journalLengthMax) return
    closed.push(journalKey(journal))
    journal += 1
  }

  /** A closed journal that no call under way is about is read back and deleted. */
  const audit = async (client: KeyValueClient) => {
    const index = closed.findIndex((key) => (underWay.get(key) ?? 0) === 0)
    if (index < 0) return
    const [key] = closed.splice(index, 1)
    try {
      checks.readBack(key!, await client.get(key!))
      await client.delete(key!)
      underWay.delete(key!)
    } catch (error) {
      if (error instanceof StandbyError && error.code !== 'stopped') closed.push(key!)
    }
  }

  const run = async (client: KeyValueClient, index: number) => {
    const random = seededRandom(seed * 1000 + index)
    const pauseMs = (1000 * clients.length) / rate
    let next = clock.now() + random() * pauseMs
    while (!stopping.signal.aborted) {
      await wait(clock, Math.max(0, next - clock.now()), stopping.signal)
      if (stopping.signal.aborted) return
      const command = commandOf(random, parseNodeId(client.id).name)
      const result = await call(client, command)
      if (command.op === 'append' && command.key === journalKey(journal)) turnJournal(result)
      await audit(client)
      next = Math.max(clock.now(), next + pauseMs * (0.5 + random()))
    }
  }

  const running = Promise.all(clients.map(run))

  return {
    counts: () => ({
      answered: counted.put + counted.append + counted.get,
      puts: counted.put,
      appends: counted.append,
      gets: counted.get,
      unanswered: counted.unanswered,
      waitMs: waits.read(),
    }),
    longestWaitNow: () => Math.max(0, ...[...waitingSince.values()].map((since) => clock.now() - since)),
    async stop(graceMs) {
      stopping.abort()
      const settled = new AbortController()
      await Promise.race([running.then(() => settled.abort()), wait(clock, graceMs, settled.signal)])
    },
    async readBack(timeoutMs) {
      const [client] = clients
      for (const key of checks.openJournals()) {
        try {
          checks.readBack(key, await client!.get(key, { timeoutMs }))
        } catch {
          return
        }
      }
    },
  }
}
