// The history format: what clients called and were answered, one JSON object a line. Judging is elsewhere.
import { canonicalJson, isPlainObject, type Json } from './json.ts'
import type { RecordedCall } from './model.ts'
import { shorten, spellOut } from './text.ts'

/** What a client asks of a key-value store. A `value` of null means that the key is missing. */
export type KeyValueInput =
  | { readonly op: 'put'; readonly key: string; readonly value: Json }
  | { readonly op: 'append'; readonly key: string; readonly value: string }
  | { readonly op: 'get' | 'delete'; readonly key: string; readonly value?: null }
  | {
      readonly op: 'compareAndSet'
      readonly key: string
      readonly expected: Json
      readonly value: Json
    }

/** One operation of a key-value history. */
export type Operation = RecordedCall<KeyValueInput, Json>

/** A history that is not one: says where, what was expected, what was found and what to do. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError'
  /** `invalidLine` for what cannot be read, `invalidTime` for event numbers that contradict each other. */
  readonly code: 'invalidLine' | 'invalidTime'
  /** The line (or, without text, the operation), counted from 1. */
  readonly line: number

  constructor(code: 'invalidLine' | 'invalidTime', line: number, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.line = line
  }
}

/**
 * Reads a history: one JSON object a line, blank lines skipped, unknown fields ignored.
 *
 * Each line has `client`, `op` (`put`, `append`, `get`, `delete` or `compareAndSet`), `key`, `value` (null for `get`
 * and `delete`), `expected` (for `compareAndSet` only), `output`, `call` and `return`. `call` and `return` are numbers of
 * one global event counter, never milliseconds; `return` is null for a call never answered. Outputs: `get` the value
 * or null; `append` the new value, or null when only acknowledged; `compareAndSet` a boolean, or null when only
 * acknowledged; of `put` and `delete` the output is not looked at.
 *
 * A client has one call open at a time; one that was never answered may be followed by another.
 *
 * Errors: `HistoryError` for the first line that is not so; `TypeError` for what is no text.
 */
export function parseHistory(text: string): Operation[] {
  if (typeof text !== 'string')
    throw new TypeError(
      `expected the text of a history, one operation a line, got ${show(text)}; read the file as utf8`,
    )
  const operations: Operation[] = []
  const lines: number[] = []
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (line.trim() === '') continue
    operations.push(parseLine(line, index + 1))
    lines.push(index + 1)
  }
  const problem = findTimeProblem(operations) ?? findOverlap(operations)
  if (problem !== null) {
    const line = lines[problem.index]!
    throw new HistoryError('invalidTime', line, `line ${line}: ${problem.message(lines)}`)
  }
  return operations
}

/** Writes a history, one JSON object a line, as `parseHistory` reads it. */
export function formatHistory(operations: readonly Operation[]): string {
  return operations.map((operation) => `${formatOperation(operation)}\n`).join('')
}

function formatOperation(operation: Operation): string {
  const { client, op, key, call } = operation
  const value = operation.value ?? null
  const expected = operation.op === 'compareAndSet' ? { expected: operation.expected } : {}
  const output = operation.return === null ? null : (operation.output ?? null)
  return JSON.stringify({ client, op, key, ...expected, value, output, call, return: operation.return })
}

/**
 * Checks that operations form a history: fields of the right kinds, distinct event numbers, returns after calls.
 *
 * Errors: `HistoryError` naming the first operation (counted from 1) that is not so.
 */
export function validateHistory(operations: readonly Operation[]): void {
  for (const [index, operation] of operations.entries()) {
    const problem = findFieldProblem(operation as unknown as Record<string, unknown>)
    if (problem !== null) {
      throw new HistoryError('invalidLine', index + 1, `operation ${index + 1}: ${problem}`)
    }
  }
  validateTimes(operations)
}

/** Checks the event numbers only, for histories of any model. Errors: `HistoryError`. */
export function validateTimes(operations: readonly RecordedCall<object, unknown>[]): void {
  const problem = findTimeProblem(operations)
  if (problem === null) return
  const positions = operations.map((_, index) => index + 1)
  throw new HistoryError(
    'invalidTime',
    problem.index + 1,
    `operation ${problem.index + 1}: ${problem.message(positions)}`,
  )
}

function parseLine(line: string, number: number): Operation {
  const refuse = (message: string, cause?: unknown): never => {
    throw new HistoryError('invalidLine', number, `line ${number}: ${message}`, cause)
  }
  let fields: unknown
  try {
    fields = JSON.parse(line)
  } catch (cause) {
    const got = spellOut(shorten(line.trim(), 60))
    return refuse(`expected one JSON object, got ${got}; write one operation a line`, cause)
  }
  if (!isPlainObject(fields)) {
    return refuse(`expected one JSON object, got ${show(fields)}; write one operation a line`)
  }
  const problem = findFieldProblem(fields)
  if (problem !== null) return refuse(problem)
  return normalise(fields as unknown as Operation)
}

