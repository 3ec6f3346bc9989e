/** Types of Apalache for JSON values: inferred from all values of a place, printed for `varTypes`, and written by. */
import type { Json } from '../../../machines/application/application.ts'

/** A value of the format. */
export type ItfValue =
  | string
  | boolean
  | { readonly '#bigint': string }
  | { readonly '#map': readonly (readonly [ItfValue, ItfValue])[] }
  | { readonly '#set': readonly ItfValue[] }
  | { readonly '#tup': readonly ItfValue[] }
  | readonly ItfValue[]
  | { readonly [field: string]: ItfValue }

/**
 * The type of a place. `json` holds what has no common type, fractions and empty objects, as text in the variant `Json`;
 * `option` is `Some` or, for null, `None`; `map` is an object whose keys vary or are no identifiers.
 */
export type ItfType =
  | { readonly kind: 'never' | 'bool' | 'int' | 'text' | 'json' }
  | { readonly kind: 'option' | 'list' | 'map' | 'set'; readonly of: ItfType }
  | { readonly kind: 'record' | 'variant'; readonly fields: ReadonlyMap<string, ItfType> }
  | { readonly kind: 'tuple'; readonly parts: readonly ItfType[] }

const never: ItfType = { kind: 'never' }
const json: ItfType = { kind: 'json' }

/** Names that the grammar of types takes for fields and tags. */
const identifier = /^[a-zA-Z_][a-zA-Z0-9_]*$/
/** What Apalache reads as a model value and not as a string. */
const modelValue = /^[a-zA-Z0-9_]+_OF_[A-Z_][A-Z0-9_]*$/

const known = new WeakMap<object, ItfType>()

/** The type of one value. */
export function typeOf(value: Json): ItfType {
  if (value === null) return { kind: 'option', of: never }
  if (typeof value === 'boolean') return { kind: 'bool' }
  if (typeof value === 'number') return Number.isInteger(value) ? { kind: 'int' } : json
  if (typeof value === 'string') return modelValue.test(value) ? json : { kind: 'text' }
  let type = known.get(value)
  if (type === undefined) {
    type = Array.isArray(value) ? listType(value) : objectType(value as Record<string, Json>)
    known.set(value, type)
  }
  return type
}

function listType(items: readonly Json[]): ItfType {
  const parts = items.map(typeOf)
  const of = parts.reduce(joined, never)
  return of.kind === 'json' && !parts.some(({ kind }) => kind === 'json')
    ? { kind: 'tuple', parts }
    : { kind: 'list', of }
}

function objectType(object: Readonly<Record<string, Json>>): ItfType {
  const entries = Object.entries(object)
  // It would come back as a variant.
  if (entries.length === 2 && 'tag' in object && 'value' in object) return json
  if (entries.length > 0 && entries.every(([key]) => identifier.test(key)))
    return { kind: 'record', fields: new Map(entries.map(([key, item]) => [key, typeOf(item)])) }
  return { kind: 'map', of: entries.map(([, item]) => typeOf(item)).reduce(joined, never) }
}

/** The type that has the values of both; `json` if no other has. */
export function joined(a: ItfType, b: ItfType): ItfType {
  if (a === b || b.kind === 'never') return a
  if (a.kind === 'never') return b
  if (a.kind === 'json' || b.kind === 'json') return json
  if (a.kind === 'option' || b.kind === 'option') {
    const of = joined(a.kind === 'option' ? a.of : a, b.kind === 'option' ? b.of : b)
    return of.kind === 'json' ? json : { kind: 'option', of }
  }
  if (isList(a) && isList(b)) return joinedLists(a, b)
  if (a.kind === 'variant' && b.kind === 'variant') return joinedVariants(a.fields, b.fields)
  if (isObject(a) && isObject(b)) return joinedObjects(a, b)
  if (a.kind === 'set' && b.kind === 'set') return { kind: 'set', of: joined(a.of, b.of) }
  return a.kind === b.kind && ['bool', 'int', 'text'].includes(a.kind) ? a : json
}

type List = Extract<ItfType, { kind: 'tuple' }> | (ItfType & { readonly kind: 'list'; readonly of: ItfType })
type ObjectType =
  | (ItfType & { readonly kind: 'record'; readonly fields: ReadonlyMap<string, ItfType> })
  | (ItfType & { readonly kind: 'map'; readonly of: ItfType })

