/** Any value as JSON for a trace: never throws, never hangs on size or cycles, runs no getter; what is left out is marked. */
import type { Json } from '../../machines/application/application.ts'
import { OrderedMap } from '../../machines/application/ordered-map.ts'
import { mapOf, setOf, typeKey } from './collections.ts'

/** How much of one value is kept. */
export interface EncodeLimits {
  /** Characters of one string. */
  readonly textMax: number
  /** Characters of JSON text of the whole value, about. */
  readonly sizeMax: number
  readonly depthMax: number
  /**
   * Whether values that JSON has no form for keep their content and their type, as contexts of apps need it: sets and
   * maps as collections, instances and objects of the platform by `$type`. Default false: they are left out.
   */
  readonly typed?: boolean
}

export const encodeLimits: EncodeLimits = { textMax: 4096, sizeMax: 65_536, depthMax: 64 }

/** Limits for values of any app. */
export const appLimits: EncodeLimits = { ...encodeLimits, typed: true }

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
        if (limits.typed === true) return typedValue('bigint', text(String(item)))
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
    if (item instanceof Date && limits.typed !== true)
      return Number.isNaN(item.getTime()) ? omitted('an invalid date') : item.toISOString()
    if (item instanceof Error && limits.typed !== true) {
      return members(Object.entries({ message: messageOf(item), name: `${item.name}` }), 2)
    }
    const name = className(item)
    const typed = limits.typed === true ? typedForm(item, name, visit) : undefined
    if (typed !== undefined) return typed
    if (item instanceof Map || item instanceof Set) return omitted(`a ${name} of ${item.size}`)
    if (ArrayBuffer.isView(item)) return omitted(`a ${name} of ${item.byteLength} bytes`)
    if (isActor(item)) return omitted('an actor')
    const keys = Object.keys(item).sort()
    const content = members(ownValues(item, keys), keys.length)
    return limits.typed === true && !isPlain(item) ? instanceOf(name, content) : content
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

/** Maps, sets and objects of the platform; undefined for everything else. */
function typedForm(item: object, name: string, visit: (value: unknown) => Json): Json | undefined {
  if (item instanceof Map) return mapOf([...item].map(([key, value]) => [visit(key), visit(value)] as const))
  if (item instanceof Set) return setOf([...item].map(visit))
  if (item instanceof Date)
    return typedValue('Date', Number.isNaN(item.getTime()) ? 'invalid' : item.toISOString())
  if (item instanceof RegExp) return typedValue('RegExp', String(item))
  if (item instanceof URL) return typedValue('URL', visit(item.href))
  if (item instanceof Error) return typedValue(visit(item.name) as string, visit(messageOf(item)))
  if (
    item instanceof Promise ||
    item instanceof WeakMap ||
    item instanceof WeakSet ||
    item instanceof WeakRef
  )
    return { [typeKey]: name }
  const { nodeType, nodeName, id } = item as { nodeType?: unknown; nodeName?: unknown; id?: unknown }
  if (typeof nodeType !== 'number' || typeof nodeName !== 'string') return undefined
  return typedValue(
    name,
    visit(`${nodeName.toLowerCase()}${typeof id === 'string' && id !== '' ? `#${id}` : ''}`),
  )
}

function typedValue(type: string, value: Json): Json {
  return { [typeKey]: type, value }
}

function instanceOf(name: string, content: Json): Json {
  return Object.assign(Object.create(null), { [typeKey]: name }, content) as Json
}

function isPlain(item: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(item)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
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
export function isActor(item: object): boolean {
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
