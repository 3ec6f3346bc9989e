/** Contexts, inputs and outputs of machines as JSON, and back: what JSON lacks is written with a tag. */
import type { Json } from '../application.ts'

const tag = 'standby$type'

/** A reference to an actor, as something that `encode` meets. */
export interface ActorRefLike {
  readonly id: string
  readonly sessionId: string
  send(event: unknown): void
}

/** How references to actors are written and found again. */
export interface References {
  /** The JSON that stands for an actor of the system. */
  write(ref: ActorRefLike): Json
  /** The actor that a tagged object of type `actor` names; undefined if it no longer exists. */
  find(path: readonly string[]): unknown
}

/**
 * `value` as JSON. `Date`, `Map`, `Set`, `Error`, `bigint`, `NaN`, the infinities, `undefined` in lists and references to
 * actors get a tag; properties that are undefined are left out, as JSON does.
 * @throws TypeError naming the place of what cannot be kept: a function, a symbol, an instance of a class, a cycle.
 */
export function encode(value: unknown, where: string, references: Pick<References, 'write'>): Json {
  return encoded(value, { where, references, above: [] })
}

interface Encoding {
  readonly where: string
  readonly references: Pick<References, 'write'>
  /** The objects that the value is inside of, to notice a cycle. */
  readonly above: readonly object[]
}

function encoded(value: unknown, at: Encoding): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (Number.isFinite(value)) return Object.is(value, -0) ? 0 : value
      return { [tag]: 'number', value: String(value) }
    case 'bigint':
      return { [tag]: 'bigint', value: String(value) }
    case 'undefined':
      return { [tag]: 'undefined' }
    case 'object':
      return value === null ? null : encodedObject(value, at)
    default:
      throw misfit(typeof value, at.where)
  }
}

function encodedObject(value: object, at: Encoding): Json {
  if (at.above.includes(value)) throw misfit('a cycle', at.where)
  if (at.above.length > 200) throw misfit('a value nested deeper than 200 levels', at.where)
  if (isActorRef(value)) return at.references.write(value)
  const inner = (key: string, item: unknown) =>
    encoded(item, { where: `${at.where}${key}`, references: at.references, above: [...at.above, value] })
  if (Array.isArray(value)) return value.map((item, index) => inner(`[${index}]`, item))
  const kind = kindOf(value)
  switch (kind) {
    case 'date':
      return { [tag]: kind, value: inner('', (value as { getTime(): number }).getTime()) }
    case 'map':
      return {
        [tag]: kind,
        value: [...(value as Map<unknown, unknown>)].map(([key, item], index) => [
          inner(`.key ${index}`, key),
          inner(`.get(${text(key)})`, item),
        ]),
      }
    case 'set':
      return { [tag]: kind, value: [...(value as Set<unknown>)].map((item) => inner('.item', item)) }
    case 'error':
      return encodedError(value as Error, inner)
    case 'plain':
      return encodedPlain(value, at, inner)
    default:
      throw misfit(`an instance of ${kind.name}`, at.where)
  }
}

function encodedPlain(value: object, at: Encoding, inner: (key: string, item: unknown) => Json): Json {
  const result: { [key: string]: Json } = {}
  for (const key of Object.keys(value)) {
    if (key === tag) throw misfit(`the key ${tag}, which is reserved`, at.where)
    const item = (value as Record<string, unknown>)[key]
    if (item !== undefined) define(result, key, inner(keyText(key), item))
  }
  return result
}

/** The stack names files of one replica, so it stays behind. */
function encodedError(error: Error, inner: (key: string, item: unknown) => Json): Json {
  const { name, message, cause } = error
  const own: { [key: string]: Json } = {}
  for (const key of Object.keys(error)) {
    const item = (error as unknown as Record<string, unknown>)[key]
    if (item !== undefined && key !== 'stack') define(own, key, inner(keyText(key), item))
  }
  const json: { [key: string]: Json } = { [tag]: 'error', name, message, own }
  if (cause !== undefined) json.cause = inner('.cause', cause)
  return json
}

/** The value that `encode` wrote. */
export function decode(json: Json, references: Pick<References, 'find'>): unknown {
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map((item) => decode(item, references))
  const object = json as { readonly [key: string]: Json }
  if (Object.hasOwn(object, tag)) return decodeTagged(object, references)
  const result: Record<string, unknown> = {}
  for (const key of Object.keys(object)) define(result, key, decode(object[key]!, references))
  return result
}

function decodeTagged(json: { readonly [key: string]: Json }, references: Pick<References, 'find'>): unknown {
  const value = json.value === undefined ? undefined : decode(json.value, references)
  switch (json[tag]) {
    case 'number':
      return Number(value)
    case 'bigint':
      return BigInt(value as string)
    case 'date':
      return new (Reflect.get(globalThis, 'Date') as new (ms: unknown) => object)(value)
    case 'map':
      return new Map(value as [unknown, unknown][])
    case 'set':
      return new Set(value as unknown[])
    case 'error':
      return decodedError(json, references)
    case 'actor':
      return references.find(json.path as readonly string[])
    default:
      return undefined
  }
}

const errorClasses: Readonly<Record<string, new (message: string) => Error>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
}

function decodedError(json: { readonly [key: string]: Json }, references: Pick<References, 'find'>): Error {
  const name = String(json.name)
  const error = new (errorClasses[name] ?? Error)(String(json.message))
  const own = decode(json.own ?? {}, references) as object
  const hidden = (value: unknown) => ({ value, configurable: true, enumerable: false, writable: true })
  if (error.name !== name) Object.defineProperty(error, 'name', hidden(name))
  if (json.cause !== undefined) Object.defineProperty(error, 'cause', hidden(decode(json.cause, references)))
  // The stack names files of this replica, and every replica's machine must see the same error.
  Object.defineProperty(error, 'stack', hidden(`${name}: ${error.message}`))
  return Object.assign(error, own)
}

/** The tagged object that stands for the actor at `path`, the ids from the root down. */
export function actorTag(path: readonly string[]): Json {
  return { [tag]: 'actor', path }
}

export function isActorRef(value: object): value is ActorRefLike {
  return 'sessionId' in value && 'send' in value && 'ref' in value
}

/** What an object is, by its own account of itself: it may come from another realm. */
function kindOf(value: object): 'date' | 'map' | 'set' | 'error' | 'plain' | { readonly name: string } {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return 'plain'
  if (value instanceof Error) return 'error'
  switch (Object.prototype.toString.call(value)) {
    case '[object Date]':
      return 'date'
    case '[object Map]':
      return 'map'
    case '[object Set]':
      return 'set'
    case '[object Error]':
    case '[object DOMException]':
      return 'error'
  }
  const name: unknown = value.constructor?.name
  return { name: typeof name === 'string' && name !== '' ? name : 'a class' }
}

function define(target: object, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  else (target as Record<string, unknown>)[key] = value
}

function keyText(key: string): string {
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

function text(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(key) : typeof key === 'object' ? 'an object' : String(key)
}

function misfit(got: string, where: string): TypeError {
  return new TypeError(
    `expected a JSON value at ${where}, got ${got}; keep plain data there: objects, lists, text, numbers, Date, Map, Set, errors and references to actors`,
  )
}
