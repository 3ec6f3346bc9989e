/** What the clients of a simulation do, and what it is judged by: the key-value store unless a user brings an application. */
import type { Random } from '../../actors/ports.ts'
import type { Application, Json } from '../../machines/application/application.ts'
import { type KeyValueCommand, keyValueStore } from '../../machines/application/key-value-store.ts'
import { keyValueModel } from '../history/key-value/model.ts'
import type { SequentialModel } from '../history/model.ts'

/** One operation of a history: what `operation` of the workload makes of a command, and when it was called and answered. */
export type SimulatedOperation = {
  readonly client: string | number
  readonly output: unknown
  readonly call: number
  readonly return: number | null
} & Readonly<Record<string, unknown>>

/** How an answered command ended: its result, or the message that `execute` threw. */
export type Answer<Result = unknown> = { readonly value: Result } | { readonly error: string }

// biome-ignore lint/suspicious/noExplicitAny: a workload's types matter to those who write one, not to the simulator
type Any = any

/**
 * An application with something to do for it, and the one-copy behaviour that its history must look like.
 *
 * @example
 * const counting: Workload<number, number> = {
 *   application: counter,
 *   command: (random) => 1 + Math.floor(random() * 9),
 *   model: {
 *     name: 'counter',
 *     initial: 0,
 *     step: (count, { command }, output) => {
 *       const next = count + command
 *       return output === unknownOutput || output === next ? [next] : null
 *     },
 *     key: String,
 *   },
 * }
 */
export interface Workload<Command = Any, Result = Any, Input extends object = Any, Output = Any> {
  readonly application: Application<Any, Command, Result>
  /** The next command, from chance alone; `number` counts the calls from 0, for values that are not written twice. */
  readonly command: (random: Random, number: number) => Command
  readonly model: SequentialModel<Any, Input, Output>
  /** What the model knows of a command, as fields of a history's line; default: `{ command }`. */
  readonly input?: (command: Command) => Input
  /** What the model knows of an answer; default: the result, or `{ error: message }`. */
  readonly output?: (answer: Answer<Result>, command: Command) => Output
}

/** Few keys, one of them hot, all operations, and no value written twice: the default. */
export const keyValueWorkload: Workload<KeyValueCommand, Json> = {
  application: keyValueStore,
  command(random, number) {
    const key = `k${1 + Math.floor(random() * random() * 3)}`
    const value = `${number} `
    const dice = random()
    if (dice < 0.4) return { op: 'append', key, value }
    if (dice < 0.75) return { op: 'get', key }
    if (dice < 0.9) return { op: 'put', key, value }
    if (dice < 0.95) return { op: 'delete', key }
    return { op: 'compareAndSet', key, expected: null, value }
  },
  model: keyValueModel,
  input: (command) => {
    const { op, key } = command
    const expected = op === 'compareAndSet' ? { expected: command.expected } : {}
    return { op, key, ...expected, value: 'value' in command ? command.value : null }
  },
  // An append answers the new length; the model speaks of the new value, or of nothing but the acknowledgement.
  output: (answer, { op }) => (op === 'append' || 'error' in answer ? null : answer.value),
}

/** A line of a history: not answered yet. */
export function calledOperation(
  workload: Workload,
  client: string,
  command: unknown,
  call: number,
): SimulatedOperation {
  const input = workload.input?.(command) ?? { command }
  return { client, ...input, output: null, call, return: null }
}

/** The same line with its answer. */
export function answeredOperation(
  workload: Workload,
  called: SimulatedOperation,
  command: unknown,
  answer: Answer,
  end: number,
): SimulatedOperation {
  const known = 'error' in answer ? { error: answer.error } : answer.value
  const output = workload.output === undefined ? known : workload.output(answer, command)
  return { ...called, output: output ?? null, return: end }
}
