/** What the key-value store knows of its keys beside their values: revisions, and when keys expire. */
import type { Json } from './application.ts'
import { OrderedMap } from './ordered-map.ts'

/** Keys in code-unit order, each with its value. */
export type KeyValueState = OrderedMap<string, Json>

interface Meta {
  /** The position of the command that set a key; keys that were set outside an order have none. */
  readonly revisions: OrderedMap<string, number>
  /** The replicated time at which a key expires, in milliseconds. */
  readonly expires: OrderedMap<string, number>
  /** Keys by that time, the next one first (M2). */
  readonly due: OrderedMap<string, string>
}

const noMeta: Meta = { revisions: OrderedMap.from(), expires: OrderedMap.from(), due: OrderedMap.from() }

/** By the map of values that it belongs to: a store without revisions and times is a plain map. */
const metas = new WeakMap<KeyValueState, Meta>()

function metaOf(state: KeyValueState): Meta {
  return metas.get(state) ?? noMeta
}

/** The revision of a key; 0 if it is absent or was set outside an order. */
export function revisionOf(state: KeyValueState, key: string): number {
  return metaOf(state).revisions.get(key) ?? 0
}

/** When a key expires; undefined: never. */
export function expiryOf(state: KeyValueState, key: string): number | undefined {
  return metaOf(state).expires.get(key)
}

/** Whether some key expires. */
export function hasExpiries(state: KeyValueState): boolean {
  return metaOf(state).due.size > 0
}

/** The key that expires next, and when. */
export function nextExpiry(state: KeyValueState): { readonly at: number; readonly key: string } | null {
  const first = metaOf(state).due.first()
  return first === undefined ? null : { at: Number(first[0].slice(0, 17)), key: first[1] }
}

/** With a value under a key, at a revision (0: none), until it expires if it does. */
export function withValue(
  state: KeyValueState,
  key: string,
  {
    value,
    revision,
    expires,
  }: { readonly value: Json; readonly revision: number; readonly expires?: number | undefined },
): KeyValueState {
  const next = state.set(key, value)
  const meta = withExpiry(metaOf(state), key, expires)
  const revisions = revision === 0 ? meta.revisions.delete(key) : meta.revisions.set(key, revision)
  if (revisions.size > 0 || meta.due.size > 0) metas.set(next, { ...meta, revisions })
  return next
}

/** Without a key; the very same state if it was absent. */
export function withoutKey(state: KeyValueState, key: string): KeyValueState {
  if (!state.has(key)) return state
  const next = state.delete(key)
  const meta = withExpiry(metaOf(state), key, undefined)
  const revisions = meta.revisions.delete(key)
  if (revisions.size > 0 || meta.due.size > 0) metas.set(next, { ...meta, revisions })
  return next
}

function withExpiry(meta: Meta, key: string, at: number | undefined): Meta {
  const before = meta.expires.get(key)
  if (before === at) return meta
  let { expires, due } = meta
  if (before !== undefined) due = due.delete(dueKey(before, key))
  if (at !== undefined) due = due.set(dueKey(at, key), key)
  expires = at === undefined ? expires.delete(key) : expires.set(key, at)
  return { ...meta, expires, due }
}

function dueKey(at: number, key: string): string {
  return `${String(at).padStart(17, '0')} ${key}`
}
