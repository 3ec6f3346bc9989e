/** Knows a text in the format of another tool by how it begins, whatever its name is. */
import { type TraceHeader, traceFormat, traceVersion } from '../../runtime/trace/format.ts'
import type { ForeignRun } from './feed.ts'
import { readItf } from './itf.ts'
import { readShiviz } from './shiviz.ts'

/** Reads a whole text. @throws Error that says what is wrong with it and what to do. */
export type ForeignReader = (text: string) => Promise<ForeignRun>

/** The reader of a text that begins so; null for one of none of these formats. */
export function foreignReader(head: string): ForeignReader | null {
  const begin = head.trimStart()
  if (begin.startsWith('{')) {
    const isTrace = begin.slice(0, 100).includes(`"${traceFormat}"`)
    return !isTrace && /"(#meta|vars|states)"\s*:/.test(begin) ? readItf : null
  }
  // Either a parser on the first line, or a host with its clock on the first or the second.
  return /^(.*\(\?<(host|clock|event)>|([^\n]*\n)?\S+ \{".*\}\s*(\n|$))/.test(begin) ? readShiviz : null
}

export function headerFor({ options }: ForeignRun): TraceHeader {
  return { format: traceFormat, version: traceVersion, seed: null, options, machines: [], nodes: [] }
}
