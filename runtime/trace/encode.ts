/** Any value as JSON for a trace: never throws, never hangs on size or cycles, runs no getter; what is left out is marked. */
import type { Json } from '../../machines/application/application.ts'
import { OrderedMap } from '../../machines/application/ordered-map.ts'

/** How much of one value is kept. */
export interface EncodeLimits {
  /** Characters of one string. */
  readonly textMax: number
  /** Characters of JSON text of the whole value, about. */
  readonly sizeMax: number
  readonly depthMax: number
}

export const encodeLimits: EncodeLimits = { textMax: 4096, sizeMax: 65_536, depthMax: 64 }

/** What stands where something was left out: `{"$omitted": "a function"}`; in objects and maps the key `$omitted`. */
export const omittedKey = '$omitted'

/**
 * A JSON value that says what `value` holds: keys in code-unit order, ordered maps as objects, equal for equal values.
 * Objects are made without a prototype, so that `__proto__` is an ordinary key.
 */
export function encode(value: unknown, limits: EncodeLimits = encodeLimits): Json {
  let room = limits.sizeMax
  const path = new Set<object>()

  const text = (given: string): string => {
    const length = Math.max(0, Math.min(limits.textMax, room))
    room -= Math.min(given.length, length) + 2
    return given.length <= length ? given : `${given.slice(0, length)}… (${given.length} characters in all)`
  }

  const omitted = (what: string): Json => {
    room -= what.length + omittedKey.length
    return Object.assign(Object.create(null), { [omittedKey]: what }) as Json
  }

  const visit = (item: unknown): Json => {
    switch (typeof item) {
      case 'string':
        return text(item)
      case 'boolean':
        room -= 5
        return item
      case 'number':
        room -= 8
        return Number.isFinite(item) ? item + 0 : omitted(String(item))
      case 'bigint':
        return omitted(`a bigint: ${text(String(item))}`)
      case 'object':
        return item === null ? null : visitObject(item)
      case 'undefined':
        return omitted('undefined')
      default:
        return omitted(item === getter ? 'a getter' : `a ${typeof item}`)
    }
  }

  const visitObject = (item: object): Json => {
    room -= 2
    if (room <= 0) return omitted('no room left')
    if (path.has(item)) return omitted('a cycle')
    if (path.size >= limits.depthMax) return omitted(`nested deeper than ${limits.depthMax}`)
    path.add(item)
    try {
      return contentOf(item)
    } catch (error) {
      return omitted(`unreadable: ${text(messageOf(error))}`)
    } finally {
      path.delete(item)
    }
  }

  const contentOf = (item: object): Json => {
    if (Array.isArray(item)) return list(item)
    if (item instanceof OrderedMap) return members(item.entriesAfter(), item.size)
    if (item instanceof Date)
      return Number.isNaN(item.getTime()) ? omitted('an invalid date') : item.toISOString()
    if (item instanceof Error) {
      return members(Object.entries({ message: messageOf(item), name: `${item.name}` }), 2)
    }
    const name = className(item)
    if (item instanceof Map || item instanceof Set) return omitted(`a ${name} of ${item.size}`)
    if (ArrayBuffer.isView(item)) return omitted(`a ${name} of ${item.byteLength} bytes`)
    if (isActor(item)) return omitted('an actor')
    const keys = Object.keys(item).sort()
    return members(ownValues(item, keys), keys.length)
  }

  const list = (items: readonly unknown[]): Json => {
    const result: Json[] = []
    for (let index = 0; index < items.length; index++) {
      if (room <= 0) {
        result.push(omitted(`${items.length - index} more of ${items.length}`))
        break
      }
      result.push(visit(items[index]))
    }
    return result
  }

  const members = (entries: Iterable<readonly [string | number, unknown]>, size: number): Json => {
    const result: Record<string, Json> = Object.create(null)
    let count = 0
    for (const [key, item] of entries) {
      if (room <= 0) {
        result[omittedKey] = `${size - count} more of ${size}`
        break
      }
      count += 1
      if (item === undefined) continue
      result[text(String(key))] = visit(item)
    }
    return result
  }

  return visit(value)
}

const getter: unique symbol = Symbol('getter')

function* ownValues(item: object, keys: readonly string[]): Iterable<readonly [string, unknown]> {
  for (const key of keys) {
    const property = Object.getOwnPropertyDescriptor(item, key)
    if (property === undefined) continue
    yield [key, 'value' in property ? property.value : getter]
  }
}

/** Actors carry the system's private numbering, which must not reach a trace. */
function isActor(item: object): boolean {
  return ['getSnapshot', 'send', 'subscribe'].every((name) => {
    for (let holder: object | null = item; holder !== null; holder = Object.getPrototypeOf(holder)) {
      const property = Object.getOwnPropertyDescriptor(holder, name)
      if (property !== undefined) return typeof property.value === 'function'
    }
    return false
  })
}

function className(item: object): string {
  const maker: unknown = Object.getPrototypeOf(item)?.constructor
  return typeof maker === 'function' && maker.name !== '' ? maker.name : 'value'
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.message}` : String(error)
  } catch {
    return 'an error without a text'
  }
}
