/** Two JSON values side by side, member by member: what is the same, added, removed or changed. */
import type { Json } from '../../machines/application/application.ts'
import { collectionIn } from '../../runtime/trace/collections.ts'

/** A member of either value; `undefined` where one lacks it. */
export interface Member {
  readonly key: string
  readonly before: Json | undefined
  readonly after: Json | undefined
  readonly kind: 'same' | 'added' | 'removed' | 'changed'
}

/** The members of two containers, those of the later one first in their order, then the ones that are gone. */
export function membersOf(before: Json | undefined, after: Json | undefined): Member[] {
  const keys = new Set([...keysOf(after), ...keysOf(before)])
  return [...keys].map((key) => {
    const [old, now] = [memberOf(before, key), memberOf(after, key)]
    return { key, before: old, after: now, kind: kindOf(old, now) }
  })
}

export function kindOf(before: Json | undefined, after: Json | undefined): Member['kind'] {
  if (before === undefined) return after === undefined ? 'same' : 'added'
  if (after === undefined) return 'removed'
  return isEqual(before, after) ? 'same' : 'changed'
}

export function isContainer(value: Json | undefined): value is Json[] | Record<string, Json> {
  return typeof value === 'object' && value !== null
}

/** How many members a container has; 0 for anything else. */
export function sizeOf(value: Json | undefined): number {
  return keysOf(value).length
}

/** Equal as JSON; what is shared between both is not looked into. */
export function isEqual(a: Json, b: Json): boolean {
  if (a === b) return true
  if (!isContainer(a) || !isContainer(b) || Array.isArray(a) !== Array.isArray(b)) return false
  if (collectionIn(a)?.kind !== collectionIn(b)?.kind) return false
  const keys = keysOf(a)
  if (keys.length !== keysOf(b).length) return false
  return keys.every((key) => {
    const other = memberOf(b, key)
    return other !== undefined && isEqual(memberOf(a, key)!, other)
  })
}

function keysOf(value: Json | undefined): string[] {
  const inner = membersIn(value)
  return isContainer(inner) ? Object.keys(inner) : []
}

function memberOf(value: Json | undefined, key: string): Json | undefined {
  const inner = membersIn(value)
  return isContainer(inner) && Object.hasOwn(inner, key) ? (inner as Record<string, Json>)[key] : undefined
}

/** Sets and maps have their members one level down. */
function membersIn(value: Json | undefined): Json | undefined {
  return collectionIn(value)?.members ?? value
}
