/** The key-value store: an application of its own, on a persistent map, so that a put costs the same with few keys and with many. */
import type { Application, Json } from './application.ts'
import { jsonValues, sealJson } from './json.ts'
import { OrderedMap } from './ordered-map.ts'

/** The commands of the key-value store. Keys are any strings, `''` and `__proto__` included; values are any JSON. */
export type KeyValueCommand =
  | { readonly op: 'get'; readonly key: string; readonly entry?: true }
  | { readonly op: 'put'; readonly key: string; readonly value: Json }
  | { readonly op: 'append'; readonly key: string; readonly value: string }
  | { readonly op: 'delete'; readonly key: string }
  | { readonly op: 'compareAndSet'; readonly key: string; readonly expected: Json; readonly value: Json }

/**
 * What a command answers: `get` the value or null (with `entry`: `{ value }` or null, which tells a stored null from an
 * absent key), `put` null, `append` the length of the value it made, `delete`
 * whether there was something to delete, `compareAndSet` whether it set. An absent key counts as null.
 */
export type KeyValueResult = Json

/** Keys in code-unit order, each with its value. */
export type KeyValueState = OrderedMap<string, Json>

/** The key-value store as an application; start of every example and the default of `createCluster`. */
export const keyValueStore: Application<KeyValueState, KeyValueCommand, KeyValueResult> = {
  name: 'key-value store',
  initialState: OrderedMap.from<string, Json>(),
  execute,
  snapshot(state, cursor, bytesMax) {
    const entries: (readonly [string, Json])[] = []
    let [bytes, values] = [0, 0]
    for (const entry of state.entriesAfter(cursor as string | null)) {
      const size = jsonBytes(entry)
      values += jsonValues(entry as Json)
      if (entries.length > 0 && (bytes + size > bytesMax || values > pieceValuesMax)) {
        return { data: entries as Json, next: entries[entries.length - 1]![0] }
      }
      entries.push(entry)
      bytes += size
    }
    return { data: entries as Json, next: null }
  },
  restore(partial, data) {
    let state = (partial as KeyValueState | null) ?? OrderedMap.from<string, Json>()
    for (const [key, value] of data as [string, Json][]) state = state.set(key, value)
    return state
  },
  validate: invalidCommand,
}

/** Values are sealed when they are stored: an answer takes them as they are. */
function execute(state: KeyValueState, command: KeyValueCommand): readonly [KeyValueState, KeyValueResult] {
  const invalid = invalidCommand(command)
  if (invalid !== null) throw new Error(invalid)
  const { key } = command
  switch (command.op) {
    case 'get': {
      const value = state.get(key)
      return [state, command.entry && value !== undefined ? { value } : (value ?? null)]
    }
    case 'put':
      return [state.set(key, sealJson(command.value)), null]
    case 'append': {
      const old = state.get(key) ?? ''
      if (typeof old !== 'string') {
        throw new Error(
          `append: expected a string under ${JSON.stringify(key)}, got ${typeName(old)}; put a string first`,
        )
      }
      const length = old.length + command.value.length
      if (length > appendedMax) {
        throw new Error(
          `append: expected a string of at most ${appendedMax} characters in all, got ${length}; go on under another key`,
        )
      }
      const value = old + command.value
      return [state.set(key, value), value.length]
    }
    case 'delete':
      return [state.delete(key), state.has(key)]
    case 'compareAndSet':
      return sameJson(state.get(key) ?? null, command.expected)
        ? [state.set(key, sealJson(command.value)), true]
        : [state, false]
  }
}

/** Values in a piece of several entries: a list of empty lists is short, and slow. */
const pieceValuesMax = 8192
/** Of more characters no string is made by `append`: it must fit in a message, however many escapes it needs. */
const appendedMax = 4 * 1024 * 1024

const operations = ['get', 'put', 'append', 'delete', 'compareAndSet']

function invalidCommand(command: unknown): string | null {
  if (typeof command !== 'object' || command === null) {
    return `expected a command such as {"op":"get","key":"a"}, got ${typeName(command)}`
  }
  const { op, key, value, expected, entry } = command as Record<string, unknown>
  if (typeof op !== 'string' || !operations.includes(op)) {
    return `expected op to be one of ${operations.join(', ')}, got ${typeof op === 'string' ? JSON.stringify(op) : typeName(op)}`
  }
  if (typeof key !== 'string') return `${op}: expected the key to be a string, got ${typeName(key)}`
  if (op === 'get' && entry !== undefined && entry !== true)
    return `get: expected entry to be true or left out, got ${typeName(entry)}`
  if (op === 'append' && typeof value !== 'string') {
    return `append: expected the value to be a string, got ${typeName(value)}`
  }
  if ((op === 'put' || op === 'compareAndSet') && value === undefined) {
    return `${op}: expected a JSON value, got undefined; to remove a key use delete`
  }
  if (op === 'compareAndSet' && expected === undefined) {
    return 'compareAndSet: expected the value it is compared with, got undefined; use null for an absent key'
  }
  return null
}

function typeName(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value
}

function jsonBytes(value: unknown): number {
  return JSON.stringify(value).length + 1
}

/** Whether two values are the same JSON; the order of an object's keys does not matter. */
function sameJson(a: Json, b: Json): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(itemOf(a, key), itemOf(b, key)))
  )
}

function itemOf(value: object, key: string): Json {
  return (value as { readonly [key: string]: Json })[key]!
}
