/** What a trace says of contexts: the whole one once, then what changes. It writes nothing and knows no chart. */
import type { Json } from '../../machines/application/application.ts'
import { encode } from './encode.ts'
import { type Patch, patchOf } from './patch.ts'

/** Remembers each node's context as it was written last, to write only what changes. */
export interface ContextLog {
  /**
   * The context for a step of `node`, or its patch relative to the step before.
   * @param isFirst the whole context is wanted, whatever was written before
   */
  entryFor(
    node: string,
    fields: Readonly<Record<string, unknown>>,
    isFirst: boolean,
  ): { readonly context: Json } | { readonly patch: Patch }
  /** The whole context as it was written last, for whoever joins late. */
  last(node: string): Json | undefined
  /** The node has ended: should one of its name begin, its context is written whole. */
  forget(node: string): void
}

interface Written {
  readonly fields: Readonly<Record<string, unknown>>
  readonly encoded: Record<string, Json>
}

export function createContextLog(): ContextLog {
  const written = new Map<string, Written>()
  return {
    last: (node) => written.get(node)?.encoded,
    forget: (node) => void written.delete(node),
    entryFor(node, fields, isFirst) {
      const last = written.get(node)
      const encoded: Record<string, Json> = Object.create(null)
      const patch: Patch[number][] = []
      for (const key of Object.keys(fields).sort()) {
        if (fields[key] === undefined) continue
        const isKept = last !== undefined && last.fields[key] === fields[key] && key in last.encoded
        encoded[key] = isKept ? last.encoded[key]! : encode(fields[key])
        if (last === undefined || isKept) continue
        patch.push(...patchOf(partOf(last.encoded, key), partOf(encoded, key)))
      }
      for (const key of Object.keys(last?.encoded ?? {})) {
        if (!(key in encoded)) patch.push(...patchOf(partOf(last!.encoded, key), {}))
      }
      written.set(node, { fields, encoded })
      return isFirst || last === undefined ? { context: encoded as Json } : { patch }
    },
  }
}

/** One field as an object of its own, so that its patch has the path within the whole. */
function partOf(context: Record<string, Json>, key: string): Json {
  return key in context ? { [key]: context[key]! } : {}
}
