/** Numbers that look random: what finds a slot in a table. Equality is never decided by them. */

/** Murmur3's finalizer (Appleby): a number whose bits look random. */
export function mix(n: number): number {
  let h = Math.imul(n ^ 0x9e3779b9, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  h ^= h >>> 16
  h = Math.imul(h ^ 0x27d4eb2f, 0x165667b1)
  return (h ^ (h >>> 15)) >>> 0
}

/** 32 bits of a text: FNV-1a (Fowler, Noll, Vo), mixed. */
export function textHash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mix(h)
}
