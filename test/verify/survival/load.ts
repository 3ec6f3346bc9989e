/** Callers that read and write without a pause, and what is known of it: one history, with one counter of events for all of them. */

import type { Random } from '../../../actors/ports.ts'
import type { KeyValueCommand } from '../../../machines/application/key-value-store.ts'
import { checkHistory, HistoryRecorder, type Json, keyValueModel } from '../../../proof/history/index.ts'
import { type Caller, CallerGone } from './callers.ts'

/** What became of a load. */
export interface LoadVerdict {
  readonly answered: number
  /** Calls whose callers were killed. */
  readonly gone: number
  /** What callers got that was no result. */
  readonly failures: readonly string[]
  readonly verdict: 'ok' | 'illegal' | 'unknown'
  readonly reason: string
  /** Appends that were answered and are not in the text that was read last. */
  readonly lost: readonly string[]
  /** Appends that are in it more than once. */
  readonly duplicates: readonly string[]
}

const logs = ['log0', 'log1', 'log2']
const registers = ['register0', 'register1']
/** A history that the judge need not think about for long. */
const pauseMs = 15
const judgeMs = 60_000

/** Starts the callers; each goes on until `stop`. */
export function startLoad(callers: readonly Caller[], random: Random) {
  const recorder = new HistoryRecorder()
  const failures: string[] = []
  /** Pieces of text by key; whether they were answered. */
  const appended = new Map<string, { readonly key: string; isAnswered: boolean }>()
  let [stopped, answered, writes, gone] = [false, 0, 0, 0]
  const answeredBy = new Map<string, number>()

  const execute = async (caller: Caller, command: KeyValueCommand): Promise<Json | undefined> => {
    const token = recorder.call(caller.name, command)
    try {
      const output = await caller.execute(command)
      // The judge takes a text for the answer of an append, and we have a length.
      recorder.answered(token, command.op === 'append' ? null : output)
      answered += 1
      if (command.op !== 'get') writes += 1
      answeredBy.set(caller.name, (answeredBy.get(caller.name) ?? 0) + 1)
      return output
    } catch (error) {
      if (error instanceof CallerGone) gone += 1
      else failures.push(`${caller.name}: ${(error as Error).message}`)
      return undefined
    }
  }
  const work = async (caller: Caller) => {
    for (let n = 0; !stopped; n++) {
      const command = drawn(random, `${caller.name}/${n};`, caller.onlyReads)
      const isAppend = command.op === 'append'
      if (isAppend) appended.set(command.value, { key: command.key, isAnswered: false })
      const output = await execute(caller, command)
      if (isAppend && output !== undefined) appended.get(command.value)!.isAnswered = true
      await pause(output === undefined ? 200 : pauseMs)
    }
  }
  const ended = Promise.all(callers.map(work))

  return {
    answered: () => answered,
    /** Resolves when so many more writes, or reads, have been answered; or when the bound is over, for a system may well wait. */
    async more(kind: 'writes' | 'reads', count: number, boundMs: number) {
      const done = () => (kind === 'writes' ? writes : answered - writes)
      const [goal, deadline] = [done() + count, Date.now() + boundMs]
      while (done() < goal && Date.now() < deadline) await pause(20)
    },
    failures,
    /** Resolves when every caller has been answered so often from now on. @throws Error past the bound */
    async eachAnswered(times: number, boundMs: number) {
      const before = new Map(answeredBy)
      const deadline = Date.now() + boundMs
      const late = () =>
        callers.filter(({ name }) => (answeredBy.get(name) ?? 0) - (before.get(name) ?? 0) < times)
      while (late().length > 0) {
        if (Date.now() > deadline) {
          const names = late().map(({ name }) => name)
          throw new Error(`expected every caller to be answered within ${boundMs} ms, not so: ${names}`)
        }
        await pause(20)
      }
    },
    /** Judges; where callers can still be answered, once everybody has finished and every key was read once more. */
    async stop(reader: Caller, isAnswering: boolean): Promise<LoadVerdict> {
      stopped = true
      const texts = new Map<string, string>()
      if (isAnswering) {
        await ended
        for (const key of logs) texts.set(key, String((await execute(reader, { op: 'get', key })) ?? ''))
        for (const key of registers) await execute(reader, { op: 'get', key })
      }
      const { verdict, reason } = checkHistory(keyValueModel, recorder.history(), { timeLimitMs: judgeMs })
      const times = ([value, { key }]: [string, { key: string }]) => texts.get(key)!.split(value).length - 1
      const all = [...appended].filter(([, { key }]) => texts.has(key))
      const lost = all.filter((entry) => entry[1].isAnswered && times(entry) === 0).map(([value]) => value)
      const duplicates = all.filter((entry) => times(entry) > 1).map(([value]) => value)
      return { answered, gone, failures, verdict, reason, lost, duplicates }
    },
    history: () => recorder.history(),
  }
}

/** A load that was started. */
export type Load = ReturnType<typeof startLoad>

/** A command whose value is no other node's. */
function drawn(random: Random, value: string, onlyReads = false): KeyValueCommand {
  const of = (keys: readonly string[]) => keys[Math.floor(random() * keys.length)]!
  const kind = random()
  if (onlyReads) return { op: 'get', key: of(kind < 0.7 ? logs : registers) }
  if (kind < 0.5) return { op: 'append', key: of(logs), value }
  if (kind < 0.75) return { op: 'get', key: of(logs) }
  const key = of(registers)
  if (kind < 0.85) return { op: 'put', key, value }
  if (kind < 0.95) return { op: 'get', key }
  return kind < 0.98 ? { op: 'delete', key } : { op: 'compareAndSet', key, expected: null, value }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
