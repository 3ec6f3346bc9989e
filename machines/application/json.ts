/** JSON values: what commands, results and messages are made of. */
/** What crosses the transport: JSON values. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** How deep a value may be nested before it is refused. */
const depthMax = 200

/**
 * What `sealJson` made, frozen all the way down and known to be JSON, and how deep each of it is nested. Values of few parts
 * are not kept here: looking through one again costs less than an entry does, of which a long list would have many.
 */
const sealed = new WeakMap<object, number>()
/** Arrays, objects and what is in them: of so many a value is still looked through again. */
const fewParts = 8

/**
 * A copy of a JSON value that shares nothing with it, as if it had crossed a socket: properties that are undefined are
 * left out, and -0 is 0.
 * @throws TypeError naming the place of what JSON cannot carry: undefined, a function, NaN, a Date, a Map, a cycle.
 */
export function copyJson(value: unknown): Json {
  return copy(value, { root: value, seals: false, height: 0, parts: 0 }, 0)
}

/**
 * A frozen copy of a JSON value. Parts that were sealed before are taken as they are, so that sealing the next version
 * of a value costs what its new parts cost, not what the whole value costs.
 * @throws TypeError as `copyJson`.
 */
export function sealJson(value: unknown): Json {
  return copy(value, { root: value, seals: true, height: 0, parts: 0 }, 0)
}

/** Length of a JSON value's text; only escapes are left out of account, which count as the one character they stand for. */
export function jsonSize(value: Json): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return String(value).length
  // One comma less than there are items, and two brackets.
  let size = 1
  if (Array.isArray(value)) {
    for (const item of value) size += jsonSize(item) + 1
    return Math.max(2, size)
  }
  for (const key of Object.keys(value)) {
    size += key.length + 4 + jsonSize((value as { [key: string]: Json })[key]!)
  }
  return Math.max(2, size)
}

/** How many values a JSON value is, those inside it included; counts no further than `max` and a little. */
export function jsonValues(value: Json, max = Number.POSITIVE_INFINITY): number {
  if (typeof value !== 'object' || value === null) return 1
  let values = 1
  for (const item of Array.isArray(value) ? value : Object.values(value)) {
    values += typeof item === 'object' && item !== null ? jsonValues(item, max - values) : 1
    if (values > max) break
  }
  return values
}

/** Handling one value (parsing, copying, freezing) takes about as long as that many bytes of a long text. */
const bytesPerValue = 32

/**
 * What a JSON value costs an event loop, in bytes of text: its size, or 32 bytes for each value in it, whichever is more.
 * What goes together in one message is bounded by this, because a list of empty lists is short and slow.
 */
export function jsonCost(value: Json, size: number = jsonSize(value)): number {
  return Math.max(size, bytesPerValue * jsonValues(value))
}

interface Copying {
  readonly root: unknown
  readonly seals: boolean
  /** Of what was sealed last: levels of nesting, and parts; both 0 for what is no array and no object. */
  height: number
  parts: number
}

function copy(value: unknown, copying: Copying, depth: number): Json {
  if (typeof value !== 'object' || value === null) {
    if (misfit(value) !== null) throw notJson(copying.root)
    copying.height = 0
    copying.parts = 0
    return value === 0 ? 0 : (value as Json)
  }
  // What is not frozen was not sealed.
  const isKnown = copying.seals && Object.isFrozen(value) && isSealed(value, copying)
  if (depth + (isKnown ? copying.height : 1) > depthMax) throw notJson(copying.root)
  if (isKnown) return value as Json
  if (misfit(value) !== null) throw notJson(copying.root)
  const result = Array.isArray(value)
    ? copyArray(value, copying, depth + 1)
    : copyObject(value, copying, depth + 1)
  if (!copying.seals) return result
  Object.freeze(result)
  if (copying.parts > fewParts) sealed.set(result, copying.height)
  return result
}

/** Whether a frozen value is sealed; then `copying` has its height and its parts. */
function isSealed(value: object, copying: Copying): boolean {
  const known = sealed.get(value)
  const height = known ?? heightOfFew(value, { left: fewParts })
  copying.height = height
  copying.parts = fewParts + 1
  return height > 0
}

