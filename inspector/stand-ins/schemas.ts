/** Stands in for Valibot in the page, as far as the page asks: the same verdicts and outputs, and of what is wrong the first issue. */

interface Issue {
  readonly message: string
  /** What is wrong. */
  readonly input: unknown
  /** From the whole value to what is wrong in it; undefined where the whole is. */
  readonly path?: readonly Key[]
}
type Key = string | number

interface Outcome {
  readonly output: unknown
  readonly issue?: Issue
  /** It is of the right type, though it may break a bound. */
  readonly typed: boolean
}

interface Schema {
  readonly expects: string
  readonly run: (value: unknown) => Outcome
  readonly isOptional?: true
  readonly entries?: Entries
  /** An object schema, with other entries. */
  readonly withEntries?: (entries: Entries) => Schema
}
type Entries = Readonly<Record<string, Schema>>

/** What is wrong with a value of the right type. */
type Check = (value: never) => Issue | undefined

const nameOf = (value: unknown): string =>
  typeof value === 'string'
    ? `"${value}"`
    : typeof value === 'object' || typeof value === 'function'
      ? ((value && Object.getPrototypeOf(value)?.constructor?.name) ?? 'null')
      : String(value)

function issueOf(
  label: string,
  expected: string,
  input: unknown,
  message?: string,
  received = nameOf(input),
) {
  const but = expected === '' ? 'R' : `Expected ${expected} but r`
  return { message: message ?? `Invalid ${label}: ${but}eceived ${received}`, input }
}

function wrong(value: unknown, expected: string, message?: string) {
  return { output: value, issue: issueOf('type', expected, value, message), typed: false }
}

function oneOf(names: readonly string[]): string {
  const different = [...new Set(names)]
  return different.length > 1 ? `(${different.join(' | ')})` : different[0]!
}

const schemaOf = (expects: string, isRight: (value: unknown) => boolean, message?: string): Schema => ({
  expects,
  run: (value) => (isRight(value) ? { output: value, typed: true } : wrong(value, expects, message)),
})

/** A schema for whatever `typeof` calls so. */
const primitive = (expects: string) => (message?: string) =>
  schemaOf(expects, (value) => typeof value === expects.toLowerCase() && !Number.isNaN(value), message)

export const string = primitive('string')
export const number = primitive('number')
export const boolean = primitive('boolean')
const isFunction = primitive('Function')

export { isFunction as function }
export const custom = (isRight: (value: unknown) => boolean, message?: string) =>
  schemaOf('unknown', isRight, message)
export const unknown = () => custom(() => true)
export const literal = (literal: unknown, message?: string) =>
  schemaOf(nameOf(literal), (value) => value === literal, message)
export const picklist = (options: readonly unknown[], message?: string) =>
  schemaOf(oneOf(options.map(nameOf)), (value) => options.includes(value), message)

/** Either what stands for nothing, or a value of the schema. */
const orNothing = (schema: Schema, nothing: null | undefined): Schema => ({
  expects: `(${schema.expects} | ${nothing})`,
  run: (value) => (value === nothing ? { output: value, typed: true } : schema.run(value)),
})
export const nullable = (schema: Schema) => orNothing(schema, null)
export const optional = (schema: Schema): Schema => ({ ...orNothing(schema, undefined), isOptional: true })

/** Gathers the parts of a value; only the first issue counts. */
function partsIn<Output extends object>(output: Output) {
  let issue: Issue | undefined
  let typed = true
  const refuse = (key: Key, found: Issue | undefined, isTyped = false) => {
    if (found !== undefined) issue ??= { ...found, path: [key, ...(found.path ?? [])] }
    typed &&= isTyped
  }
  return {
    refuse,
    take(key: Key, part: Outcome) {
      ;(output as Record<Key, unknown>)[key] = part.output
      refuse(key, part.issue, part.typed)
    },
    whole: (): Outcome => ({ output, typed, ...(issue && { issue }) }),
  }
}

export const array = (item: Schema, message?: string): Schema => ({
  expects: 'Array',
  run(value) {
    if (!Array.isArray(value)) return wrong(value, 'Array', message)
    const parts = partsIn([])
    for (const [index, one] of value.entries()) parts.take(index, item.run(one))
    return parts.whole()
  },
})

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
const isPlainKey = (value: object, key: string) =>
  Object.hasOwn(value, key) && !['__proto__', 'prototype', 'constructor'].includes(key)

