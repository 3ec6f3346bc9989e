/** What changed between two JSON values, as a JSON Patch (RFC 6902) of `add`, `replace` and `remove`. */
import type { Json } from '../../machines/application/application.ts'

/** One change of a value, at a JSON pointer. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }

/** Operations to apply one after another; empty for equal values. */
export type Patch = readonly PatchOperation[]

type Container = Record<string, Json> | Json[]

/** The patch that makes `after` of `before`; what both share is not looked into. */
export function patchOf(before: Json, after: Json): Patch {
  const found: Found = { replaced: [], removed: [], added: [] }
  compare(before, after, '', found)
  // From the end, so that no removal from a list moves what is still to be removed.
  return [...found.replaced, ...found.removed.reverse(), ...found.added]
}

interface Found {
  readonly replaced: PatchOperation[]
  readonly removed: PatchOperation[]
  readonly added: PatchOperation[]
}

function compare(before: Json, after: Json, path: string, found: Found): void {
  if (Object.is(before, after)) return
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after)) {
    found.replaced.push({ op: 'replace', path, value: after })
    return
  }
  const isKept = (key: string) => Object.hasOwn(after, key)
  for (const key of Object.keys(before)) {
    const inner = `${path}/${escaped(key)}`
    if (isKept(key)) compare(memberOf(before, key)!, memberOf(after, key)!, inner, found)
    else found.removed.push({ op: 'remove', path: inner })
  }
  for (const key of Object.keys(after)) {
    if (Object.hasOwn(before, key)) continue
    found.added.push({ op: 'add', path: `${path}/${escaped(key)}`, value: memberOf(after, key)! })
  }
}

/**
 * A new value: `document` with `patch` applied; neither is changed, and what the patch does not touch is shared.
 * @throws Error for a path that the document does not have.
 */
export function applyPatch(document: Json, patch: Patch): Json {
  const own = new Set<Container>()
  const owned = (value: Container): Container => {
    if (own.has(value)) return value
    const copy = Array.isArray(value) ? [...value] : withMembersOf(value)
    own.add(copy)
    return copy
  }
  let root = document
  for (const operation of patch) {
    const segments = operation.path.split('/').slice(1).map(unescaped)
    const key = segments.pop()
    if (key === undefined) {
      root = operation.op === 'remove' ? null : operation.value
      continue
    }
    let holder: Json | undefined = isContainer(root) ? owned(root) : undefined
    root = holder ?? root
    for (const segment of segments) {
      if (!isContainer(holder)) break
      const inner = memberOf(holder, segment)
      const next: Json | undefined = isContainer(inner) ? owned(inner) : undefined
      if (isContainer(next) && next !== inner) setMember(holder, segment, next)
      holder = next
    }
    if (!isContainer(holder)) {
      throw new Error(
        `expected something at ${operation.path}, got nothing; the patch belongs to another value`,
      )
    }
    change(holder, key, operation)
  }
  return root
}

function change(holder: Container, key: string, operation: PatchOperation): void {
  if (operation.op !== 'add' || !Array.isArray(holder)) {
    if (operation.op !== 'remove') setMember(holder, key, operation.value)
    else if (Array.isArray(holder)) holder.splice(Number(key), 1)
    else delete holder[key]
  } else holder.splice(Number(key), 0, operation.value)
}

/** Assigning to `__proto__` would set the prototype. */
function setMember(holder: Container, key: string, value: Json): void {
  if (Array.isArray(holder)) holder[Number(key)] = value
  else Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}

function withMembersOf(value: Record<string, Json>): Record<string, Json> {
  const copy: Record<string, Json> = {}
  for (const key of Object.keys(value)) setMember(copy, key, value[key]!)
  return copy
}

function memberOf(holder: Container, key: string): Json | undefined {
  return Object.hasOwn(holder, key) ? (holder as Record<string, Json>)[key] : undefined
}

function isContainer(value: Json | undefined): value is Container {
  return typeof value === 'object' && value !== null
}

function escaped(segment: string): string {
  return /[~/]/.test(segment) ? segment.replaceAll('~', '~0').replaceAll('/', '~1') : segment
}

function unescaped(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~')
}
