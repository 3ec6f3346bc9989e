/** The commands of the key-value store, and what is wrong with one. */
import type { Json } from './application.ts'

/** A command on one key. Keys are any strings, `''` and `__proto__` included; values are any JSON. */
export type KeyValueCommand =
  | { readonly op: 'get'; readonly key: string; readonly entry?: true }
  /** `ttlMs`: how long the key lives; a later `put` without it keeps the key for good. */
  | { readonly op: 'put'; readonly key: string; readonly value: Json; readonly ttlMs?: number }
  | { readonly op: 'append'; readonly key: string; readonly value: string }
  | { readonly op: 'delete'; readonly key: string }
  | { readonly op: 'compareAndSet'; readonly key: string; readonly expected: Json; readonly value: Json }

/** One page of keys, in code-unit order. */
export interface ListCommand {
  readonly op: 'list'
  /** What the keys begin with; default: all keys. */
  readonly prefix?: string
  /** `next` of the page before. */
  readonly after?: string | null
  /** Default 100, at most 1,000; a page of large values may be shorter. */
  readonly limit?: number
}

/** A condition of a transaction: the value of a key (null: absent) or its revision (0: absent). */
export type Comparison =
  | { readonly key: string; readonly value: Json }
  | { readonly key: string; readonly revision: number }

/** All of `then` if all comparisons hold, else all of `else`; if one of them fails, none has happened. */
export interface TransactCommand {
  readonly op: 'transact'
  readonly compare: readonly Comparison[]
  readonly then?: readonly (KeyValueCommand | ListCommand)[]
  readonly else?: readonly (KeyValueCommand | ListCommand)[]
}

/** All commands of the key-value store. */
export type StoreCommand = KeyValueCommand | ListCommand | TransactCommand

/** A key with its value, and the position in the replicated order of the command that set it. */
export interface KeyValueEntry {
  readonly key: string
  readonly value: Json
  readonly revision: number
}

/** What `list` answers; `next` is null on the last page. */
export interface KeyValuePage {
  readonly entries: readonly KeyValueEntry[]
  readonly next: string | null
}

const operations = ['get', 'put', 'append', 'delete', 'compareAndSet', 'list', 'transact']

/** What is wrong with a command, or null. */
export function invalidCommand(command: unknown): string | null {
  if (typeof command !== 'object' || command === null) {
    return `expected a command such as {"op":"get","key":"a"}, got ${typeName(command)}`
  }
  const { op, key, value, expected, entry } = command as Record<string, unknown>
  if (typeof op !== 'string' || !operations.includes(op)) {
    return `expected op to be one of ${operations.join(', ')}, got ${typeof op === 'string' ? JSON.stringify(op) : typeName(op)}`
  }
  if (op === 'list') return invalidList(command as Record<string, unknown>)
  if (op === 'transact') return invalidTransaction(command as Record<string, unknown>)
  if (typeof key !== 'string') return `${op}: expected the key to be a string, got ${typeName(key)}`
  if (op === 'get' && entry !== undefined && entry !== true)
    return `get: expected entry to be true or left out, got ${typeName(entry)}`
  if (op === 'append' && typeof value !== 'string') {
    return `append: expected the value to be a string, got ${typeName(value)}`
  }
  if ((op === 'put' || op === 'compareAndSet') && value === undefined) {
    return `${op}: expected a JSON value, got undefined; to remove a key use delete`
  }
  const { ttlMs } = command as Record<string, unknown>
  if (op === 'put' && ttlMs !== undefined && !isCount(ttlMs, 1)) {
    return `put: expected ttlMs to be a whole number of milliseconds from 1 on, got ${String(ttlMs)}`
  }
  if (op === 'compareAndSet' && expected === undefined) {
    return 'compareAndSet: expected the value it is compared with, got undefined; use null for an absent key'
  }
  return null
}

/** How errors call a value. */
export function typeName(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value
}

function invalidList({ prefix, after, limit }: Record<string, unknown>): string | null {
  if (prefix !== undefined && typeof prefix !== 'string')
    return `list: expected the prefix to be a string, got ${typeName(prefix)}`
  if (after != null && typeof after !== 'string')
    return `list: expected after to be the next of the page before, got ${typeName(after)}`
  if (limit !== undefined && !isCount(limit, 1))
    return `list: expected limit to be a whole number from 1 on, got ${String(limit)}`
  return null
}

function invalidTransaction(command: Record<string, unknown>): string | null {
  const { compare } = command
  if (!Array.isArray(compare)) return `transact: expected compare to be a list, got ${typeName(compare)}`
  for (const each of compare) {
    const { key, value, revision } = (each ?? {}) as Record<string, unknown>
    const isOne = (value === undefined) !== (revision === undefined)
    if (typeof key !== 'string' || !isOne || (revision !== undefined && !isCount(revision, 0)))
      return 'transact: expected comparisons such as { key, value } or { key, revision }, got another; null or 0 is an absent key'
  }
  for (const branch of ['then', 'else']) {
    const commands = command[branch]
    if (commands === undefined) continue
    if (!Array.isArray(commands))
      return `transact: expected ${branch} to be a list of commands, got ${typeName(commands)}`
    for (const each of commands) {
      const invalid = each?.op === 'transact' ? 'expected no transaction within one' : invalidCommand(each)
      if (invalid !== null) return `transact: ${branch}: ${invalid}`
    }
  }
  return null
}

function isCount(value: unknown, min: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= min
}