export const record = (_: Schema, item: Schema, message?: string): Schema => ({
  expects: 'Object',
  run(value) {
    if (!isObject(value)) return wrong(value, 'Object', message)
    const parts = partsIn({})
    for (const key in value) if (isPlainKey(value, key)) parts.take(key, item.run(value[key]))
    return parts.whole()
  },
})

/** `others`: what becomes of members that are no entries. */
const objectWith =
  (others: 'dropped' | 'kept' | 'refused') =>
  (entries: Entries, message?: string): Schema => ({
    expects: 'Object',
    entries,
    withEntries: (changed) => objectWith(others)(changed, message),
    run(value) {
      if (!isObject(value)) return wrong(value, 'Object', message)
      const parts = partsIn({})
      for (const key in entries) {
        const { isOptional, run } = entries[key]!
        if (key in value) parts.take(key, run(value[key]))
        else if (!isOptional) parts.refuse(key, issueOf('key', `"${key}"`, undefined, message))
      }
      if (others === 'dropped') return parts.whole()
      for (const key in value) {
        if (Object.hasOwn(entries, key)) continue
        if (others === 'refused') parts.refuse(key, issueOf('key', 'never', key, message))
        else if (isPlainKey(value, key)) parts.take(key, { output: value[key], typed: true })
      }
      return parts.whole()
    },
  })
export const object = objectWith('dropped')
export const looseObject = objectWith('kept')
export const strictObject = objectWith('refused')
export const partial = ({ entries, withEntries }: Schema) =>
  withEntries!(Object.fromEntries(Object.entries(entries!).map(([key, schema]) => [key, optional(schema)])))

export const union = (options: readonly Schema[], message?: string): Schema => {
  const expects = oneOf(options.map((option) => option.expects))
  return {
    expects,
    run(value) {
      const outcomes = options.map(({ run }) => run(value))
      const accepted = outcomes.find(({ issue }) => issue === undefined)
      const typed = outcomes.filter((outcome) => outcome.typed)
      return accepted ?? (typed.length === 1 ? typed[0]! : wrong(value, expects, message))
    },
  }
}

/** Of objects that differ in the literal at `key`. */
export const variant = (key: string, options: readonly Schema[], message?: string): Schema => ({
  expects: 'Object',
  run(value) {
    if (!isObject(value)) return wrong(value, 'Object', message)
    const literals = options.map(({ entries }) => entries![key]!)
    const index = literals.findIndex(({ run }) => run(value[key]).typed)
    if (index >= 0) return options[index]!.run(value)
    const { issue } = wrong(value[key], oneOf(literals.map(({ expects }) => expects)), message)
    return { output: value, issue: { ...issue, path: [key] }, typed: false }
  },
})

/** A schema, and what must hold beyond it. */
export const pipe = (schema: Schema, ...checks: readonly Check[]): Schema => ({
  ...schema,
  run(value) {
    const outcome = schema.run(value)
    if (!outcome.typed) return outcome
    let { issue } = outcome
    for (const check of checks) issue ??= check(outcome.output as never)
    return issue === undefined ? outcome : { ...outcome, issue }
  },
})

const checkOf =
  <Value>(label: string, expected: string, isRight: (value: Value) => boolean, message?: string) =>
  (value: Value) =>
    isRight(value) ? undefined : issueOf(label, expected, value, message)

export const minValue = (limit: number, message?: string) =>
  checkOf<number>('value', `>=${limit}`, (value) => value >= limit, message)
export const maxValue = (limit: number, message?: string) =>
  checkOf<number>('value', `<=${limit}`, (value) => value <= limit, message)
type Long = readonly unknown[] | string
export const minLength = (limit: number, message?: string) => (value: Long) =>
  value.length >= limit ? undefined : issueOf('length', `>=${limit}`, value, message, `${value.length}`)
export const maxLength = (limit: number, message?: string) => (value: Long) =>
  value.length <= limit ? undefined : issueOf('length', `<=${limit}`, value, message, `${value.length}`)
export const integer = (message?: string) => checkOf('integer', '', Number.isInteger, message)
export const safeInteger = (message?: string) => checkOf('safe integer', '', Number.isSafeInteger, message)
export const regex = (pattern: RegExp, message?: string) =>
  checkOf<string>('format', `${pattern}`, (value) => pattern.test(value), message)
export const check = (isRight: (value: never) => boolean, message?: string) =>
  checkOf('input', '', isRight, message)
/** Says something of types only. */
export const readonly = () => () => undefined

export function safeParse(schema: Schema, value: unknown) {
  const { output, issue } = schema.run(value)
  return { success: issue === undefined, output, issues: issue && [issue] }
}

export function getDotPath({ path }: Issue): string | null {
  return path?.join('.') ?? null
}
