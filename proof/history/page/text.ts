// Texts of the history page: safe to show, short enough to read.
import { canonicalJson } from '../json.ts'
import { type RecordedCall, unknownOutput } from '../model.ts'
import { shorten, spellOut } from '../text.ts'

/** Text for an HTML or SVG page: markup escaped, invisible characters spelled out. */
export function escapeText(text: string): string {
  return spellOut(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** A number with its thousands apart. */
export function spell(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ' ')
}

/** How an operation is named on its bar; the key is left out, since the picture shows one key. */
export function labelOf(operation: RecordedCall<object, unknown>): string {
  const { op, value, expected, output } = operation as unknown as Record<string, unknown>
  const answer = operation.return === null ? '?' : show(output)
  switch (op) {
    case 'get':
      return `get → ${operation.return !== null && (output ?? null) === null ? 'nothing' : answer}`
    case 'put':
      return `put ${show(value)}`
    case 'delete':
      return 'delete'
    case 'append':
      return `append ${show(value)}${typeof output === 'string' && operation.return !== null ? ` → ${answer}` : ''}`
    case 'compareAndSet':
      return `${show(expected)} to ${show(value)} → ${answer}`
    default:
      return show(withoutTimes(operation))
  }
}

function show(value: unknown): string {
  try {
    return shorten(canonicalJson(value ?? null), 28)
  } catch {
    return shorten(String(value), 28)
  }
}

function withoutTimes(operation: RecordedCall<object, unknown>): object {
  const { client: _client, call: _call, return: returned, output, ...input } = operation
  return returned === null ? input : { ...input, output }
}

/** The output as a model takes it. */
export function outputOf<Output>(operation: RecordedCall<object, Output>): Output | typeof unknownOutput {
  return operation.return === null ? unknownOutput : operation.output
}
