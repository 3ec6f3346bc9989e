/** The key-value store: an application of its own, on a persistent map, so that a put costs the same with few keys and with many. */
import type { Application, Change, Happened, Json, Moment } from './application.ts'
import { jsonValues, sealJson } from './json.ts'
import {
  type Comparison,
  invalidCommand,
  type KeyValueCommand,
  type KeyValueEntry,
  type KeyValuePage,
  type ListCommand,
  type StoreCommand,
  typeName,
} from './key-value-commands.ts'
import {
  expiryOf,
  hasExpiries,
  type KeyValueState,
  nextExpiry,
  revisionOf,
  withoutKey,
  withValue,
} from './key-value-meta.ts'
import { OrderedMap } from './ordered-map.ts'

export type {
  Comparison,
  KeyValueCommand,
  KeyValueEntry,
  KeyValuePage,
  ListCommand,
  StoreCommand,
  TransactCommand,
} from './key-value-commands.ts'
export type { KeyValueState } from './key-value-meta.ts'

/**
 * What a command answers: `get` the value or null (with `entry`: `{ value }` or null, which distinguishes a stored null from an
 * absent key), `put` null, `append` the length of the value it made, `delete`
 * whether there was something to delete, `compareAndSet` whether it set. An absent key counts as null. `list` answers a
 * `KeyValuePage`, `transact` `{ succeeded, results }`.
 */
export type KeyValueResult = Json

/** Values in a piece of several entries: a list of empty lists is short, and slow. */
const pieceValuesMax = 8192
/** Of more characters no string is made by `append`: it must fit in a message, however many escapes it needs. */
const appendedMax = 4 * 1024 * 1024
/** Characters of JSON text in one page, about. */
const pageBytes = 1024 * 1024

/** The key-value store as an application; start of every example and the default of `createCluster`. */
export const keyValueStore: Application<KeyValueState, KeyValueCommand, KeyValueResult> = {
  name: 'key-value store',
  initialState: OrderedMap.from<string, Json>(),
  execute: (state, command, moment) => execute(state, command, moment),
  timed: (state, commands) => hasExpiries(state) || commands.some(isExpiring),
  wake(state) {
    const next = nextExpiry(state)
    return next === null ? null : { at: next.at, command: { op: 'expire' } }
  },
  *current(state, { key, prefix }, max) {
    if (prefix) yield* entriesOf(state, key, null, max)
    else if (state.has(key)) yield entryOf(state, key)
  },
  snapshot(state, cursor, bytesMax) {
    const entries: Json[] = []
    let [bytes, values] = [0, 0]
    let last: string | null = null
    for (const [key, value] of state.entriesAfter(cursor as string | null)) {
      const entry = pieceOf(state, key, value)
      // What a key's revision adds is left out of account: it is small, and pieces are about this large.
      const size = JSON.stringify([key, value]).length + 1
      values += jsonValues(entry)
      if (entries.length > 0 && (bytes + size > bytesMax || values > pieceValuesMax)) {
        return { data: entries, next: last }
      }
      entries.push(entry)
      bytes += size
      last = key
    }
    return { data: entries, next: null }
  },
  restore(partial, data) {
    let state = (partial as KeyValueState | null) ?? OrderedMap.from<string, Json>()
    for (const [key, value, revision = 0, expires] of data as [string, Json, number?, number?][])
      state = withValue(state, key, { value, revision, expires })
    return state
  },
  validate: invalidCommand,
}

/** A key without revision and end is a pair. */
function pieceOf(state: KeyValueState, key: string, value: Json): Json {
  const [revision, expires] = [revisionOf(state, key), expiryOf(state, key)]
  if (expires !== undefined) return [key, value, revision, expires]
  return revision === 0 ? [key, value] : [key, value, revision]
}

type Step = readonly [KeyValueState, KeyValueResult, Happened?]

const outside: Moment = { at: 0, position: 0, own: false }

function execute(state: KeyValueState, command: StoreCommand, moment: Moment = outside): Step {
  const isExpiry = moment.own && (command as { op?: unknown } | null)?.op === 'expire'
  const invalid = isExpiry ? null : invalidCommand(command)
  if (invalid !== null) throw new Error(invalid)
  const changes: Change[] = []
  const present = expired(state, moment.at, changes)
  const [next, result] = isExpiry ? [present, null] : run(present, command, moment, changes)
  return changes.length === 0 ? [next, result] : [next, result, { changes }]
}

