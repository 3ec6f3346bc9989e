/** What changed between two JSON values, as a JSON Patch (RFC 6902) of `add`, `replace` and `remove`. */
import microdiff from 'microdiff'
import type { Json } from '../../machines/application.ts'

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
 * A new value: `document` with `patch` applied; neither is changed.
 * @throws Error for a path that the document does not have.
 */
export function applyPatch(document: Json, patch: Patch): Json {
  let root = copyOf(document)
  for (const given of patch) {
    const operation = given.op === 'remove' ? given : { ...given, value: copyOf(given.value) }
    const segments = operation.path.split('/').slice(1).map(unescaped)
    const key = segments.pop()
    if (key === undefined) {
      root = operation.op === 'remove' ? null : operation.value
      continue
    }
    let holder: Json | undefined = root
    for (const segment of segments) holder = isContainer(holder) ? memberOf(holder, segment) : undefined
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
  if (Array.isArray(holder)) {
    if (operation.op === 'remove') holder.splice(Number(key), 1)
    else if (operation.op === 'replace') holder[Number(key)] = operation.value
    else holder.splice(Number(key), 0, operation.value)
  } else if (operation.op === 'remove') delete holder[key]
  else {
    // Assigning to `__proto__` would set the prototype.
    const property = { value: operation.value, enumerable: true, configurable: true, writable: true }
    Object.defineProperty(holder, key, property)
  }
}

function copyOf(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json
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
