/** Values of the Informal Trace Format (ADR-015) as JSON: sets and maps as collections, variants as they are. */
import type { Json } from '../../../machines/application/application.ts'
import { mapOf, setOf } from '../collections.ts'

/** Deeper than this nothing is shown. */
const depthMax = 64

/** A value of the format as JSON. @throws Error for a value that is not of the format. */
export function itfJson(value: unknown, depth = 0): Json {
  if (typeof value !== 'object' || value === null) return (value ?? null) as Json
  if (depth > depthMax) return '…'
  const inner = (part: unknown) => itfJson(part, depth + 1)
  if (Array.isArray(value)) return value.map(inner)
  const entries = Object.entries(value)
  const [[key, content] = []] = entries
  switch (entries.length === 1 ? key : '') {
    case '#bigint':
      return Number.isSafeInteger(Number(content)) ? Number(content) : String(content)
    case '#unserializable':
      return String(content)
    case '#tup':
      return listIn(content).map(inner)
    case '#set':
      return setOf(listIn(content).map(inner))
    case '#map':
      return mapOf(
        listIn(content).map((pair) => {
          const [name, item] = listIn(pair)
          return [inner(name), inner(item)] as const
        }),
      )
  }
  const record = Object.fromEntries(entries.map(([name, item]) => [name, inner(item)]))
  if (entries.length === 2 && record.tag === 'None' && 'value' in record) return null
  if (entries.length === 2 && record.tag === 'Some' && 'value' in record) return record.value!
  return record
}

function listIn(content: unknown): unknown[] {
  if (Array.isArray(content)) return content
  throw new Error('expected a list')
}
