/** ITF traces that we wrote, as the run that they were: lanes, kinds, messages, clocks, states and contexts come back. */
import { observationKinds } from '../../../actors/observation.ts'
import type { Json } from '../../../machines/application/application.ts'
import { createContextLog } from '../context-log.ts'
import type { TraceMachine, TraceMessage, TraceStep } from '../format.ts'
import type { ForeignRun } from './foreign-run.ts'
import { plainStep } from './foreign-run.ts'

type Fields = Readonly<Record<string, Json>>

/**
 * Reads the states of a trace whose `#meta` has the header of ours. Guards, actions, calls and verdicts do not come back:
 * ITF has no place for them.
 * @throws Error for states of another form.
 */
export function readOwnItf(header: unknown, states: readonly unknown[]): ForeignRun {
  const { options, machines } = header as { options?: Json; machines?: readonly TraceMachine[] }
  return {
    options: options ?? {},
    ...(Array.isArray(machines) && { machines }),
    steps: stepsOf(states),
    notes: [],
  }
}

function* stepsOf(states: readonly unknown[]): Iterable<TraceStep> {
  const contexts = createContextLog()
  const values = new Map<string, Json>()
  let previous: Fields = {}
  let i = 0
  for (const [index, state] of states.entries()) {
    const { step, nodes } = state as { step: unknown; nodes: unknown }
    const { kind, node, t, ticks, detail, message } = plain(step) as Fields
    const standing = plain(nodes) as Fields
    const known = observationKinds.find((one) => one === kind)
    if (known === undefined && kind !== 'init')
      throw new Error(
        `state ${index}: expected a step of ours, got kind ${JSON.stringify(kind)}; export the run again`,
      )
    if (known !== undefined) {
      const id = typeof node === 'string' ? node : null
      const one = id === null ? undefined : (standing[id] as Fields | undefined)
      const isNew = one !== undefined && JSON.stringify(previous[id!]) !== JSON.stringify(one)
      const { state: value, context } = chartOf(one)
      const isAfter = isNew && one.status === 'running' && value !== undefined
      const isFirst = !values.has(id!)
      const old = values.get(id!)
      yield plainStep(i++, id, {
        kind: known,
        ...(known === 'start' && one !== undefined && { machine: String(one.machine) }),
        t: Number(t),
        ...(ticks === true && {
          lamport: one!.lamport as number,
          vector: one!.vector as Record<string, number>,
        }),
        ...(message !== null && message !== undefined && { message: message as unknown as TraceMessage }),
        ...(typeof detail === 'string' && { detail }),
        ...(isAfter && !isFirst && { before: { value: old! } }),
        ...(isAfter && { after: { value: value!, ...contexts.entryFor(id!, context as Fields, isFirst) } }),
      })
      if (isAfter) values.set(id!, value!)
    }
    previous = standing
  }
}

function chartOf(node: Fields | undefined): { readonly state?: Json; readonly context?: Json } {
  const { value } = (node?.chart ?? {}) as { value?: Fields }
  return value ?? {}
}

/** A value that `toItf` wrote, as the JSON that it was. */
function plain(value: unknown): Json {
  if (typeof value !== 'object' || value === null) return value as Json
  if (Array.isArray(value)) return value.map(plain)
  const entries = Object.entries(value)
  const [key, content] = entries[0] ?? []
  if (entries.length === 1 && key === '#bigint') return Number(content)
  if (entries.length === 1 && (key === '#tup' || key === '#set')) return (content as unknown[]).map(plain)
  if (entries.length === 1 && key === '#map')
    return recordOf((content as [string, unknown][]).map(([name, item]) => [name, plain(item)] as const))
  const { tag, value: inner } = value as { tag?: unknown; value?: unknown }
  if (entries.length === 2 && tag === 'None') return null
  if (entries.length === 2 && tag === 'Some') return plain(inner)
  if (entries.length === 2 && tag === 'Json') return JSON.parse(inner as string) as Json
  return recordOf(entries.map(([name, item]) => [name, plain(item)] as const))
}

/** Fields may have the names of what every object has. */
function recordOf(entries: readonly (readonly [string, Json])[]): Json {
  const record: Record<string, Json> = Object.create(null)
  for (const [name, item] of entries) record[name] = item
  return record
}