/** M2: a key is gone at the moment at which it expires, before any later command in the order. */
function expired(state: KeyValueState, at: number, changes: Change[]): KeyValueState {
  let present = state
  for (let next = nextExpiry(present); next !== null && next.at <= at; next = nextExpiry(present)) {
    present = withoutKey(present, next.key)
    changes.push({ key: next.key })
  }
  return present
}

function run(
  state: KeyValueState,
  command: StoreCommand,
  moment: Moment,
  changes: Change[],
): readonly [KeyValueState, KeyValueResult] {
  if (command.op === 'list') return [state, listed(state, command) as unknown as Json]
  if (command.op !== 'transact') return runOnKey(state, command, moment, changes)
  const succeeded = command.compare.every((each) => holds(state, each))
  const results: Json[] = []
  const made: Change[] = []
  let next = state
  for (const each of (succeeded ? command.then : command.else) ?? []) {
    const [after, result] = run(next, each, moment, made)
    next = after
    results.push(result)
  }
  changes.push(...made)
  return [next, { succeeded, results }]
}

function runOnKey(
  state: KeyValueState,
  command: KeyValueCommand,
  { at, position: revision }: Moment,
  changes: Change[],
): readonly [KeyValueState, KeyValueResult] {
  const { key } = command
  const set = (given: Json, expires?: number) => {
    const value = sealJson(given)
    changes.push({ key, value })
    return withValue(state, key, { value, revision, expires })
  }
  switch (command.op) {
    case 'get': {
      const value = state.get(key)
      return [state, command.entry && value !== undefined ? { value } : (value ?? null)]
    }
    case 'put':
      return [set(command.value, command.ttlMs === undefined ? undefined : at + command.ttlMs), null]
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
      return [set(value, expiryOf(state, key)), value.length]
    }
    case 'delete': {
      if (!state.has(key)) return [state, false]
      changes.push({ key })
      return [withoutKey(state, key), true]
    }
    case 'compareAndSet':
      return sameJson(state.get(key) ?? null, command.expected) ? [set(command.value), true] : [state, false]
  }
}

function holds(state: KeyValueState, comparison: Comparison): boolean {
  const { key } = comparison
  if ('value' in comparison) return sameJson(state.get(key) ?? null, comparison.value)
  return revisionOf(state, key) === comparison.revision
}

/** Servers ask this of any command that arrives, before they validate it. */
function isExpiring(command: StoreCommand): boolean {
  return invalidCommand(command) === null && setsExpiry(command)
}

function setsExpiry(command: StoreCommand): boolean {
  if (command.op === 'put') return command.ttlMs !== undefined
  return command.op === 'transact' && [...(command.then ?? []), ...(command.else ?? [])].some(setsExpiry)
}

function listed(state: KeyValueState, { prefix = '', after = null, limit = 100 }: ListCommand): KeyValuePage {
  const entries: KeyValueEntry[] = []
  const max = Math.min(limit, 1000)
  let bytes = 0
  for (const entry of entriesOf(state, prefix, after, max + 1)) {
    bytes += JSON.stringify(entry).length
    if (entries.length >= max || (entries.length > 0 && bytes > pageBytes))
      return { entries, next: entries.at(-1)!.key }
    entries.push(entry)
  }
  return { entries, next: null }
}

/** Entries that begin with `prefix`, behind `after`. Costs what it yields, not what the store holds. */
function* entriesOf(
  state: KeyValueState,
  prefix: string,
  after: string | null,
  max: number,
): IterableIterator<KeyValueEntry> {
  const isInside = after !== null && after >= prefix
  let count = 0
  if (!isInside && state.has(prefix)) {
    yield entryOf(state, prefix)
    count++
  }
  for (const [key] of state.entriesAfter(isInside ? after : prefix)) {
    if (count++ >= max || !key.startsWith(prefix)) return
    yield entryOf(state, key)
  }
}

function entryOf(state: KeyValueState, key: string): KeyValueEntry {
  return { key, value: state.get(key) ?? null, revision: revisionOf(state, key) }
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
