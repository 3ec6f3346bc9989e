/** What a trace says of contexts: the whole one once, then what changes. It writes nothing and knows no chart. */
import type { Json } from '../../machines/application/application.ts'
import { encode } from './encode.ts'
import { type Patch, patchOf } from './patch.ts'
import type { Shadow } from './shadow.ts'

/** A step's context: whole, or what has changed. */
export type ContextEntry = ({ readonly context: Json } | { readonly patch: Patch }) & {
  /** Fields that were mutated in place since the node's step before. */
  readonly mutated?: readonly string[]
}

/** Remembers each node's context as it was written last, to write only what changes. */
export interface ContextLog {
  /**
   * The context for a step of `node`, or its patch relative to the step before.
   * @param isFirst the whole context is wanted, even if it was written before
   */
  entryFor(node: string, fields: Readonly<Record<string, unknown>>, isFirst: boolean): ContextEntry
  /** The whole context as it was written last, for a viewer that joins late. */
  last(node: string): Json | undefined
  /** The node has ended: should one of its name begin, its context is written whole. */
  forget(node: string): void
}

interface Written {
  readonly fields: Readonly<Record<string, unknown>>
  readonly encoded: Record<string, Json>
}

/**
 * A log of contexts. With a `shadow` contexts are those of any app: values of all types are recorded, and fields that
 * kept their identity are looked into. Without one, contexts are plain JSON that is replaced and never mutated.
 */
export function createContextLog(shadow: Shadow | null = null): ContextLog {
  const written = new Map<string, Written>()
  return {
    last: (node) => written.get(node)?.encoded,
    forget: (node) => void written.delete(node),
    entryFor(node, fields, isFirst) {
      const last = written.get(node)
      const encoded: Record<string, Json> = Object.create(null)
      const patch: Patch[number][] = []
      const mutated: string[] = []
      for (const key of Object.keys(fields).sort()) {
        if (fields[key] === undefined) continue
        const isKept = last !== undefined && last.fields[key] === fields[key] && key in last.encoded
        if (shadow !== null) {
          encoded[key] = shadow.encode(fields[key])
          if (shadow.takeMutated()) mutated.push(key)
        } else encoded[key] = isKept ? last.encoded[key]! : encode(fields[key])
        if (last === undefined || encoded[key] === last.encoded[key]) continue
        patch.push(...patchOf(partOf(last.encoded, key), partOf(encoded, key)))
      }
      for (const key of Object.keys(last?.encoded ?? {})) {
        if (!(key in encoded)) patch.push(...patchOf(partOf(last!.encoded, key), {}))
      }
      written.set(node, { fields, encoded })
      const entry = isFirst || last === undefined ? { context: encoded as Json } : { patch }
      return mutated.length === 0 ? entry : { ...entry, mutated }
    },
  }
}

/** One field as an object of its own, so that its patch has the path within the whole. */
function partOf(context: Record<string, Json>, key: string): Json {
  return key in context ? { [key]: context[key]! } : {}
}