/** Levels of a value that is frozen all the way down, JSON, and of few parts; 0 for any other. */
function heightOfFew(value: object, parts: { left: number }): number {
  if (!Object.isFrozen(value) || misfit(value) !== null) return 0
  parts.left -= 1
  let height = 0
  for (const key of Object.keys(value)) {
    parts.left -= 1
    if (parts.left < 0) return 0
    const item: unknown = Object.getOwnPropertyDescriptor(value, key)!.value
    if (typeof item === 'object' && item !== null) {
      const own = heightOfFew(item, parts)
      if (own === 0) return 0
      height = Math.max(height, own)
    } else if (item === undefined || misfit(item) !== null || Object.is(item, -0)) return 0
  }
  return height + 1
}

function copyArray(value: readonly unknown[], copying: Copying, depth: number): Json & object {
  const result: Json[] = new Array(value.length)
  let [height, parts] = [0, 1]
  for (let i = 0; i < value.length; i++) {
    result[i] = copy(value[i], copying, depth)
    height = Math.max(height, copying.height)
    parts += 1 + copying.parts
  }
  copying.height = height + 1
  copying.parts = parts
  return result
}

function copyObject(value: object, copying: Copying, depth: number): Json & object {
  const result: { [key: string]: Json } = {}
  let [height, parts] = [0, 1]
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key]
    if (item === undefined) continue
    const copied = copy(item, copying, depth)
    height = Math.max(height, copying.height)
    parts += 1 + copying.parts
    // `__proto__` is an ordinary key; assigning it would set the prototype.
    if (key === '__proto__')
      Object.defineProperty(result, key, {
        value: copied,
        enumerable: true,
        configurable: true,
        writable: true,
      })
    else result[key] = copied
  }
  copying.height = height + 1
  copying.parts = parts
  return result
}

/** What keeps a value from being JSON, apart from what is inside it. */
function misfit(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null
    case 'number':
      return Number.isFinite(value) ? null : String(value)
    case 'object':
      return value === null || Array.isArray(value) || isPlain(value)
        ? null
        : `an instance of ${className(value)}`
    default:
      return typeof value
  }
}

/** An object literal, of this realm or of another one, whose `Object.prototype` is not ours. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function className(value: object): string {
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? name : 'a class'
}

type Path = readonly (string | number)[]

/** The path of a fault is computed only after a fault is found: copies are made often. */
function notJson(root: unknown): TypeError {
  const { path, got } = firstMisfit(root, [], []) ?? {
    path: [],
    got: 'a value that changes while it is read',
  }
  const at = path.length === 0 ? '' : ` at ${pathText(path)}`
  return new TypeError(
    `expected a JSON value${at}, got ${got}; pass plain objects, arrays, strings, finite numbers, booleans and null`,
  )
}

function firstMisfit(
  value: unknown,
  path: Path,
  above: readonly object[],
): { path: Path; got: string } | null {
  const got = misfit(value)
  if (got !== null) return { path, got }
  if (typeof value !== 'object' || value === null) return null
  if (above.includes(value)) return { path, got: 'a cycle' }
  if (above.length >= depthMax) return { path, got: `a value nested deeper than ${depthMax} levels` }
  const isArray = Array.isArray(value)
  for (const [key, item] of isArray ? value.entries() : Object.entries(value)) {
    if (item === undefined && !isArray) continue
    const found = firstMisfit(item, [...path, key], [...above, value])
    if (found !== null) return found
  }
  return null
}

/** As one would write it in code, such as `orders[0].total`; a long one without its middle. */
function pathText(path: Path): string {
  if (path.length > 10) return `${pathText(path.slice(0, 5))}…${pathText(path.slice(-3))}`
  return path
    .map((key) =>
      typeof key === 'string' && /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key)
        ? `.${key}`
        : `[${JSON.stringify(key)}]`,
    )
    .join('')
    .replace(/^\./, '')
}
