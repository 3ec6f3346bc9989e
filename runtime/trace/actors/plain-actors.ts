/** Actors that are no statecharts (promises, callbacks, reducers ...), as charts of three states; and what of a snapshot is shown. */
import type { Json } from '../../../machines/application/application.ts'
import type { MachineDescription, StateDescription } from '../definition.ts'
import { encode } from '../encode.ts'

/** The chart of an actor that is active until it is done or has failed. */
export function describeLogic(id: string): MachineDescription {
  const stateOf = (key: string, type: StateDescription['type']): StateDescription => ({
    id: `${id}.${key}`,
    key,
    type,
    tags: [],
    initial: null,
    entry: [],
    exit: [],
    transitions: [],
    states: [],
  })
  const states = [stateOf('active', 'atomic'), stateOf('done', 'final'), stateOf('error', 'final')]
  return { id, delays: {}, root: { ...stateOf('', 'compound'), id, key: id, initial: 'active', states } }
}

/** The state and the context of a snapshot of any kind of actor; a chart's output counts as part of its context. */
export function plainSnapshot(snapshot: object): {
  readonly value: Json
  readonly context: Readonly<Record<string, unknown>>
} {
  const { value, context, status, output, error, input } = snapshot as Record<string, unknown>
  const extra = { ...(output === undefined ? {} : { output }), ...(error === undefined ? {} : { error }) }
  const isRecord = typeof context === 'object' && context !== null && !Array.isArray(context)
  const fields = isRecord ? context : context === undefined ? {} : { context }
  if (value !== undefined) return { value: encode(value), context: { ...fields, ...extra } }
  const given = input === undefined ? {} : { input }
  return { value: encode(status ?? 'active'), context: { ...given, ...fields, ...extra } }
}
