/** Values of command line options, checked where they come in; what is wrong is said with what to write instead. */
import { InvalidArgumentError } from 'commander'
import * as v from 'valibot'

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const
const durationMaxMs = 24 * 3_600_000

const durationSchema = v.pipe(
  v.string(),
  v.regex(/^\d+(\.\d+)?(ms|s|m|h)$/, 'Expected a number with a unit, such as 500ms, 10s, 2m or 1h'),
  v.transform((text) => {
    const unit = /[a-z]+$/.exec(text)![0] as keyof typeof units
    return Number.parseFloat(text) * units[unit]
  }),
  v.minValue(100, 'Expected at least 100ms'),
  v.maxValue(durationMaxMs, 'Expected at most 24h'),
)

/** Milliseconds of a text such as `10s`, `500ms` or `2m`, from 100ms to 24h. */
export const duration = parser(durationSchema)

/** A whole number in a range. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  const message = `Expected a whole number from ${min} to ${max}`
  return parser(
    v.pipe(
      v.string(),
      v.regex(/^-?\d+$/, message),
      v.transform(Number),
      v.minValue(min, message),
      v.maxValue(max, message),
    ),
  )
}

/** A number in a range. */
export function decimalNumber(min: number, max: number): (text: string) => number {
  const message = `Expected a number from ${min} to ${max}`
  return parser(
    v.pipe(
      v.string(),
      v.regex(/^\d+(\.\d+)?$/, message),
      v.transform(Number),
      v.minValue(min, message),
      v.maxValue(max, message),
    ),
  )
}

function parser<Output>(schema: v.GenericSchema<string, Output>): (text: string) => Output {
  return (text) => {
    const { success, output, issues } = v.safeParse(schema, text)
    if (success) return output
    throw new InvalidArgumentError(`${issues[0].message}.`)
  }
}