function normalise(fields: Operation): Operation {
  const { client, key, call, return: returned } = fields
  const output = returned === null ? null : (fields.output ?? null)
  const times = { output, call, return: returned }
  switch (fields.op) {
    case 'get':
    case 'delete':
      return { client, op: fields.op, key, value: null, ...times }
    case 'append':
      return { client, op: fields.op, key, value: fields.value, ...times }
    case 'put':
      return { client, op: fields.op, key, value: fields.value, ...times }
    case 'compareAndSet':
      return { client, op: fields.op, key, expected: fields.expected, value: fields.value, ...times }
  }
}

const opNames = ['put', 'append', 'get', 'delete', 'compareAndSet']

function findFieldProblem(fields: Record<string, unknown>): string | null {
  const { client, op, key, value, expected, output, call, return: returned } = fields
  const wrong = (name: string, wanted: string, got: unknown, advice: string) =>
    `expected "${name}" to be ${wanted}, got ${show(got)}; ${advice}`
  if (typeof client !== 'string' && typeof client !== 'number') {
    return wrong('client', 'a text or a number', client, 'name the client that called')
  }
  if (typeof op !== 'string' || !opNames.includes(op)) {
    return wrong('op', `one of ${opNames.join(', ')}`, op, 'write what the client called')
  }
  if (typeof key !== 'string') return wrong('key', 'a text', key, 'name the key that was called')
  if ((op === 'put' || op === 'compareAndSet') && value === undefined) {
    return wrong('value', 'a JSON value', value, `write the value that ${op} wrote`)
  }
  if (op === 'append' && typeof value !== 'string') {
    return wrong('value', 'a text', value, 'append adds to texts only')
  }
  if ((op === 'get' || op === 'delete') && value !== undefined && value !== null) {
    return wrong('value', `null for ${op}`, value, 'write what was answered as "output"')
  }
  if (op === 'compareAndSet' && expected === undefined) {
    return wrong('expected', 'a JSON value', expected, 'write null for a missing key')
  }
  if (!isEventNumber(call)) {
    return wrong(
      'call',
      'a whole number from 0',
      call,
      'number every call and return with one global event counter',
    )
  }
  if (returned !== null && !isEventNumber(returned)) {
    return wrong('return', 'a whole number from 0 or null', returned, 'write null for a call never answered')
  }
  return returned === null ? null : findOutputProblem(op, output)
}

function findOutputProblem(op: string, output: unknown): string | null {
  const wrong = (wanted: string, advice: string) =>
    `expected "output" of ${op} to be ${wanted}, got ${show(output)}; ${advice}`
  if (op === 'get' && output === undefined) {
    return wrong('the value that was read', 'write null for a missing key, or "return": null for no answer')
  }
  if (op === 'append' && output !== undefined && output !== null && typeof output !== 'string') {
    return wrong('the new text or null', 'write null when append was only acknowledged')
  }
  if (op === 'compareAndSet' && output !== undefined && output !== null && typeof output !== 'boolean') {
    return wrong('true, false or null', 'write null when it was only acknowledged')
  }
  return null
}

/** What is wrong with the event numbers of an operation. */
export interface TimeProblem {
  readonly index: number
  /** The sentence, given the number under which each operation is known to the reader. */
  message(positions: readonly number[]): string
}

/** The problem of an answered call of a client that has another one open: then the order of its calls is not known. */
export function findOverlap(operations: readonly RecordedCall<object, unknown>[]): TimeProblem | null {
  const last = new Map<string | number, { readonly return: number; readonly index: number }>()
  const order = operations
    .map((operation, index) => ({ ...operation, index }))
    .filter((operation) => operation.return !== null)
    .sort((a, b) => a.call - b.call)
  for (const { client, call, return: returned, index } of order) {
    const before = last.get(client)
    if (before !== undefined && before.return > call) {
      const message = (positions: readonly number[]) =>
        `expected one call of client ${client} at a time, got one at event ${call} before that in ${positions[before.index]} returned at ${before.return}; give each caller a name of its own`
      return { index, message }
    }
    last.set(client, { return: returned!, index })
  }
  return null
}

function findTimeProblem(operations: readonly RecordedCall<object, unknown>[]): TimeProblem | null {
  const seen = new Map<number, number>()
  for (const [index, { call, return: returned }] of operations.entries()) {
    if (returned !== null && returned <= call) {
      const message = () =>
        `expected "return" to come after "call" (${call}), got ${returned}; both are numbers of one event counter, not milliseconds`
      return { index, message }
    }
    for (const event of returned === null ? [call] : [call, returned]) {
      const other = seen.get(event)
      if (other !== undefined) {
        const message = (positions: readonly number[]) =>
          `expected every event number once, got ${event} again (first in ${positions[other]}); count each call and each return as one event`
        return { index, message }
      }
      seen.set(event, index)
    }
  }
  return null
}

function isEventNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  try {
    return spellOut(shorten(canonicalJson(value), 60))
  } catch {
    return spellOut(shorten(String(value), 60))
  }
}
