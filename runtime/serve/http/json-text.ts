/** A look at JSON text before it is parsed: depth, number of values, and numbers that a double cannot carry. One pass, no recursion. */

/** What a text may be. */
export interface JsonTextLimits {
  /** Levels of arrays and objects. */
  readonly depthMax: number
  /** Values, including those inside others. */
  readonly valuesMax: number
}

/** What is wrong with a text; null if nothing is. It may still be no JSON. */
export type JsonTextFault =
  | { readonly kind: 'tooDeep' | 'tooManyValues' }
  | { readonly kind: 'inexactNumber'; readonly number: string }

const quote = 0x22
const backslash = 0x5c
const [openArray, openObject] = [0x5b, 0x7b]
const [closeArray, closeObject] = [0x5d, 0x7d]
const comma = 0x2c
const [zero, nine, minus] = [0x30, 0x39, 0x2d]

/** Reads UTF-8 bytes up to the first fault. */
export function jsonTextFault(bytes: Uint8Array, limits: JsonTextLimits): JsonTextFault | null {
  const { depthMax, valuesMax } = limits
  let depth = 0
  let values = 1
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte === quote) at = endOfString(bytes, at)
    else if (byte === openArray || byte === openObject) {
      depth += 1
      if (depth > depthMax) return { kind: 'tooDeep' }
      // One more for the first item; each other one is behind a comma.
      if (!isEmpty(bytes, at)) values += 1
    } else if (byte === closeArray || byte === closeObject) depth -= 1
    else if (byte === comma) {
      values += 1
      if (values > valuesMax) return { kind: 'tooManyValues' }
    } else if (byte === minus || (byte >= zero && byte <= nine)) {
      const end = endOfNumber(bytes, at)
      // Every decimal of up to 15 digits survives a double; only what is longer or has an exponent is compared.
      if (end - at > 15) {
        const number = textOf(bytes, at, end)
        if (!isExact(number)) return { kind: 'inexactNumber', number: number.slice(0, 50) }
      } else if (hasExponent(bytes, at, end) && !isExact(textOf(bytes, at, end)))
        return { kind: 'inexactNumber', number: textOf(bytes, at, end) }
      at = end - 1
    }
  }
  return values > valuesMax ? { kind: 'tooManyValues' } : null
}

/**
 * Whether a number's text has the same decimal value as the text that JSON writes for it: `0.1`, `1e3` and `1.50` do;
 * `12345678901234567890`, `1e400` and `1e-400` do not.
 */
export function isExact(text: string): boolean {
  const given = decimalOf(text)
  if (given === null) return true
  if (given.digits.length > 17) return false
  const kept = decimalOf(String(Number(text)))
  return kept !== null && kept.digits === given.digits && kept.exponent === given.exponent
}

/** Significant digits and the power of ten of the last one; null if the text is no number, which the parser reports. */
function decimalOf(text: string): { readonly digits: string; readonly exponent: number } | null {
  const parts = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (parts === null) return null
  const [, whole = '', fraction = '', power = '0'] = parts
  const all = `${whole}${fraction}`
  let start = 0
  while (start < all.length && all[start] === '0') start += 1
  let end = all.length
  while (end > start && all[end - 1] === '0') end -= 1
  if (start === end) return { digits: '', exponent: 0 }
  return { digits: all.slice(start, end), exponent: Number(power) - fraction.length + (all.length - end) }
}

/** Whether the array or object that opens here closes at once. */
function isEmpty(bytes: Uint8Array, start: number): boolean {
  let at = start + 1
  while (at < bytes.length && bytes[at]! <= 0x20) at += 1
  return bytes[at] === closeArray || bytes[at] === closeObject
}

function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1
  return at
}

function endOfNumber(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && isInNumber(bytes[at]!)) at += 1
  return at
}

/** Digits, `+`, `-`, `.`, `e` and `E`. */
function isInNumber(byte: number): boolean {
  return (byte >= zero && byte <= nine) || byte === 0x2b || byte === minus || byte === 0x2e || isE(byte)
}

function hasExponent(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (isE(bytes[at]!)) return true
  return false
}

function isE(byte: number): boolean {
  return byte === 0x65 || byte === 0x45
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let at = start; at < end; at += 4096)
    text += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + 4096)))
  return text
}
