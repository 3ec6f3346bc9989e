/** A run in Apalache's Informal Trace Format (ADR-015): a state of the whole system after each step, with its types. */
import type { Json } from '../../../machines/application/application.ts'
import type { TraceMessage, TraceStep } from '../format.ts'
import { applyPatch } from '../patch.ts'
import type { ReadTrace } from '../read.ts'
import { type ItfType, itfOf, joined, typeOf, typeText } from './itf-types.ts'
import { eventText } from './text.ts'

/** The field of `#meta` by which our own traces are known when they come back; Apalache passes over it. */
export const ownMeta = 'standby-trace'

/** Where a node stands. */
interface Standing {
  readonly status: 'running' | 'crashed' | 'stopped'
  readonly machine: string
  readonly value: Json
  readonly context: Json
  readonly lamport: number
  readonly vector: Json
}

type Fields = Readonly<Record<string, Json>>

/** The variables of each state. */
export const itfVars = ['step', 'nodes', 'inFlight'] as const

/**
 * The trace as ITF text. Variables: `step` (what happened last), `nodes` (a map from each node to its status, clocks and,
 * by machine, chart state and context) and `inFlight` (the set of messages sent and neither received nor dropped).
 *
 * Integers are `#bigint`, null is the variant `None` beside `Some`, lists of mixed types are `#tup`, and what has no common
 * type in all states is its JSON text in the variant `Json`; `#meta.varTypes` has the types, so that Apalache reads it.
 * State 0 is before anything happened. Each state is whole: for long runs export a window of them.
 */
export function toItf(trace: ReadTrace, { from = 0 }: { readonly from?: number } = {}): string {
  const { header } = trace
  const tagOf = uniqueTags()
  const all = statesOf(trace, tagOf)
  // A window has the types of the whole run, so that states are the same in every window.
  const types = typesOf(all)
  const states = from === 0 ? all : all.slice(from + 1)
  const meta = {
    format: 'ITF',
    'format-description': 'https://apalache-mc.org/docs/adr/015adr-trace.html',
    varTypes: Object.fromEntries(itfVars.map((name) => [name, typeText(types[name])])),
    description: `A run of standby${header.seed === null ? '' : ` with seed ${header.seed}`}`,
    source: header.machines.map(({ definition }) => definition.id).join(', '),
    [ownMeta]: { ...header, machines: machinesIn(trace) },
  }
  const lines = states.map(({ step, nodes, inFlight }, index) =>
    JSON.stringify({
      '#meta': { index },
      step: itfOf(step, types.step),
      nodes: itfOf(nodes, types.nodes),
      inFlight: itfOf(inFlight as Json, types.inFlight),
    }),
  )
  return `{"#meta":${JSON.stringify(meta)},\n"vars":${JSON.stringify(itfVars)},\n"states":[\n${lines.join(',\n')}\n]}\n`
}

interface State {
  readonly step: Fields
  readonly nodes: Fields
  readonly inFlight: readonly Json[]
}

function statesOf({ steps }: ReadTrace, tagOf: (machine: string) => string): State[] {
  const nodes = new Map<string, Standing>()
  const shown = new Map<string, Fields>()
  const flights = createFlights()
  const stateOf = (step: Fields): State => ({
    step,
    nodes: Object.assign(Object.create(null), Object.fromEntries(shown)),
    inFlight: flights.messages(),
  })
  const states = [stateOf(stepOf(null))]
  for (const step of steps) {
    const { node } = step
    const known = node === null ? undefined : nodes.get(node)
    const now = standing(known, step)
    if (node !== null && now !== undefined && now !== known) {
      nodes.set(node, now)
      shown.set(node, nodeOf(now, tagOf(now.machine)))
    }
    flights.take(step)
    states.push(stateOf(stepOf(step)))
  }
  return states
}

function stepOf(step: TraceStep | null): Fields {
  const message = step?.message
  return {
    i: step?.i ?? -1,
    kind: step?.kind ?? 'init',
    node: step?.node ?? null,
    text: step === null ? 'init' : eventText(step),
    t: step?.t ?? 0,
    ticks: step !== null && step.lamport !== null,
    detail: step?.detail ?? null,
    message: message === undefined ? null : messageOf(message),
  }
}

