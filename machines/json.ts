/** JSON values: what commands, results and messages are made of. */
import type { Json } from './application.ts'

/** How deep a value may be nested before it is refused. */
const depthMax = 200

/**
 * A copy of a JSON value that shares nothing with it, as if it had crossed a socket.
 * @throws TypeError naming the place of what JSON cannot carry: undefined, a function, NaN, a Date, a Map, a cycle.
 */
export function copyJson(value: unknown): Json {
  return copy(value, 0, '')
}

/** Length of a JSON value's text, near enough for bounds: escapes count as one. */
export function jsonSize(value: Json): number {
  switch (typeof value) {
    case 'string':
      return value.length + 2
    case 'object': {
      if (value === null) return 4
      let size = 2
      if (Array.isArray(value)) for (const item of value) size += jsonSize(item) + 1
      else
        for (const key of Object.keys(value))
          size += key.length + 4 + jsonSize((value as { [key: string]: Json })[key]!)
      return size
    }
    default:
      return 5
  }
}

function copy(value: unknown, depth: number, path: string): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw unserialisable(path, String(value))
      return value
    case 'object':
      if (value === null) return null
      if (depth >= depthMax)
        throw unserialisable(path, `a value nested deeper than ${depthMax} levels, or a cycle`)
      return Array.isArray(value) ? copyArray(value, depth, path) : copyObject(value, depth, path)
    default:
      throw unserialisable(path, typeof value)
  }
}

function copyArray(value: readonly unknown[], depth: number, path: string): Json {
  const result: Json[] = new Array(value.length)
  for (let i = 0; i < value.length; i++) result[i] = copy(value[i], depth + 1, path)
  return result
}

function copyObject(value: object, depth: number, path: string): Json {
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw unserialisable(path, `an instance of ${prototype.constructor?.name ?? 'a class'}`)
  }
  const result: { [key: string]: Json } = {}
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key]
    if (item === undefined) continue
    const copied = copy(item, depth + 1, depth < 3 ? `${path}.${key}` : path)
    // `__proto__` is an ordinary key; assigning it would set the prototype.
    if (key === '__proto__')
      Object.defineProperty(result, key, {
        value: copied,
        enumerable: true,
        configurable: true,
        writable: true,
      })
    else result[key] = copied
  }
  return result
}

function unserialisable(path: string, got: string): TypeError {
  return new TypeError(
    `expected a JSON value${path === '' ? '' : ` at ${path.slice(1)}`}, got ${got}; pass plain objects, arrays, strings, finite numbers, booleans and null`,
  )
}
