/** Traces of Apalache and Quint (ITF, ADR-015) as steps of a run: one lane, a step for each state, its variables as the context. */
import type { Json } from '../../machines/application/application.ts'
import { createContextLog } from '../../runtime/trace/context-log.ts'
import { oneLine } from '../../runtime/trace/exports/text.ts'
import type { TraceStep } from '../../runtime/trace/format.ts'
import { jsonText } from '../model/describe.ts'
import type { ForeignRun } from './feed.ts'

/** Of the one lane. */
const node = 'system'

/** Variables that name what led to a state, as Quint and Apalache call them. */
const actions = ['mbt::actionTaken', 'action_taken', 'actionTaken']

/**
 * Reads a trace. Integers too large for a number are shown as their digits, sets as lists in one order, maps as objects.
 * @throws Error that says what to do.
 */
export async function readItf(text: string): Promise<ForeignRun> {
  const { '#meta': meta, states, loop } = parsed(text)
  if (!Array.isArray(states) || states.length === 0) {
    throw new Error('expected a list of states in the ITF trace, got none; write it again')
  }
  const isLoop = Number.isSafeInteger(loop)
  return {
    options: { origin: 'ITF' },
    steps: stepsOf(states, meta),
    notes: isLoop ? [`The trace is a loop: after its last state comes state ${loop} again.`] : [],
  }
}

function* stepsOf(states: readonly unknown[], meta: unknown): Iterable<TraceStep> {
  const contexts = createContextLog()
  for (const [i, state] of states.entries()) {
    const variables = variablesOf(state, i, meta)
    const step = variables.step as { readonly text?: Json } | undefined
    const name = [...actions.map((action) => variables[action]), step?.text].find(
      (one) => typeof one === 'string',
    )
    yield {
      i,
      node,
      kind: 'local',
      text: oneLine(`${name ?? `state ${i}`}`),
      t: 0,
      lamport: null,
      vector: null,
      ...(i > 0 && { before: { value: '' } }),
      after: { value: '', ...contexts.entryFor(node, variables, i === 0) },
      operations: [],
      verdicts: [],
    }
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`expected an ITF trace as JSON: ${(error as Error).message}; is the file whole?`)
  }
}

/** The variables of a state, and what the file says of it and of itself. */
function variablesOf(state: unknown, i: number, meta: unknown): Record<string, Json> {
  try {
    if (typeof state === 'object') {
      const { '#meta': own, ...variables } = plain(state) as Record<string, Json>
      const { index: _, ...rest } = { ...(plain(meta) as object), ...(own as object) } as Record<string, Json>
      return Object.keys(rest).length === 0 ? variables : { ...variables, '#meta': rest }
    }
  } catch {
    // What cannot be taken apart is as wrong as what has no parts.
  }
  throw new Error(`state ${i}: expected variables as ITF writes them, got ${jsonText(state)}; write it again`)
}

/** Deeper than this nothing is shown. */
const depthMax = 64

/** A value of the format as JSON. @throws Error for one that is not of the format. */
function plain(value: unknown, depth = 0): Json {
  if (typeof value !== 'object' || value === null) return (value ?? null) as Json
  if (depth > depthMax) return '…'
  const inner = (part: unknown) => plain(part, depth + 1)
  if (Array.isArray(value)) return value.map(inner)
  const entries = Object.entries(value)
  const [[key, content] = []] = entries
  switch (entries.length === 1 ? key : '') {
    case '#bigint':
      return Number.isSafeInteger(Number(content)) ? Number(content) : String(content)
    case '#unserializable':
      return String(content)
    case '#tup':
      return content.map(inner)
    case '#set':
      return content.map(inner).sort(byText)
    case '#map':
      return Object.fromEntries(content.map(([name, item]: unknown[]) => [keyOf(inner(name)), inner(item)]))
  }
  const record = Object.fromEntries(entries.map(([name, item]) => [name, inner(item)]))
  // As Quint and our own export write that there is nothing.
  return record.tag === 'None' && jsonText(record.value) === '[]' ? null : record
}

const keyOf = (key: Json) => (typeof key === 'string' ? key : JSON.stringify(key))

function byText(a: Json, b: Json): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  return left < right ? -1 : left > right ? 1 : 0
}
