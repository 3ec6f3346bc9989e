// An immutable set of operation numbers with its hash; small, so a sorted array serves.

/** A set of operation numbers, ascending. */
export interface OpSet {
  readonly ops: readonly number[]
  readonly hash: number
}

export const emptySet: OpSet = { ops: [], hash: 0 }

export function hasOp(set: OpSet, op: number): boolean {
  return positionOf(set.ops, op) >= 0
}

export function withOp(set: OpSet, op: number): OpSet {
  const at = positionOf(set.ops, op)
  if (at >= 0) return set
  const ops = set.ops.slice()
  ops.splice(-at - 1, 0, op)
  return { ops, hash: set.hash ^ hashOp(op) }
}

export function withoutOp(set: OpSet, op: number): OpSet {
  const at = positionOf(set.ops, op)
  if (at < 0) return set
  if (set.ops.length === 1) return emptySet
  const ops = set.ops.slice()
  ops.splice(at, 1)
  return { ops, hash: set.hash ^ hashOp(op) }
}

export function sameSet(left: OpSet, right: OpSet): boolean {
  if (left === right) return true
  if (left.hash !== right.hash || left.ops.length !== right.ops.length) return false
  return left.ops.every((op, index) => op === right.ops[index])
}

export function isSubset(part: OpSet, whole: OpSet): boolean {
  if (part === whole) return true
  if (part.ops.length > whole.ops.length) return false
  let at = 0
  for (const op of part.ops) {
    while (at < whole.ops.length && whole.ops[at]! < op) at++
    if (whole.ops[at] !== op) return false
  }
  return true
}

/** Spreads the bits of a number (the finaliser of MurmurHash3). */
export function mix(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function hashOp(op: number): number {
  return mix(op + 0x9e3779b9)
}

/** Where `op` is, or `-at - 1` when it belongs at `at`. */
function positionOf(ops: readonly number[], op: number): number {
  let low = 0
  let high = ops.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const found = ops[middle]!
    if (found === op) return middle
    if (found < op) low = middle + 1
    else high = middle - 1
  }
  return -low - 1
}
