/** What a file is, by how it begins and not by its name; and what can be opened, if it is nothing known. */
import { traceFormat } from '../format.ts'
import type { ForeignFormat } from './foreign-run.ts'
import { foreignFormats } from './formats.ts'

/** Characters of a file that are looked at. */
export const headLength = 8192

/** What a text that begins like this is: one of our traces, one of the formats of other tools, or null. */
export function recognise(
  head: string,
  formats: readonly ForeignFormat[] = foreignFormats,
): 'trace' | ForeignFormat | null {
  const text = head.replace(/^\uFEFF/, '')
  if (new RegExp(`^\\s*\\{.{0,60}"${traceFormat}"`, 's').test(text)) return 'trace'
  return formats.find((format) => format.recognises(text)) ?? null
}

/** Why a text cannot be opened: what can be, and what opens by another way. */
export function unknownFormat(head: string, formats: readonly ForeignFormat[] = foreignFormats): string {
  const titles = formats.map(({ title }) => title).join(', ')
  const more =
    formats === foreignFormats
      ? ' standby inspect FILE takes TLC, P, OpenTelemetry, Jaeger and Jepsen, too.'
      : ''
  return (
    `line 1: expected a header with "format":"${traceFormat}", as --trace writes it, or one of: ${titles}; ` +
    `got ${JSON.stringify(head.slice(0, 40))}.${more} A log opens with a parser, such as ` +
    '(?<host>\\S*) (?<clock>{.*}) (?<event>.*)'
  )
}
