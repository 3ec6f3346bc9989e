/** Small sequential models: register, compare-and-set register, mutex, queue and set. */
import { type SequentialModel, type UnknownOutput, unknownOutput } from './model.ts'

/** What a value in a history may be. */
type Value = unknown

const same = (a: Value, b: Value) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null)
/** The state after an operation whose output must be this one. */
const answering = <State>(state: State, expected: Value, output: Value | UnknownOutput): State[] | null =>
  output === unknownOutput || same(output, expected) ? [state] : null
const acknowledged = <State>(state: State): State[] => [state]
const key = (state: unknown): string => JSON.stringify(state ?? null)

/** `write` with a `value`, `read`, whose output is the value, and `cas`. */
export interface RegisterInput {
  readonly op: 'read' | 'write' | 'cas'
  readonly value?: Value
  /** `cas`: the value that must be there. */
  readonly expected?: Value
}

/** A register; `initial`: its value before any write, by default null. */
export function registerModel(initial: Value = null): SequentialModel<Value, RegisterInput, Value> {
  return {
    name: 'register',
    initial,
    step: (state, { op, value }, output) =>
      op === 'write' ? acknowledged(value ?? null) : op === 'read' ? answering(state, state, output) : null,
    effect: ({ op }) => (op === 'read' ? 'reads' : 'overwrites'),
    key,
  }
}

/** A register with `{ op: 'cas', expected, value }`, whose output is whether it was set. */
export function casRegisterModel(initial: Value = null): SequentialModel<Value, RegisterInput, Value> {
  return {
    name: 'cas-register',
    initial,
    step(state, { op, value, expected }, output) {
      if (op === 'write') return acknowledged(value ?? null)
      if (op === 'read') return answering(state, state, output)
      const isSet = same(state, expected)
      return answering(isSet ? (value ?? null) : state, isSet, output)
    },
    effect: ({ op }) => (op === 'read' ? 'reads' : op === 'write' ? 'overwrites' : 'guarded'),
    key,
  }
}

/** `acquire` or `release`. */
export interface MutexInput {
  readonly op: 'acquire' | 'release'
}

/** A mutex: `acquire` can take effect only while it is free, `release` only while it is held. */
export function mutexModel(initial = false): SequentialModel<boolean, MutexInput, Value> {
  return {
    name: 'mutex',
    initial,
    step: (held, { op }) => (op === 'acquire' ? (held ? null : [true]) : held ? [false] : null),
    key,
  }
}

/** `enqueue` with a `value`, or `dequeue`, whose output is the value. */
export interface QueueInput {
  readonly op: 'enqueue' | 'dequeue'
  readonly value?: Value
}

/** A queue, first in, first out; `dequeue` answers the value, or null if it is empty. */
export function queueModel(
  initial: readonly Value[] = [],
): SequentialModel<readonly Value[], QueueInput, Value> {
  return {
    name: 'queue',
    initial,
    step: (items, { op, value }, output) =>
      op === 'enqueue'
        ? acknowledged([...items, value ?? null])
        : answering(items.slice(1), items[0] ?? null, output),
    key,
  }
}

/** `add`, `remove` and `contains` with a `value`, or `read`, whose output is a list. */
export interface SetInput {
  readonly op: 'add' | 'remove' | 'contains' | 'read'
  readonly value?: Value
}

/** A set; `contains` answers whether the value is in it, `read` all values in any order. */
export function setModel(initial: readonly Value[] = []): SequentialModel<readonly Value[], SetInput, Value> {
  const sorted = (items: readonly Value[]) =>
    [...new Map(items.map((item) => [key(item), item]))]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, item]) => item)
  return {
    name: 'set',
    initial: sorted(initial),
    step(items, { op, value }, output) {
      const isThere = items.some((item) => same(item, value))
      switch (op) {
        case 'add':
          return acknowledged(sorted([...items, value ?? null]))
        case 'remove':
          return acknowledged(items.filter((item) => !same(item, value)))
        case 'contains':
          return answering(items, isThere, output)
        case 'read':
          return answering(items, items, Array.isArray(output) ? sorted(output) : output)
      }
    },
    key,
  }
}

/** The models by their names, each made from its initial state. */
export const models = {
  register: registerModel,
  'cas-register': casRegisterModel,
  mutex: mutexModel,
  queue: queueModel,
  set: setModel,
} as const
