/** Sets, maps and other values that JSON has no form for, as JSON that keeps their members apart and can be compared. */
import type { Json } from '../../machines/application/application.ts'

/** `{"$set": {"1": 1, "\"1\"": "1"}}`: the members of a set by their texts. */
export const setKey = '$set'
/** `{"$map": {"k": value}}`: the entries of a map by the texts of their keys. */
export const mapKey = '$map'
/** `{"$type": "URL", "value": "..."}`, or with the fields of an instance: what kind of value it is. */
export const typeKey = '$type'

/** A set of encoded members; equal sets are equal JSON in any order of their members. */
export function setOf(members: readonly Json[]): Json {
  const entries = members.map((member) => [keyText(member), member] as const)
  return { [setKey]: recordOf(entries.sort(([a], [b]) => compareKeys(a, b))) }
}

/** A map of encoded keys and values, in the order given. */
export function mapOf(entries: readonly (readonly [Json, Json])[]): Json {
  return { [mapKey]: recordOf(entries.map(([key, value]) => [keyText(key), value] as const)) }
}

const keyMax = 120

/** A key as text: a string as it is unless it reads as other JSON, anything else as JSON. `1` and `"1"` differ. */
export function keyText(key: Json): string {
  const text = typeof key === 'string' && !isJson(key) ? key : JSON.stringify(key)
  return text.length <= keyMax ? text : `${text.slice(0, keyMax - 1)}…`
}

/** A collection with its members, or null for any other value. */
export function collectionIn(
  value: Json | undefined,
): { readonly kind: 'set' | 'map'; readonly members: Json } | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const keys = Object.keys(value)
  if (keys.length !== 1) return null
  const members = (value as Record<string, Json>)[keys[0]!]!
  if (typeof members !== 'object' || members === null || Array.isArray(members)) return null
  if (keys[0] === setKey) return { kind: 'set', members }
  return keys[0] === mapKey ? { kind: 'map', members } : null
}

function recordOf(entries: readonly (readonly [string, Json])[]): Json {
  const record: Record<string, Json> = Object.create(null)
  for (const [key, value] of entries) {
    let free = key
    // Long keys that begin alike, and members that encode alike.
    for (let count = 2; free in record; count++) free = `${key}~${count}`
    record[free] = value
  }
  return record
}

/** Numbers by value, then texts. */
function compareKeys(a: string, b: string): number {
  const [left, right] = [Number(a), Number(b)]
  if (!Number.isNaN(left) && !Number.isNaN(right)) return left - right
  return a < b ? -1 : a > b ? 1 : 0
}

function isJson(text: string): boolean {
  if (!/^[\s"[{\-\d]|^(true|false|null)$/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
