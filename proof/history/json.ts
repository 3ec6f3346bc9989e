// JSON values and their canonical text; not a parser.

/** A JSON value. As a key's value, `null` stands for a missing key. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/**
 * The canonical text of a JSON value: members sorted by name, so equal values have equal text.
 *
 * Errors: a TypeError for what JSON cannot carry (functions, bigints, dates, maps, cycles excepted).
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (isPlainObject(value)) {
    const members = Object.keys(value)
      .sort()
      .map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name])}`)
    return `{${members.join(',')}}`
  }
  throw new TypeError(`expected a JSON value, got ${String(value)}; keep histories to what JSON can carry`)
}

/** Whether two JSON values are equal, with members in any order. */
export function sameJson(left: Json, right: Json): boolean {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return left === right
  }
  return canonicalJson(left) === canonicalJson(right)
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
