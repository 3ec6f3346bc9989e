/** What changed between two JSON values, as a JSON Patch (RFC 6902) of `add`, `replace` and `remove`. */
import microdiff from 'microdiff'
import type { Json } from '../../machines/application/application.ts'

/** One change of a value, at a JSON pointer. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }

/** Operations to apply one after another; empty for equal values. */
export type Patch = readonly PatchOperation[]

type Container = Record<string, Json> | Json[]

/** The patch that makes `after` of `before`. */
export function patchOf(before: Json, after: Json): Patch {
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after)) {
    return Object.is(before, after) ? [] : [{ op: 'replace', path: '', value: after }]
  }
  const differences = microdiff(before, after, { cyclesFix: false })
  const replaced = differences.filter(({ type }) => type === 'CHANGE')
  // From the end, so that no removal from a list moves what is still to be removed.
  const removed = differences.filter(({ type }) => type === 'REMOVE').reverse()
  const added = differences.filter(({ type }) => type === 'CREATE')
  const valueIn = (difference: object) => (difference as { value: Json }).value
  return [
    ...replaced.map((one) => ({ op: 'replace', path: pointer(one.path), value: valueIn(one) }) as const),
    ...removed.map((one) => ({ op: 'remove', path: pointer(one.path) }) as const),
    ...added.map((one) => ({ op: 'add', path: pointer(one.path), value: valueIn(one) }) as const),
  ]
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

function pointer(path: readonly (string | number)[]): string {
  return path.map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

function unescaped(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~')
}
