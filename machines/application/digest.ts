/** A short text that stands for a JSON value: to notice a difference, not to resist an attacker. */

/** 64 bits as hexadecimal digits: two FNV-1a lanes (Fowler, Noll, Vo) with different seeds over the value's JSON text. */
export function digest(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined'
  let a = 0x811c9dc5
  let b = 0x9dc5811c
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ unit, 0x01000193) ^ (b >>> 15)
  }
  return (a >>> 0).toString(16).padStart(8, '0') + (b >>> 0).toString(16).padStart(8, '0')
}
