/** All formats of other tools: those that the page opens, and those that the command line converts for it. */
import type { ForeignFormat } from './foreign-run.ts'
import { foreignFormats } from './formats.ts'
import { isJepsen, readJepsen } from './jepsen.ts'
import { isSpans, readSpans } from './opentelemetry.ts'
import { isPTrace, readPTrace } from './p-trace.ts'
import { isTlcJson, isTlcText, readTlcJson, readTlcText } from './tlc.ts'

/** In the order in which they are asked. */
export const allFormats: readonly ForeignFormat[] = [
  { id: 'p', title: 'trace of the P checker', joins: false, recognises: isPTrace, read: readPTrace },
  {
    id: 'spans',
    title: 'OpenTelemetry or Jaeger trace as JSON',
    joins: true,
    recognises: isSpans,
    read: readSpans,
  },
  { id: 'jepsen', title: 'history of Jepsen', joins: false, recognises: isJepsen, read: readJepsen },
  {
    id: 'tlc-json',
    title: 'counterexample of TLC as JSON',
    joins: false,
    recognises: isTlcJson,
    read: readTlcJson,
  },
  ...foreignFormats,
  { id: 'tlc', title: 'output of TLC', joins: false, recognises: isTlcText, read: readTlcText },
]
