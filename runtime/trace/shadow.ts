/** Values of apps as JSON, time and again: what has not changed costs a comparison, and what was mutated in place is found. */
import type { Json } from '../../machines/application/application.ts'
import { OrderedMap } from '../../machines/application/ordered-map.ts'
import { typeKey } from './collections.ts'
import { appLimits, encode, isActor, omittedKey } from './encode.ts'

/** Encodes values whose parts it remembers by identity. */
export interface Shadow {
  /** The value as JSON; equal parts of equal identity are the same JSON objects as before. */
  encode(value: unknown): Json
  /** Whether an object has been encoded since the last call that differs from what it was when it was encoded before. */
  takeMutated(): boolean
}

/** An object as it was encoded. */
interface Known {
  readonly keys: readonly string[] | null
  readonly values: readonly unknown[]
  readonly parts: readonly Json[]
  readonly json: Json
  readonly size: number
}

/** Stands for a field that is a getter. */
const accessor: unique symbol = Symbol('a getter')

const depthMax = 64
const sizeMax = 256 * 1024

/** A memory of encoded objects, which holds none of them alive. */
export function createShadow(): Shadow {
  const known = new WeakMap<object, Known>()
  const path = new Set<object>()
  let mutated = false

  const visit = (value: unknown): Json => {
    if (value === null || typeof value === 'boolean') return value
    if (typeof value === 'string' && value.length <= appLimits.textMax) return value
    if (typeof value === 'number' && Number.isFinite(value)) return value + 0
    if (typeof value !== 'object') return encode(value, appLimits)
    if (path.has(value)) return { [omittedKey]: 'a cycle' }
    if (path.size >= depthMax) return { [omittedKey]: `nested deeper than ${depthMax}` }
    path.add(value)
    try {
      return contentOf(value)
    } catch {
      return encode(value, appLimits)
    } finally {
      path.delete(value)
    }
  }

  const contentOf = (object: object): Json => {
    const before = known.get(object)
    const keys = keysOf(object)
    // Sets, maps, dates and the like are written whole; their content is compared.
    if (keys === undefined) {
      const json = encode(object, appLimits)
      if (before !== undefined && JSON.stringify(before.json) === JSON.stringify(json)) return before.json
      return remember(object, before, { keys: null, values: [], parts: [], json, size: 64 })
    }
    if (before !== undefined && isUnchanged(object, keys, before)) return before.json
    const values = keys === null ? [...(object as unknown[])] : keys.map((key) => dataOf(object, key))
    const parts: Json[] = []
    let size = 2
    for (const value of values) {
      if (size > sizeMax) break
      const part = visit(value)
      parts.push(part)
      size += sizeOf(value, part)
    }
    return remember(object, before, { keys, values, parts, json: jsonOf(object, keys, values, parts), size })
  }

  /** Whether an object has the same fields with the same content as when it was encoded. */
  const isUnchanged = (object: object, keys: readonly string[] | null, before: Known): boolean => {
    const { values, parts } = before
    const { length } = keys ?? (object as unknown[])
    if (length !== values.length || (keys === null) !== (before.keys === null)) return false
    for (let index = 0; index < length; index++) {
      const key = keys === null ? index : keys[index]!
      if (keys !== null && before.keys![index] !== key) return false
      if (values[index] === accessor) continue
      const value = (object as Record<string | number, unknown>)[key]
      if (!Object.is(value, values[index])) return false
      if (typeof value !== 'object' || value === null || index >= parts.length) continue
      const part = visit(value)
      // What is left out is marked afresh each time.
      if (part !== parts[index] && !known.has(value) && JSON.stringify(part) === JSON.stringify(parts[index]))
        continue
      if (part !== parts[index]) return false
    }
    return true
  }

  const remember = (object: object, before: Known | undefined, now: Known): Json => {
    if (before !== undefined) mutated = true
    known.set(object, now)
    return now.json
  }

  const sizeOf = (value: unknown, part: Json): number => {
    if (typeof part === 'string') return part.length + 8
    if (typeof part !== 'object' || part === null) return 8
    return (typeof value === 'object' && value !== null ? known.get(value)?.size : undefined) ?? 32
  }

  return {
    encode: visit,
    takeMutated() {
      const was = mutated
      mutated = false
      return was
    },
  }
}

/** Null for a list, the keys of an object whose fields can be compared, undefined for all else. */
function keysOf(object: object): readonly string[] | null | undefined {
  if (Array.isArray(object)) return null
  const prototype: unknown = Object.getPrototypeOf(object)
  const isPlain = prototype === Object.prototype || prototype === null
  if (!isPlain && (isBuiltIn(object) || isActor(object))) return undefined
  return Object.keys(object)
}

function isBuiltIn(object: object): boolean {
  return (
    object instanceof Map ||
    object instanceof Set ||
    object instanceof Date ||
    object instanceof RegExp ||
    object instanceof Error ||
    object instanceof URL ||
    object instanceof Promise ||
    object instanceof OrderedMap ||
    ArrayBuffer.isView(object) ||
    'nodeType' in object ||
    Object.prototype.toString.call(object) !== '[object Object]'
  )
}

/** The value of a field; getters are not run. */
function dataOf(object: object, key: string): unknown {
  const property = Object.getOwnPropertyDescriptor(object, key)
  return property === undefined || 'value' in property ? property?.value : accessor
}

function jsonOf(
  object: object,
  keys: readonly string[] | null,
  values: readonly unknown[],
  parts: readonly Json[],
): Json {
  const rest = values.length - parts.length
  const more = { [omittedKey]: `${rest} more of ${values.length}` }
  if (keys === null) return rest === 0 ? parts : [...parts, more]
  const record: Record<string, Json> = Object.create(null)
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== null && prototype !== Object.prototype) record[typeKey] = className(object)
  for (const [index, part] of parts.entries()) {
    if (values[index] === undefined) continue
    record[keys[index]!] = values[index] === accessor ? { [omittedKey]: 'a getter' } : part
  }
  return rest === 0 ? record : Object.assign(record, more)
}

function className(object: object): string {
  const maker: unknown = Object.getPrototypeOf(object)?.constructor
  return typeof maker === 'function' && maker.name !== '' ? maker.name : 'instance'
}
