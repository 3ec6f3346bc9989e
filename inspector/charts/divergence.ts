/** Which replicas disagree at a moment of a run: a fact about contexts, even if the charts have not noticed it. */
import type { Json } from '../../machines/application/application.ts'

/** What is known of a node at the moment. */
export interface NodeState {
  readonly id: string
  readonly value: Json
  readonly context: Json
}

/**
 * The servers whose replicated state differs from that of another server of the same view, although both have applied the
 * same forwards and none is outstanding (S6); and those that have found out themselves.
 */
export function divergedNodes(nodes: readonly NodeState[]): ReadonlySet<string> {
  const diverged = new Set(
    nodes.filter(({ value }) => JSON.stringify(value)?.includes('"replicaDiverged"')).map(({ id }) => id),
  )
  const settled = nodes.flatMap(({ id, context }) => {
    const replica = settledReplica(context)
    return replica === null ? [] : [{ id, ...replica }]
  })
  for (const one of settled) {
    const isAlone = settled.every((other) => other.at !== one.at || other.state === one.state)
    if (!isAlone) diverged.add(one.id)
  }
  return diverged
}

/** The replica as text, and the view and number of forwards at which it stands; null while it is on the move. */
function settledReplica(context: Json): { readonly at: string; readonly state: string } | null {
  if (!isObject(context)) return null
  const { replica, view, outstanding, forwards, applied, queue } = context
  if (!isObject(replica ?? null) || !isObject(view ?? null)) return null
  if (outstanding !== null || queue === undefined || !isObject(applied ?? null)) return null
  const forwarded = Math.max(Number(forwards), Number((applied as { number?: Json }).number))
  return { at: `${(view as { number?: Json }).number}/${forwarded}`, state: JSON.stringify(replica, inOrder) }
}

/** Equal values have equal texts, with keys in any order. */
function inOrder(_: string, value: Json): Json {
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
