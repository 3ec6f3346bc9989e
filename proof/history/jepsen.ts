/** Reads histories of Jepsen: EDN maps of invocations and completions, in a vector or one after another. */
import { HistoryError } from './history.ts'
import type { Recorded } from './model.ts'

/** An operation of a Jepsen history, in the fields of this project's small models. */
export type JepsenOperation = Recorded<unknown> & {
  readonly op: string
  readonly value?: unknown
  /** Of `cas`. */
  readonly expected?: unknown
}

/** What the nemesis did from one event to another; `to` is null if it went on to the end. */
export interface NemesisBand {
  readonly label: string
  readonly from: number
  readonly to: number | null
}

/** A Jepsen history: its operations, and what the nemesis did meanwhile. */
export interface JepsenHistory {
  readonly operations: readonly JepsenOperation[]
  readonly nemesis: readonly NemesisBand[]
}

interface Entry {
  readonly type: string
  readonly f: string
  readonly value: unknown
  readonly process: string | number
}

/**
 * The operations of an EDN history. `:fail` never took effect and is left out; `:info` may take effect at any time. Events
 * are numbered in the order of the file, so that equal timestamps do no harm. `:cas` has the value `[expected new]`, and
 * its output is true.
 * @throws HistoryError for what is no EDN, or no history
 */
export function parseJepsen(text: string): JepsenHistory {
  const operations: JepsenOperation[] = []
  const nemesis: NemesisBand[] = []
  const open = new Map<string | number, Entry & { readonly call: number }>()
  const refuse = (index: number, message: string): never => {
    throw new HistoryError('invalidLine', index + 1, `entry ${index + 1}: ${message}`)
  }
  for (const [index, given] of entriesIn(text).entries()) {
    const entry = entryOf(given) ?? refuse(index, 'expected a map with :type, :f and :process')
    const { type, process } = entry
    if (process === 'nemesis') {
      const last = nemesis.at(-1)
      if (last !== undefined && last.to === null && last.from < index)
        nemesis[nemesis.length - 1] = { ...last, to: index }
      if (!/^(stop|heal|end)/.test(entry.f)) nemesis.push({ label: entry.f, from: index, to: null })
      continue
    }
    const invoked = open.get(process)
    if (type === 'invoke') {
      if (invoked !== undefined)
        refuse(
          index,
          `expected one call of process ${process} at a time, got a second before the first ended`,
        )
      open.set(process, { ...entry, call: index })
      continue
    }
    if (invoked === undefined)
      return refuse(index, `expected :invoke of process ${process} before its :${type}`)
    if (type === 'ok') operations.push(operationOf(invoked, entry, index))
    else if (type === 'info') operations.push(operationOf(invoked, null, null))
    else if (type !== 'fail') refuse(index, `expected :invoke, :ok, :fail or :info, got :${type}`)
    open.delete(process)
  }
  for (const entry of open.values()) operations.push(operationOf(entry, null, null))
  return { operations: operations.sort((a, b) => a.call - b.call), nemesis }
}

function operationOf(
  invoked: Entry & { call: number },
  done: Entry | null,
  at: number | null,
): JepsenOperation {
  const { f: op, process: client, call } = invoked
  const times = { client, call, return: at }
  if (op === 'cas') {
    const [expected, value] = invoked.value as [unknown, unknown]
    return { ...times, op, expected, value, output: done === null ? null : true }
  }
  const isAnswered = ['read', 'dequeue', 'contains'].includes(op)
  const value = isAnswered ? {} : { value: invoked.value }
  return { ...times, op, ...value, output: isAnswered ? (done?.value ?? null) : null }
}

function entryOf(given: unknown): Entry | null {
  const { type, f, value = null, process } = (given ?? {}) as Partial<Record<keyof Entry, unknown>>
  if (typeof type !== 'string' || typeof f !== 'string') return null
  if (typeof process !== 'string' && typeof process !== 'number') return null
  return { type, f, value, process }
}

function entriesIn(text: string): unknown[] {
  const values = parseEdn(text)
  const [only] = values
  return values.length === 1 && Array.isArray(only) ? only : values
}

/** The values in a text of EDN: keywords and symbols as texts, sets and lists as lists; tags are dropped. */
function parseEdn(text: string): unknown[] {
  const tokens =
    text
      .match(/;[^\n]*|"(?:[^"\\]|\\.)*"|#[{_]|[()[\]{}]|[^\s,()[\]{}"]+/g)
      ?.filter((t) => !t.startsWith(';')) ?? []
  const closing: Readonly<Record<string, string>> = { '[': ']', '(': ')', '{': '}', '#{': '}' }
  let at = 0
  const fail = (message: string): never => {
    throw new HistoryError('invalidLine', 1, `expected EDN, got ${message}; write a history as Jepsen does`)
  }
  const value = (): unknown => {
    const token = tokens[at++] ?? fail('the end of the text within a value')
    const end = closing[token]
    if (end === undefined) return atom(token)
    const items: unknown[] = []
    while (tokens[at] !== end) items.push(value())
    at++
    return token === '{' ? mapOf(items) : items
  }
  const atom = (token: string): unknown => {
    if (token === 'nil') return null
    if (token === 'true' || token === 'false') return token === 'true'
    if (token.startsWith('"')) return JSON.parse(token)
    if (token === '#_') {
      value()
      return value()
    }
    if (token.startsWith('#')) return value()
    if (/^[-+]?\d/.test(token)) {
      const number = Number(token.replace(/[NM]$/, ''))
      return Number.isNaN(number) ? fail(token) : number
    }
    if (/^[\])}]$/.test(token)) return fail(token)
    return token.replace(/^:/, '')
  }
  const values: unknown[] = []
  while (at < tokens.length) values.push(value())
  return values
}

function mapOf(items: readonly unknown[]): Record<string, unknown> {
  const map: Record<string, unknown> = {}
  for (let index = 0; index + 1 < items.length; index += 2) map[String(items[index])] = items[index + 1]
  return map
}