function nodeOf({ status, machine, value, context, lamport, vector }: Standing, tag: string): Fields {
  return { status, machine, lamport, vector, chart: { [tag]: { state: value, context } } }
}

function standing(known: Standing | undefined, step: TraceStep): Standing | undefined {
  const { kind, after, lamport, vector, machine } = step
  if (kind === 'crash' || kind === 'stop')
    return known === undefined ? undefined : { ...known, status: kind === 'crash' ? 'crashed' : 'stopped' }
  if (after === undefined && (known === undefined || lamport === null)) return known
  const before: Json = known?.context ?? {}
  const patch = after?.patch ?? []
  return {
    status: 'running',
    machine: machine ?? known?.machine ?? 'unknown',
    value: after === undefined ? known!.value : after.value,
    context: after?.context ?? (patch.length === 0 ? before : applyPatch(before, patch)),
    lamport: lamport ?? known?.lamport ?? 0,
    vector: (vector ?? known?.vector ?? {}) as Json,
  }
}

/** The messages under way, each as often as copies of it are. */
function createFlights() {
  const flying = new Map<string, { count: number; readonly value: Json }>()
  return {
    messages: () => [...flying.values()].map(({ value }) => value),
    take({ kind, message }: TraceStep) {
      if (message === undefined) return
      const one = flying.get(message.id)
      if (kind === 'send') flying.set(message.id, { count: 1, value: messageOf(message) })
      else if (one === undefined) return
      else if (kind === 'duplicate') one.count += 1
      else if (kind === 'receive' || kind === 'drop' || kind === 'refuse') {
        one.count -= 1
        if (one.count <= 0) flying.delete(message.id)
      }
    },
  }
}

function messageOf({ id, copy, type, from, to, body, sentAt }: TraceMessage): Json {
  return { id, copy, type, from, to, body, sentAt }
}

/** One type for each variable that fits it in every state. */
function typesOf(states: readonly State[]): Record<(typeof itfVars)[number], ItfType> {
  const text: ItfType = { kind: 'text' }
  const message = (given: Json) => {
    const { fields } = typeOf(given) as { fields: ReadonlyMap<string, ItfType> }
    return { kind: 'record', fields: new Map(fields).set('body', { kind: 'json' }) } as const
  }
  let step: ItfType = { kind: 'never' }
  let node: ItfType = { kind: 'never' }
  let flight: ItfType = { kind: 'never' }
  const seen = new Set<Json>()
  for (const state of states) {
    const { fields } = typeOf(state.step) as { fields: ReadonlyMap<string, ItfType> }
    const sent = state.step.message!
    const option: ItfType = sent === null ? typeOf(null) : { kind: 'option', of: message(sent) }
    step = joined(step, { kind: 'record', fields: new Map(fields).set('message', option) })
    for (const one of Object.values(state.nodes)) {
      if (seen.has(one)) continue
      seen.add(one)
      node = joined(node, nodeType(one as Fields, text))
    }
    for (const one of state.inFlight) {
      if (seen.has(one)) continue
      seen.add(one)
      flight = joined(flight, message(one))
    }
  }
  return { step, nodes: { kind: 'map', of: node }, inFlight: { kind: 'set', of: flight } }
}

function nodeType(node: Fields, text: ItfType): ItfType {
  const [[tag, content] = []] = Object.entries(node.chart as Fields)
  const vector: ItfType = { kind: 'map', of: { kind: 'int' } }
  const chart: ItfType = { kind: 'variant', fields: new Map([[tag!, typeOf(content!)]]) }
  const int: ItfType = { kind: 'int' }
  const fields = { status: text, machine: text, lamport: int, vector, chart }
  return { kind: 'record', fields: new Map(Object.entries(fields)) }
}

/** Tags of variants are identifiers; machines may have any name. */
function uniqueTags(): (machine: string) => string {
  const tags = new Map<string, string>()
  return (machine) => {
    const known = tags.get(machine)
    if (known !== undefined) return known
    const base = machine.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d|$)/, '_')
    let tag = base
    for (let count = 2; [...tags.values()].includes(tag); count++) tag = `${base}_${count}`
    tags.set(machine, tag)
    return tag
  }
}

function machinesIn({ header, steps }: ReadTrace) {
  return [
    ...header.machines,
    ...steps.flatMap(({ definition }) => (definition === undefined ? [] : [{ definition }])),
  ]
}
