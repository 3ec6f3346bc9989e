/** A run in Apalache's Informal Trace Format (ADR-015): a state of the whole system after each step. */
import type { Json } from '../../../machines/application/application.ts'
import type { TraceMessage, TraceStep } from '../format.ts'
import { applyPatch } from '../patch.ts'
import type { ReadTrace } from '../read.ts'
import { eventText } from './text.ts'

/** A value of the format. */
export type ItfValue =
  | string
  | boolean
  | { readonly '#bigint': string }
  | { readonly '#map': readonly (readonly [ItfValue, ItfValue])[] }
  | { readonly '#set': readonly ItfValue[] }
  | { readonly '#tup': readonly ItfValue[] }
  | { readonly '#unserializable': string }
  | readonly ItfValue[]
  | { readonly [field: string]: ItfValue }

/** Where a node stands. */
interface Standing {
  readonly status: 'running' | 'crashed' | 'stopped'
  readonly value: ItfValue
  readonly context: Json
  readonly contextValue: ItfValue
  readonly lamport: ItfValue
  readonly vector: ItfValue
}

/** The variables of each state. */
export const itfVars = ['step', 'nodes', 'inFlight'] as const

/**
 * The trace as ITF text. Variables: `step` (what happened last), `nodes` (a map from each node to its status, chart state,
 * context and clocks) and `inFlight` (the messages sent and not yet received or dropped).
 *
 * Integers are `#bigint`, as Apalache writes them; `null` is the variant `None`; fractions are `#unserializable`, for TLA+
 * has none. State 0 is before anything happened. Each state is whole: for long runs export a window of them.
 */
export function toItf({ header, steps }: ReadTrace, { from = 0 }: { readonly from?: number } = {}): string {
  const nodes = new Map<string, Standing>()
  const inFlight = new Map<string, { count: number; readonly value: ItfValue }>()
  const stateOf = (index: number, step: ItfValue) => ({
    '#meta': { index },
    step,
    nodes: { '#map': [...nodes].map(([id, node]) => [id, recordOf(node)] as const) },
    inFlight: { '#set': [...inFlight.values()].map(({ value }) => value) },
  })
  const states: object[] =
    from === 0 ? [stateOf(0, { i: integer(-1), kind: 'init', node: none, text: 'init' })] : []
  for (const step of steps) {
    stand(nodes, step)
    fly(inFlight, step)
    if (step.i < from) continue
    const text = eventText(step)
    states.push(stateOf(states.length, { i: integer(step.i), kind: step.kind, node: itfOf(step.node), text }))
  }
  const meta = {
    format: 'ITF',
    'format-description': 'https://apalache-mc.org/docs/adr/015adr-trace.html',
    description: `A run of standby${header.seed === null ? '' : ` with seed ${header.seed}`}`,
    source: header.machines.map(({ definition }) => definition.id).join(', '),
  }
  const lines = states.map((state) => JSON.stringify(state)).join(',\n')
  return `{"#meta":${JSON.stringify(meta)},\n"vars":${JSON.stringify(itfVars)},\n"states":[\n${lines}\n]}\n`
}

function stand(nodes: Map<string, Standing>, step: TraceStep): void {
  const { node, kind, after, lamport, vector } = step
  if (node === null) return
  const known = nodes.get(node)
  if (kind === 'crash' || kind === 'stop') {
    if (known !== undefined) nodes.set(node, { ...known, status: kind === 'crash' ? 'crashed' : 'stopped' })
    return
  }
  if (after === undefined && (known === undefined || lamport === null)) return
  const before: Json = known?.context ?? {}
  const patch = after?.patch ?? []
  const context = after?.context ?? (patch.length === 0 ? before : applyPatch(before, patch))
  nodes.set(node, {
    status: 'running',
    value: after === undefined ? known!.value : itfOf(after.value),
    context,
    contextValue: known !== undefined && context === known.context ? known.contextValue : itfOf(context),
    lamport: lamport === null ? (known?.lamport ?? integer(0)) : integer(lamport),
    vector: vector === null ? (known?.vector ?? { '#map': [] }) : vectorOf(vector),
  })
}

function fly(
  inFlight: Map<string, { count: number; readonly value: ItfValue }>,
  { kind, message }: TraceStep,
): void {
  if (message === undefined) return
  const flying = inFlight.get(message.id)
  if (kind === 'send') inFlight.set(message.id, { count: 1, value: messageOf(message) })
  else if (flying === undefined) return
  else if (kind === 'duplicate') flying.count += 1
  else if (kind === 'receive' || kind === 'drop' || kind === 'refuse') {
    flying.count -= 1
    if (flying.count <= 0) inFlight.delete(message.id)
  }
}

function recordOf({ status, value, contextValue, lamport, vector }: Standing): ItfValue {
  return { status, state: value, context: contextValue, lamport, vector }
}

function messageOf({ id, type, from, to, body }: TraceMessage): ItfValue {
  return { id, type, from, to, body: itfOf(body) }
}

function vectorOf(vector: Readonly<Record<string, number>>): ItfValue {
  return { '#map': Object.entries(vector).map(([id, count]) => [id, integer(count)] as const) }
}

const none: ItfValue = { tag: 'None', value: { '#tup': [] } }

const integer = (value: number): ItfValue => ({ '#bigint': String(value) })

/** A JSON value in the format; a field whose name the format keeps for itself makes the object a map. */
export function itfOf(value: Json): ItfValue {
  if (value === null) return none
  if (typeof value === 'number') {
    return Number.isInteger(value)
      ? { '#bigint': BigInt(value).toString() }
      : { '#unserializable': String(value) }
  }
  if (typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(itfOf)
  const entries = Object.entries(value as Record<string, Json>)
  if (entries.some(([key]) => key.startsWith('#'))) {
    return { '#map': entries.map(([key, item]) => [key, itfOf(item)] as const) }
  }
  const record: Record<string, ItfValue> = Object.create(null)
  for (const [key, item] of entries) record[key] = itfOf(item)
  return record
}