const isList = (type: ItfType): type is List => type.kind === 'tuple' || type.kind === 'list'
const isObject = (type: ItfType): type is ObjectType => type.kind === 'record' || type.kind === 'map'

function joinedLists(a: List, b: List): ItfType {
  if (a.kind === 'tuple' && b.kind === 'tuple' && a.parts.length === b.parts.length)
    return { kind: 'tuple', parts: a.parts.map((part, index) => joined(part, b.parts[index]!)) }
  const of = (list: List) => (list.kind === 'list' ? list.of : list.parts.reduce(joined, never))
  return { kind: 'list', of: joined(of(a), of(b)) }
}

function joinedObjects(a: ObjectType, b: ObjectType): ItfType {
  if (a.kind === 'record' && b.kind === 'record' && a.fields.size === b.fields.size) {
    if ([...a.fields.keys()].every((key) => b.fields.has(key)))
      return {
        kind: 'record',
        fields: new Map([...a.fields].map(([key, type]) => [key, joined(type, b.fields.get(key)!)])),
      }
  }
  const of = (type: ObjectType) =>
    type.kind === 'map' ? type.of : [...type.fields.values()].reduce(joined, never)
  return { kind: 'map', of: joined(of(a), of(b)) }
}

function joinedVariants(a: ReadonlyMap<string, ItfType>, b: ReadonlyMap<string, ItfType>): ItfType {
  const fields = new Map(a)
  for (const [tag, type] of b) fields.set(tag, joined(fields.get(tag) ?? never, type))
  return { kind: 'variant', fields }
}

/** The type in Apalache's grammar (ADR-002). What no value has shown is `Str`. */
export function typeText(type: ItfType): string {
  switch (type.kind) {
    case 'never':
    case 'text':
      return 'Str'
    case 'bool':
      return 'Bool'
    case 'int':
      return 'Int'
    case 'json':
      return 'Json(Str)'
    case 'option':
      return `None(Str) | Some(${typeText(type.of)})`
    case 'list':
      return `Seq(${typeText(type.of)})`
    case 'set':
      return `Set(${typeText(type.of)})`
    case 'map':
      return `(Str -> ${inParentheses(type.of)})`
    case 'record':
      return `{ ${[...type.fields].map(([key, of]) => `${key}: ${typeText(of)}`).join(', ')} }`
    case 'variant':
      return [...type.fields].map(([tag, of]) => `${tag}(${typeText(of)})`).join(' | ')
    case 'tuple':
      return `<<${type.parts.map(typeText).join(', ')}>>`
  }
}

function inParentheses(type: ItfType): string {
  const text = typeText(type)
  return ['option', 'json', 'variant'].includes(type.kind) ? `(${text})` : text
}

/** A value as its place's type has it. A variant is an object with the tag as its one key. */
export function itfOf(value: Json, type: ItfType): ItfValue {
  if (type.kind === 'json') return { tag: 'Json', value: JSON.stringify(value) }
  if (type.kind === 'option')
    return value === null ? { tag: 'None', value: '' } : { tag: 'Some', value: itfOf(value, type.of) }
  if (typeof value === 'number') return { '#bigint': BigInt(value).toString() }
  if (typeof value !== 'object' || value === null) return value as string | boolean
  if (Array.isArray(value)) {
    if (type.kind === 'tuple') return { '#tup': value.map((item, index) => itfOf(item, type.parts[index]!)) }
    const items = value.map((item) => itfOf(item, (type as { of: ItfType }).of))
    return type.kind === 'set' ? { '#set': items } : items
  }
  const entries = Object.entries(value as Record<string, Json>)
  if (type.kind === 'map')
    return { '#map': entries.map(([key, item]) => [key, itfOf(item, type.of)] as const) }
  const { fields } = type as { fields: ReadonlyMap<string, ItfType> }
  if (type.kind === 'variant') {
    const [tag, item] = entries[0]!
    return { tag, value: itfOf(item, fields.get(tag)!) }
  }
  const record: Record<string, ItfValue> = Object.create(null)
  for (const [key, item] of entries) record[key] = itfOf(item, fields.get(key)!)
  return record
}
