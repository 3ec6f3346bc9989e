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

/** Why a text cannot be opened, with its remedy if it is of a kind that has one. */
export function unknownFormat(head: string, formats: readonly ForeignFormat[] = foreignFormats): string {
  const remedy = remedies.find(({ begins }) => begins.test(head))
  if (remedy !== undefined) return `This is ${remedy.what}; ${remedy.remedy}`
  const titles = formats.map(({ title }) => title).join(', ')
  return (
    `line 1: expected a header with "format":"${traceFormat}", as --trace writes it, or one of: ${titles}; got ${JSON.stringify(head.slice(0, 40))}. ` +
    'A log with vector clocks opens with a parser, such as (?<host>\\S*) (?<clock>{.*}) (?<event>.*)'
  )
}

const convert = 'standby inspect FILE shows it, standby export FILE -o run.html makes a page of it'

const remedies: readonly { readonly begins: RegExp; readonly what: string; readonly remedy: string }[] = [
  { begins: /"(resource_?[sS]pans|traceID)"/, what: 'a trace of OpenTelemetry or Jaeger', remedy: convert },
  { begins: /:type\s+:(invoke|ok)|\s:invoke\s+:/, what: 'a history of Jepsen', remedy: convert },
  {
    begins: /"(CreateStateMachine|DequeueEvent|SendEvent)"/,
    what: 'a trace of the P checker',
    remedy: convert,
  },
  {
    begins: /^(PK\p{Cc}|BZh\d|.7zXZ)/u,
    what: 'an archive',
    remedy: 'unpack it, or compress the file with gzip',
  },
  { begins: /^\s*<(!doctype html|html)/i, what: 'a web page', remedy: 'open it in the browser by itself' },
  {
    begins: /^\s*-+\s*MODULE /,
    what: 'a TLA+ specification',
    remedy: 'open the trace that TLC or Apalache writes',
  },
]
