/** What a file is, by how it begins and not by its name; and what can be opened, if it is nothing known. */
import { traceFormat } from '../format.ts'
import type { ForeignFormat } from './foreign-run.ts'
import { foreignFormats } from './formats.ts'

/** Characters of a file that are looked at. */
export const headLength = 8192

/** What a text that begins like this is: one of our traces, a format of another tool, or null. */
export function recognise(head: string): 'trace' | ForeignFormat | null {
  const text = head.replace(/^\uFEFF/, '')
  if (new RegExp(`^\\s*\\{.{0,60}"${traceFormat}"`, 's').test(text)) return 'trace'
  return foreignFormats.find((format) => format.recognises(text)) ?? null
}

/** Why a text cannot be opened, with its remedy if it is of a kind that has one. */
export function unknownFormat(head: string): string {
  const remedy = remedies.find(({ begins }) => begins.test(head))
  if (remedy !== undefined) return `This is ${remedy.what}; ${remedy.remedy}`
  const titles = foreignFormats.map(({ title }) => title).join(', ')
  return (
    `expected a trace that --trace wrote, or one of: ${titles}; got ${JSON.stringify(head.slice(0, 40))}. ` +
    'A log with vector clocks opens with a parser, such as (?<host>\\S*) (?<clock>{.*}) (?<event>.*)'
  )
}

const remedies: readonly { readonly begins: RegExp; readonly what: string; readonly remedy: string }[] = [
  { begins: /^PK\p{Cc}\p{Cc}/u, what: 'a zip archive', remedy: 'unpack it and drop the files together.' },
  {
    begins: /^(BZh\d|.7zXZ|\(\u00b5\/.)/,
    what: 'a compressed file',
    remedy: 'unpack it, or compress it with gzip.',
  },
  {
    begins: /^(%PDF|.PNG|GIF8)/,
    what: 'a picture or a document',
    remedy: 'expected the log or trace itself.',
  },
  {
    begins: /^\s*<(!doctype html|html)/i,
    what: 'a web page',
    remedy: 'an exported story opens in the browser by itself.',
  },
  {
    begins: /^\s*-+\s*MODULE /,
    what: 'a TLA+ specification',
    remedy: 'run TLC or Apalache on it and open the trace that it writes.',
  },
  {
    begins: /^\s*\{\s*"traceEvents"/,
    what: 'a Chrome trace',
    remedy: 'Perfetto opens it; here the trace opens that it was exported from.',
  },
  {
    begins: /^\s*(sequenceDiagram|stateDiagram)/,
    what: 'a Mermaid diagram',
    remedy: 'it has no states or clocks to step through; open the trace that it was made from.',
  },
]
